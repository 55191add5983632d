#include "CLinuxStorage.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

int cls_open_read(int directory, const char *path, int extra_flags) {
  int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | extra_flags;
  for (;;) {
    int fd = openat(directory, path, flags | O_NOATIME);
    if (fd < 0 && errno == EPERM) fd = openat(directory, path, flags);
    if (fd >= 0) return fd;
    if (errno != EINTR) return -errno;
  }
}

int cls_open_in_root(const char *root, const char *path) {
  int base = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (base < 0) return -errno;
  struct open_how how;
  memset(&how, 0, sizeof how);
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  // glibc has no wrapper.
  long fd = syscall(SYS_openat2, base, path, &how, sizeof how);
  int result = fd < 0 ? -errno : (int)fd;
  close(base);
  return result;
}

const uint32_t cls_FIEMAP_LAST = FIEMAP_EXTENT_LAST;
const uint32_t cls_FIEMAP_UNKNOWN = FIEMAP_EXTENT_UNKNOWN;
const uint32_t cls_FIEMAP_DELALLOC = FIEMAP_EXTENT_DELALLOC;
const uint32_t cls_FIEMAP_ENCODED = FIEMAP_EXTENT_ENCODED;
const uint32_t cls_FIEMAP_INLINE = FIEMAP_EXTENT_DATA_INLINE;
const uint32_t cls_FIEMAP_TAIL = FIEMAP_EXTENT_DATA_TAIL;
const uint32_t cls_FIEMAP_UNWRITTEN = FIEMAP_EXTENT_UNWRITTEN;
const uint32_t cls_FIEMAP_SHARED = FIEMAP_EXTENT_SHARED;

#define FIEMAP_BATCH 512

const uint32_t cls_FIEMAP_BATCH = FIEMAP_BATCH;

int cls_fiemap(int fd, uint64_t start, uint64_t end, struct cls_extent *extents, uint32_t capacity) {
  // The kernel writes the extents right behind the request.
  union {
    struct fiemap request;
    char room[sizeof(struct fiemap) + FIEMAP_BATCH * sizeof(struct fiemap_extent)];
  } call;
  memset(&call.request, 0, sizeof call.request);
  call.request.fm_start = start;
  call.request.fm_length = (end < FIEMAP_MAX_OFFSET ? end : FIEMAP_MAX_OFFSET) - start;
  call.request.fm_extent_count = capacity < FIEMAP_BATCH ? capacity : FIEMAP_BATCH;
  while (ioctl(fd, FS_IOC_FIEMAP, &call.request) < 0) {
    if (errno != EINTR) return -errno;
  }
  uint32_t count = call.request.fm_mapped_extents;
  if (count > capacity) count = capacity;
  for (uint32_t i = 0; i < count; i++) {
    const struct fiemap_extent *from = &call.request.fm_extents[i];
    extents[i].logical = from->fe_logical;
    extents[i].physical = from->fe_physical;
    extents[i].length = from->fe_length;
    extents[i].flags = from->fe_flags;
  }
  return (int)count;
}

int64_t cls_seek_data(int fd, int64_t offset) {
  off_t at = lseek(fd, offset, SEEK_DATA);
  return at < 0 ? -errno : at;
}

int64_t cls_seek_hole(int fd, int64_t offset) {
  off_t at = lseek(fd, offset, SEEK_HOLE);
  return at < 0 ? -errno : at;
}

#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x00000080
#endif

int64_t cls_pread_dontcache(int fd, void *buffer, size_t length, int64_t offset) {
  struct iovec io = {buffer, length};
  ssize_t got = preadv2(fd, &io, 1, offset, RWF_DONTCACHE);
  return got < 0 ? -errno : got;
}

int cls_mincore(int fd, uint64_t offset, size_t length, unsigned char *residency) {
  void *window = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, (off_t)offset);
  if (window == MAP_FAILED) return -errno;
  int result = mincore(window, length, residency) < 0 ? -errno : 0;
  munmap(window, length);
  return result;
}

bool cls_may_ask_residency(int fd) {
  struct stat status;
  if (fstat(fd, &status) < 0) return false;
  if (geteuid() == 0 || geteuid() == status.st_uid) return true;
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return access(path, W_OK) == 0;
}

// glibc has no wrapper before 2.43; the number is the same on every
// architecture.
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

int cls_cache_state(int fd, uint64_t offset, uint64_t length, struct cls_cache_state *state) {
  struct { uint64_t offset, length; } range = {offset, length};
  struct { uint64_t cached, dirty, writeback, evicted, recently_evicted; } counts;
  if (syscall(SYS_cachestat, fd, &range, &counts, 0) < 0) return -errno;
  state->cached = counts.cached;
  state->dirty = counts.dirty;
  state->writeback = counts.writeback;
  return 0;
}

int cls_block_device_size(int fd, uint64_t *bytes) {
  return ioctl(fd, BLKGETSIZE64, bytes) < 0 ? -errno : 0;
}

int cls_logical_sector_size(int fd, int *bytes) {
  return ioctl(fd, BLKSSZGET, bytes) < 0 ? -errno : 0;
}

int cls_loop_backing_file(int fd, uint64_t *device, uint64_t *inode) {
  struct loop_info64 info;
  if (ioctl(fd, LOOP_GET_STATUS64, &info) < 0) return -errno;
  *device = info.lo_device;
  *inode = info.lo_inode;
  return 0;
}

int cls_statistics(int fd, struct cls_statistics *statistics) {
  struct statfs raw;
  while (fstatfs(fd, &raw) < 0) {
    if (errno != EINTR) return -errno;
  }
  statistics->magic = (uint32_t)raw.f_type;
  statistics->block_size = (uint64_t)(raw.f_frsize > 0 ? raw.f_frsize : raw.f_bsize);
  if (statistics->block_size == 0) statistics->block_size = 1;
  statistics->blocks = raw.f_blocks;
  statistics->blocks_free = raw.f_bfree;
  statistics->blocks_available = raw.f_bavail;
  statistics->inodes_free = raw.f_ffree;
  _Static_assert(sizeof raw.f_fsid == sizeof statistics->identity, "f_fsid is two words of 32 bits");
  memcpy(&statistics->identity, &raw.f_fsid, sizeof statistics->identity);
  return 0;
}

int64_t cls_list_attributes(const char *path, char *names, size_t room) {
  ssize_t length = llistxattr(path, names, room);
  return length < 0 ? -errno : length;
}

int64_t cls_get_attribute(const char *path, const char *name, void *value, size_t room) {
  ssize_t length = lgetxattr(path, name, value, room);
  return length < 0 ? -errno : length;
}

int cls_filesystem_label(int fd, char *label) {
  char room[FSLABEL_MAX] = {0};
  if (ioctl(fd, FS_IOC_GETFSLABEL, room) < 0) return -errno;
  memcpy(label, room, FSLABEL_MAX);
  label[FSLABEL_MAX] = 0;
  return 0;
}

const uint32_t cls_XFLAG_REALTIME = FS_XFLAG_REALTIME;

int cls_extended_flags(int fd, uint32_t *flags) {
  struct fsxattr attributes;
  if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0) return -errno;
  *flags = attributes.fsx_xflags;
  return 0;
}

// The item's fields are little-endian on disk and may lie unaligned.
static uint64_t le64(const void *from) {
  uint64_t value;
  memcpy(&value, from, sizeof value);
  return le64toh(value);
}

#define SEARCH_ROOM (64 * 1024)

int cls_btrfs_extents(int fd, uint64_t inode, uint64_t *next, struct cls_btrfs_extent *extents,
                      uint32_t capacity) {
  struct btrfs_ioctl_search_args_v2 *args = calloc(1, sizeof *args + SEARCH_ROOM);
  if (args == NULL) return -ENOMEM;
  struct btrfs_ioctl_search_key *key = &args->key;
  key->tree_id = 0;  // the subvolume fd lies in
  key->min_objectid = key->max_objectid = inode;
  key->min_type = key->max_type = BTRFS_EXTENT_DATA_KEY;
  key->min_offset = *next;
  key->max_offset = UINT64_MAX;
  key->max_transid = UINT64_MAX;
  key->nr_items = capacity;
  args->buf_size = SEARCH_ROOM;
  if (ioctl(fd, BTRFS_IOC_TREE_SEARCH_V2, args) < 0) {
    int failure = -errno;
    free(args);
    return failure;
  }
  uint32_t count = 0;
  const char *room = (const char *)args->buf;
  size_t at = 0;
  for (uint32_t i = 0; i < key->nr_items && count < capacity; i++) {
    struct btrfs_ioctl_search_header header;
    if (at + sizeof header > SEARCH_ROOM) break;
    memcpy(&header, room + at, sizeof header);
    at += sizeof header;
    if (header.len > SEARCH_ROOM - at) break;
    const char *item = room + at;
    at += header.len;
    // A file extent item's header is 21 bytes; an inline one ends there and
    // then holds the data itself.
    if (header.type != BTRFS_EXTENT_DATA_KEY || header.len < 21) continue;
    struct btrfs_file_extent_item extent;
    memset(&extent, 0, sizeof extent);
    memcpy(&extent, item, header.len < sizeof extent ? header.len : sizeof extent);
    struct cls_btrfs_extent *to = &extents[count++];
    to->logical = header.offset;
    to->type = extent.type;
    to->compression = extent.compression;
    if (extent.type == BTRFS_FILE_EXTENT_INLINE) {
      to->length = le64(&extent.ram_bytes);
      to->disk_start = to->disk_length = 0;
    } else {
      to->length = le64(&extent.num_bytes);
      to->disk_start = le64(&extent.disk_bytenr);
      to->disk_length = le64(&extent.disk_num_bytes);
    }
    *next = header.offset + 1;
  }
  free(args);
  return (int)count;
}

int cls_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, 9) < 0 ? -errno : 0; }

unsigned int cls_major(uint64_t device) { return major(device); }
unsigned int cls_minor(uint64_t device) { return minor(device); }

int cls_keep_freed_memory(int kept, int mapped) {
  return mallopt(M_TRIM_THRESHOLD, kept) && mallopt(M_MMAP_THRESHOLD, mapped) ? 0 : -EINVAL;
}
