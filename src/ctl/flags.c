/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/flags.h"
#include "codec/duration.h"
#include "codec/goquote.h"

#include <errno.h>

static size_t table_size(const struct flag *t) {
	size_t n = 0;
	while (t[n].name) n++;
	return n;
}

static int parse_bool(const char *s, int64_t *ret) {
	static const struct { const char *text; int v; } words[] = {
		{ "1", 1 }, { "t", 1 }, { "T", 1 }, { "true", 1 }, { "TRUE", 1 }, { "True", 1 },
		{ "0", 0 }, { "f", 0 }, { "F", 0 }, { "false", 0 }, { "FALSE", 0 }, { "False", 0 },
	};
	for (size_t i = 0; i < ELEMENTSOF(words); i++)
		if (!strcmp(s, words[i].text)) {
			*ret = words[i].v;
			return 0;
		}
	return -EINVAL;
}

static bool append(struct flags *f, struct flag_value *v, const char *text) {
	if (v->n >= FLAG_VALUES_MAX) return false;
	const char **list = arena_realloc(f->a, v->list, v->n * sizeof(*list), (v->n + 1) * sizeof(*list));
	if (!list) return false;
	list[v->n++] = text;
	v->list = list;
	return true;
}

/* Commas inside double quotes do not cut (encoding/csv). */
static bool append_cut(struct flags *f, struct flag_value *v, const char *text) {
	if (!*text) return true;
	for (struct slice rest = slice_str(text); rest.p;) {
		if (rest.n && rest.p[0] == '"') {
			const char *end = memchr(rest.p + 1, '"', rest.n - 1);
			if (end) {
				char *part = arena_strndup(f->a, rest.p + 1, (size_t)(end - rest.p) - 1);
				if (!part || !append(f, v, part)) return false;
				rest = end[1] == ',' ? slice_from(rest, (size_t)(end - rest.p) + 2) : SLICE_NULL;
				continue;
			}
		}
		char *part = arena_slice_str(f->a, slice_cut(&rest, ','));
		if (!part || !append(f, v, part)) return false;
	}
	return true;
}

/* Why a text is no value of the flag, as Go says it; NULL when it is one. */
static const char *take_value(struct flags *f, struct flag_value *v, const char *text, int *err) {
	const char *msg = NULL;
	v->text = text;
	switch (v->flag->type) {
	case FLAG_BOOL:
		if (parse_bool(text, &v->number) == 0) return NULL;
		return arena_printf(f->a, "strconv.ParseBool: parsing %s: invalid syntax", goquote(f->a, slice_str(text)));
	case FLAG_INT: {
		int r = slice_int(slice_str(text), INT64_MIN, INT64_MAX, &v->number);
		if (r == 0) return NULL;
		return arena_printf(f->a, "strconv.ParseInt: parsing %s: %s", goquote(f->a, slice_str(text)),
				    r == -ERANGE ? "value out of range" : "invalid syntax");
	}
	case FLAG_DURATION:
		if (duration_parse(f->a, slice_str(text), &v->number, &msg) == 0) return NULL;
		return msg ? msg : "time: invalid duration";
	case FLAG_ARRAY:
		if (!append(f, v, text)) *err = -ENOMEM;
		return NULL;
	case FLAG_LIST:
		if (!append_cut(f, v, text)) *err = -ENOMEM;
		return NULL;
	default:
		return NULL;
	}
}

bool flags_add(struct flags *f, const struct flag *t) {
	size_t n = table_size(t);
	struct flag_value *v = arena_realloc(f->a, f->v, f->n * sizeof(*v), (f->n + n) * sizeof(*v));
	int err = 0;
	if (!v) return false;
	f->v = v;
	for (size_t i = 0; i < n; i++) {
		v[f->n + i] = (struct flag_value){ .flag = &t[i], .text = "" };
		if (t[i].dflt && *t[i].dflt) (void)take_value(f, &v[f->n + i], t[i].dflt, &err);
	}
	f->n += n;
	return err == 0;
}

static bool same_name(struct slice given, const char *name) {
	if (given.n != strlen(name)) return false;
	for (size_t i = 0; i < given.n; i++)
		if ((given.p[i] == '_' ? '-' : given.p[i]) != name[i]) return false;
	return true;
}

static struct flag_value *find(const struct flags *f, struct slice name) {
	for (size_t i = 0; i < f->n; i++)
		if (same_name(name, f->v[i].flag->name)) return &f->v[i];
	return NULL;
}

static struct flag_value *find_letter(const struct flags *f, char letter) {
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].flag->letter == letter) return &f->v[i];
	return NULL;
}

static int set(struct flags *f, struct flag_value *v, const char *text, const char **ret_msg) {
	int err = 0;
	if (!v->set && (v->flag->type == FLAG_ARRAY || v->flag->type == FLAG_LIST)) v->n = 0;
	v->set = true;
	const char *why = take_value(f, v, text, &err);
	if (!why) return err;
	char letter[8] = "";
	if (v->flag->letter) {
		letter[0] = '-';
		letter[1] = v->flag->letter;
		letter[2] = ',';
		letter[3] = ' ';
	}
	*ret_msg = arena_printf(f->a, "invalid argument %s for \"%s--%s\" flag: %s", goquote(f->a, slice_str(text)), letter,
				v->flag->name, why);
	return *ret_msg ? -EINVAL : -ENOMEM;
}

static const char *bare_of(const struct flag *flag) { return flag->type == FLAG_BOOL ? "true" : flag->bare; }

static int parse_long(struct flags *f, const char *arg, int argc, char **argv, int *i, const char **ret_msg) {
	struct slice rest = slice_str(arg + 2);
	struct slice name = slice_cut(&rest, '=');
	struct flag_value *v = find(f, name);
	if (!name.n || name.p[0] == '-' || name.p[0] == '=') {
		*ret_msg = arena_printf(f->a, "bad flag syntax: %s", arg);
		return -EINVAL;
	}
	if (!v && slice_eqs(name, "help")) {
		f->help = true;
		return 0;
	}
	if (!v) {
		*ret_msg = arena_printf(f->a, "unknown flag: --%.*s", SLICE_FMT(name));
		return -EINVAL;
	}
	if (rest.p) return set(f, v, rest.p, ret_msg);
	if (bare_of(v->flag)) return set(f, v, bare_of(v->flag), ret_msg);
	if (*i + 1 < argc) return set(f, v, argv[++*i], ret_msg);
	*ret_msg = arena_printf(f->a, "flag needs an argument: --%.*s", SLICE_FMT(name));
	return -EINVAL;
}

static int parse_short(struct flags *f, const char *arg, int argc, char **argv, int *i, const char **ret_msg) {
	for (const char *p = arg + 1; *p; p++) {
		struct flag_value *v = find_letter(f, *p);
		if (!v && *p == 'h') {
			f->help = true;
			return 0;
		}
		if (!v) {
			*ret_msg = arena_printf(f->a, "unknown shorthand flag: '%c' in -%s", *p, arg + 1);
			return -EINVAL;
		}
		if (p[1] == '=') return set(f, v, p + 2, ret_msg);
		if (bare_of(v->flag)) {
			int r = set(f, v, bare_of(v->flag), ret_msg);
			if (r < 0) return r;
			continue;
		}
		if (p[1]) return set(f, v, p + 1, ret_msg);
		if (*i + 1 < argc) return set(f, v, argv[++*i], ret_msg);
		*ret_msg = arena_printf(f->a, "flag needs an argument: '%c' in -%s", *p, arg + 1);
		return -EINVAL;
	}
	return 0;
}

int flags_parse(struct flags *f, int argc, char **argv, const char **ret_msg) {
	f->args = arena_array(f->a, (size_t)argc + 1, sizeof(*f->args));
	f->dash = -1;
	if (!f->args) return -ENOMEM;
	for (int i = 0; i < argc; i++) {
		int r = 0;
		if (f->dash >= 0 || argv[i][0] != '-' || !argv[i][1]) f->args[f->n_args++] = argv[i];
		else if (!strcmp(argv[i], "--")) f->dash = (ptrdiff_t)f->n_args;
		else if (argv[i][1] == '-') r = parse_long(f, argv[i], argc, argv, &i, ret_msg);
		else r = parse_short(f, argv[i], argc, argv, &i, ret_msg);
		if (r == -EINVAL && !*ret_msg) r = -ENOMEM;
		if (r < 0) return r;
		if (f->help) return 0;
	}
	f->args[f->n_args] = NULL;
	return 0;
}

bool flags_have(const struct flags *f, const char *name) { return find(f, slice_str(name)) != NULL; }
const struct flag_value *flags_get(const struct flags *f, const char *name) {
	const struct flag_value *v = find(f, slice_str(name));
	if (!v) abort();
	return v;
}
int flags_duration(const struct flags *f, const char *text, int64_t *ret_ns) {
	return duration_parse(f->a, slice_str(text), ret_ns, NULL);
}
