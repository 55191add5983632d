#include "CLinuxStorage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

extern char **environ;

// The child must not inherit an ignored SIGPIPE or a blocked SIGINT.
static int default_signals(posix_spawnattr_t *attributes) {
  sigset_t set;
  sigemptyset(&set);
  int code = posix_spawnattr_setsigmask(attributes, &set);
  if (code != 0) return code;
  sigaddset(&set, SIGPIPE);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  code = posix_spawnattr_setsigdefault(attributes, &set);
  if (code != 0) return code;
  return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn_into(int output, const char *executable, char *const *argv, pid_t *child) {
  posix_spawn_file_actions_t actions;
  int code = posix_spawn_file_actions_init(&actions);
  if (code != 0) return code;
  posix_spawnattr_t attributes;
  code = posix_spawnattr_init(&attributes);
  if (code == 0) {
    code = default_signals(&attributes);
    // stdout first: should the pipe have got number 0, opening /dev/null there
    // would close it.
    if (code == 0) code = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (code == 0) code = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (code == 0) code = posix_spawn(child, executable, &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  return code;
}

int cls_spawn(const char *executable, char *const *argv, int *output, int *process) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  pid_t child = -1;
  int code = spawn_into(ends[1], executable, argv, &child);
  close(ends[1]);
  if (code != 0) {
    close(ends[0]);
    return -code;
  }
  *output = ends[0];
  *process = (int)child;
  return 0;
}
