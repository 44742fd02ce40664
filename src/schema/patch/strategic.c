/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strategic merge patch (strategic-merge-patch.md of SIG API Machinery; apimachinery/pkg/util/strategicpatch): lists merge by the key
 * their schema names, directives ($patch, $retainKeys, $setElementOrder, $deleteFromPrimitiveList) say what a plain merge cannot.
 */
#include "base/limits.h"
#include "schema/patch/golang_print.h"
#include "schema/patch/order.h"
#include "schema/table.h"

#include <errno.h>

#define DIRECTIVE "$patch"
#define RETAIN "$retainKeys"
#define ORDER_PREFIX "$setElementOrder/"
#define DELETE_PREFIX "$deleteFromPrimitiveList/"

struct merge {
	yyjson_mut_doc *doc;
	const char **msg;
	unsigned depth;
};

static int merge_map(struct merge *m, const struct schema_type *t, yyjson_mut_val *original, yyjson_mut_val *patch, yyjson_mut_val **ret);

/* -EBADMSG: the client's fault (400); -EPROTO: what upstream answers as a plain error (500). */
static int fail(struct merge *m, int code, const char *text) {
	*m->msg = text;
	return text ? code : -ENOMEM;
}

/* A text that lives in the document, and empties b. */
static const char *text_of(struct merge *m, struct buf *b) {
	yyjson_mut_val *copy = buf_err(b) || !b->p ? NULL : yyjson_mut_strncpy(m->doc, b->p, b->n);
	buf_done(b);
	return yyjson_mut_get_str(copy);
}

static int fail_print(struct merge *m, int code, const char *before, const yyjson_mut_val *v, const char *after, struct slice last) {
	struct buf b = BUF_INIT(MIB);
	buf_puts(&b, before);
	golang_print(&b, v);
	buf_puts(&b, after);
	buf_put_slice(&b, last);
	return fail(m, code, text_of(m, &b));
}

/* ---- what the schema says of a member ---- */

struct meta { const struct schema_type *type; const struct schema_field *field; };

static struct meta meta_of(const struct schema_type *t, struct slice key) {
	const struct schema_field *f = t && t->kind == SCHEMA_OBJECT ? schema_field_find(t, key, NULL) : NULL;
	if (f) return (struct meta){ f->type, f };
	return (struct meta){ t && t->kind == SCHEMA_MAP ? t->item : NULL, NULL };
}

static bool merges(const struct meta *x) { return x->field && (x->field->flags & FIELD_MERGE); }
static const char *key_of(const struct meta *x) { return x->field ? x->field->merge_key : NULL; }

/* ---- values the original does not have: nulls and directives fall away ---- */

static yyjson_mut_val *cleaned(struct merge *m, yyjson_mut_val *v, unsigned depth);

static yyjson_mut_val *cleaned_map(struct merge *m, yyjson_mut_val *v, unsigned depth) {
	yyjson_mut_val *out = yyjson_mut_obj(m->doc), *next;
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(v);
	for (yyjson_mut_val *key = yyjson_mut_obj_iter_next(&it); out && key; key = next) {
		yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);
		struct slice name = json_str(key);
		next = yyjson_mut_obj_iter_next(&it); /* before key and value move into another map */
		if (yyjson_mut_is_null(value) || slice_eqs(name, DIRECTIVE) || slice_eqs(name, RETAIN) || slice_starts(name, SLICE_LIT(ORDER_PREFIX)) ||
		    slice_starts(name, SLICE_LIT(DELETE_PREFIX)))
			continue;
		value = cleaned(m, value, depth + 1);
		if (value && !yyjson_mut_obj_add(out, key, value)) return NULL;
	}
	return out;
}

/* NULL: the value is a deletion and falls away. */
static yyjson_mut_val *cleaned(struct merge *m, yyjson_mut_val *v, unsigned depth) {
	if (depth > SCHEMA_DEPTH_MAX) return v;
	if (yyjson_mut_is_obj(v)) return slice_eqs(json_path_str(v, DIRECTIVE), "delete") ? NULL : cleaned_map(m, v, depth);
	if (!yyjson_mut_is_arr(v)) return v;
	yyjson_mut_val *out = yyjson_mut_arr(m->doc), *next;
	yyjson_mut_arr_iter it = yyjson_mut_arr_iter_with(v);
	for (yyjson_mut_val *one = yyjson_mut_arr_iter_next(&it); out && one; one = next) {
		next = yyjson_mut_arr_iter_next(&it); /* before `one` moves into another list */
		bool bare = yyjson_mut_is_obj(one) && json_size(one) == 1 && json_get(one, DIRECTIVE);
		yyjson_mut_val *kept = bare ? NULL : cleaned(m, one, depth + 1);
		if (kept && !yyjson_mut_arr_append(out, kept)) return NULL;
	}
	return out;
}

/* ---- lists ---- */

static yyjson_mut_val *find_by_key(const yyjson_mut_val *list, const char *key, const yyjson_mut_val *value) {
	yyjson_mut_val *one;
	json_each(list, one)
		if (json_equal(json_get(one, key), value)) return one;
	return NULL;
}

static bool same_element(const yyjson_mut_val *a, const yyjson_mut_val *b, const char *key) {
	return key ? json_equal(json_get(a, key), json_get(b, key)) : json_equal(a, b);
}

static void remove_matching(yyjson_mut_val *list, const char *key, const yyjson_mut_val *value) {
	size_t i = 0;
	while (i < yyjson_mut_arr_size(list)) {
		const yyjson_mut_val *one = yyjson_mut_arr_get(list, i);
		if (json_equal(key ? json_get(one, key) : one, value)) yyjson_mut_arr_remove(list, i);
		else i++;
	}
}

/* Takes the elements with a $patch out of `patch` and acts on them. 1: the list is replaced. */
static int special_elements(struct merge *m, yyjson_mut_val *original, yyjson_mut_val *patch, const char *key) {
	bool replace = false;
	size_t i = 0;
	while (i < yyjson_mut_arr_size(patch)) {
		yyjson_mut_val *one = yyjson_mut_arr_get(patch, i);
		const yyjson_mut_val *directive = json_get(one, DIRECTIVE);
		struct slice what = json_str(directive);
		if (!directive) {
			i++;
			continue;
		}
		if (slice_eqs(what, "replace")) replace = true;
		else if (slice_eqs(what, "delete")) {
			const yyjson_mut_val *value = json_get(one, key);
			if (!value) return fail_print(m, -EPROTO, "map: ", one, " does not contain declared merge key: ", slice_str(key));
			remove_matching(original, key, value);
		} else if (slice_eqs(what, "merge")) {
			return fail(m, -EPROTO, "merging lists cannot yet be specified in the patch");
		} else {
			struct buf b = BUF_INIT(MIB);
			buf_puts(&b, "unknown patch type: ");
			golang_print(&b, directive);
			buf_puts(&b, " in map: ");
			golang_print(&b, one);
			return fail(m, -EPROTO, text_of(m, &b));
		}
		yyjson_mut_arr_remove(patch, i);
	}
	return replace ? 1 : 0;
}

static int merge_elements(struct merge *m, const struct schema_type *item, yyjson_mut_val *merged, yyjson_mut_val *patch, const char *key) {
	yyjson_mut_val *one;
	json_each(patch, one) {
		const yyjson_mut_val *value = json_get(one, key);
		if (!value) return fail_print(m, -EPROTO, "map: ", one, " does not contain declared merge key: ", slice_str(key));
		yyjson_mut_val *there = find_by_key(merged, key, value), *copy = json_copy(m->doc, one), *out;
		if (!copy) return -ENOMEM;
		if (!there) {
			if (!yyjson_mut_arr_append(merged, cleaned(m, copy, m->depth))) return -ENOMEM;
			continue;
		}
		int r = merge_map(m, item, there, copy, &out);
		if (r < 0) return r;
		/* A directive inside may have made a new map of it. */
		if (out != there) *there = *out;
	}
	return 0;
}

static bool merge_scalars(struct merge *m, yyjson_mut_val *merged, const yyjson_mut_val *patch) {
	yyjson_mut_val *one, *have;
	json_each(patch, one) {
		bool known = false;
		json_each(merged, have) known = known || json_equal(have, one);
		if (!known && !yyjson_mut_arr_append(merged, json_copy(m->doc, one))) return false;
	}
	return true;
}

static bool holds_maps(const yyjson_mut_val *a, const yyjson_mut_val *b) {
	yyjson_mut_val *first = json_first(a) ? json_first(a) : json_first(b);
	return first && yyjson_mut_is_obj(first);
}

/* mergeSlice: the merged list in *ret, in the order that patch and original give it. */
static int merge_list(struct merge *m, const struct meta *x, yyjson_mut_val *original, yyjson_mut_val *patch, yyjson_mut_val **ret) {
	const char *key = key_of(x);
	bool maps = holds_maps(original, patch);
	int replace = 0, r;
	if (maps && !key) return fail(m, -EPROTO, "cannot merge lists without merge key");
	yyjson_mut_val *server = json_copy(m->doc, original);
	if (maps && (replace = special_elements(m, server, patch, key)) < 0) return replace;
	if (replace) {
		*ret = cleaned(m, patch, m->depth);
		return *ret ? 0 : -ENOMEM;
	}
	yyjson_mut_val *merged = json_copy(m->doc, server);
	if (!merged) return -ENOMEM;
	if (maps) r = merge_elements(m, x->type ? x->type->item : NULL, merged, patch, key);
	else r = merge_scalars(m, merged, patch) ? 0 : -ENOMEM;
	if (r < 0) return r;
	*ret = order_elements(m->doc, merged, patch, server, maps ? key : NULL);
	return *ret ? 0 : -ENOMEM;
}

/* ---- directives of a map ---- */

static bool in_strings(const yyjson_mut_val *list, struct slice s) {
	yyjson_mut_val *one;
	json_each(list, one)
		if (slice_eq(json_str(one), s)) return true;
	return false;
}

static int retain_keys(struct merge *m, yyjson_mut_val *original, yyjson_mut_val *patch) {
	yyjson_mut_val *keep = json_get(patch, RETAIN), *key;
	if (!keep) return 0;
	if (!yyjson_mut_is_arr(keep)) return fail(m, -EBADMSG, "invalid patch format of retainKeys");
	json_del(patch, RETAIN);
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(patch);
	while ((key = yyjson_mut_obj_iter_next(&it))) {
		struct slice name = json_str(key);
		if (yyjson_mut_is_null(yyjson_mut_obj_iter_get_val(key)) || slice_starts(name, SLICE_LIT(ORDER_PREFIX)) || slice_starts(name, SLICE_LIT(DELETE_PREFIX))) continue;
		if (!in_strings(keep, name)) return fail(m, -EBADMSG, "invalid patch format of retainKeys");
	}
	it = yyjson_mut_obj_iter_with(original);
	while ((key = yyjson_mut_obj_iter_next(&it)))
		if (!in_strings(keep, json_str(key))) yyjson_mut_obj_iter_remove(&it);
	return 0;
}

/* The patch's elements have to come in the order the directive gives (validatePatchWithSetOrderList). */
static bool order_agrees(const yyjson_mut_val *patch, const yyjson_mut_val *order, const char *key) {
	yyjson_mut_arr_iter at = json_arr_iter(order);
	yyjson_mut_val *one, *expected = yyjson_mut_arr_iter_next(&at);
	json_each(patch, one) {
		if (yyjson_mut_is_obj(one) && json_get(one, DIRECTIVE)) continue;
		while (expected && !same_element(expected, one, key)) expected = yyjson_mut_arr_iter_next(&at);
		if (!expected) return false;
		expected = yyjson_mut_arr_iter_next(&at);
	}
	return true;
}

static int fail_order(struct merge *m, const yyjson_mut_val *patch, const yyjson_mut_val *order) {
	struct buf b = BUF_INIT(MIB);
	buf_puts(&b, "The order in patch list:\n");
	golang_print(&b, patch);
	buf_puts(&b, "\n doesn't match $setElementOrder list:\n");
	golang_print(&b, order);
	buf_puts(&b, "\n");
	return fail(m, -EPROTO, text_of(m, &b));
}

/* One $setElementOrder/NAME: merges the list it is about, if there is one, and orders it. */
static int set_order(struct merge *m, const struct schema_type *t, yyjson_mut_val *original, yyjson_mut_val *patch, const char *name, const yyjson_mut_val *order) {
	struct meta x = meta_of(t, slice_str(name));
	yyjson_mut_val *theirs = json_get(original, name), *ours = json_get(patch, name), *merged;
	if (!yyjson_mut_is_arr((yyjson_mut_val *)(uintptr_t)order)) return fail(m, -EBADMSG, "invalid patch format of setElementOrder list");
	const char *key = holds_maps(theirs, ours) || yyjson_mut_is_obj(json_first(order)) ? key_of(&x) : NULL;
	if (ours && !order_agrees(ours, order, key)) return fail_order(m, ours, order);
	if (!theirs && !ours) return 0;
	if (!ours) merged = theirs;
	else if (!theirs) merged = cleaned(m, ours, m->depth);
	else {
		int r = merge_list(m, &x, theirs, ours, &merged);
		if (r < 0) return r;
	}
	merged = order_elements(m->doc, merged, order, theirs, key);
	if (!merged || !json_set(m->doc, original, name, merged)) return -ENOMEM;
	json_del(patch, name);
	return 0;
}

static int set_orders(struct merge *m, const struct schema_type *t, yyjson_mut_val *original, yyjson_mut_val *patch) {
	for (;;) {
		yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(patch);
		yyjson_mut_val *key, *order = NULL;
		const char *name = NULL;
		while (!order && (key = yyjson_mut_obj_iter_next(&it))) {
			if (!slice_starts(json_str(key), SLICE_LIT(ORDER_PREFIX))) continue;
			name = yyjson_mut_get_str(key) + sizeof(ORDER_PREFIX) - 1;
			order = yyjson_mut_obj_iter_get_val(key);
			yyjson_mut_obj_iter_remove(&it);
		}
		if (!order) return 0;
		int r = set_order(m, t, original, patch, name, order);
		if (r < 0) return r;
	}
}

/* ---- members ---- */

static int delete_from_list(struct merge *m, yyjson_mut_val *original, const char *name, const yyjson_mut_val *values) {
	yyjson_mut_val *list = json_get(original, name), *one;
	if (!yyjson_mut_is_arr((yyjson_mut_val *)(uintptr_t)values)) return fail(m, -EBADMSG, "invalid patch format of primitive list");
	if (!list || !yyjson_mut_is_arr(list)) return 0;
	json_each(values, one) remove_matching(list, NULL, one);
	return 0;
}

static int merge_member(struct merge *m, const struct schema_type *t, yyjson_mut_val *original, const char *name, yyjson_mut_val *value) {
	struct meta x = meta_of(t, slice_str(name));
	yyjson_mut_val *there = json_get(original, name), *out = value;
	bool both_maps = there && yyjson_mut_is_obj(there) && yyjson_mut_is_obj(value);
	bool both_lists = there && yyjson_mut_is_arr(there) && yyjson_mut_is_arr(value);
	bool replaced = x.field && (x.field->flags & FIELD_REPLACE);
	int r = 0;
	if (yyjson_mut_is_null(value)) {
		json_del(original, name);
		return 0;
	}
	if (both_maps && !replaced) r = merge_map(m, x.type, there, value, &out);
	else if (both_lists && merges(&x)) r = merge_list(m, &x, there, value, &out);
	else if (!both_lists) out = cleaned(m, value, m->depth);
	if (r < 0) return r;
	if (!out) return json_get(original, name) ? (json_del(original, name), 0) : 0;
	return out == there || json_set(m->doc, original, name, out) ? 0 : -ENOMEM;
}

static int whole_map(struct merge *m, yyjson_mut_val *patch, const yyjson_mut_val *directive, yyjson_mut_val **ret) {
	struct slice what = json_str(directive);
	if (slice_eqs(what, "replace")) {
		json_del(patch, DIRECTIVE);
		*ret = patch;
		return 0;
	}
	if (slice_eqs(what, "delete")) {
		*ret = yyjson_mut_obj(m->doc);
		return *ret ? 0 : -ENOMEM;
	}
	struct buf b = BUF_INIT(MIB);
	buf_puts(&b, "unknown patch type: ");
	golang_print(&b, directive);
	buf_puts(&b, " in map: ");
	golang_print(&b, patch);
	return fail(m, -EPROTO, text_of(m, &b));
}

static int merge_members(struct merge *m, const struct schema_type *t, yyjson_mut_val *original, yyjson_mut_val *patch) {
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(patch);
	yyjson_mut_val *next;
	for (yyjson_mut_val *key = yyjson_mut_obj_iter_next(&it); key; key = next) {
		yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);
		const char *name = yyjson_mut_get_str(key);
		next = yyjson_mut_obj_iter_next(&it); /* before the value moves into the original */
		int r = slice_starts(json_str(key), SLICE_LIT(DELETE_PREFIX)) ? delete_from_list(m, original, name + sizeof(DELETE_PREFIX) - 1, value)
									       : merge_member(m, t, original, name, value);
		if (r < 0) return r;
	}
	return 0;
}

/* mergeMap: `original` is changed in place and returned, unless a directive makes another map of it. */
static int merge_map(struct merge *m, const struct schema_type *t, yyjson_mut_val *original, yyjson_mut_val *patch, yyjson_mut_val **ret) {
	const yyjson_mut_val *directive = json_get(patch, DIRECTIVE);
	if (directive) return whole_map(m, patch, directive, ret);
	*ret = original;
	/* Deeper than any typed value can be: what is there is replaced, and decoding refuses it. */
	if (m->depth > SCHEMA_DEPTH_MAX) {
		*ret = patch;
		return 0;
	}
	m->depth++;
	int r = retain_keys(m, original, patch);
	if (r == 0) r = set_orders(m, t, original, patch);
	if (r == 0) r = merge_members(m, t, original, patch);
	m->depth--;
	return r;
}

int schema_strategic_merge(const struct schema_type *t, yyjson_mut_doc *doc, yyjson_mut_val *target, const yyjson_mut_val *patch, const char **ret_msg) {
	struct merge m = { .doc = doc, .msg = ret_msg };
	yyjson_mut_val *copy = json_copy(doc, patch), *out;
	if (!copy) return -ENOMEM;
	if (!yyjson_mut_is_obj(copy) || !yyjson_mut_is_obj(target)) return fail(&m, -EBADMSG, "json: cannot unmarshal array into Go value of type map[string]interface {}");
	int r = merge_map(&m, t, target, copy, &out);
	if (r == 0 && out != target) *target = *out;
	return r;
}
