/* SPDX-License-Identifier: Apache-2.0 */
/* `k8c server`: up, ready, and down again on SIGTERM or SIGINT. */
#include "base/log.h"
#include "cmd/commands.h"
#include "cmd/house.h"
#include "cmd/notify.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define SETTLE_SEC 2
#define MEMORY_KEPT (4 << 20)
#define MEMORY_STEP (256 << 10)
/* Open files asked for: one a connection. Children inherit it, and some close every descriptor below it when they begin. */
#define FILES_WANTED 65536u

/* Every thread started later inherits the mask: only sigwait sees these signals. */
static void block_signals(sigset_t *set) {
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	pthread_sigmask(SIG_BLOCK, set, NULL);
}

static void say_ready(const struct plan *p) {
	const char *form = strchr(p->url_host, ':') ? "ready https://[%s]:%u kubeconfig=%s/admin.kubeconfig\n" : "ready https://%s:%u kubeconfig=%s/admin.kubeconfig\n";
	printf(form, p->url_host, (unsigned)p->port, p->dir);
	fflush(stdout);
	(void)notify_send("READY=1");
}

/* Bootstrap and the controllers' first lists leave more free memory behind than serving will use again. */
static void wait_for_end(const sigset_t *signals) {
	const struct timespec settle = { .tv_sec = SETTLE_SEC };
	int got = sigtimedwait(signals, NULL, &settle);
	if (got < 0 && errno == EAGAIN) (void)malloc_trim(0);
	while (got < 0) got = sigwaitinfo(signals, NULL);
}

/* As far as the hard limit allows; a refusal leaves what was. */
static void raise_files(void) {
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= FILES_WANTED) return;
	files.rlim_cur = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

int server_main(int argc, char **argv) {
	struct plan plan;
	struct house house;
	char msg[HOUSE_MESSAGE_MAX];
	sigset_t signals;
	int r = plan_make(&plan, argc, argv, msg);
	if (r != 0) {
		if (r < 0) fprintf(stderr, "k8c server: %s\n", msg);
		plan_done(&plan);
		return r < 0 ? 2 : 0;
	}
	static const enum log_level levels[] = { LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };
	log_setup(strcmp(plan.log_format, "json") == 0 ? LOG_JSON : LOG_TEXT, levels[plan.verbosity > 3 ? 3 : plan.verbosity]);
	/* Few arenas: memory that one thread freed is of use to the others. What a request frees the next one takes: giving it back to
	 * the system between them costs more than either. */
	(void)mallopt(M_ARENA_MAX, 2);
	(void)mallopt(M_TRIM_THRESHOLD, MEMORY_KEPT);
	(void)mallopt(M_TOP_PAD, MEMORY_STEP);
	block_signals(&signals);
	raise_files();
	r = house_up(&house, &plan, msg);
	if (r < 0) {
		fprintf(stderr, "k8c server: %s\n", msg);
	} else {
		say_ready(&plan);
		wait_for_end(&signals);
		(void)notify_send("STOPPING=1");
		house_down(&house);
	}
	plan_done(&plan);
	return r < 0 ? 1 : 0;
}
