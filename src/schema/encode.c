/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/table.h"

#include <errno.h>

/* What of metadata is written differently for the store. */
enum place { PLACE_ELSEWHERE, PLACE_ROOT, PLACE_METADATA };

struct encode {
	struct buf *b;
	size_t *rv_at; /* NULL: plain JSON */
};

static void value(struct encode *e, const struct schema_type *t, yyjson_mut_val *v, enum place place);

static struct slice key_of(yyjson_mut_val *k) { return slice_make(yyjson_mut_get_str(k), yyjson_mut_get_len(k)); }

static void put_name(struct encode *e, struct slice name, bool *first) {
	buf_putc(e->b, *first ? '{' : ',');
	*first = false;
	json_write_string(e->b, name);
	buf_putc(e->b, ':');
}

static void put_close(struct encode *e, bool first) { buf_puts(e->b, first ? "{}" : "}"); }

/* The offset reported is where the revision goes. */
static void put_resource_version(struct encode *e, bool *first) {
	put_name(e, SLICE_LIT("resourceVersion"), first);
	*e->rv_at = e->b->n + 1;
	buf_puts(e->b, "\"\"");
}

static bool is_empty(const struct schema_type *t, yyjson_mut_val *v) {
	switch (t->kind) {
	case SCHEMA_STRING:
	case SCHEMA_BYTES: return yyjson_mut_get_len(v) == 0;
	case SCHEMA_LIST:
	case SCHEMA_MAP: return yyjson_mut_get_len(v) == 0;
	case SCHEMA_BOOL: return !yyjson_mut_is_true(v);
	case SCHEMA_INT32:
	case SCHEMA_INT64: return yyjson_mut_is_int(v) && yyjson_mut_get_uint(v) == 0;
	case SCHEMA_DOUBLE: return yyjson_mut_get_num(v) == 0;
	default: return false;
	}
}

/* What Go writes for a struct member nobody set; NULL: nothing, the member is left out. */
static const char *absent_text(const struct schema_field *f) {
	static const char *const zero[] = {
		[SCHEMA_LIST] = "null", [SCHEMA_MAP] = "null", [SCHEMA_STRING] = "\"\"", [SCHEMA_BOOL] = "false",
		[SCHEMA_INT32] = "0",   [SCHEMA_INT64] = "0",  [SCHEMA_DOUBLE] = "0",    [SCHEMA_BYTES] = "null",
	};
	if (f->flags & FIELD_OMITZERO) return NULL;
	if (f->flags & FIELD_POINTER) return f->flags & FIELD_OMITEMPTY ? NULL : "null";
	if (f->type->kind == SCHEMA_SPECIAL) {
		if (f->type->special == SPECIAL_QUANTITY) return "\"0\"";
		if (f->type->special == SPECIAL_INT_OR_STRING) return "0";
		return f->type->key || !(f->flags & FIELD_OMITEMPTY) ? "null" : NULL;
	}
	return f->flags & FIELD_OMITEMPTY ? NULL : zero[f->type->kind];
}

static void member(struct encode *e, const struct schema_field *f, yyjson_mut_val *v, enum place place, bool *first) {
	struct slice name = slice_make(f->name, f->name_len);
	if (place == PLACE_METADATA && slice_eq(name, SLICE_LIT("resourceVersion"))) {
		put_resource_version(e, first);
		return;
	}
	if (v && yyjson_mut_is_null(v) && !(f->flags & FIELD_NULLABLE)) v = NULL;
	if (v && (f->flags & (FIELD_OMITEMPTY | FIELD_POINTER)) == FIELD_OMITEMPTY && is_empty(f->type, v)) return;
	/* What is stored has been through protobuf in Kubernetes, which knows no empty list. */
	if (v && e->rv_at && !(f->flags & FIELD_POINTER) && yyjson_mut_is_ctn(v) && f->type->kind != SCHEMA_OBJECT &&
	    is_empty(f->type, v))
		v = NULL;
	if (!v && f->type->kind == SCHEMA_OBJECT && !(f->flags & FIELD_POINTER)) {
		put_name(e, name, first);
		value(e, f->type, NULL,
		      place == PLACE_ROOT && slice_eq(name, SLICE_LIT("metadata")) ? PLACE_METADATA : PLACE_ELSEWHERE);
	} else if (!v) {
		const char *text = absent_text(f);
		if (!text) return;
		put_name(e, name, first);
		buf_puts(e->b, text);
	} else {
		put_name(e, name, first);
		value(e, f->type, v,
		      place == PLACE_ROOT && slice_eq(name, SLICE_LIT("metadata")) ? PLACE_METADATA : PLACE_ELSEWHERE);
	}
}

/* Members the type does not know, in the tree's order. */
static void unknown_members(struct encode *e, const struct schema_type *t, yyjson_mut_val *v, bool *first) {
	yyjson_mut_val *k, *x;
	size_t i, n;
	yyjson_mut_obj_foreach(v, i, n, k, x) {
		if (schema_field_find(t, key_of(k), NULL)) continue;
		put_name(e, key_of(k), first);
		json_write(e->b, x);
	}
}

/* v may be NULL: an object nobody set, which has members all the same. */
static void object(struct encode *e, const struct schema_type *t, yyjson_mut_val *v, enum place place) {
	yyjson_mut_val *slot[SCHEMA_FIELDS_MAX] = { NULL }, *k, *x;
	size_t i, n, index;
	bool first = true;
	yyjson_mut_obj_foreach(v, i, n, k, x) {
		if (schema_field_find(t, key_of(k), &index)) slot[index] = x;
	}
	for (i = 0; i < t->n_fields; i++) member(e, t->fields + i, slot[i], place, &first);
	if (v && (t->flags & TYPE_PRESERVE_UNKNOWN)) unknown_members(e, t, v, &first);
	put_close(e, first);
}

static int key_cmp(const void *a, const void *b) {
	return slice_cmp(key_of(*(yyjson_mut_val *const *)a), key_of(*(yyjson_mut_val *const *)b));
}

static void map(struct encode *e, const struct schema_type *t, yyjson_mut_val *v) {
	yyjson_mut_val *few[32], *k, *x;
	_cleanup_free_ char *many = NULL;
	size_t n = yyjson_mut_obj_size(v), i, max;
	bool first = true;
	if (n > ELEMENTSOF(few) && !(many = malloc(n * sizeof(*few)))) {
		e->b->err = -ENOMEM;
		return;
	}
	yyjson_mut_val **keys = many ? (yyjson_mut_val **)(void *)many : few;
	yyjson_mut_obj_foreach(v, i, max, k, x) keys[i] = k;
	qsort(keys, n, sizeof(*keys), key_cmp);
	for (i = 0; i < n; i++) {
		put_name(e, key_of(keys[i]), &first);
		value(e, t->item, keys[i]->next, PLACE_ELSEWHERE);
	}
	put_close(e, first);
}

static void list(struct encode *e, const struct schema_type *t, yyjson_mut_val *v) {
	yyjson_mut_val *x;
	size_t i, n;
	buf_putc(e->b, '[');
	yyjson_mut_arr_foreach(v, i, n, x) {
		if (i) buf_putc(e->b, ',');
		value(e, t->item, x, PLACE_ELSEWHERE);
	}
	buf_putc(e->b, ']');
}

static void special(struct encode *e, const struct schema_type *t, yyjson_mut_val *v) {
	bool schema = t->special == SPECIAL_SCHEMA_OR_ARRAY || t->special == SPECIAL_SCHEMA_OR_BOOL ||
		      t->special == SPECIAL_SCHEMA_OR_STRING_ARRAY;
	yyjson_mut_val *x;
	size_t i, n;
	if (schema && yyjson_mut_is_obj(v)) {
		value(e, t->item, v, PLACE_ELSEWHERE);
	} else if (t->special == SPECIAL_SCHEMA_OR_ARRAY && yyjson_mut_is_arr(v)) {
		buf_putc(e->b, '[');
		yyjson_mut_arr_foreach(v, i, n, x) {
			if (i) buf_putc(e->b, ',');
			value(e, t->item, x, PLACE_ELSEWHERE);
		}
		buf_putc(e->b, ']');
	} else {
		json_write(e->b, v);
	}
}

static void value(struct encode *e, const struct schema_type *t, yyjson_mut_val *v, enum place place) {
	if (!v || yyjson_mut_is_null(v)) {
		if (t->kind == SCHEMA_OBJECT && !v) object(e, t, v, place);
		else buf_puts(e->b, "null");
	} else if (t->kind == SCHEMA_OBJECT && yyjson_mut_is_obj(v)) {
		object(e, t, v, place);
	} else if (t->kind == SCHEMA_MAP && yyjson_mut_is_obj(v)) {
		map(e, t, v);
	} else if (t->kind == SCHEMA_LIST && yyjson_mut_is_arr(v)) {
		list(e, t, v);
	} else if (t->kind == SCHEMA_SPECIAL) {
		special(e, t, v);
	} else {
		json_write(e->b, v);
	}
}

int schema_encode_json(const struct schema_type *t, const yyjson_mut_val *root, struct buf *b) {
	struct encode e = { .b = b };
	if (!t) return json_write(b, root);
	value(&e, t, (yyjson_mut_val *)root, PLACE_ELSEWHERE);
	return buf_err(b);
}

/* An object without a type: members in the tree's order, `special` (NULL: none) of them written by its own function. */
static void loose_metadata(struct encode *e, yyjson_mut_val *v) {
	yyjson_mut_val *k, *x;
	size_t i, n;
	bool first = true, seen = false;
	yyjson_mut_obj_foreach(v, i, n, k, x) {
		bool rv = slice_eq(key_of(k), SLICE_LIT("resourceVersion"));
		if (rv && !seen) put_resource_version(e, &first);
		seen |= rv;
		if (rv) continue;
		put_name(e, key_of(k), &first);
		json_write(e->b, x);
	}
	if (!seen) put_resource_version(e, &first);
	put_close(e, first);
}

static void loose_root(struct encode *e, yyjson_mut_val *root) {
	static const char *const head[] = { "kind", "apiVersion" };
	yyjson_mut_val *k, *x;
	size_t i, n;
	bool first = true;
	for (i = 0; i < ELEMENTSOF(head); i++) {
		x = json_get(root, head[i]);
		if (!x) continue;
		put_name(e, slice_str(head[i]), &first);
		json_write(e->b, x);
	}
	yyjson_mut_obj_foreach(root, i, n, k, x) {
		if (slice_eq(key_of(k), SLICE_LIT("kind")) || slice_eq(key_of(k), SLICE_LIT("apiVersion"))) continue;
		put_name(e, key_of(k), &first);
		if (slice_eq(key_of(k), SLICE_LIT("metadata")) && yyjson_mut_is_obj(x)) loose_metadata(e, x);
		else json_write(e->b, x);
	}
	if (!json_get(root, "metadata")) {
		put_name(e, SLICE_LIT("metadata"), &first);
		loose_metadata(e, NULL);
	}
	put_close(e, first);
}

int schema_encode_stored(const struct schema_type *t, const yyjson_mut_val *root, struct buf *b, size_t *ret_rv_at) {
	struct encode e = { .b = b, .rv_at = ret_rv_at };
	if (!t) loose_root(&e, (yyjson_mut_val *)root);
	else value(&e, t, (yyjson_mut_val *)root, PLACE_ROOT);
	return buf_err(b);
}
