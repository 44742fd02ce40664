/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/patch/typed.h"

#include "schema/fieldpath.h"

#include <errno.h>

/* ---- places ---- */

static enum typed_shape deduced_shape(const yyjson_mut_val *v, unsigned depth) {
	return v && yyjson_mut_is_obj((yyjson_mut_val *)(uintptr_t)v) && depth < TYPED_DEPTH_MAX ? TYPED_MAP : TYPED_LEAF;
}

enum typed_shape typed_shape_of(struct typed_ref r, const yyjson_mut_val *v, unsigned depth) {
	const struct schema_type *t = r.type;
	if (!t) return deduced_shape(v, depth);
	switch (t->kind) {
	case SCHEMA_OBJECT:
	case SCHEMA_MAP:
		if ((r.flags & FIELD_ATOMIC) || ((t->flags & TYPE_ATOMIC) && !(r.flags & FIELD_GRANULAR)) ||
		    depth >= TYPED_DEPTH_MAX)
			return TYPED_LEAF;
		return t->kind == SCHEMA_MAP ? TYPED_MAP : TYPED_OBJECT;
	case SCHEMA_LIST:
		return (t->list_type == LIST_SET || t->list_type == LIST_MAP) && !(r.flags & FIELD_LIST_ATOMIC) ? TYPED_LIST
														: TYPED_LEAF;
	/* What a built-in kind leaves open (RawExtension, JSON) is owned as one. */
	case SCHEMA_SPECIAL: return t->special == SPECIAL_ANY && (t->flags & TYPE_CUSTOM) ? deduced_shape(v, depth) : TYPED_LEAF;
	default: return TYPED_LEAF;
	}
}

struct typed_ref typed_member_ref(struct typed_ref r, struct slice name) {
	const struct schema_field *f = r.type && r.type->kind == SCHEMA_OBJECT ? schema_field_find(r.type, name, NULL) : NULL;
	return f ? typed_field_ref(f) : typed_item_ref(r);
}

struct typed_ref typed_item_ref(struct typed_ref r) {
	bool has = r.type && (r.type->kind == SCHEMA_MAP || r.type->kind == SCHEMA_LIST);
	return (struct typed_ref){ .type = has ? r.type->item : NULL };
}

/* ---- members ---- */

static bool is_empty(const struct schema_type *t, yyjson_mut_val *v) {
	switch (t->kind) {
	case SCHEMA_STRING:
	case SCHEMA_BYTES:
	case SCHEMA_LIST:
	case SCHEMA_MAP: return yyjson_mut_get_len(v) == 0;
	case SCHEMA_BOOL: return !yyjson_mut_is_true(v);
	case SCHEMA_INT32:
	case SCHEMA_INT64: return yyjson_mut_is_int(v) && yyjson_mut_get_uint(v) == 0;
	case SCHEMA_DOUBLE: return yyjson_mut_get_num(v) == 0;
	default: return false;
	}
}

/* What Go writes for members nobody set. */
static yyjson_mut_val zero_null = { .tag = YYJSON_TYPE_NULL }, zero_object = { .tag = YYJSON_TYPE_OBJ };
static yyjson_mut_val zero_string = { .tag = YYJSON_TYPE_STR, .uni.str = "" },
		      zero_bool = { .tag = YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_FALSE };
static yyjson_mut_val zero_int = { .tag = YYJSON_TYPE_NUM | YYJSON_SUBTYPE_UINT },
		      zero_quantity = { .tag = YYJSON_TYPE_STR | (1u << YYJSON_TAG_BIT), .uni.str = "0" };

static yyjson_mut_val *zero_special(const struct schema_field *f) {
	if (f->type->special == SPECIAL_QUANTITY) return &zero_quantity;
	if (f->type->special == SPECIAL_INT_OR_STRING) return &zero_int;
	return f->type->key || !(f->flags & FIELD_OMITEMPTY) ? &zero_null : NULL;
}

static yyjson_mut_val *zero_of(const struct schema_field *f) {
	static yyjson_mut_val *const zero[] = {
		[SCHEMA_LIST] = &zero_null,  [SCHEMA_MAP] = &zero_null,   [SCHEMA_STRING] = &zero_string,
		[SCHEMA_BOOL] = &zero_bool,  [SCHEMA_INT32] = &zero_int,  [SCHEMA_INT64] = &zero_int,
		[SCHEMA_DOUBLE] = &zero_int, [SCHEMA_BYTES] = &zero_null,
	};
	if (f->flags & FIELD_OMITZERO) return NULL;
	if (f->flags & FIELD_POINTER) return f->flags & FIELD_OMITEMPTY ? NULL : &zero_null;
	if (f->type->kind == SCHEMA_SPECIAL) return zero_special(f);
	if (f->type->kind == SCHEMA_OBJECT) return &zero_object;
	return f->flags & FIELD_OMITEMPTY ? NULL : zero[f->type->kind];
}

yyjson_mut_val *typed_present(const struct typed *w, const struct schema_type *owner, const struct schema_field *f,
			      yyjson_mut_val *v) {
	if (!w->go || (owner->flags & TYPE_CUSTOM)) return v;
	if (v && yyjson_mut_is_null(v)) v = NULL;
	if (v && (f->flags & (FIELD_OMITEMPTY | FIELD_POINTER)) == FIELD_OMITEMPTY && is_empty(f->type, v)) v = NULL;
	return v ? v : zero_of(f);
}

size_t typed_slots(struct typed *w, const struct schema_type *t, yyjson_mut_val *v) {
	size_t base = w->slots.n, want = base + t->n_fields, index, i, n;
	yyjson_mut_val *k, *x;
	if (want > w->slots.cap) {
		size_t cap = want * 2 + 128;
		yyjson_mut_val **more = arena_realloc(w->sets.a, w->slots.v, w->slots.cap * sizeof(*more), cap * sizeof(*more));
		if (!more) {
			w->sets.no_memory = true;
			return base;
		}
		w->slots.v = more;
		w->slots.cap = cap;
	}
	yyjson_mut_val **slot = w->slots.v + base;
	memset(slot, 0, t->n_fields * sizeof(*slot));
	yyjson_mut_obj_foreach(v, i, n, k, x)
		if (schema_field_find(t, json_str(k), &index)) slot[index] = x;
	for (i = 0; i < t->n_fields; i++) slot[i] = typed_present(w, t, t->fields + i, slot[i]);
	w->slots.n = want;
	return base;
}

/* ---- names of elements ---- */

static bool refuse(struct typed *w, const char **why, const char *fmt, const char *word) {
	const char *text = arena_printf(w->sets.a, fmt, word);
	if (!text) w->sets.no_memory = true;
	if (why) *why = text;
	else if (!w->fault) w->fault = text;
	return false;
}

static const yyjson_mut_val *key_value(struct typed *w, const struct schema_type *item, yyjson_mut_val *v, const char *name) {
	const struct schema_field *f =
		item && item->kind == SCHEMA_OBJECT ? schema_field_find(item, slice_str(name), NULL) : NULL;
	yyjson_mut_val *x = json_get(v, name);
	if (f) x = typed_present(w, item, f, x);
	if (x || !f) return x;
	if (f->dflt) return fieldpath_literal(w->doc, f->dflt);
	/* What Go always writes has its zero for a default. */
	return (item->flags & TYPE_CUSTOM) || (f->flags & (FIELD_POINTER | FIELD_OMITEMPTY)) ? NULL : zero_of(f);
}

static bool keyed_element(struct typed *w, const struct schema_type *list, yyjson_mut_val *v, struct element *ret,
			  const char **why) {
	size_t n = 0;
	if (yyjson_mut_is_null(v)) return refuse(w, why, "associative list with keys may not have a%s element", " null");
	if (!yyjson_mut_is_obj(v)) return refuse(w, why, "associative list with keys may not have %s elements", "non-map");
	while (list->list_keys[n] && n < ELEMENT_KEYS_MAX) n++;
	struct element_key *keys = arena_array(w->sets.a, n, sizeof(*keys));
	if (!keys) {
		w->sets.no_memory = true;
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		keys[i] = (struct element_key){ .name = slice_str(list->list_keys[i]),
						.value = key_value(w, list->item, v, list->list_keys[i]) };
		if (!keys[i].value)
			return refuse(w, why,
				      "associative list with keys has an element that omits key field \"%s\" (and doesn't have "
				      "default value)",
				      list->list_keys[i]);
	}
	element_sort_keys(keys, n);
	*ret = (struct element){ .kind = ELEMENT_KEY, .n_keys = (uint8_t)n, .keys = keys };
	return true;
}

bool typed_element(struct typed *w, const struct schema_type *list, yyjson_mut_val *v, struct element *ret, const char **why) {
	if (list->list_type == LIST_MAP && list->list_keys) return keyed_element(w, list, v, ret, why);
	if (yyjson_mut_is_null(v))
		return refuse(w, why, "associative list without keys has an element that's %s", "an explicit null");
	if (yyjson_mut_is_obj(v)) return refuse(w, why, "associative list without keys has an element that's %s", "a map type");
	if (yyjson_mut_is_arr(v)) return refuse(w, why, "not supported: associative list with %s as elements", "lists");
	*ret = (struct element){ .kind = ELEMENT_VALUE, .value = v };
	return true;
}

/* ---- named parts ---- */

static void push(struct typed *w, const struct element *at, yyjson_mut_val *v, size_t order, bool right) {
	if (w->parts.n == w->parts.cap) {
		size_t cap = w->parts.cap ? w->parts.cap * 2 : 64;
		struct typed_part *more = arena_realloc(w->sets.a, w->parts.v, w->parts.cap * sizeof(*more), cap * sizeof(*more));
		if (!more) {
			w->sets.no_memory = true;
			return;
		}
		w->parts.v = more;
		w->parts.cap = cap;
	}
	w->parts.v[w->parts.n++] = (struct typed_part){ .at = *at, .v = v, .order = (uint32_t)order, .right = right };
}

static void list_parts(struct typed *w, const struct schema_type *t, yyjson_mut_val *v, bool right) {
	yyjson_mut_val *x;
	size_t i, n;
	yyjson_mut_arr_foreach(v, i, n, x) {
		struct element at;
		if (typed_element(w, t, x, &at, NULL)) push(w, &at, x, i, right);
	}
}

void typed_parts(struct typed *w, struct typed_ref r, enum typed_shape s, yyjson_mut_val *v, bool right, bool unknown_only) {
	yyjson_mut_val *k, *x;
	size_t i, n;
	if (!v) return;
	if (s == TYPED_LIST) {
		list_parts(w, r.type, v, right);
		return;
	}
	yyjson_mut_obj_foreach(v, i, n, k, x) {
		struct element at = { .kind = ELEMENT_FIELD, .name = json_str(k) };
		if (!unknown_only || !schema_field_find(r.type, at.name, NULL)) push(w, &at, x, i, right);
	}
}

static int part_cmp(const void *a, const void *b) {
	const struct typed_part *x = a, *y = b;
	int c = element_cmp(&x->at, &y->at);
	if (!c) c = (int)x->right - (int)y->right;
	return c ? c : (x->order > y->order) - (x->order < y->order);
}

void typed_sort(struct typed *w, size_t mark) {
	struct typed_part *v = w->parts.v + mark;
	size_t n = w->parts.n - mark;
	for (size_t i = 1; i < n; i++)
		if (part_cmp(v + i - 1, v + i) > 0) {
			qsort(v, n, sizeof(*v), part_cmp);
			return;
		}
}

size_t typed_group(const struct typed *w, size_t at, size_t *mid) {
	const struct typed_part *v = w->parts.v;
	size_t end = at;
	while (end < w->parts.n && (end == at || element_cmp(&v[at].at, &v[end].at) == 0)) end++;
	*mid = at;
	while (*mid < end && !v[*mid].right) (*mid)++;
	return end;
}

/* ---- equality ---- */

static bool equal_objects(struct typed *w, const struct schema_type *t, yyjson_mut_val *a, yyjson_mut_val *b) {
	size_t x = typed_slots(w, t, a), y = typed_slots(w, t, b);
	bool same = !w->sets.no_memory;
	for (size_t i = 0; same && i < t->n_fields; i++)
		same = typed_equal(w, typed_field_ref(t->fields + i), w->slots.v[x + i], w->slots.v[y + i]);
	w->slots.n = x;
	return same;
}

static bool equal_lists(struct typed *w, struct typed_ref item, yyjson_mut_val *a, yyjson_mut_val *b) {
	yyjson_mut_arr_iter ia = yyjson_mut_arr_iter_with(a), ib = yyjson_mut_arr_iter_with(b);
	yyjson_mut_val *x, *y;
	if (yyjson_mut_arr_size(a) != yyjson_mut_arr_size(b)) return false;
	while ((x = yyjson_mut_arr_iter_next(&ia)) && (y = yyjson_mut_arr_iter_next(&ib)))
		if (!typed_equal(w, item, x, y)) return false;
	return true;
}

static bool needs_struct(const struct typed *w, const struct schema_type *t, yyjson_mut_val *a, yyjson_mut_val *b) {
	return w->go && t && !(t->flags & TYPE_CUSTOM) && yyjson_mut_get_type(a) == yyjson_mut_get_type(b);
}

/* Depth is that of typed values, which decoding bounds. */
bool typed_equal(struct typed *w, struct typed_ref r, yyjson_mut_val *a, yyjson_mut_val *b) {
	const struct schema_type *t = r.type;
	if (!a || !b || a == b) return a == b;
	if (needs_struct(w, t, a, b)) {
		if (t->kind == SCHEMA_OBJECT && yyjson_mut_is_obj(a)) return equal_objects(w, t, a, b);
		if (t->kind == SCHEMA_LIST && yyjson_mut_is_arr(a)) return equal_lists(w, typed_item_ref(r), a, b);
	}
	return json_equal(a, b);
}
