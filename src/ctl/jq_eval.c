/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/jq_node.h"

#include <errno.h>
#include <math.h>

int jq_fault(struct jq_run *r, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	r->msg = arena_vprintf(r->a, fmt, ap);
	va_end(ap);
	return r->msg ? -EBADMSG : -ENOMEM;
}

int jq_out(struct jq_run *r, struct jq_vals *out, yyjson_mut_val *v) {
	if (!v) return -ENOMEM;
	if (out->n == JQ_OUTPUTS_MAX) return -E2BIG;
	if (out->n == out->cap) {
		size_t cap = out->cap ? out->cap * 2 : 4;
		yyjson_mut_val **p = arena_realloc(r->a, out->v, out->cap * sizeof(*p), cap * sizeof(*p));
		if (!p) return -ENOMEM;
		out->v = p;
		out->cap = cap;
	}
	out->v[out->n++] = v;
	return 0;
}

/* ---- paths ---- */

static int index_number(struct jq_run *r, yyjson_mut_val *in, const yyjson_mut_val *key, yyjson_mut_val **ret) {
	double d = floor(yyjson_mut_get_num((yyjson_mut_val *)(uintptr_t)key)), n = (double)yyjson_mut_arr_size(in);
	if (d < 0) d += n;
	*ret = d >= 0 && d < n ? yyjson_mut_arr_get(in, (size_t)d) : yyjson_mut_null(r->doc);
	return 0;
}

static int field(struct jq_run *r, yyjson_mut_val *in, yyjson_mut_val *key, yyjson_mut_val **ret) {
	if (yyjson_mut_is_null(in) && (yyjson_mut_is_str(key) || yyjson_mut_is_num(key))) {
		*ret = in;
		return 0;
	}
	if (yyjson_mut_is_obj(in) && yyjson_mut_is_str(key)) {
		yyjson_mut_val *v = yyjson_mut_obj_getn(in, json_str(key).p, json_str(key).n);
		*ret = v ? v : yyjson_mut_null(r->doc);
		return 0;
	}
	if (yyjson_mut_is_arr(in) && yyjson_mut_is_num(key)) return index_number(r, in, key, ret);
	if (yyjson_mut_is_str(key)) return jq_fault(r, "Cannot index %s with \"%.*s\"", jq_type(in), SLICE_FMT(json_str(key)));
	return jq_fault(r, "Cannot index %s with %s", jq_type(in), jq_type(key));
}

static size_t bound(const yyjson_mut_val *v, size_t n, bool up, size_t dflt) {
	if (!yyjson_mut_is_num((yyjson_mut_val *)(uintptr_t)v)) return dflt;
	double d = yyjson_mut_get_num((yyjson_mut_val *)(uintptr_t)v);
	d = up ? ceil(d) : floor(d);
	if (d < 0) d += (double)n;
	return d < 0 ? 0 : d > (double)n ? n : (size_t)d;
}

static int slice_of_value(struct jq_run *r, yyjson_mut_val *in, yyjson_mut_val *from, yyjson_mut_val *to, struct jq_vals *out) {
	if (yyjson_mut_is_null(in)) return jq_out(r, out, in);
	if (!yyjson_mut_is_arr(in)) return jq_fault(r, "Cannot index %s with object", jq_type(in));
	size_t n = yyjson_mut_arr_size(in), first = bound(from, n, false, 0), last = bound(to, n, true, n), i, max;
	struct jq_vals some = { 0 };
	yyjson_mut_val *v;
	yyjson_mut_arr_foreach(in, i, max, v)
		if (i >= first && i < last && jq_out(r, &some, v) < 0) return -ENOMEM;
	return jq_out(r, out, jq_array(r, some.v, some.n));
}

static int each(struct jq_run *r, yyjson_mut_val *in, struct jq_vals *out) {
	yyjson_mut_val *k, *v;
	size_t i, n;
	int e = 0;
	if (!yyjson_mut_is_ctn(in)) return jq_fault(r, "Cannot iterate over %s", jq_type(in));
	if (yyjson_mut_is_arr(in)) {
		yyjson_mut_arr_foreach(in, i, n, v) if (e == 0) e = jq_out(r, out, v);
	} else {
		yyjson_mut_obj_foreach(in, i, n, k, v) if (e == 0) e = jq_out(r, out, v);
	}
	return e;
}

/* ---- parts with several outputs ---- */

static int run_field(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	struct jq_vals a = { 0 }, b = { 0 };
	yyjson_mut_val *v = NULL;
	int e = jq_run_node(r, n->a, in, &a);
	if (e == 0) e = jq_run_node(r, n->b, in, &b);
	for (size_t i = 0; i < a.n && e == 0; i++)
		for (size_t k = 0; k < b.n && e == 0; k++) {
			e = field(r, a.v[i], b.v[k], &v);
			if (e == 0) e = jq_out(r, out, v);
		}
	return e;
}

static int run_slice(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	struct jq_vals a = { 0 }, from = { 0 }, to = { 0 };
	int e = jq_run_node(r, n->a, in, &a);
	if (e == 0 && n->b) e = jq_run_node(r, n->b, in, &from);
	if (e == 0 && n->c) e = jq_run_node(r, n->c, in, &to);
	for (size_t i = 0; i < a.n && e == 0; i++) e = slice_of_value(r, a.v[i], from.n ? from.v[0] : NULL, to.n ? to.v[0] : NULL, out);
	return e;
}

static int run_each(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	struct jq_vals a = { 0 };
	int e = jq_run_node(r, n->a, in, &a);
	for (size_t i = 0; i < a.n && e == 0; i++) e = each(r, a.v[i], out);
	return e;
}

static int run_try(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	int e = jq_run_node(r, n->a, in, out);
	return e == -EBADMSG ? 0 : e;
}

/* What came before a fault still goes on: `.[] | f` prints the outputs of the elements before the bad one. */
static int run_pipe(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	struct jq_vals a = { 0 };
	int e = jq_run_node(r, n->a, in, &a), later = 0;
	for (size_t i = 0; i < a.n && later == 0; i++) later = jq_run_node(r, n->b, a.v[i], out);
	return later ? later : e;
}

static int run_comma(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	int e = jq_run_node(r, n->a, in, out);
	return e ? e : jq_run_node(r, n->b, in, out);
}

static int run_array(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	struct jq_vals a = { 0 };
	int e = n->a ? jq_run_node(r, n->a, in, &a) : 0;
	return e ? e : jq_out(r, out, jq_array(r, a.v, a.n));
}

/* Every combination; the last key's outputs change fastest. */
static int run_pair(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	struct jq_vals before = { 0 }, keys = { 0 }, values = { 0 };
	int e = n->c ? run_pair(r, n->c, in, &before) : jq_out(r, &before, yyjson_mut_obj(r->doc));
	if (e == 0) e = jq_run_node(r, n->a, in, &keys);
	if (e == 0) e = jq_run_node(r, n->b, in, &values);
	for (size_t k = 0; k < keys.n && e == 0; k++) {
		if (!yyjson_mut_is_str(keys.v[k])) return jq_fault(r, "Object keys must be strings");
		for (size_t i = 0; i < before.n && e == 0; i++)
			for (size_t v = 0; v < values.n && e == 0; v++) {
				yyjson_mut_val *o = json_copy(r->doc, before.v[i]);
				e = o ? jq_put(r, o, json_str(keys.v[k]), values.v[v]) : -ENOMEM;
				if (e == 0) e = jq_out(r, out, o);
			}
	}
	return e;
}

static int run_object(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	return n->a ? run_pair(r, n->a, in, out) : jq_out(r, out, yyjson_mut_obj(r->doc));
}

static int run_negate(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	struct jq_vals a = { 0 };
	int e = jq_run_node(r, n->a, in, &a);
	for (size_t i = 0; i < a.n && e == 0; i++) {
		if (!yyjson_mut_is_num(a.v[i])) return jq_fault(r, "%s cannot be negated", jq_type(a.v[i]));
		e = jq_out(r, out, jq_number(r, -yyjson_mut_get_num(a.v[i])));
	}
	return e;
}

static int run_logic(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	struct jq_vals a = { 0 };
	bool decides = n->op == JQ_OR;
	int e = jq_run_node(r, n->a, in, &a);
	for (size_t i = 0; i < a.n && e == 0; i++) {
		struct jq_vals b = { 0 };
		if (jq_true(a.v[i]) == decides) {
			e = jq_out(r, out, yyjson_mut_bool(r->doc, decides));
			continue;
		}
		e = jq_run_node(r, n->b, in, &b);
		for (size_t k = 0; k < b.n && e == 0; k++) e = jq_out(r, out, yyjson_mut_bool(r->doc, jq_true(b.v[k])));
	}
	return e;
}

static int run_otherwise(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	struct jq_vals a = { 0 };
	size_t before = out->n;
	int e = jq_run_node(r, n->a, in, &a);
	if (e < 0 && e != -EBADMSG) return e;
	for (size_t i = 0; i < a.n; i++)
		if (jq_true(a.v[i]) && jq_out(r, out, a.v[i]) < 0) return -ENOMEM;
	return out->n > before ? 0 : jq_run_node(r, n->b, in, out);
}

static int run_if(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	struct jq_vals a = { 0 };
	int e = jq_run_node(r, n->a, in, &a);
	for (size_t i = 0; i < a.n && e == 0; i++) {
		const struct jq_node *next = jq_true(a.v[i]) ? n->b : n->c;
		e = next ? jq_run_node(r, next, in, out) : jq_out(r, out, in);
	}
	return e;
}

static int run_binary(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	struct jq_vals a = { 0 }, b = { 0 };
	yyjson_mut_val *v = NULL;
	int e = jq_run_node(r, n->b, in, &b);
	if (e == 0) e = jq_run_node(r, n->a, in, &a);
	for (size_t k = 0; k < b.n && e == 0; k++)
		for (size_t i = 0; i < a.n && e == 0; i++) {
			e = jq_binary(r, n->op, a.v[i], b.v[k], &v);
			if (e == 0) e = jq_out(r, out, v);
		}
	return e;
}

static int run_self(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) { return (void)n, jq_out(r, out, in); }
static int run_literal(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) { return (void)in, jq_out(r, out, n->value); }
static int run_call(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) { return n->function->run(r, n, in, out); }

static int (*const parts[])(struct jq_run *, const struct jq_node *, yyjson_mut_val *, struct jq_vals *) = {
	[JQ_SELF] = run_self, [JQ_LITERAL] = run_literal, [JQ_FIELD] = run_field, [JQ_SLICE] = run_slice, [JQ_EACH] = run_each, [JQ_TRY] = run_try,
	[JQ_PIPE] = run_pipe, [JQ_COMMA] = run_comma, [JQ_ARRAY] = run_array, [JQ_OBJECT] = run_object, [JQ_PAIR] = run_pair, [JQ_NEGATE] = run_negate,
	[JQ_AND] = run_logic, [JQ_OR] = run_logic, [JQ_OTHERWISE] = run_otherwise, [JQ_IF] = run_if, [JQ_CALL] = run_call, [JQ_ADD] = run_binary,
	[JQ_SUB] = run_binary, [JQ_MUL] = run_binary, [JQ_DIV] = run_binary, [JQ_MOD] = run_binary, [JQ_EQ] = run_binary, [JQ_NE] = run_binary,
	[JQ_LT] = run_binary, [JQ_LE] = run_binary, [JQ_GT] = run_binary, [JQ_GE] = run_binary,
};

int jq_run_node(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out) {
	if (++r->steps > JQ_STEPS_MAX) return -E2BIG;
	return parts[n->op](r, n, in, out);
}

int jq_eval(const struct jq *q, struct arena *a, yyjson_mut_val *in, yyjson_mut_val ***ret, size_t *ret_n, const char **ret_msg) {
	struct jq_run r = { .a = a, .doc = json_doc(a) };
	struct jq_vals out = { 0 };
	if (!r.doc) return -ENOMEM;
	int e = jq_run_node(&r, q->root, in, &out);
	*ret = out.v;
	*ret_n = out.n;
	*ret_msg = r.msg ? r.msg : "";
	return e;
}
