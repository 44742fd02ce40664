/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flags.h"
#include "base/slice.h"

#include <errno.h>
#include <stdio.h>

static const struct flag *flag_find(const struct flag *flags, size_t n, struct slice name) {
	for (size_t i = 0; i < n; i++)
		if (slice_eqs(name, flags[i].name)) return &flags[i];
	return NULL;
}

static int set_bool(const struct flag *f, const char *text, char *msg, size_t msg_n) {
	if (text && strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
		snprintf(msg, msg_n, "invalid value \"%s\" for --%s: true or false", text, f->name);
		return -EINVAL;
	}
	*(bool *)f->value = !text || strcmp(text, "true") == 0;
	return 0;
}

static int set_value(const struct flag *f, const char *text, char *msg, size_t msg_n) {
	int64_t number;
	struct flag_list *list = f->value;
	switch (f->type) {
	case FLAG_BOOL:
		return set_bool(f, text, msg, msg_n);
	case FLAG_STRING:
		*(const char **)f->value = text;
		return 0;
	case FLAG_INT:
		if (slice_int(slice_str(text), 0, INT32_MAX, &number) < 0) {
			snprintf(msg, msg_n, "invalid value \"%s\" for --%s: a number is needed", text, f->name);
			return -EINVAL;
		}
		*(int *)f->value = (int)number;
		return 0;
	case FLAG_LIST:
		if (list->n == FLAG_LIST_MAX) {
			snprintf(msg, msg_n, "--%s was given more than %d times", f->name, FLAG_LIST_MAX);
			return -E2BIG;
		}
		list->v[list->n++] = text;
		return 0;
	}
	return -EINVAL;
}

/* One argument that starts with a dash; *i moves on when the value is the next argument. */
static int flag_take(const struct flag *flags, size_t n, int argc, char **argv, int *i, char *msg, size_t msg_n) {
	struct slice rest = slice_str(argv[*i]), name;
	const char *value = NULL;
	if (rest.p[1] == '-') {
		rest = slice_from(rest, 2);
		name = slice_cut(&rest, '=');
		if (rest.p) value = rest.p;
		else if (name.p + name.n != argv[*i] + strlen(argv[*i])) value = "";
	} else {
		name = slice_make(rest.p + 1, 1);
		if (rest.n > 2) value = rest.p + 2;
	}
	if (slice_eqs(name, "help") || slice_eqs(name, "h")) return 1;
	const struct flag *f = flag_find(flags, n, name);
	if (!f) {
		snprintf(msg, msg_n, "unknown flag: %s", argv[*i]);
		return -EINVAL;
	}
	if (!value && f->type != FLAG_BOOL) {
		if (*i + 1 >= argc) {
			snprintf(msg, msg_n, "flag needs an argument: --%s", f->name);
			return -EINVAL;
		}
		value = argv[++*i];
	}
	return set_value(f, value, msg, msg_n);
}

int flags_parse(const struct flag *flags, size_t n, int argc, char **argv, int *ret_operands, char *msg, size_t msg_n) {
	int operands = 0;
	bool over = false;
	for (int i = 1; i < argc; i++) {
		if (!over && strcmp(argv[i], "--") == 0) {
			over = true;
		} else if (over || argv[i][0] != '-' || argv[i][1] == 0) {
			argv[operands++] = argv[i];
		} else {
			int r = flag_take(flags, n, argc, argv, &i, msg, msg_n);
			if (r != 0) return r;
		}
	}
	*ret_operands = operands;
	return 0;
}

void flags_help(const char *usage, const char *about, const struct flag *flags, size_t n) {
	printf("%s\n\nUsage:\n  %s\n\nFlags:\n", about, usage);
	for (size_t i = 0; i < n; i++) {
		char left[64];
		snprintf(left, sizeof(left), "%s%s%s%s", strlen(flags[i].name) == 1 ? "-" : "--", flags[i].name, flags[i].arg ? " " : "",
			 flags[i].arg ? flags[i].arg : "");
		printf("  %-30s %s\n", left, flags[i].help);
	}
}
