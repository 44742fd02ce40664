/* SPDX-License-Identifier: Apache-2.0 */
/* Values of jq: kinds, order, operators. */
#include "ctl/jq_node.h"

#include <errno.h>
#include <math.h>

#define EXACT_MAX 9007199254740992.0 /* 2^53: whole numbers beyond it are no longer exact */

static yyjson_mut_val *mutable(const yyjson_mut_val *v) { return (yyjson_mut_val *)(uintptr_t)v; }

const char *jq_type(const yyjson_mut_val *v_) {
	yyjson_mut_val *v = mutable(v_);
	return yyjson_mut_is_obj(v) ? "object" : yyjson_mut_is_arr(v) ? "array" : yyjson_mut_is_str(v) ? "string" : yyjson_mut_is_num(v) ? "number" :
	       yyjson_mut_is_bool(v) ? "boolean" : "null";
}

yyjson_mut_val *jq_text(struct jq_run *r, struct slice s) { return yyjson_mut_strncpy(r->doc, s.n ? s.p : "", s.n); }

yyjson_mut_val *jq_number(struct jq_run *r, double d) {
	if (isnan(d)) return yyjson_mut_null(r->doc);
	if (d == floor(d) && fabs(d) <= EXACT_MAX) return yyjson_mut_sint(r->doc, (int64_t)d);
	return yyjson_mut_real(r->doc, isinf(d) ? copysign(1.7976931348623157e308, d) : d);
}

yyjson_mut_val *jq_array(struct jq_run *r, yyjson_mut_val *const *v, size_t n) {
	yyjson_mut_val *list = yyjson_mut_arr(r->doc);
	for (size_t i = 0; i < n && list; i++) {
		yyjson_mut_val *copy = json_copy(r->doc, v[i]);
		if (!copy || !yyjson_mut_arr_append(list, copy)) return NULL;
	}
	return list;
}

int jq_put(struct jq_run *r, yyjson_mut_val *obj, struct slice key, const yyjson_mut_val *v) {
	yyjson_mut_val *copy = json_copy(r->doc, v);
	return copy && json_setn(r->doc, obj, key, copy) ? 0 : -ENOMEM;
}

static int json_text(struct jq_run *r, const yyjson_mut_val *v, struct slice *ret) {
	_cleanup_buf_ struct buf b = BUF_INIT((size_t)256 * 1024 * 1024);
	int e = json_write(&b, v);
	const char *text = e < 0 ? NULL : arena_strndup(r->a, b.p ? b.p : "", b.n);
	if (!text) return e < 0 ? e : -ENOMEM;
	*ret = slice_make(text, b.n);
	return 0;
}

int jq_tostring(struct jq_run *r, yyjson_mut_val *v, struct slice *ret) {
	if (!yyjson_mut_is_str(v)) return json_text(r, v, ret);
	*ret = json_str(v);
	return 0;
}

/* ---- order ---- */

static int rank(const yyjson_mut_val *v_) {
	yyjson_mut_val *v = mutable(v_);
	return yyjson_mut_is_obj(v) ? 6 : yyjson_mut_is_arr(v) ? 5 : yyjson_mut_is_str(v) ? 4 : yyjson_mut_is_num(v) ? 3 : yyjson_mut_is_true(v) ? 2 :
	       yyjson_mut_is_false(v) ? 1 : 0;
}

int jq_compare(struct jq_run *r, const yyjson_mut_val *x, const yyjson_mut_val *y) {
	int a = rank(x), b = rank(y);
	struct slice s, t;
	if (a != b) return a < b ? -1 : 1;
	if (a == 3) {
		double p = yyjson_mut_get_num(mutable(x)), q = yyjson_mut_get_num(mutable(y));
		return (p > q) - (p < q);
	}
	if (a == 4) return slice_cmp(json_str(x), json_str(y));
	if (a < 3 || json_equal(x, y)) return 0;
	if (json_text(r, x, &s) < 0 || json_text(r, y, &t) < 0) return 0;
	return slice_cmp(s, t);
}

/* ---- operators ---- */

static int refuse(struct jq_run *r, const char *what, const yyjson_mut_val *x, const yyjson_mut_val *y) {
	return jq_fault(r, "%s and %s cannot be %s", jq_type(x), jq_type(y), what);
}

static int join_text(struct jq_run *r, yyjson_mut_val *x, yyjson_mut_val *y, yyjson_mut_val **ret) {
	struct slice a = json_str(x), b = json_str(y);
	char *s = arena_array(r->a, a.n + b.n + 1, 1);
	if (!s) return -ENOMEM;
	/* Text may hold NUL. */
	memcpy(s, a.p, a.n);
	memcpy(s + a.n, b.p, b.n);
	s[a.n + b.n] = 0;
	*ret = yyjson_mut_strn(r->doc, s, a.n + b.n);
	return *ret ? 0 : -ENOMEM;
}

static int join_lists(struct jq_run *r, yyjson_mut_val *x, yyjson_mut_val *y, yyjson_mut_val **ret) {
	yyjson_mut_val *list = json_copy(r->doc, x), *v;
	size_t i, n;
	yyjson_mut_arr_foreach(y, i, n, v) {
		yyjson_mut_val *copy = json_copy(r->doc, v);
		if (!list || !copy || !yyjson_mut_arr_append(list, copy)) return -ENOMEM;
	}
	*ret = list;
	return list ? 0 : -ENOMEM;
}

static int join_objects(struct jq_run *r, yyjson_mut_val *x, yyjson_mut_val *y, yyjson_mut_val **ret) {
	yyjson_mut_val *o = json_copy(r->doc, x), *k, *v;
	size_t i, n;
	yyjson_mut_obj_foreach(y, i, n, k, v)
		if (!o || jq_put(r, o, json_str(k), v) < 0) return -ENOMEM;
	*ret = o;
	return o ? 0 : -ENOMEM;
}

static int add(struct jq_run *r, yyjson_mut_val *x, yyjson_mut_val *y, yyjson_mut_val **ret) {
	int a = rank(x), b = rank(y);
	if (!a || !b) return *ret = a ? x : y, 0;
	if (a != b || a < 3) return refuse(r, "added", x, y);
	if (a == 4) return join_text(r, x, y, ret);
	if (a == 5) return join_lists(r, x, y, ret);
	if (a == 6) return join_objects(r, x, y, ret);
	return *ret = jq_number(r, yyjson_mut_get_num(x) + yyjson_mut_get_num(y)), *ret ? 0 : -ENOMEM;
}

static int subtract_lists(struct jq_run *r, yyjson_mut_val *x, yyjson_mut_val *y, yyjson_mut_val **ret) {
	struct jq_vals kept = { 0 };
	yyjson_mut_val *v, *w;
	size_t i, n, k, m;
	yyjson_mut_arr_foreach(x, i, n, v) {
		bool gone = false;
		yyjson_mut_arr_foreach(y, k, m, w) gone = gone || jq_compare(r, v, w) == 0;
		if (!gone && jq_out(r, &kept, v) < 0) return -ENOMEM;
	}
	*ret = jq_array(r, kept.v, kept.n);
	return *ret ? 0 : -ENOMEM;
}

static int arithmetic(struct jq_run *r, enum jq_op op, yyjson_mut_val *x, yyjson_mut_val *y, yyjson_mut_val **ret) {
	static const char *const names[] = { [JQ_SUB] = "subtracted", [JQ_MUL] = "multiplied", [JQ_DIV] = "divided", [JQ_MOD] = "divided" };
	if (op == JQ_SUB && rank(x) == 5 && rank(y) == 5) return subtract_lists(r, x, y, ret);
	if (rank(x) != 3 || rank(y) != 3) return refuse(r, names[op], x, y);
	double p = yyjson_mut_get_num(x), q = yyjson_mut_get_num(y), d = op == JQ_SUB ? p - q : p * q;
	if (op == JQ_DIV || op == JQ_MOD) {
		if (op == JQ_MOD) p = trunc(p), q = fabs(trunc(q));
		if (q == 0) return jq_fault(r, "number and number cannot be divided because the divisor is zero");
		d = op == JQ_DIV ? p / q : fmod(p, q);
	}
	*ret = jq_number(r, d);
	return *ret ? 0 : -ENOMEM;
}

int jq_binary(struct jq_run *r, enum jq_op op, yyjson_mut_val *x, yyjson_mut_val *y, yyjson_mut_val **ret) {
	if (op == JQ_ADD) return add(r, x, y, ret);
	if (op == JQ_SUB || op == JQ_MUL || op == JQ_DIV || op == JQ_MOD) return arithmetic(r, op, x, y, ret);
	int order = jq_compare(r, x, y);
	bool yes = op == JQ_EQ ? order == 0 : op == JQ_NE ? order != 0 : op == JQ_LT ? order < 0 : op == JQ_LE ? order <= 0 : op == JQ_GT ? order > 0 : order >= 0;
	*ret = yyjson_mut_bool(r->doc, yes);
	return *ret ? 0 : -ENOMEM;
}
