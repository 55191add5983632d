// stopwatch OUT ERR COMMAND [ARGUMENT…] [';' COMMAND [ARGUMENT…]]…
//
// Runs the commands one after the other, standard output to OUT and standard error to ERR, and prints what they took
// together: wall nanoseconds, CPU microseconds (user and system), peak memory in KiB, and the exit status of the first
// that did not end with 0 (128 + the signal's number where a signal ended it).
//
// A process of its own, and a small one: ru_maxrss of a child begins with what its parent has resident when it starts
// another program, so a large parent would hide the child's own figure.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long microseconds(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

int main(int count, char **arguments) {
  if (count < 4) {
    fprintf(stderr, "usage: stopwatch OUT ERR COMMAND [ARGUMENT...] [';' COMMAND ...]\n");
    return 64;
  }
  int nothing = open("/dev/null", O_RDONLY);
  int output = open(arguments[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
  int errors = open(arguments[2], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
  if (nothing < 0 || output < 0 || errors < 0) {
    fprintf(stderr, "stopwatch: cannot open %s or %s: %s\n", arguments[1], arguments[2], strerror(errno));
    return 1;
  }
  long long cpu = 0, peak = 0;
  int failed = 0;
  long long started = nanoseconds();
  for (int first = 3; first < count;) {
    int end = first;
    while (end < count && strcmp(arguments[end], ";") != 0) end++;
    if (end < count) arguments[end] = NULL;
    pid_t child = vfork();
    if (child == 0) {
      dup2(nothing, 0);
      dup2(output, 1);
      dup2(errors, 2);
      execvp(arguments[first], arguments + first);
      _exit(127);
    }
    int status;
    struct rusage used;
    if (child < 0 || wait4(child, &status, 0, &used) < 0) {
      fprintf(stderr, "stopwatch: cannot run %s: %s\n", arguments[first], strerror(errno));
      return 1;
    }
    cpu += microseconds(used.ru_utime) + microseconds(used.ru_stime);
    if (used.ru_maxrss > peak) peak = used.ru_maxrss;
    int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (failed == 0) failed = code;
    first = end + 1;
  }
  printf("%lld %lld %lld %d\n", nanoseconds() - started, cpu, peak, failed);
  return 0;
}
