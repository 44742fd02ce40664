/* SPDX-License-Identifier: Apache-2.0 */
/* What CustomResourceDefinitions need. Source: pkg/apis/apiextensions, regexp/syntax. */
#include "schema/validate/function.h"
#include "base/limits.h"
#include "schema/crd_check.h"

#include <errno.h>

/* Whether all elements are equal; an empty list's are. */
RULE_DEF(allEqual) {
	struct rv_cursor c = { 0 };
	struct rule_value k, v, first = RV_NONE;
	while (rv_next(a, &c, &k, &v)) {
		if (c.i == 1) first = v;
		else if (!rv_equal(&first, &v)) return rv_bool(false);
	}
	return rv_bool(true);
}

/* How many elements' member a[1] is true. */
RULE_DEF(countTrue) {
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	int64_t count = 0;
	while (rv_next(a, &c, &k, &v)) {
		struct rule_value m = rv_member(&v, rv_slice(&a[1]));
		count += rv_true(&m);
	}
	return rv_int(count);
}

/* The value when it is an object, else nil. */
RULE_DEF(onlyObject) {
	return a->kind == RV_NODE && yyjson_mut_is_obj((yyjson_mut_val *)a->node) ? *a : RV_NONE;
}

static const struct { const char *json, *go; bool flag; } version_members[] = {
	{ "name", "Name", false }, { "served", "Served", true }, { "storage", "Storage", true }, { "deprecated", "Deprecated", true },
	{ "deprecationWarning", "DeprecationWarning", false },
};
static const char *const version_rest[] = { "Schema", "Subresources", "AdditionalPrinterColumns", "SelectableFields" };

/* spec.versions as the server's internal type has them when the versions agree on the rest. */
RULE_DEF(crdVersions) {
	struct rule_list out = RULE_LIST(s);
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	if (a->kind == RV_NIL) return RV_NONE;
	while (rv_next(a, &c, &k, &v)) {
		struct rule_list l = RULE_LIST(s);
		for (size_t i = 0; i < ELEMENTSOF(version_members); i++) {
			struct rule_value m = rv_member(&v, slice_str(version_members[i].json));
			rule_list_add(&l, rv_lit(version_members[i].go));
			rule_list_add(&l, m.kind == RV_NIL && version_members[i].flag ? rv_bool(false) : m);
		}
		for (size_t i = 0; i < ELEMENTSOF(version_rest); i++) {
			rule_list_add(&l, rv_lit(version_rest[i]));
			rule_list_add(&l, RV_NONE);
		}
		rule_list_add(&out, (struct rule_value){ .kind = RV_STRUCT, .n = (uint32_t)l.n, .list = l.v });
	}
	return rule_list_done(&out);
}

/* The end of a bracket expression that begins at `i`, or text.n. */
static size_t class_end(struct slice text, size_t i) {
	size_t first = i + 1;
	if (first < text.n && text.p[first] == '^') first++;
	for (size_t k = first; k < text.n; k++) {
		if (text.p[k] == '\\') k++;
		else if (text.p[k] == ']' && k > first) return k;
	}
	return text.n;
}

/* nil, or what Go says of a pattern whose groups, brackets or repetitions do not add up. */
RULE_DEF(regexFault) {
	struct slice t = rv_slice(a);
	size_t depth = 0;
	bool atom = false; /* something stands before that may be repeated */
	for (size_t i = 0; i < t.n; i++) {
		switch (t.p[i]) {
		case '\\':
			if (++i >= t.n) return rule_textf(s, "error parsing regexp: trailing backslash at end of expression: ``");
			atom = true;
			break;
		case '[':
			if (class_end(t, i) == t.n) return rule_textf(s, "error parsing regexp: missing closing ]: `%.*s`",
				SLICE_FMT(slice_from(t, i)));
			i = class_end(t, i);
			atom = true;
			break;
		case '(':
			depth++;
			atom = false;
			if (i + 1 < t.n && t.p[i + 1] == '?') i++;
			break;
		case ')':
			if (!depth--) return rule_textf(s, "error parsing regexp: unexpected ): `%.*s`", SLICE_FMT(t));
			atom = true;
			break;
		case '*':
		case '+':
		case '?':
			if (!atom) return rule_textf(s, "error parsing regexp: missing argument to repetition operator: `%c`", t.p[i]);
			break;
		default:
			atom = t.p[i] != '|' && t.p[i] != '^';
		}
	}
	return depth ? rule_textf(s, "error parsing regexp: missing closing ): `%.*s`", SLICE_FMT(t)) : RV_NONE;
}

/* Complains of a schema's (a[1], at path a[0]) default that is none of its own values. Members of defaults are not looked into. */
RULE_DEF(checkDefault) {
	const yyjson_mut_val *value = a[1].kind == RV_NODE ? json_get(a[1].node, "default") : NULL;
	if (!value) return RV_NONE;
	_cleanup_buf_ struct buf field = BUF_INIT(REQUEST_BODY_MAX), none = BUF_INIT(CRD_PATH_MAX);
	rule_path_text(a->path, &field);
	buf_puts(&field, ".default");
	struct crd_check c = { .a = s->arena, .errs = s->errors, .path = none, .prefix = arena_strndup(s->arena, field.p, field.n) };
	if (!c.prefix) c.nomem = true;
	else if (crd_check_type(&c, a[1].node, value)) crd_check_value(&c, a[1].node, value);
	buf_done(&c.path);
	if (c.nomem) s->err = -ENOMEM;
	return RV_NONE;
}

/* ---- differences ---- */

#define DIFF_CONTEXT 3

struct lines {
	struct slice *v;
	size_t n;
};

static struct lines lines_of(struct rule_scope *s, const struct rule_value *v) {
	_cleanup_buf_ struct buf b = BUF_INIT(2 * REQUEST_BODY_MAX);
	struct lines l = { 0 };
	if (v->kind == RV_NODE) json_write_pretty(&b, v->node);
	else rv_text(v, &b);
	struct slice text = arena_slice_dup(s->arena, buf_slice(&b));
	size_t count = 1;
	for (size_t i = 0; i < text.n; i++) count += text.p[i] == '\n';
	l.v = arena_array(s->arena, count, sizeof(*l.v));
	for (; l.v && text.p && l.n < count; l.n++) l.v[l.n] = slice_cut(&text, '\n');
	return l;
}

static void put_lines(struct buf *b, char mark, const struct lines *l, size_t from, size_t to) {
	for (size_t i = from; i < to; i++) {
		buf_putc(b, mark);
		buf_put_slice(b, l->v[i]);
		buf_putc(b, '\n');
	}
}

/* A unified difference of two objects, as one hunk around everything that differs. */
RULE_DEF(Diff) {
	struct lines x = lines_of(s, a), y = lines_of(s, &a[1]);
	size_t head = 0, tail = 0;
	while (head < x.n && head < y.n && slice_eq(x.v[head], y.v[head])) head++;
	while (tail < x.n - head && tail < y.n - head && slice_eq(x.v[x.n - 1 - tail], y.v[y.n - 1 - tail])) tail++;
	size_t before = head < DIFF_CONTEXT ? head : DIFF_CONTEXT, after = tail < DIFF_CONTEXT ? tail : DIFF_CONTEXT;
	_cleanup_buf_ struct buf b = BUF_INIT(2 * REQUEST_BODY_MAX);
	buf_printf(&b, "@@ -%zu,%zu +%zu,%zu @@\n", head - before + 1, x.n - tail - head + before + after, head - before + 1,
		y.n - tail - head + before + after);
	put_lines(&b, ' ', &x, head - before, head);
	put_lines(&b, '-', &x, head, x.n - tail);
	put_lines(&b, '+', &y, head, y.n - tail);
	put_lines(&b, ' ', &x, x.n - tail, x.n - tail + after);
	return rv_str(arena_slice_dup(s->arena, buf_slice(&b)));
}
