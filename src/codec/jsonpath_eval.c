/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/gofloat.h"
#include "codec/json_stack.h"
#include "codec/jsonpath_node.h"
#include "codec/members.h"

#include <errno.h>


/* A growing list of values in the arena. */
struct values {
	const yyjson_mut_val **v;
	size_t n, cap;
};

struct eval {
	struct arena *a;
	unsigned flags;
	uint64_t visits;
	const char **ret_msg;
};

static int fault(struct eval *e, const char *fmt, ...) k8c_printf(2, 3);
static int fault(struct eval *e, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	const char *m = arena_vprintf(e->a, fmt, ap);
	va_end(ap);
	if (e->ret_msg) *e->ret_msg = m;
	return m ? -EBADMSG : -ENOMEM;
}

static yyjson_mut_val *plain(const yyjson_mut_val *v) { return (yyjson_mut_val *)(uintptr_t)v; }

static int push(struct eval *e, struct values *to, const yyjson_mut_val *v) {
	if (++e->visits > JSONPATH_VISITS_MAX) return -E2BIG;
	if (to->n == to->cap) {
		size_t cap = to->cap ? to->cap * 2 : 8;
		const yyjson_mut_val **p = arena_realloc(e->a, to->v, to->cap * sizeof(*p), cap * sizeof(*p));
		if (!p) return -ENOMEM;
		to->v = p;
		to->cap = cap;
	}
	to->v[to->n++] = v;
	return 0;
}

static int push_children(struct eval *e, struct values *to, const yyjson_mut_val *ctn) {
	yyjson_mut_val *k, *v;
	size_t i, n;
	int r = 0;
	if (yyjson_mut_is_arr(plain(ctn))) {
		yyjson_mut_arr_foreach(plain(ctn), i, n, v) {
			if (r == 0) r = push(e, to, v);
		}
		return r;
	}
	yyjson_mut_obj_foreach(plain(ctn), i, n, k, v) {
		if (r == 0) r = push(e, to, v);
	}
	return r;
}

/* ---- steps ---- */

static int eval_list(struct eval *e, const struct jsonpath_list *l, struct values in, struct values *out);

static int eval_field(struct eval *e, const struct jsonpath_node *n, struct values in, struct values *out) {
	int r = 0;
	for (size_t i = 0; i < in.n && r == 0; i++) {
		const yyjson_mut_val *v = json_getn(in.v[i], n->text);
		e->visits += yyjson_mut_obj_size(plain(in.v[i]));
		if (v) r = push(e, out, v);
	}
	if (r == 0 && in.n && out->n == 0 && !(e->flags & JSONPATH_ALLOW_MISSING))
		return fault(e, "%.*s is not found", SLICE_FMT(n->text));
	return r;
}

static const char *go_type(const yyjson_mut_val *v) {
	switch (yyjson_mut_get_type(plain(v))) {
	case YYJSON_TYPE_OBJ: return "map[string]interface {}";
	case YYJSON_TYPE_STR: return "string";
	case YYJSON_TYPE_BOOL: return "bool";
	default: return yyjson_mut_is_real(plain(v)) ? "float64" : "int64";
	}
}

/* One list's elements between the bounds. *ret_stop: an empty range ends the whole step, as upstream. */
static int slice_array(struct eval *e, const struct jsonpath_bound *b, const yyjson_mut_val *arr, struct values *out,
		       bool *ret_stop) {
	int64_t len = (int64_t)yyjson_mut_arr_size(plain(arr)), from = b[0].known ? b[0].value : 0, to = b[1].known ? b[1].value : len;
	if (from < 0) from += len;
	if (to < 0 || (to == 0 && b[1].derived)) to += len;
	*ret_stop = to == from;
	if (*ret_stop) return 0;
	if (from >= len || from < 0)
		return fault(e, "array index out of bounds: index %lld, length %lld", (long long)from, (long long)len);
	if (to > len || to < 0) return fault(e, "array index out of bounds: index %lld, length %lld", (long long)to - 1, (long long)len);
	if (from > to) return fault(e, "starting index %lld is greater than ending index %lld", (long long)from, (long long)to);
	if (b[2].known && b[2].value <= 0) return fault(e, "step must be > 0");
	int64_t step = b[2].known ? b[2].value : 1;
	yyjson_mut_val *v;
	size_t i, n;
	yyjson_mut_arr_foreach(plain(arr), i, n, v) {
		if ((int64_t)i < from || (int64_t)i >= to || ((int64_t)i - from) % step) continue;
		int r = push(e, out, v);
		if (r < 0) return r;
	}
	return 0;
}

static int eval_array(struct eval *e, const struct jsonpath_node *n, struct values in, struct values *out) {
	for (size_t i = 0; i < in.n; i++) {
		bool stop;
		if (yyjson_mut_is_null(plain(in.v[i]))) continue;
		if (!yyjson_mut_is_arr(plain(in.v[i]))) return fault(e, "%s is not array or slice", go_type(in.v[i]));
		e->visits += yyjson_mut_arr_size(plain(in.v[i]));
		int r = slice_array(e, n->bound, in.v[i], out, &stop);
		if (r < 0 || stop) return r;
	}
	return 0;
}

/* Depth first, each container before what is in it; strings count as containers of their characters. */
static int eval_recursive(struct eval *e, struct values in, struct values *out) {
	struct values stack = { 0 };
	int r = 0;
	for (size_t i = in.n; i > 0 && r == 0; i--) r = push(e, &stack, in.v[i - 1]);
	while (r == 0 && stack.n) {
		const yyjson_mut_val *v = stack.v[--stack.n];
		bool inner = yyjson_mut_is_ctn(plain(v)) && unsafe_yyjson_get_len(plain(v));
		if (!inner && !json_str(v).n) continue;
		r = push(e, out, v);
		if (!inner || r < 0) continue;
		size_t before = stack.n;
		r = push_children(e, &stack, v);
		for (size_t i = before, k = stack.n; i + 1 < k; i++) {
			const yyjson_mut_val *t = stack.v[i];
			stack.v[i] = stack.v[--k];
			stack.v[k] = t;
		}
	}
	return r;
}

static int eval_union(struct eval *e, const struct jsonpath_node *n, struct values in, struct values *out) {
	for (size_t i = 0; i < n->n_lists; i++) {
		struct values part = { 0 };
		int r = eval_list(e, &n->lists[i], in, &part);
		for (size_t k = 0; k < part.n && r == 0; k++) r = push(e, out, part.v[k]);
		if (r < 0) return r;
	}
	return 0;
}

/* ---- filters ---- */

enum kind { K_BAD, K_BOOL, K_INT, K_FLOAT, K_STRING };

static enum kind kind_of(const yyjson_mut_val *v) {
	switch (yyjson_mut_get_type(plain(v))) {
	case YYJSON_TYPE_BOOL: return K_BOOL;
	case YYJSON_TYPE_NUM: return yyjson_mut_is_real(plain(v)) ? K_FLOAT : K_INT;
	case YYJSON_TYPE_STR: return K_STRING;
	default: return K_BAD;
	}
}

static int compare(const yyjson_mut_val *a, const yyjson_mut_val *b, enum kind k) {
	if (k == K_STRING) return slice_cmp(json_str(a), json_str(b));
	if (k == K_BOOL) return (int)yyjson_mut_get_bool(plain(a)) - (int)yyjson_mut_get_bool(plain(b));
	if (k == K_FLOAT) return (a->uni.f64 > b->uni.f64) - (a->uni.f64 < b->uni.f64);
	bool an = yyjson_mut_is_sint(plain(a)) && a->uni.i64 < 0, bn = yyjson_mut_is_sint(plain(b)) && b->uni.i64 < 0;
	if (an != bn) return an ? -1 : 1;
	return an ? (a->uni.i64 > b->uni.i64) - (a->uni.i64 < b->uni.i64) : (a->uni.u64 > b->uni.u64) - (a->uni.u64 < b->uni.u64);
}

static int test(struct eval *e, struct slice op, const yyjson_mut_val *a, const yyjson_mut_val *b, bool *ret) {
	static const struct { const char *op; bool less, equal, greater; } ops[] = {
		{ "<", true, false, false }, { ">", false, false, true }, { "==", false, true, false },
		{ "!=", true, false, true }, { "<=", true, true, false }, { ">=", false, true, true },
	};
	size_t i = 0;
	while (i < ELEMENTSOF(ops) && !slice_eqs(op, ops[i].op)) i++;
	if (i == ELEMENTSOF(ops)) return fault(e, "unrecognized filter operator %.*s", SLICE_FMT(op));
	enum kind ka = kind_of(a), kb = kind_of(b);
	bool ordering = ops[i].less != ops[i].greater;
	if (ka == K_BAD || kb == K_BAD || (ordering && ka == kb && ka == K_BOOL)) return fault(e, "invalid type for comparison");
	if (ka != kb) return fault(e, "incompatible types for comparison");
	int c = compare(a, b, ka);
	*ret = c < 0 ? ops[i].less : c > 0 ? ops[i].greater : ops[i].equal;
	return 0;
}

static int filter_one(struct eval *e, const struct jsonpath_node *n, const yyjson_mut_val *v, bool *ret) {
	struct values one = { &v, 1, 1 }, left = { 0 }, right = { 0 };
	int r = eval_list(e, &n->lists[0], one, &left);
	*ret = false;
	if (slice_eqs(n->text, "exists")) {
		*ret = left.n > 0;
		return r == -EBADMSG ? 0 : r;
	}
	if (r < 0 || left.n == 0) return r;
	if (left.n > 1) return fault(e, "can only compare one element at a time");
	r = eval_list(e, &n->lists[1], one, &right);
	if (r < 0 || right.n == 0) return r;
	if (right.n > 1) return fault(e, "can only compare one element at a time");
	return test(e, n->text, left.v[0], right.v[0], ret);
}

static int eval_filter(struct eval *e, const struct jsonpath_node *n, struct values in, struct values *out) {
	for (size_t i = 0; i < in.n; i++) {
		yyjson_mut_val *v;
		size_t k, m;
		if (!yyjson_mut_is_arr(plain(in.v[i]))) {
			_cleanup_buf_ struct buf text = BUF_INIT(1 << 16);
			jsonpath_text(&text, in.v[i]);
			return fault(e, "%.*s is not array or slice and cannot be filtered", (int)text.n, text.p ? text.p : "");
		}
		yyjson_mut_arr_foreach(plain(in.v[i]), k, m, v) {
			bool pass;
			int r = filter_one(e, n, v, &pass);
			if (r == 0 && pass) r = push(e, out, v);
			if (r < 0) return r;
		}
	}
	return 0;
}

/* ---- lists of steps ---- */

static int eval_node(struct eval *e, const struct jsonpath_node *n, struct values in, struct values *out) {
	int r = 0;
	switch (n->type) {
	case JP_TEXT: return push(e, out, n->value);
	case JP_FIELD: return eval_field(e, n, in, out);
	case JP_ARRAY: return eval_array(e, n, in, out);
	case JP_FILTER: return eval_filter(e, n, in, out);
	case JP_RECURSIVE: return eval_recursive(e, in, out);
	case JP_UNION: return eval_union(e, n, in, out);
	case JP_WILDCARD:
		for (size_t i = 0; i < in.n && r == 0; i++)
			if (yyjson_mut_is_ctn(plain(in.v[i]))) r = push_children(e, out, in.v[i]);
		return r;
	case JP_LITERAL:
		for (size_t i = 0; i < in.n && r == 0; i++) r = push(e, out, n->value);
		return r;
	default:
		if (slice_eqs(n->text, "end")) return 0;
		if (!slice_eqs(n->text, "range")) return fault(e, "unrecognized identifier %.*s", SLICE_FMT(n->text));
		*out = in;
		return 0;
	}
}

static int eval_list(struct eval *e, const struct jsonpath_list *l, struct values in, struct values *out) {
	for (size_t i = 0; i < l->n; i++) {
		struct values next = { 0 };
		int r = eval_node(e, &l->v[i], in, &next);
		if (r < 0) return r;
		in = next;
	}
	*out = in;
	return 0;
}

/* ---- output ---- */

/* Members sorted all the way down, as Go marshals maps. */
static yyjson_mut_val *sorted_copy(yyjson_mut_doc *doc, const yyjson_mut_val *v) {
	_cleanup_json_stack_ struct json_stack st;
	json_stack_init(&st);
	yyjson_mut_val *root = json_copy(doc, v), *k, *c;
	size_t i, n;
	if (!root || json_stack_push(&st, (struct json_frame){ root, NULL, 0 }) < 0) return NULL;
	while (st.n) {
		yyjson_mut_val *x = plain(st.v[--st.n].a);
		bool ok = members_sort(x) == 0;
		yyjson_mut_obj_foreach(x, i, n, k, c) {
			ok = ok && (!yyjson_mut_is_ctn(c) || json_stack_push(&st, (struct json_frame){ c, NULL, 0 }) == 0);
		}
		yyjson_mut_arr_foreach(x, i, n, c) {
			ok = ok && (!yyjson_mut_is_ctn(c) || json_stack_push(&st, (struct json_frame){ c, NULL, 0 }) == 0);
		}
		if (!ok) return NULL;
	}
	return root;
}

int jsonpath_text(struct buf *b, const yyjson_mut_val *v) {
	yyjson_mut_val *x = plain(v);
	if (yyjson_mut_is_str(x)) return buf_put_slice(b, json_str(x));
	if (yyjson_mut_is_real(x)) return gofloat_v(b, x->uni.f64);
	if (!yyjson_mut_is_ctn(x)) return json_write(b, x);
	_cleanup_arena_ struct arena *a = arena_new(0);
	yyjson_mut_doc *doc = a ? json_doc(a) : NULL;
	yyjson_mut_val *c = doc ? sorted_copy(doc, x) : NULL;
	if (!c) return b->err = -ENOMEM;
	return json_write(b, c);
}

static int print_values(struct buf *b, struct values v) {
	for (size_t i = 0; i < v.n; i++) {
		if (i) buf_putc(b, ' ');
		jsonpath_text(b, v.v[i]);
	}
	return b->err;
}

/* The part behind the end of the range that begins before `i`. */
static size_t range_end(const struct jsonpath *p, size_t i) {
	for (size_t depth = 1; i < p->n; i++) {
		if (p->v[i].range) depth++;
		if (p->v[i].end && --depth == 0) return i + 1;
	}
	return p->n;
}

/* Parts [from, to) on one value; ranges nest by recursion, at most JSONPATH_NESTING_MAX deep. */
static int print_parts(struct eval *e, const struct jsonpath *p, size_t from, size_t to, const yyjson_mut_val *cur,
		       unsigned depth, struct buf *b) {
	for (size_t i = from; i < to; i++) {
		struct values one = { &cur, 1, 1 }, out = { 0 };
		if (p->v[i].end) {
			if (depth == 0) return fault(e, "not in range, nothing to end");
			return 0;
		}
		int r = eval_list(e, &p->v[i].list, one, &out);
		if (r < 0) return r;
		if (!p->v[i].range) {
			if (print_values(b, out) < 0) return b->err;
			continue;
		}
		if (depth == JSONPATH_NESTING_MAX) return -E2BIG;
		size_t end = range_end(p, i + 1);
		for (size_t k = 0; k < out.n && r == 0; k++) r = print_parts(e, p, i + 1, end, out.v[k], depth + 1, b);
		if (r < 0) return r;
		i = end - 1;
	}
	return 0;
}

int jsonpath_print(const struct jsonpath *p, struct arena *a, const yyjson_mut_val *root, unsigned flags, struct buf *b,
		   const char **ret_msg) {
	struct eval e = { .a = a, .flags = flags, .ret_msg = ret_msg };
	return print_parts(&e, p, 0, p->n, root, 0, b);
}

int jsonpath_find(const struct jsonpath *p, struct arena *a, const yyjson_mut_val *root, unsigned flags,
		  const yyjson_mut_val ***ret, size_t *ret_n, const char **ret_msg) {
	struct eval e = { .a = a, .flags = flags, .ret_msg = ret_msg };
	struct values one = { &root, 1, 1 }, out = { 0 };
	int r = p->n ? eval_list(&e, &p->v[0].list, one, &out) : 0;
	if (r < 0) return r;
	/* The root itself lives on this function's stack. */
	const yyjson_mut_val **v = arena_array(a, out.n + 1, sizeof(*v));
	if (!v) return -ENOMEM;
	for (size_t i = 0; i < out.n; i++) v[i] = out.v[i];
	*ret = v;
	*ret_n = out.n;
	return 0;
}
