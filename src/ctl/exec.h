/* SPDX-License-Identifier: Apache-2.0 */
/* What exec, attach, run and cp share. */
#pragma once

#include "ctl/pod.h"
#include "ctl/terminal.h"

/* -c, -i, -t, -q, --pod-running-timeout */
extern const struct flag stream_flags[];

/* Notes how a command ended: 0, or 1 with the program's exit code set to `code`. */
int exec_exit(struct ctl *c, int code);
/* True when -i and -t are given and standard input is a terminal; says so when it is none. */
bool exec_wants_tty(struct ctl *c);
/* 0, or 1 with a fault: "cannot WHAT a completed pod". */
int exec_completed(struct ctl *c, const yyjson_mut_val *pod, const char *what);

struct attaching {
	const char *container;    /* "" for the default */
	bool in, tty, quiet;
};
/* Attaches to a pod whose object is i->doc. 0, or 1 with a fault noted. */
int attach_pod(struct ctl *c, const struct info *i, const struct attaching *a);
