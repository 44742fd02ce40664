/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"
#include "codec/json_stack.h"

static yyjson_mut_val *unconst(const yyjson_mut_val *v) { return (yyjson_mut_val *)(uintptr_t)v; }

/* ---- copy ---- */

/* Scalars whole; containers empty, and on the stack (source container, copy) to be filled. */
static yyjson_mut_val *copy_one(yyjson_mut_doc *doc, const yyjson_mut_val *cv, struct json_stack *st) {
	yyjson_mut_val *v = unconst(cv), *c;
	switch (yyjson_mut_get_type(v)) {
	case YYJSON_TYPE_STR: return yyjson_mut_strncpy(doc, yyjson_mut_get_str(v), yyjson_mut_get_len(v));
	case YYJSON_TYPE_RAW: return yyjson_mut_rawncpy(doc, v->uni.str, unsafe_yyjson_get_len(v));
	case YYJSON_TYPE_ARR: c = yyjson_mut_arr(doc); break;
	case YYJSON_TYPE_OBJ: c = yyjson_mut_obj(doc); break;
	default:
		c = yyjson_mut_null(doc);
		if (c) {
			c->tag = v->tag;
			c->uni = v->uni;
		}
		return c;
	}
	if (c && unsafe_yyjson_get_len(v) && json_stack_push(st, (struct json_frame){ v, c, 0 }) < 0) return NULL;
	return c;
}

static bool copy_members(yyjson_mut_doc *doc, struct json_frame f, struct json_stack *st) {
	yyjson_mut_val *from = unconst(f.a), *to = unconst(f.b), *k, *v, *c, *kc;
	size_t i, n;
	if (yyjson_mut_is_arr(from)) {
		yyjson_mut_arr_foreach(from, i, n, v) {
			c = copy_one(doc, v, st);
			if (!c || !yyjson_mut_arr_append(to, c)) return false;
		}
		return true;
	}
	yyjson_mut_obj_foreach(from, i, n, k, v) {
		kc = copy_one(doc, k, st);
		c = copy_one(doc, v, st);
		if (!kc || !c || !yyjson_mut_obj_add(to, kc, c)) return false;
	}
	return true;
}

yyjson_mut_val *json_copy(yyjson_mut_doc *doc, const yyjson_mut_val *v) {
	_cleanup_json_stack_ struct json_stack st;
	json_stack_init(&st);
	if (!v) return NULL;
	yyjson_mut_val *root = copy_one(doc, v, &st);
	while (root && st.n)
		if (!copy_members(doc, st.v[--st.n], &st)) return NULL;
	return root;
}

/* ---- raw numbers ---- */

static int plain_or_push(yyjson_mut_val *v, struct json_stack *st) {
	if (yyjson_mut_is_raw(v)) yyjson_mut_set_real(v, strtod(v->uni.str, NULL));
	if (!yyjson_mut_is_ctn(v) || unsafe_yyjson_get_len(v) == 0) return 0;
	return json_stack_push(st, (struct json_frame){ v, NULL, 0 });
}

int json_plain_numbers(yyjson_mut_val *v) {
	_cleanup_json_stack_ struct json_stack st;
	json_stack_init(&st);
	int r = plain_or_push(v, &st);
	while (r == 0 && st.n) {
		yyjson_mut_val *from = unconst(st.v[--st.n].a), *k, *x;
		size_t i, n;
		if (yyjson_mut_is_arr(from)) {
			yyjson_mut_arr_foreach(from, i, n, x)
				if (r == 0) r = plain_or_push(x, &st);
		} else {
			yyjson_mut_obj_foreach(from, i, n, k, x)
				if (r == 0) r = plain_or_push(x, &st);
		}
	}
	return r;
}

/* ---- equality ---- */

static bool equal_numbers(yyjson_mut_val *a, yyjson_mut_val *b) {
	bool ra = yyjson_mut_is_real(a), rb = yyjson_mut_is_real(b);
	if (ra || rb) {
		/* A double equals an integer only if it holds exactly that integer. */
		if (ra && rb) return a->uni.f64 == b->uni.f64;
		double d = ra ? a->uni.f64 : b->uni.f64;
		yyjson_mut_val *i = ra ? b : a;
		bool neg = yyjson_mut_is_sint(i) && i->uni.i64 < 0;
		if (neg) return d >= -9223372036854775808.0 && d < 0 && (int64_t)d == i->uni.i64 && (double)(int64_t)d == d;
		return d >= 0 && d < 18446744073709551616.0 && (uint64_t)d == i->uni.u64 && (double)(uint64_t)d == d;
	}
	bool na = yyjson_mut_is_sint(a) && a->uni.i64 < 0, nb = yyjson_mut_is_sint(b) && b->uni.i64 < 0;
	return na == nb && a->uni.u64 == b->uni.u64;
}

/* Compares scalars; pairs of containers of the same type and size go on the stack. */
static bool equal_or_push(const yyjson_mut_val *ca, const yyjson_mut_val *cb, struct json_stack *st) {
	yyjson_mut_val *a = unconst(ca), *b = unconst(cb);
	yyjson_type t = yyjson_mut_get_type(a);
	if (t != yyjson_mut_get_type(b)) return false;
	switch (t) {
	case YYJSON_TYPE_STR: return slice_eq(json_str(a), json_str(b));
	case YYJSON_TYPE_BOOL: return yyjson_mut_get_bool(a) == yyjson_mut_get_bool(b);
	case YYJSON_TYPE_NUM: return equal_numbers(a, b);
	case YYJSON_TYPE_RAW:
		return slice_eq(slice_make(a->uni.str, unsafe_yyjson_get_len(a)),
				slice_make(b->uni.str, unsafe_yyjson_get_len(b)));
	case YYJSON_TYPE_ARR:
	case YYJSON_TYPE_OBJ:
		if (a == b) return true;
		if (unsafe_yyjson_get_len(a) != unsafe_yyjson_get_len(b)) return false;
		return unsafe_yyjson_get_len(a) == 0 || json_stack_push(st, (struct json_frame){ a, b, 0 }) == 0;
	default: return true;
	}
}

static int by_key(const void *pa, const void *pb) {
	const yyjson_mut_val *const *a = pa, *const *b = pb;
	return slice_cmp(json_str(*a), json_str(*b));
}

static const yyjson_mut_val **sorted_keys(yyjson_mut_val *obj, size_t n) {
	const yyjson_mut_val **keys = malloc(n * sizeof(*keys));
	yyjson_mut_val *k = obj->uni.ptr;
	if (!keys) return NULL;
	for (size_t i = 0; i < n; i++) keys[i] = k = k->next->next;
	qsort(keys, n, sizeof(*keys), by_key);
	return keys;
}

static void free_keys(const yyjson_mut_val ***k) { free(*k); }

/* Objects whose members stand in different orders. */
static bool equal_unordered(yyjson_mut_val *a, yyjson_mut_val *b, size_t n, struct json_stack *st) {
	_cleanup_(free_keys) const yyjson_mut_val **ka = sorted_keys(a, n), **kb = sorted_keys(b, n);
	bool same = ka && kb;
	for (size_t i = 0; same && i < n; i++)
		same = slice_eq(json_str(ka[i]), json_str(kb[i])) && equal_or_push(ka[i]->next, kb[i]->next, st);
	return same;
}

static bool same_order(yyjson_mut_val *a, yyjson_mut_val *b, size_t n) {
	yyjson_mut_val *ka = a->uni.ptr, *kb = b->uni.ptr;
	for (size_t i = 0; i < n; i++) {
		ka = ka->next->next;
		kb = kb->next->next;
		if (!slice_eq(json_str(ka), json_str(kb))) return false;
	}
	return true;
}

static bool equal_members(struct json_frame f, struct json_stack *st) {
	yyjson_mut_val *a = unconst(f.a), *b = unconst(f.b);
	size_t n = unsafe_yyjson_get_len(a);
	bool object = yyjson_mut_is_obj(a);
	if (object && !same_order(a, b, n)) return equal_unordered(a, b, n, st);
	yyjson_mut_val *va = a->uni.ptr, *vb = b->uni.ptr;
	if (object) va = va->next, vb = vb->next; /* the last key's value; its successor is the first key */
	for (size_t i = 0; i < n; i++) {
		va = object ? va->next->next : va->next;
		vb = object ? vb->next->next : vb->next;
		if (!equal_or_push(va, vb, st)) return false;
	}
	return true;
}

bool json_equal(const yyjson_mut_val *a, const yyjson_mut_val *b) {
	_cleanup_json_stack_ struct json_stack st;
	json_stack_init(&st);
	if (!a || !b) return a == b;
	if (!equal_or_push(a, b, &st)) return false;
	while (st.n)
		if (!equal_members(st.v[--st.n], &st)) return false;
	return true;
}
