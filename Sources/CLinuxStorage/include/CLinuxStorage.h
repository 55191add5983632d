// System calls and constants that Swift's Glibc module does not show.
//
// That module is built without _GNU_SOURCE, and the importer does not see
// macros that expand to anything but a literal (every _IOR/_IOWR constant).
// Each function returns 0 or a count on success and -errno on failure, so no
// caller has to read errno after Swift may have changed it.
#ifndef CLINUXSTORAGE_H
#define CLINUXSTORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "CopyCalls.h"
#include "ZeroWindow.h"

// Opens for reading only, close-on-exec, non-blocking (a FIFO or a tape must
// not hold us up). O_NOATIME is tried first and given up on EPERM, which the
// kernel answers where the caller neither owns the file nor has CAP_FOWNER.
// directory: -100 (AT_FDCWD) or an open directory.
int cls_open_read(int directory, const char *path, int extra_flags);

// One mapped extent, as FIEMAP gives it.
struct cls_extent {
  uint64_t logical;
  uint64_t physical;
  uint64_t length;
  uint32_t flags;
};

// FIEMAP flags in cls_extent.flags (linux/fiemap.h).
extern const uint32_t cls_FIEMAP_LAST;
extern const uint32_t cls_FIEMAP_UNKNOWN;
extern const uint32_t cls_FIEMAP_DELALLOC;
extern const uint32_t cls_FIEMAP_ENCODED;
extern const uint32_t cls_FIEMAP_INLINE;
extern const uint32_t cls_FIEMAP_TAIL;
extern const uint32_t cls_FIEMAP_UNWRITTEN;
extern const uint32_t cls_FIEMAP_SHARED;

// Asks for up to capacity extents from offset start on and before end, never
// with FIEMAP_FLAG_SYNC: that flag writes. UINT64_MAX: to the last one. Returns
// how many were filled in, cls_FIEMAP_BATCH at most. The last one of a request
// may be called the file's last (iomap).
extern const uint32_t cls_FIEMAP_BATCH;
int cls_fiemap(int fd, uint64_t start, uint64_t end, struct cls_extent *extents, uint32_t capacity);

// lseek(2) with SEEK_DATA or SEEK_HOLE. -ENXIO means nothing from there on.
int64_t cls_seek_data(int fd, int64_t offset);
int64_t cls_seek_hole(int fd, int64_t offset);

// preadv2(2) with RWF_DONTCACHE (Linux 6.14): pages that were not in the page
// cache before are dropped again. -EOPNOTSUPP where kernel or filesystem
// cannot.
int64_t cls_pread_dontcache(int fd, void *buffer, size_t length, int64_t offset);

// openat2(2) with RESOLVE_IN_ROOT and O_PATH (Linux 5.6; -ENOSYS before):
// symbolic links are followed as if root were /.
int cls_open_in_root(const char *root, const char *path);

// Whether mincore(2) tells the truth of a file: to its owner, or to who may
// write it. To others it calls every page cached.
bool cls_may_ask_residency(int fd);

// Fills residency with one byte a page (bit 0: in the page cache), by a
// mapping that is never touched and mincore(2).
int cls_mincore(int fd, uint64_t offset, size_t length, unsigned char *residency);

// How many pages of a range are in the page cache, how many of them dirty, and
// how many being written back right now, by cachestat(2) (Linux 6.5); -ENOSYS
// before that.
struct cls_cache_state {
  uint64_t cached;
  uint64_t dirty;
  uint64_t writeback;
};
int cls_cache_state(int fd, uint64_t offset, uint64_t length, struct cls_cache_state *state);

// Block devices (ioctl BLKGETSIZE64, BLKSSZGET).
int cls_block_device_size(int fd, uint64_t *bytes);
int cls_logical_sector_size(int fd, int *bytes);

// The file a loop device is on, as st_dev and st_ino (ioctl LOOP_GET_STATUS64).
int cls_loop_backing_file(int fd, uint64_t *device, uint64_t *inode);

// statfs(2), all counts in units of block_size.
struct cls_statistics {
  uint32_t magic;
  uint64_t block_size;
  uint64_t blocks;
  uint64_t blocks_free;
  uint64_t blocks_available;
  uint64_t inodes_free;
  uint64_t identity;  // f_fsid; ext4 makes it of its UUID
};
int cls_statistics(int fd, struct cls_statistics *statistics);

// llistxattr(2) and lgetxattr(2): a symbolic link at the path's end is not
// followed. Return the length; -ERANGE where the buffer is too small.
int64_t cls_list_attributes(const char *path, char *names, size_t room);
int64_t cls_get_attribute(const char *path, const char *name, void *value, size_t room);

// The filesystem label of the mounted filesystem fd lies on (FS_IOC_GETFSLABEL:
// ext2/3/4, xfs, btrfs). label must hold 257 bytes.
int cls_filesystem_label(int fd, char *label);

// FS_IOC_FSGETXATTR's fsx_xflags: FS_XFLAG_REALTIME tells files on the XFS
// realtime device.
int cls_extended_flags(int fd, uint32_t *flags);
extern const uint32_t cls_XFLAG_REALTIME;

// One file extent item of a btrfs inode.
struct cls_btrfs_extent {
  uint64_t logical;       // offset in the file
  uint64_t length;        // bytes of the file it covers
  uint64_t disk_start;    // logical address of the whole extent, 0 for a hole
  uint64_t disk_length;   // bytes of the whole extent
  uint8_t type;           // 0 inline, 1 regular, 2 preallocated
  uint8_t compression;    // 0 none
};

// Reads file extent items of the open inode from *next on (TREE_SEARCH_V2;
// needs CAP_SYS_ADMIN), up to capacity, and moves *next. Returns how many;
// 0 at the end.
int cls_btrfs_extents(int fd, uint64_t inode, uint64_t *next, struct cls_btrfs_extent *extents,
                      uint32_t capacity);

// Makes this process die with its parent (PR_SET_PDEATHSIG), for workers.
int cls_die_with_parent(void);

// Keeps up to so many bytes of freed memory for the next allocation; blocks of
// `mapped` bytes and more get a mapping of their own (mallopt(3)). 0, or
// -EINVAL.
int cls_keep_freed_memory(int kept, int mapped);

// Starts executable with argv (NULL-terminated), stdin from /dev/null, stdout
// into a pipe whose reading end goes to *output, stderr inherited, signals at
// their defaults. (Swift 6 cannot name environ, and the Glibc module has no
// pipe2.)
int cls_spawn(const char *executable, char *const *argv, int *output, int *process);

// Opens an existing file for reading and writing, close-on-exec. Non-blocking:
// where somebody holds a lease on it, open(2) would wait for them. A symbolic
// link at the path's end is not followed.
int cls_open_write(const char *path);

// fallocate(2) with FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE.
int cls_punch_hole(int fd, uint64_t offset, uint64_t length);

// File leases, fcntl(2): kind is one of the three. cls_get_lease answers the
// kind that is held, or during a break the one that is left of it.
extern const int cls_LEASE_READ;
extern const int cls_LEASE_WRITE;
extern const int cls_LEASE_NONE;
int cls_set_lease(int fd, int kind);
int cls_get_lease(int fd);

// syncfs(2).
int cls_sync_filesystem(int fd);

// The inode's flags (FS_IOC_GETFLAGS, FS_IOC_SETFLAGS), as chattr(1) sets them.
int cls_inode_flags(int fd, uint32_t *flags);
int cls_set_inode_flags(int fd, uint32_t flags);
extern const uint32_t cls_INODE_IMMUTABLE;
extern const uint32_t cls_INODE_APPEND;
extern const uint32_t cls_INODE_EXTENTS;

// The mount(2) flag that an option of mountinfo stands for; 0 for one that is
// none, such as a filesystem's own.
unsigned long cls_mount_flag(const char *option);
// mount(2) with MS_REMOUNT: of the filesystem with all its mounts, or with
// this_mount of nothing but the mount at target (MS_BIND).
int cls_remount(const char *target, unsigned long flags, int this_mount);

unsigned int cls_major(uint64_t device);
unsigned int cls_minor(uint64_t device);

#endif
