/* SPDX-License-Identifier: Apache-2.0 */
/* Texts and lists: what Go's strings and sets packages do. */
#include "schema/validate/function.h"
#include "base/limits.h"

#include <ctype.h>

static struct rule_value split(struct rule_scope *s, struct slice v, struct slice sep, size_t max) {
	struct rule_list l = RULE_LIST(s);
	while (l.n + 1 < max) {
		ptrdiff_t at = slice_find(v, sep);
		if (at < 0) break;
		rule_list_add(&l, rv_str(slice_upto(v, (size_t)at)));
		v = slice_make(v.p + at + sep.n, v.n - (size_t)at - sep.n);
		if (s->err) return RV_NONE;
	}
	rule_list_add(&l, rv_str(v));
	return rule_list_done(&l);
}

RULE_DEF(Split) { return split(s, rv_slice(a), rv_slice(&a[1]), SIZE_MAX); }
RULE_DEF(SplitN) {
	return split(s, rv_slice(a), rv_slice(&a[1]), (size_t)rv_num(&a[2]));
}

/* Contains(text, text) and Contains(list, element). */
RULE_DEF(Contains) {
	if (a->kind == RV_STR) return rv_bool(slice_find(rv_slice(a), rv_slice(&a[1])) >= 0);
	return rv_bool(rv_in(&a[1], a));
}
RULE_DEF(HasPrefix) { return rv_bool(slice_starts(rv_slice(a), rv_slice(&a[1]))); }
RULE_DEF(HasSuffix) { return rv_bool(slice_ends(rv_slice(a), rv_slice(&a[1]))); }

RULE_DEF(TrimPrefix) {
	struct slice v = rv_slice(a), p = rv_slice(&a[1]);
	return rv_str(slice_starts(v, p) ? slice_make(v.p + p.n, v.n - p.n) : v);
}
RULE_DEF(TrimSuffix) {
	struct slice v = rv_slice(a), p = rv_slice(&a[1]);
	return rv_str(slice_ends(v, p) ? slice_upto(v, v.n - p.n) : v);
}
RULE_DEF(TrimSpace) {
	struct slice v = rv_slice(a);
	while (v.n && isspace((unsigned char)v.p[0])) v = slice_make(v.p + 1, v.n - 1);
	while (v.n && isspace((unsigned char)v.p[v.n - 1])) v.n--;
	return rv_str(v);
}
/* The text without its last byte. */
RULE_DEF(chop) {
	struct slice v = rv_slice(a);
	return rv_str(slice_upto(v, v.n ? v.n - 1 : 0));
}
/* The text from byte a[1] on. */
RULE_DEF(from) { return rv_str(slice_from(rv_slice(a), (size_t)rv_num(&a[1]))); }
/* The text before the first a[1]; all of it when there is none. */
RULE_DEF(before) {
	ptrdiff_t at = slice_find(rv_slice(a), rv_slice(&a[1]));
	return rv_str(at < 0 ? rv_slice(a) : slice_upto(rv_slice(a), (size_t)at));
}
RULE_DEF(Index) { return rv_int(slice_find(rv_slice(a), rv_slice(&a[1]))); }

RULE_DEF(Count) {
	struct slice v = rv_slice(a), what = rv_slice(&a[1]);
	int64_t count = 0;
	for (ptrdiff_t at; what.n && (at = slice_find(v, what)) >= 0; count++)
		v = slice_from(v, (size_t)at + what.n);
	return rv_int(count);
}

RULE_DEF(ToLower) {
	struct slice v = rv_slice(a);
	size_t i = 0;
	while (i < v.n && !(v.p[i] >= 'A' && v.p[i] <= 'Z')) i++;
	if (i == v.n) return rv_str(v);
	char *p = arena_strndup(s->arena, v.p, v.n);
	for (i = 0; p && i < v.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z') p[i] |= 0x20;
	return p ? rv_str(slice_make(p, v.n)) : rv_str(v);
}
RULE_DEF(EqualFold) { return rv_bool(slice_ieq(rv_slice(a), rv_slice(&a[1]))); }

RULE_DEF(ToSlash) { return *a; }
RULE_DEF(IsAbs) { return rv_bool(slice_starts(rv_slice(a), SLICE_LIT("/"))); }

/* Text of a value; quantities and times are texts already. */
RULE_DEF(String) { return rv_str(rule_text(s, a)); }
/* a, or b when a is absent. */
RULE_DEF(or) { return a->kind == RV_NIL ? a[1] : *a; }
/* a ? b : c */
RULE_DEF(cond) { return rv_true(a) ? a[1] : a[2]; }
RULE_DEF(equal) { return rv_bool(rv_equal(a, &a[1])); }
/* How many of the arguments are set. */
RULE_DEF(count) {
	int64_t set = 0;
	for (unsigned i = 0; i < n; i++)
		set += a[i].kind != RV_NIL;
	return rv_int(set);
}
/* An object without its members named by the other arguments. */
RULE_DEF(without) {
	struct rule_list l = RULE_LIST(s);
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v)) {
		bool drop = false;
		for (unsigned i = 1; i < n; i++)
			drop |= slice_eq(rv_slice(&k), rv_slice(&a[i]));
		if (drop) continue;
		rule_list_add(&l, k);
		rule_list_add(&l, v);
	}
	return (struct rule_value){ .kind = RV_STRUCT, .n = (uint32_t)l.n, .list = l.v };
}

static struct rule_value join(struct rule_scope *s, const struct rule_value *list, struct slice sep, bool quoted) {
	_cleanup_buf_ struct buf b = BUF_INIT(REQUEST_BODY_MAX);
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(list, &c, &k, &v)) {
		if (c.i > 1) buf_put_slice(&b, sep);
		if (quoted) json_write_string(&b, rv_slice(&v));
		else rv_text(&v, &b);
	}
	return rv_str(arena_slice_dup(s->arena, buf_slice(&b)));
}
RULE_DEF(join) { return join(s, a, rv_slice(&a[1]), false); }
/* `"a", "b"`: how supported values are told. */
RULE_DEF(quoted) { return join(s, a, SLICE_LIT(", "), true); }

static int by_text(const void *x, const void *y) {
	return slice_cmp(rv_slice(x), rv_slice(y));
}

RULE_DEF(sorted) {
	struct rule_list l = RULE_LIST(s);
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v)) rule_list_add(&l, v);
	if (l.n) qsort(l.v, l.n, sizeof(*l.v), by_text);
	return rule_list_done(&l);
}

/* A set of a list's elements, or of all arguments; of maps: the keys. */
RULE_DEF(set) {
	struct rule_set *set = rule_set_new(s->arena);
	for (unsigned i = 0; set && i < n; i++) {
		struct rv_cursor c = { 0 };
		struct rule_value k, v;
		if (a[i].kind == RV_STR) rule_set_add(set, &a[i]);
		else
			while (rv_next(&a[i], &c, &k, &v))
				rule_set_add(set, k.kind == RV_STR ? &k : &v);
	}
	return set ? (struct rule_value){ .kind = RV_SET, .set = set } : RV_NONE;
}

/* A map from the member a[1] of a list's elements to the element. */
RULE_DEF(mapBy) {
	struct rule_set *set = rule_set_new(s->arena);
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (set && rv_next(a, &c, &k, &v)) {
		struct rule_value key = rv_member(&v, rv_slice(&a[1]));
		if (key.kind == RV_STR && key.n) rule_set_put(set, &key, &v);
	}
	return set ? (struct rule_value){ .kind = RV_SET, .set = set } : RV_NONE;
}

/* The members a[1] of a list's elements. */
RULE_DEF(each) {
	struct rule_list l = RULE_LIST(s);
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v)) rule_list_add(&l, rv_member(&v, rv_slice(&a[1])));
	return rule_list_done(&l);
}

/* Whether all of a[0]'s elements are in a[1]. */
RULE_DEF(within) {
	struct rule_value set = rule_fn_set(s, &a[1], 1), k, v;
	struct rv_cursor c = { 0 };
	while (rv_next(a, &c, &k, &v))
		if (!rv_in(&v, &set)) return rv_bool(false);
	return rv_bool(true);
}

/* Elements of a[0] that are not in a[1], sorted. */
RULE_DEF(Difference) {
	struct rule_value set = rule_fn_set(s, &a[1], 1), k, v;
	struct rule_list l = RULE_LIST(s);
	struct rv_cursor c = { 0 };
	while (rv_next(a, &c, &k, &v))
		if (!rv_in(&v, &set)) rule_list_add(&l, v);
	struct rule_value out = rule_list_done(&l);
	return rule_fn_sorted(s, &out, 1);
}

/* Bytes of all values of the maps; base64 counts as what it stands for. */
RULE_DEF(totalBytes) {
	int64_t sum = 0;
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v)) sum += (int64_t)rv_len(&v);
	for (unsigned i = 1; i < n; i++) {
		c = (struct rv_cursor){ 0 };
		while (rv_next(&a[i], &c, &k, &v)) {
			struct slice t = rv_slice(&v);
			sum += (int64_t)(t.n / 4 * 3);
			if (t.n && t.p[t.n - 1] == '=') sum -= t.n > 1 && t.p[t.n - 2] == '=' ? 2 : 1;
		}
	}
	return rv_int(sum);
}

/* All lists' elements in one list. */
RULE_DEF(concat) {
	struct rule_list l = RULE_LIST(s);
	struct rule_value k, v;
	for (unsigned i = 0; i < n; i++) {
		struct rv_cursor c = { 0 };
		while (rv_next(&a[i], &c, &k, &v)) rule_list_add(&l, v);
	}
	return rule_list_done(&l);
}

/* A map of the arguments, names and values alternating; an empty name is left out. */
RULE_DEF(labelPairs) {
	struct rule_list l = RULE_LIST(s);
	for (unsigned i = 0; i + 1 < n; i += 2)
		if (rv_len(&a[i])) {
			rule_list_add(&l, a[i]);
			rule_list_add(&l, a[i + 1]);
		}
	return (struct rule_value){ .kind = RV_STRUCT, .n = (uint32_t)l.n, .list = l.v };
}

/* The keys of a map. */
RULE_DEF(keys) {
	struct rule_list l = RULE_LIST(s);
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v)) rule_list_add(&l, k);
	return rule_list_done(&l);
}

/* Bytes of a map's keys. */
RULE_DEF(totalKeys) {
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	int64_t sum = 0;
	while (rv_next(a, &c, &k, &v)) sum += (int64_t)rv_len(&k);
	return rv_int(sum);
}

/* The byte at a[1] as its number, as Go prints a rune. */
RULE_DEF(charAt) {
	struct slice v = rv_slice(a);
	size_t i = (size_t)rv_num(&a[1]);
	return i < v.n ? rule_textf(s, "U+%04X", (unsigned)(unsigned char)v.p[i]) : RV_NONE;
}
