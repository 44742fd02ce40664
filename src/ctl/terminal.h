/* SPDX-License-Identifier: Apache-2.0 */
/* A command in a container with this program's standard input, output and error: the terminal made raw and restored, its size told
 * on, its end and signals minded. */
#pragma once

#include "ctl/ctl.h"

#define TERMINAL_READ_MAX (32u * 1024u)

struct terminal {
	const char *ns, *pod, *container;
	const char *const *command;   /* NULL: attach */
	bool in, tty, out, err;       /* tty: the container's side has one; standard input is made raw */
	bool resize_twice;            /* attach: a program redraws only when the size changes */
	/* Where output goes instead of standard output (NULL: there). Negative ends the session. */
	int (*on_output)(void *ctx, struct slice bytes);
	/* Where input comes from instead of standard input (NULL: there): fills `buf`, returns its length, 0 at the end, negative
	 * -errno. Runs between callbacks. */
	ssize_t (*on_input)(void *ctx, char *buf, size_t size);
	void *ctx;
};

/* True when standard input is a terminal. */
bool terminal_is(const struct ctl *c);
/* Runs it to its end. 0 and the command's exit code in *ret_code; 1 with a fault noted when it could not be run. */
int terminal_run(struct ctl *c, const struct terminal *t, int *ret_code);
