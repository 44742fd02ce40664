/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes of the agent: started through libuv with every other descriptor closed, output collected up to a limit,
 * killed after a timeout. From the loop's thread only.
 */
#pragma once

#include "base/slice.h"
#include "loop/loop.h"

struct proc;

struct proc_options {
	const char *const *argv;  /* NULL-terminated; argv[0] is looked up in PATH when it has no slash */
	const char *const *envp;  /* NULL: PATH and nothing else */
	const char *cwd;          /* NULL: / */
	struct slice input;       /* written to stdin, copied; empty: stdin is /dev/null */
	bool status_pipe;         /* descriptor 3 is a pipe whose first line ends up in result.status_line; stdout and stderr
				   * are /dev/null then, so that a child that daemonizes does not keep them */
	uint64_t timeout_ms;      /* SIGKILL then; 0: none */
	size_t output_max;        /* of stdout and of stderr; the rest is dropped. CHILD_OUTPUT_MAX when 0 */
};

struct proc_result {
	int code;                 /* exit code, or 128 + signal */
	bool timed_out;
	struct slice out, err;    /* what the child wrote */
	struct slice status_line; /* without the newline */
};

/* Starts the child. `done(ctx, result)` runs exactly once, when it has exited and its output is read to the end (for
 * status_pipe: when it has exited and the line or the end of the pipe was read); the result is valid during the call.
 * 0, or -errno and `done` does not run. */
int proc_start(struct loop *l, const struct proc_options *o, void (*done)(void *ctx, const struct proc_result *r), void *ctx,
	       struct proc **ret);
/* Kills the child and forgets it: `done` does not run. Returns its ctx, for callers that own it. */
void *proc_cancel(struct proc *p);

/* Runs fn(arg) on a thread of libuv's pool, then done(arg) on the loop's thread. 0 or -errno (then neither runs). */
int work_run(struct loop *l, void (*fn)(void *arg), void (*done)(void *arg), void *arg);

/* The text of an error for people: last line of what a tool wrote to stderr, trimmed, at most CHILD_ERROR_SHOWN bytes. */
struct slice proc_error_text(const struct proc_result *r);
