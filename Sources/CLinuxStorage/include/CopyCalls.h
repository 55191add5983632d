// System calls for a file that is being made: temporaries, clones, attributes.
//
// As in CLinuxStorage.h each returns 0 or a count on success, -errno on failure.
#ifndef COPYCALLS_H
#define COPYCALLS_H

#include <stddef.h>
#include <stdint.h>

// A new file without a name in an open directory (O_TMPFILE), for reading and
// writing. -EOPNOTSUPP, -EISDIR or -ENOENT where the filesystem or kernel
// cannot.
int cls_open_unnamed(int directory);

// A new file with a name, which must not exist yet.
int cls_create_new(int directory, const char *name);

// Gives an open file a name in a directory; -EEXIST where there is one. Goes
// through /proc, else by AT_EMPTY_PATH, which needs CAP_DAC_READ_SEARCH.
int cls_link_open_file(int fd, int directory, const char *name);

// renameat2(2) within one directory; with keep_existing nothing is replaced
// (RENAME_NOREPLACE).
int cls_rename(int directory, const char *from, const char *to, int keep_existing);
int cls_unlink(int directory, const char *name);

// Makes the whole of from the content of to (ioctl FICLONE).
int cls_clone(int to, int from);

// copy_file_range(2), once.
int64_t cls_copy_range(int from, int to, int64_t offset, size_t length);

// Sets off the writing of a range's dirty pages without waiting for it
// (sync_file_range(2)). It makes nothing lasting.
int cls_begin_writeback(int fd, int64_t offset, int64_t length);

// Whether a file may be leased for reading, which the kernel grants only while
// nobody has it open for writing: 0 yes, -EAGAIN no, other errors: it cannot be
// told. The lease is given back at once.
int cls_probe_read_lease(int fd);

// flock(2), exclusive, without waiting: -EWOULDBLOCK where somebody holds it.
int cls_lock(int fd);

// The same file opened once more, for reading past the page cache (O_DIRECT).
int cls_open_direct(int fd);

// Times of access and modification from one open file to another.
int cls_copy_times(int from, int to);

// Extended attributes of an open file. get and list return the length; with
// room 0 only that.
int64_t cls_list_file_attributes(int fd, char *names, size_t room);
int64_t cls_get_file_attribute(int fd, const char *name, void *value, size_t room);
int cls_set_file_attribute(int fd, const char *name, const void *value, size_t length);
int cls_remove_file_attribute(int fd, const char *name);

#endif
