/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/spawn.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

int spawn_wait(struct ctl *c, char *const *argv) {
	posix_spawnattr_t attr;
	sigset_t dflt;
	pid_t pid;
	int status;
	(void)sink_flush(&c->out);
	(void)sink_flush(&c->err);
	/* A pipe that closes ends the program as usual; we ignore it ourselves. */
	(void)sigemptyset(&dflt);
	(void)sigaddset(&dflt, SIGPIPE);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setsigdefault(&attr, &dflt);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	int r = posix_spawnp(&pid, argv[0], NULL, &attr, argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	if (r) return -r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
