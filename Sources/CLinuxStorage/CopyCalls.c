#include "CopyCalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

// Others may read it once it has its final mode, not before.
#define PRIVATE_MODE 0600

int cls_open_unnamed(int directory) {
  int fd = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, PRIVATE_MODE);
  return fd < 0 ? -errno : fd;
}

int cls_create_new(int directory, const char *name) {
  int fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, PRIVATE_MODE);
  return fd < 0 ? -errno : fd;
}

int cls_link_open_file(int fd, int directory, const char *name) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW) == 0) return 0;
  if (errno == EEXIST) return -EEXIST;
  int failure = -errno;
  if (linkat(fd, "", directory, name, AT_EMPTY_PATH) == 0) return 0;
  return errno == EEXIST ? -EEXIST : failure;
}

int cls_rename(int directory, const char *from, const char *to, int keep_existing) {
  // glibc has no wrapper before 2.28.
  long result = syscall(SYS_renameat2, directory, from, directory, to, keep_existing ? RENAME_NOREPLACE : 0);
  return result < 0 ? -errno : 0;
}

int cls_unlink(int directory, const char *name) { return unlinkat(directory, name, 0) < 0 ? -errno : 0; }

int cls_clone(int to, int from) {
  while (ioctl(to, FICLONE, from) < 0) {
    if (errno != EINTR) return -errno;
  }
  return 0;
}

int64_t cls_copy_range(int from, int to, int64_t offset, size_t length) {
  loff_t in = offset, out = offset;
  ssize_t copied = copy_file_range(from, &in, to, &out, length, 0);
  return copied < 0 ? -errno : copied;
}

int cls_begin_writeback(int fd, int64_t offset, int64_t length) {
  return sync_file_range(fd, offset, length, SYNC_FILE_RANGE_WRITE) < 0 ? -errno : 0;
}

int cls_probe_read_lease(int fd) {
  // Whoever opens it just now breaks the lease, and the signal for that is
  // SIGIO, which ends a process; SIGURG is ignored.
  if (fcntl(fd, F_SETSIG, SIGURG) < 0) return -errno;
  if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0) return -errno;
  fcntl(fd, F_SETLEASE, F_UNLCK);
  return 0;
}

int cls_lock(int fd) { return flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0; }

int cls_open_direct(int fd) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int opened = open(path, O_RDONLY | O_DIRECT | O_NOATIME | O_CLOEXEC);
  if (opened < 0 && errno == EPERM) opened = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
  return opened < 0 ? -errno : opened;
}

int cls_copy_times(int from, int to) {
  struct stat status;
  if (fstat(from, &status) < 0) return -errno;
  struct timespec times[2] = {status.st_atim, status.st_mtim};
  return futimens(to, times) < 0 ? -errno : 0;
}

int64_t cls_list_file_attributes(int fd, char *names, size_t room) {
  ssize_t length = flistxattr(fd, names, room);
  return length < 0 ? -errno : length;
}

int64_t cls_get_file_attribute(int fd, const char *name, void *value, size_t room) {
  ssize_t length = fgetxattr(fd, name, value, room);
  return length < 0 ? -errno : length;
}

int cls_set_file_attribute(int fd, const char *name, const void *value, size_t length) {
  return fsetxattr(fd, name, value, length, 0) < 0 ? -errno : 0;
}

int cls_remove_file_attribute(int fd, const char *name) { return fremovexattr(fd, name) < 0 ? -errno : 0; }
