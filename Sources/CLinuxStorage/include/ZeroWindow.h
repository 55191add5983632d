// Finding zeros in a file's pages where they lie, without copying them.
#ifndef ZEROWINDOW_H
#define ZEROWINDOW_H

#include <stddef.h>
#include <stdint.h>

// Half-open, in bytes of the file.
struct cls_range {
  uint64_t start;
  uint64_t end;
};

// Whether memory holds nothing but zeros. Looks at every byte where it does.
int cls_is_zero(const void *memory, size_t length);

// Maps the file from the first span's start to the last one's end, looks
// through the spans, and unmaps it. What counts is whole units, counted from
// each span's start; the unit that size cuts is zero when its bytes up to there
// are. runs gets those units in order, joined where they touch; with room for
// one run for every two units of each span, and one more, it is never short.
//
// Returns how many runs there are. -EFAULT where a page could not be had (the
// file was cut, or its disk fails), for read(2) to tell which; other errors are
// of mmap(2). In each case nothing is known of the spans.
//
// spans must be in order and span_count at least 1.
int cls_find_zeros(int fd, const struct cls_range *spans, size_t span_count, uint64_t unit, uint64_t size,
                   struct cls_range *runs, size_t room);

#endif
