/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/condition.h"
#include "schema/imageref.h"

static struct slice text_of(yyjson_mut_val *v) { return slice_make(yyjson_mut_get_str(v), yyjson_mut_get_len(v)); }

/* Equality of a value (NULL: null) with a JSON scalar. */
static bool equals(yyjson_mut_val *v, yyjson_val *want) {
	if (yyjson_is_null(want)) return !v;
	if (yyjson_is_str(want))
		return yyjson_mut_is_str(v) && slice_eq(text_of(v), slice_make(yyjson_get_str(want), yyjson_get_len(want)));
	if (yyjson_is_bool(want)) return yyjson_mut_is_bool(v) && yyjson_mut_get_bool(v) == yyjson_get_bool(want);
	return yyjson_is_num(want) && yyjson_mut_is_num(v) && yyjson_mut_get_num(v) == yyjson_get_num(want);
}

static bool equals_one_of(yyjson_mut_val *v, const char *json) {
	yyjson_doc *d = yyjson_read(json, strlen(json), 0);
	yyjson_val *root = yyjson_doc_get_root(d), *x;
	size_t i, n;
	bool yes = !yyjson_is_arr(root) && equals(v, root);
	yyjson_arr_foreach(root, i, n, x) yes |= equals(v, x);
	yyjson_doc_free(d);
	return yes;
}

/* `value` is a JSON list of member names. */
static bool none_set(const yyjson_mut_val *obj, const char *json) {
	yyjson_doc *d = yyjson_read(json, strlen(json), 0);
	yyjson_val *x;
	size_t i, n;
	bool any = false;
	yyjson_arr_foreach(yyjson_doc_get_root(d), i, n, x) {
		yyjson_mut_val *v = json_get(obj, yyjson_get_str(x));
		any |= v && !yyjson_mut_is_null(v);
	}
	yyjson_doc_free(d);
	return !any;
}

/* The operand is a JSON string without escapes. */
static bool tag_equals(yyjson_mut_val *image, const char *json) {
	struct slice tag, want = slice_str(json);
	want = slice_make(want.p + 1, want.n - 2);
	return yyjson_mut_is_str(image) && imageref_tag(text_of(image), &tag) == 0 && slice_eq(tag, want);
}

static bool holds(const struct schema_cond *c, const yyjson_mut_val *obj, const struct fieldpath_bound *bound) {
	yyjson_mut_val *v = c->path[0] ? fieldpath_get_bound(obj, c->path, bound) : NULL;
	switch (c->op) {
	case COND_SET: return v != NULL;
	case COND_ABSENT: return v == NULL;
	case COND_UNSET: return fieldpath_is_unset(v);
	case COND_NONEMPTY: return !fieldpath_is_empty(v);
	case COND_EQ:
	case COND_IN: return equals_one_of(v, c->value);
	case COND_NONE_SET: return none_set(obj, c->value);
	case COND_TAG_EQ: return tag_equals(v, c->value);
	case COND_ALL: return condition_all(c + 1, c->n, obj, bound);
	default: return false;
	}
}

static bool any_of(const struct schema_cond *c, size_t n, const yyjson_mut_val *obj, const struct fieldpath_bound *bound) {
	for (size_t i = 0; i < n; i += 1u + c[i].n)
		if (c[i].op == COND_ANY ? any_of(c + i + 1, c[i].n, obj, bound) : holds(c + i, obj, bound)) return true;
	return false;
}

bool condition_all(const struct schema_cond *c, size_t n, const yyjson_mut_val *obj, const struct fieldpath_bound *bound) {
	for (size_t i = 0; i < n; i += 1u + c[i].n)
		if (!(c[i].op == COND_ANY ? any_of(c + i + 1, c[i].n, obj, bound) : holds(c + i, obj, bound))) return false;
	return true;
}
