#include "CLinuxStorage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

int cls_open_write(const char *path) {
  for (;;) {
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    if (fd >= 0) return fd;
    if (errno != EINTR) return -errno;
  }
}

int cls_punch_hole(int fd, uint64_t offset, uint64_t length) {
  while (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length) < 0) {
    if (errno != EINTR) return -errno;
  }
  return 0;
}

const int cls_LEASE_READ = F_RDLCK;
const int cls_LEASE_WRITE = F_WRLCK;
const int cls_LEASE_NONE = F_UNLCK;

int cls_set_lease(int fd, int kind) { return fcntl(fd, F_SETLEASE, kind) < 0 ? -errno : 0; }

int cls_get_lease(int fd) {
  int kind = fcntl(fd, F_GETLEASE);
  return kind < 0 ? -errno : kind;
}

int cls_sync_filesystem(int fd) { return syncfs(fd) < 0 ? -errno : 0; }

int cls_inode_flags(int fd, uint32_t *flags) {
  // The kernel writes an int, whatever the request's name says.
  int raw = 0;
  if (ioctl(fd, FS_IOC_GETFLAGS, &raw) < 0) return -errno;
  *flags = (uint32_t)raw;
  return 0;
}

int cls_set_inode_flags(int fd, uint32_t flags) {
  int raw = (int)flags;
  return ioctl(fd, FS_IOC_SETFLAGS, &raw) < 0 ? -errno : 0;
}

const uint32_t cls_INODE_IMMUTABLE = FS_IMMUTABLE_FL;
const uint32_t cls_INODE_APPEND = FS_APPEND_FL;
const uint32_t cls_INODE_EXTENTS = FS_EXTENT_FL;

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

unsigned long cls_mount_flag(const char *option) {
  static const struct {
    const char *name;
    unsigned long flag;
  } table[] = {
      {"ro", MS_RDONLY},         {"nosuid", MS_NOSUID},     {"nodev", MS_NODEV},
      {"noexec", MS_NOEXEC},     {"sync", MS_SYNCHRONOUS},  {"mand", MS_MANDLOCK},
      {"dirsync", MS_DIRSYNC},   {"noatime", MS_NOATIME},   {"nodiratime", MS_NODIRATIME},
      {"relatime", MS_RELATIME}, {"lazytime", MS_LAZYTIME}, {"nosymfollow", MS_NOSYMFOLLOW},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    if (strcmp(option, table[i].name) == 0) return table[i].flag;
  }
  return 0;
}

int cls_remount(const char *target, unsigned long flags, int this_mount) {
  unsigned long kind = MS_REMOUNT | (this_mount ? MS_BIND : 0UL);
  return mount(NULL, target, NULL, kind | flags, NULL) < 0 ? -errno : 0;
}
