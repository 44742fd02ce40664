/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/validate/value.h"
#include "base/limits.h"
#include "base/map.h"
#include "schema/validate/path.h"

#include <inttypes.h>

struct rule_value rv_node(const yyjson_mut_val *v) {
	switch (yyjson_mut_get_type((yyjson_mut_val *)v)) {
	case YYJSON_TYPE_BOOL:
		return rv_bool(yyjson_mut_get_bool((yyjson_mut_val *)v));
	case YYJSON_TYPE_NUM:
		if (yyjson_mut_is_real((yyjson_mut_val *)v))
			return (struct rule_value){ .kind = RV_DOUBLE, .d = yyjson_mut_get_real((yyjson_mut_val *)v) };
		return rv_int(yyjson_mut_get_sint((yyjson_mut_val *)v));
	case YYJSON_TYPE_STR:
		return rv_str(slice_make(yyjson_mut_get_str((yyjson_mut_val *)v), yyjson_mut_get_len((yyjson_mut_val *)v)));
	case YYJSON_TYPE_ARR:
	case YYJSON_TYPE_OBJ:
		return (struct rule_value){ .kind = RV_NODE, .node = v };
	default:
		return RV_NONE;
	}
}

int64_t rv_num(const struct rule_value *v) {
	switch (v->kind) {
	case RV_INT:
		return v->i;
	case RV_DOUBLE:
		return (int64_t)v->d;
	case RV_BOOL:
		return v->b;
	default:
		return 0;
	}
}

bool rv_true(const struct rule_value *v) {
	return v->kind == RV_BOOL ? v->b : v->kind == RV_INT ? v->i != 0 : v->kind != RV_NIL;
}

static size_t set_count(const struct rule_set *s);
static struct rule_value set_at(const struct rule_set *s, size_t i);

size_t rv_len(const struct rule_value *v) {
	switch (v->kind) {
	case RV_STR:
	case RV_LIST:
		return v->n;
	case RV_STRUCT:
		return v->n / 2;
	case RV_NODE:
		return unsafe_yyjson_get_len((void *)v->node);
	case RV_SET:
		return set_count(v->set);
	default:
		return 0;
	}
}

/* Decoding left one member of each name, so the first one found is it (json_getn looks for the last). */
static const yyjson_mut_val *find_member(const yyjson_mut_val *obj, struct slice name) {
	if (!unsafe_yyjson_is_obj((void *)obj)) return NULL;
	size_t n = unsafe_yyjson_get_len((void *)obj);
	const yyjson_mut_val *key = n ? ((const yyjson_mut_val *)obj->uni.ptr)->next->next : NULL;
	for (; n; n--, key = key->next->next)
		if (unsafe_yyjson_get_len((void *)key) == name.n && !memcmp(key->uni.str, name.p, name.n)) return key->next;
	return NULL;
}

struct rule_value rv_member(const struct rule_value *v, struct slice name) {
	if (v->kind == RV_NODE)
		return rv_node(find_member(v->node, name));
	if (v->kind == RV_STRUCT)
		for (uint32_t i = 0; i + 1 < v->n; i += 2)
			if (slice_eq(rv_slice(&v->list[i]), name))
				return v->list[i + 1];
	if (v->kind == RV_SET) {
		struct rule_value key = rv_str(name);
		return rule_set_get(v->set, &key);
	}
	return RV_NONE;
}

struct rule_value rv_at(const struct rule_value *v, int64_t i) {
	if (i < 0 || (uint64_t)i >= rv_len(v))
		return RV_NONE;
	if (v->kind == RV_STR)
		return rv_int((unsigned char)v->s[i]);
	if (v->kind == RV_LIST)
		return v->list[i];
	if (v->kind == RV_SET)
		return set_at(v->set, (size_t)i);
	if (v->kind == RV_NODE && yyjson_mut_is_arr((yyjson_mut_val *)v->node))
		return rv_node(yyjson_mut_arr_get((yyjson_mut_val *)v->node, (size_t)i));
	return RV_NONE;
}

struct rule_value rv_index(const struct rule_value *v, const struct rule_value *k) {
	if (v->kind == RV_SET && k->kind != RV_INT) return rule_set_get(v->set, k);
	return k->kind == RV_INT ? rv_at(v, k->i) : rv_member(v, rv_slice(k));
}

/* Whether v is what an absent member stands for. */
static bool is_zero(const struct rule_value *v) {
	switch (v->kind) {
	case RV_NIL:
		return true;
	case RV_BOOL:
		return !v->b;
	case RV_INT:
		return v->i == 0;
	case RV_DOUBLE:
		return v->d == 0;
	case RV_STRUCT:
		for (uint32_t i = 1; i < v->n; i += 2)
			if (!is_zero(&v->list[i])) return false;
		return true;
	case RV_FN:
	case RV_PATH:
		return false;
	default:
		return rv_len(v) == 0;
	}
}

static bool is_map(const struct rule_value *v) {
	return v->kind == RV_STRUCT || (v->kind == RV_NODE && yyjson_mut_is_obj((yyjson_mut_val *)v->node));
}

/* Every entry of `a` is in `b`. */
static bool map_within(const struct rule_value *a, const struct rule_value *b) {
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v)) {
		struct rule_value other = rv_member(b, rv_slice(&k));
		if (!rv_equal(&v, &other)) return false;
	}
	return true;
}

static bool list_equal(const struct rule_value *a, const struct rule_value *b) {
	struct rv_cursor ca = { 0 }, cb = { 0 };
	struct rule_value k, va, vb;
	if (rv_len(a) != rv_len(b)) return false;
	while (rv_next(a, &ca, &k, &va) && rv_next(b, &cb, &k, &vb))
		if (!rv_equal(&va, &vb)) return false;
	return true;
}

bool rv_equal(const struct rule_value *a, const struct rule_value *b) {
	if (a->kind == RV_NIL || b->kind == RV_NIL)
		return is_zero(a->kind == RV_NIL ? b : a);
	if (a->kind == RV_DOUBLE || b->kind == RV_DOUBLE) {
		double x = a->kind == RV_DOUBLE ? a->d : (double)rv_num(a), y = b->kind == RV_DOUBLE ? b->d : (double)rv_num(b);
		return (a->kind == RV_INT || a->kind == RV_DOUBLE) && (b->kind == RV_INT || b->kind == RV_DOUBLE) && x == y;
	}
	if (a->kind == RV_STR && b->kind == RV_STR)
		return slice_eq(rv_slice(a), rv_slice(b));
	if (a->kind == RV_INT && b->kind == RV_INT) return a->i == b->i;
	if (a->kind == RV_BOOL && b->kind == RV_BOOL) return a->b == b->b;
	if (a->kind == RV_NODE && b->kind == RV_NODE && a->node == b->node) return true;
	if (is_map(a) && is_map(b))
		return map_within(a, b) && map_within(b, a);
	if (is_map(a) || is_map(b))
		return is_zero(a) && is_zero(b);
	if (a->kind >= RV_NODE && b->kind >= RV_NODE && a->kind <= RV_SET && b->kind <= RV_SET)
		return list_equal(a, b);
	return false;
}

int rv_compare(const struct rule_value *a, const struct rule_value *b) {
	if (a->kind == RV_STR || b->kind == RV_STR)
		return slice_cmp(rv_slice(a), rv_slice(b));
	if (a->kind == RV_DOUBLE || b->kind == RV_DOUBLE) {
		double x = a->kind == RV_DOUBLE ? a->d : (double)rv_num(a), y = b->kind == RV_DOUBLE ? b->d : (double)rv_num(b);
		return (x > y) - (x < y);
	}
	int64_t x = rv_num(a), y = rv_num(b);
	return (x > y) - (x < y);
}

bool rv_in(const struct rule_value *a, const struct rule_value *b) {
	if (b->kind == RV_SET)
		return rule_set_has(b->set, a);
	if (is_map(b)) {
		if (b->kind == RV_NODE) return find_member(b->node, rv_slice(a)) != NULL;
		for (uint32_t i = 0; i + 1 < b->n; i += 2)
			if (slice_eq(rv_slice(&b->list[i]), rv_slice(a))) return true;
		return false;
	}
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	if (b->kind == RV_STR) return false;
	while (rv_next(b, &c, &k, &v))
		if (rv_equal(a, &v)) return true;
	return false;
}

/* The next element of an array or, as its key, of an object. */
static bool node_next(const yyjson_mut_val *node, struct rv_cursor *c, struct rule_value *ret_key, struct rule_value *ret_value) {
	bool map = yyjson_mut_is_obj((yyjson_mut_val *)node);
	if (c->i >= unsafe_yyjson_get_len((void *)node)) return false;
	/* The container points at its last element (key), whose successor is the first one. */
	const yyjson_mut_val *last = c->started ? c->at : node->uni.ptr;
	const yyjson_mut_val *here = c->started ? last->next : map ? last->next->next : last->next;
	c->started = true;
	if (map) {
		*ret_key = rv_node(here);
		here = here->next;
		*ret_value = rv_node(here);
	} else {
		*ret_key = rv_int((int64_t)c->i);
		*ret_value = rv_node(here);
	}
	c->at = here;
	c->i++;
	return true;
}

bool rv_next(const struct rule_value *v, struct rv_cursor *c, struct rule_value *ret_key, struct rule_value *ret_value) {
	switch (v->kind) {
	case RV_NODE:
		return node_next(v->node, c, ret_key, ret_value);
	case RV_STRUCT:
		if (c->i + 1 >= v->n) return false;
		*ret_key = v->list[c->i];
		*ret_value = v->list[c->i + 1];
		c->i += 2;
		return true;
	case RV_LIST:
	case RV_STR:
	case RV_SET:
		if (c->i >= rv_len(v)) return false;
		*ret_key = rv_int((int64_t)c->i);
		*ret_value = rv_at(v, (int64_t)c->i++);
		return true;
	default:
		return false;
	}
}

/* ---- sets ---- */

struct rule_set {
	struct arena *arena;
	size_t n, cap;           /* of values */
	struct rule_value *values;
	struct slice *keys;      /* parallel to values */
	size_t n_slots;          /* power of two, at least twice n */
	uint32_t *slots;         /* index + 1 */
};

struct rule_set *rule_set_new(struct arena *a) {
	struct rule_set *s = arena_new_of(a, struct rule_set);
	if (s) s->arena = a;
	return s;
}

static size_t set_count(const struct rule_set *s) { return s ? s->n : 0; }
static struct rule_value set_at(const struct rule_set *s, size_t i) { return s->values[i]; }

/* Map keys of different kinds of values may not meet: the text begins with the kind. */
static struct slice set_key(struct arena *a, const struct rule_value *v) {
	if (v->kind == RV_STR) return rv_slice(v);
	_cleanup_buf_ struct buf b = BUF_INIT(REQUEST_BODY_MAX);
	buf_putc(&b, (char)v->kind);
	if (v->kind == RV_NODE)
		json_write(&b, v->node);
	else if (v->kind == RV_STRUCT)
		for (uint32_t i = 1; i < v->n; i += 2) {
			rv_text(&v->list[i], &b);
			buf_putc(&b, 0);
		}
	else
		rv_text(v, &b);
	return arena_slice_dup(a, buf_slice(&b));
}

static uint32_t *set_slot(const struct rule_set *s, struct slice key) {
	size_t at = map_hash(key) & (s->n_slots - 1);
	while (s->slots[at] && !slice_eq(s->keys[s->slots[at] - 1], key))
		at = (at + 1) & (s->n_slots - 1);
	return &s->slots[at];
}

static bool set_grow(struct rule_set *s) {
	size_t cap = s->cap ? s->cap * 2 : 8;
	struct rule_value *values = arena_array(s->arena, cap, sizeof(*values));
	struct slice *keys = arena_array(s->arena, cap, sizeof(*keys));
	uint32_t *slots = arena_zalloc(s->arena, cap * 2 * sizeof(*slots));
	if (!values || !keys || !slots) return false;
	if (s->n) {
		memcpy(values, s->values, s->n * sizeof(*values));
		memcpy(keys, s->keys, s->n * sizeof(*keys));
	}
	s->values = values;
	s->keys = keys;
	s->slots = slots;
	s->cap = cap;
	s->n_slots = cap * 2;
	for (size_t i = 0; i < s->n; i++)
		*set_slot(s, keys[i]) = (uint32_t)i + 1;
	return true;
}

bool rule_set_put(struct rule_set *s, const struct rule_value *k, const struct rule_value *v) {
	if (s->n == s->cap && !set_grow(s)) return false;
	struct slice key = set_key(s->arena, k);
	uint32_t *slot = set_slot(s, key);
	if (*slot) {
		s->values[*slot - 1] = *v;
		return false;
	}
	s->values[s->n] = *v;
	s->keys[s->n] = key;
	*slot = (uint32_t)++s->n;
	return true;
}

bool rule_set_add(struct rule_set *s, const struct rule_value *v) {
	return !rule_set_has(s, v) && rule_set_put(s, v, v);
}

struct rule_value rule_set_get(const struct rule_set *s, const struct rule_value *k) {
	uint32_t at = s && s->n ? *set_slot(s, set_key(s->arena, k)) : 0;
	return at ? s->values[at - 1] : RV_NONE;
}

bool rule_set_has(const struct rule_set *s, const struct rule_value *v) {
	return s && s->n && *set_slot(s, set_key(s->arena, v)) != 0;
}

/* ---- text ---- */

static void list_text(const struct rule_value *v, struct buf *b) {
	struct rv_cursor c = { 0 };
	struct rule_value k, item;
	buf_putc(b, '[');
	while (rv_next(v, &c, &k, &item)) {
		if (c.i > 1) buf_putc(b, ' ');
		rv_text(&item, b);
	}
	buf_putc(b, ']');
}

void rv_text(const struct rule_value *v, struct buf *b) {
	switch (v->kind) {
	case RV_STR:
		buf_put(b, v->s, v->n);
		break;
	case RV_INT:
		buf_printf(b, "%" PRId64, v->i);
		break;
	case RV_DOUBLE:
		buf_printf(b, "%g", v->d);
		break;
	case RV_BOOL:
		buf_puts(b, v->b ? "true" : "false");
		break;
	case RV_PATH:
		rule_path_text(v->path, b);
		break;
	case RV_LIST:
	case RV_SET:
		list_text(v, b);
		break;
	case RV_NODE:
		if (yyjson_mut_is_arr((yyjson_mut_val *)v->node)) list_text(v, b);
		else json_write(b, v->node);
		break;
	default:
		break;
	}
}
