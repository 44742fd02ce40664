/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines as pflag reads them: --name=value, --name value, -n value, -nvalue, -abc, `--` ends the flags, flags and
 * arguments mixed. A command's flags are tables; values are asked for by name. Names are of the program: asking for one that no
 * table holds is a bug and aborts.
 */
#pragma once

#include "base/arena.h"

enum flag_type {
	FLAG_STRING,
	FLAG_BOOL,
	FLAG_INT,       /* 32 bit as well: 64 bit range */
	FLAG_DURATION,  /* Go's notation */
	FLAG_ARRAY,     /* may be repeated, taken as it is */
	FLAG_LIST,      /* may be repeated, cut at commas */
};

struct flag {
	const char *name;
	enum flag_type type;
	const char *dflt;      /* text of the default; NULL: "", false, 0, none */
	char letter;           /* 0: none */
	const char *bare;      /* the value of a flag without one; NULL: needs a value (booleans: "true") */
	const char *help;
};

#define FLAG_GROUPS_MAX 12u
#define FLAG_VALUES_MAX 4096u

struct flag_value {
	const struct flag *flag;
	bool set;
	const char *text;      /* the last one; the default when not set */
	const char **list;     /* ARRAY, LIST */
	size_t n;
	int64_t number;        /* INT, DURATION (ns), BOOL */
};

struct flags {
	struct arena *a;
	struct flag_value *v;
	size_t n;
	const char **args;     /* what is no flag */
	size_t n_args;
	ptrdiff_t dash;        /* arguments before `--`, or -1 */
	bool help;
};

/* Adds a table (ended by an entry without name). False when out of memory. */
bool flags_add(struct flags *f, const struct flag *table);
/* 0; -EINVAL with one sentence as pflag words it in *ret_msg (in the arena); -ENOMEM. Strings point into argv. */
int flags_parse(struct flags *f, int argc, char **argv, const char **ret_msg);

bool flags_have(const struct flags *f, const char *name);
const struct flag_value *flags_get(const struct flags *f, const char *name);
static inline const char *flag_text(const struct flags *f, const char *name) { return flags_get(f, name)->text; }
static inline bool flag_on(const struct flags *f, const char *name) { return flags_get(f, name)->number != 0; }
static inline int64_t flag_int(const struct flags *f, const char *name) { return flags_get(f, name)->number; }
static inline bool flag_given(const struct flags *f, const char *name) { return flags_get(f, name)->set; }
/* Go's duration notation: 0 or -EBADMSG. */
int flags_duration(const struct flags *f, const char *text, int64_t *ret_ns);
