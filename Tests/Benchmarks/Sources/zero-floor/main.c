// zero-floor FILE…: every byte of the written extents looked at through windows of 4 MiB that are mapped and populated,
// one thread, all files in one process. Prints the bytes in whole blocks of zeros, and the runs they form.
//
// No guard against a file that shrinks meanwhile, no look at who writes it, nothing kept: what is left is the memory
// traffic itself.
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { batch = 512, block = 4096 };
static const unsigned long long window = 4 << 20;

typedef unsigned long long lane __attribute__((vector_size(64)));

static unsigned long long zero_bytes, runs, run_end;

static int is_zero(const char *bytes) {
  const lane *lanes = (const lane *)bytes;
  for (unsigned index = 0; index < block / sizeof(lane); index += 4) {
    lane any = lanes[index] | lanes[index + 1] | lanes[index + 2] | lanes[index + 3];
    unsigned long long folded = any[0] | any[1] | any[2] | any[3] | any[4] | any[5] | any[6] | any[7];
    if (folded) return 0;
  }
  return 1;
}

static int scan(int file, unsigned long long start, unsigned long long end) {
  while (start < end) {
    unsigned long long stop = (start / window + 1) * window;
    if (stop > end) stop = end;
    char *bytes = mmap(NULL, stop - start, PROT_READ, MAP_SHARED | MAP_POPULATE, file, start);
    if (bytes == MAP_FAILED) return -1;
    for (unsigned long long at = start; at < stop; at += block) {
      if (!is_zero(bytes + (at - start))) continue;
      if (at != run_end) runs++;
      run_end = at + block;
      zero_bytes += block;
    }
    munmap(bytes, stop - start);
    start = stop;
  }
  return 0;
}

static int scan_file(const char *path) {
  static char buffer[sizeof(struct fiemap) + batch * sizeof(struct fiemap_extent)];
  struct fiemap *map = (struct fiemap *)buffer;
  struct stat status;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0 || fstat(file, &status) != 0) return -1;
  unsigned long long size = status.st_size / block * block, next = 0, from = 0, to = 0;
  run_end = ~0ULL;
  for (int last = 0; !last;) {
    memset(map, 0, sizeof *map);
    map->fm_start = next;
    map->fm_length = ~0ULL - next;
    map->fm_extent_count = batch;
    if (ioctl(file, FS_IOC_FIEMAP, map) != 0) return -1;
    if (map->fm_mapped_extents == 0) break;
    for (unsigned index = 0; index < map->fm_mapped_extents; index++) {
      struct fiemap_extent *extent = &map->fm_extents[index];
      next = extent->fe_logical + extent->fe_length;
      last = extent->fe_flags & FIEMAP_EXTENT_LAST;
      if (extent->fe_flags & FIEMAP_EXTENT_UNWRITTEN) continue;
      if (extent->fe_logical != to) {
        if (scan(file, from, to < size ? to : size) != 0) return -1;
        from = extent->fe_logical;
      }
      to = next;
    }
  }
  if (scan(file, from, to < size ? to : size) != 0) return -1;
  return close(file);
}

int main(int count, char **arguments) {
  for (int index = 1; index < count; index++) {
    if (scan_file(arguments[index]) != 0) {
      perror(arguments[index]);
      return 1;
    }
  }
  printf("%llu %llu\n", zero_bytes, runs);
  return 0;
}
