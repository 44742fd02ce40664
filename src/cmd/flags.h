/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command line flags as a table. `--name value`, `--name=value`, `-v N`, `-vN`; booleans take no value or =true/=false.
 * Flags and operands may be mixed; `--` ends the flags.
 */
#pragma once

#include "base/compiler.h"

enum flag_type { FLAG_STRING, FLAG_BOOL, FLAG_INT, FLAG_LIST };

#define FLAG_LIST_MAX 16
struct flag_list { const char *v[FLAG_LIST_MAX]; size_t n; };

struct flag {
	const char *name;    /* without dashes; one character: short flag */
	enum flag_type type;
	void *value;         /* const char **, bool *, int *, struct flag_list * */
	const char *arg;     /* "DIR" in the help text; NULL for booleans */
	const char *help;
};

/* Parses argv[1..]; operands are moved to the front of argv, *ret_operands is their number. Values point into argv.
 * 0, 1 when -h or --help was given, -EINVAL with one sentence in `msg`. */
int flags_parse(const struct flag *flags, size_t n, int argc, char **argv, int *ret_operands, char *msg, size_t msg_n);
/* Help text of a command to stdout. */
void flags_help(const char *usage, const char *about, const struct flag *flags, size_t n);
