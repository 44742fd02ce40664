/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process of a process namespace that a pod's containers share. It waits for the orphans of the others, as an init has to,
 * and ends when it is told to; the kernel then ends everything in the namespace. A program of its own, static, since it is the
 * only file in its root: containers can look at it through /proc/1.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static void stop(int sig) { _exit(0); }

static void reap(int sig) {
	int saved = errno;
	while (waitpid(-1, NULL, WNOHANG) > 0) {}
	errno = saved;
}

int main(void) {
	struct sigaction stopping = { .sa_handler = stop }, reaping = { .sa_handler = reap, .sa_flags = SA_NOCLDSTOP };
	if (sigaction(SIGTERM, &stopping, NULL) < 0 || sigaction(SIGINT, &stopping, NULL) < 0 || sigaction(SIGCHLD, &reaping, NULL) < 0)
		return 1;
	/* Orphans that were there before the handler. */
	reap(SIGCHLD);
	for (;;) pause();
}
