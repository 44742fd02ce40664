/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child process whose streams are passed on: pipes, or a terminal of its own (which is its controlling terminal, so that a change of
 * size reaches it as SIGWINCH). Started by posix_spawn with every other descriptor closed. From the loop's thread.
 */
#pragma once

#include "base/slice.h"
#include "loop/loop.h"

struct child;

struct child_options {
	const char *const *argv;     /* argv[0] with a path */
	bool in, out, err, tty;      /* tty: one stream both ways; out and err are ignored */
};

struct child_handler {
	/* `channel` 1 or 2: what the child wrote, valid during the call. */
	void (*on_output)(void *ctx, int channel, struct slice bytes);
	/* What was written to its input has been taken. */
	void (*on_drain)(void *ctx);
	/* Exactly once, last: it has exited and its output is read to the end. 128 + signal when killed. The child is gone. */
	void (*on_exit)(void *ctx, int code);
};

/* 0 or -errno. */
int child_start(struct loop *l, const struct child_options *o, const struct child_handler *h, void *ctx, struct child **ret);
/* Bytes for its input, copied. 0; 1: wait for on_drain; -EPIPE. */
int child_write(struct child *c, struct slice bytes);
/* End of input (a terminal gets Ctrl-D). */
void child_end_input(struct child *c);
void child_resize(struct child *c, uint16_t columns, uint16_t rows);
/* Stops and resumes on_output. */
void child_pause(struct child *c, bool on);
/* Sends SIGKILL; on_exit follows. */
void child_kill(struct child *c);
