/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/validate/function.h"
#include "base/limits.h"

#include <errno.h>

rule_fn *const rule_functions[] = {
#define RULE_FN(name, lo, hi) rule_fn_##name,
#include "schema/validate/functions.def"
#undef RULE_FN
};

bool rule_match(unsigned regex, struct slice text) {
	const struct rule_regex *r = &rule_tables.regexes[regex];
	unsigned state = 1;
	if (r->sticky && r->accept[state]) return true;
	for (size_t i = 0; i < text.n && state; i++) {
		state = r->next[state * r->width + r->class_of[(unsigned char)text.p[i]]];
		if (r->sticky && r->accept[state]) return true;
	}
	return r->accept[state];
}

struct slice rule_text(struct rule_scope *s, const struct rule_value *v) {
	if (v->kind == RV_STR) return rv_slice(v);
	_cleanup_buf_ struct buf b = BUF_INIT(REQUEST_BODY_MAX);
	rv_text(v, &b);
	return arena_slice_dup(s->arena, buf_slice(&b));
}

void rule_list_add(struct rule_list *l, struct rule_value v) {
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 4;
		struct rule_value *p = arena_array(l->s->arena, cap, sizeof(*p));
		if (!p) {
			l->s->err = -ENOMEM;
			return;
		}
		if (l->n) memcpy(p, l->v, l->n * sizeof(*p));
		l->v = p;
		l->cap = cap;
	}
	l->v[l->n++] = v;
}

static struct rule_value vtextf(struct rule_scope *s, const char *fmt, va_list ap) {
	const char *p = arena_vprintf(s->arena, fmt, ap);
	if (!p) s->err = -ENOMEM;
	return p ? rv_lit(p) : RV_NONE;
}

struct rule_value rule_textf(struct rule_scope *s, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	struct rule_value v = vtextf(s, fmt, ap);
	va_end(ap);
	return v;
}

void rule_list_addf(struct rule_list *l, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	rule_list_add(l, vtextf(l->s, fmt, ap));
	va_end(ap);
}
