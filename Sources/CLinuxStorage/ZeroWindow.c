#include "CLinuxStorage.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// Bytes that are ORed together before each test. What the compiler makes of the
// loop (SSE2, NEON) keeps up with memory; wider registers gave nothing.
#define STRIDE 256
// How far ahead of the test memory is asked for. The processor's own prefetch
// ends at each page.
#define AHEAD 2048

static inline uint64_t word(const unsigned char *from) {
  uint64_t value;
  memcpy(&value, from, sizeof value);
  return value;
}

int cls_is_zero(const void *memory, size_t length) {
  const unsigned char *at = memory;
  // Most data differs from zero at once, and then its other cache lines need
  // not be fetched.
  if (length >= 16 && (word(at) | word(at + 8)) != 0) return 0;
  const unsigned char *end = at + length;
  for (; end - at >= STRIDE; at += STRIDE) {
    for (size_t i = 0; i < STRIDE; i += 64) __builtin_prefetch(at + AHEAD + i);
    uint64_t any = 0;
    for (size_t i = 0; i < STRIDE; i += 8) any |= word(at + i);
    if (any != 0) return 0;
  }
  for (; at < end; at++) {
    if (*at != 0) return 0;
  }
  return 1;
}

// What a SIGBUS means is decided by its address: within the window this thread
// looks through, a page that could not be had; anywhere else, none of ours.
struct guard {
  sigjmp_buf back;
  uintptr_t start, end;
};

static _Thread_local struct guard *volatile current;
static struct sigaction previous;
static pthread_once_t installed = PTHREAD_ONCE_INIT;
static int install_failure;

static void on_bus_error(int number, siginfo_t *info, void *context) {
  struct guard *guard = current;
  uintptr_t address = (uintptr_t)info->si_addr;
  // si_code is positive where the kernel sent it: kill(2) may name any address.
  if (guard != NULL && info->si_code > 0 && address >= guard->start && address < guard->end) {
    current = NULL;
    siglongjmp(guard->back, 1);
  }
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(number, info, context);
  } else if (previous.sa_handler == SIG_DFL || (previous.sa_handler == SIG_IGN && info->si_code > 0)) {
    // The access is made again and ends the process, as it would have.
    signal(number, SIG_DFL);
    if (info->si_code <= 0) raise(number);
  } else if (previous.sa_handler != SIG_IGN) {
    previous.sa_handler(number);
  }
}

static void install(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_bus_error;
  // Jumping out must not leave the signal blocked, so it never is.
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  // previous is written before the handler can run.
  if (sigaction(SIGBUS, NULL, &previous) < 0 || sigaction(SIGBUS, &action, NULL) < 0) install_failure = -errno;
}

static int scan(const unsigned char *window, uint64_t window_start, const struct cls_range *spans, size_t span_count,
                uint64_t unit, uint64_t size, struct cls_range *runs, size_t room) {
  size_t count = 0;
  for (size_t i = 0; i < span_count; i++) {
    for (uint64_t at = spans[i].start; at < spans[i].end; at += unit) {
      uint64_t left = at < size ? size - at : 0;
      if (!cls_is_zero(window + (at - window_start), left < unit ? left : unit)) continue;
      if (count > 0 && runs[count - 1].end == at) {
        runs[count - 1].end += unit;
        continue;
      }
      if (count == room) return -ENOSPC;
      runs[count].start = at;
      runs[count++].end = at + unit;
    }
  }
  return (int)count;
}

int cls_find_zeros(int fd, const struct cls_range *spans, size_t span_count, uint64_t unit, uint64_t size,
                   struct cls_range *runs, size_t room) {
  pthread_once(&installed, install);
  if (install_failure != 0) return install_failure;
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  uint64_t start = spans[0].start & ~(page - 1);
  uint64_t end = spans[span_count - 1].end < size ? spans[span_count - 1].end : size;
  if (start >= end) return scan(NULL, start, spans, span_count, unit, size, runs, room);
  size_t length = (size_t)(end - start);
  unsigned char *window = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, (off_t)start);
  if (window == MAP_FAILED) return -errno;
  struct guard guard;
  guard.start = (uintptr_t)window;
  guard.end = guard.start + length + page;
  int result;
  if (sigsetjmp(guard.back, 0) == 0) {
    current = &guard;
    // The compiler must not move a load of the window out of the guard.
    atomic_signal_fence(memory_order_seq_cst);
    result = scan(window, start, spans, span_count, unit, size, runs, room);
    atomic_signal_fence(memory_order_seq_cst);
    current = NULL;
  } else {
    result = -EFAULT;
  }
  munmap(window, length);
  // The last page of a file that was cut shows zeros behind its end.
  struct stat status;
  if (result >= 0 && (fstat(fd, &status) < 0 || (uint64_t)status.st_size < end)) result = -EFAULT;
  return result;
}
