/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/merge3.h"
#include "ctl/goprint.h"
#include "ctl/openapi.h"
#include "ctl/tree.h"

/* How a field is merged. */
struct rule {
	const yyjson_mut_val *schema; /* of the value, or of a list's elements; NULL: unknown */
	const char *key;              /* merge key of a list of objects, "" for one of scalars */
	bool merge, replace, retain;
};

/* One field's values: what was applied, is to be, is. NULL: absent. */
struct triple {
	const yyjson_mut_val *original, *modified, *current;
};

static int diff_object(struct merge3 *m, struct triple t, const yyjson_mut_val *schema, bool retain, unsigned depth, yyjson_mut_val *patch);

static bool is_obj(const yyjson_mut_val *v) { return yyjson_mut_is_obj((yyjson_mut_val *)(uintptr_t)v); }
static bool is_arr(const yyjson_mut_val *v) { return yyjson_mut_is_arr((yyjson_mut_val *)(uintptr_t)v); }
static bool is_null(const yyjson_mut_val *v) { return yyjson_mut_is_null((yyjson_mut_val *)(uintptr_t)v); }

static yyjson_mut_val *copy(struct merge3 *m, const yyjson_mut_val *v) { return ctl_must(json_copy(m->doc, v)); }
static void put(struct merge3 *m, yyjson_mut_val *patch, const char *name, yyjson_mut_val *v) { tree_set(m->c, m->doc, patch, name, v); }

static struct rule rule_of(const struct merge3 *m, const yyjson_mut_val *schema, const char *name) {
	struct rule r = { .key = "" };
	const yyjson_mut_val *field = schema ? json_get(json_get(schema, "properties"), name) : NULL;
	if (!field) return r;
	r.key = text_at(field, "x-kubernetes-patch-merge-key");
	for (struct slice rest = json_path_str(field, "x-kubernetes-patch-strategy"); rest.p;) {
		struct slice word = slice_cut(&rest, ',');
		r.merge = r.merge || slice_eqs(word, "merge");
		r.replace = r.replace || slice_eqs(word, "replace");
		r.retain = r.retain || slice_eqs(word, "retainKeys");
	}
	const yyjson_mut_val *items = json_get(field, "items");
	r.schema = openapi_resolve(m->document, items ? items : field);
	return r;
}

/* ---- lists of scalars ---- */

/* How often `v` is among the first `limit` elements. */
static size_t count(const yyjson_mut_val *list, const yyjson_mut_val *v, size_t limit) {
	yyjson_mut_val *e;
	size_t n = 0, i = 0;
	json_each(list, e) {
		if (i++ == limit) break;
		n += json_equal(e, v);
	}
	return n;
}

static void diff_scalars(struct merge3 *m, struct triple t, const char *name, yyjson_mut_val *patch) {
	yyjson_mut_val *v, *add = ctl_must(yyjson_mut_arr(m->doc)), *gone = ctl_must(yyjson_mut_arr(m->doc));
	size_t i = 0;
	json_each(t.modified, v) {
		/* Repeated values are told apart by how many there are. */
		if (count(t.modified, v, ++i) > count(t.current, v, SIZE_MAX)) tree_append(m->c, add, copy(m, v));
	}
	json_each(t.original, v) {
		if (!count(t.modified, v, SIZE_MAX) && !count(gone, v, SIZE_MAX)) tree_append(m->c, gone, copy(m, v));
	}
	bool ordered = json_size(gone) || (json_size(t.current) && !json_equal(t.current, t.modified));
	if (json_size(add)) put(m, patch, name, add);
	if (json_size(gone)) put(m, patch, ctl_printf(m->c, "$deleteFromPrimitiveList/%s", name), gone);
	if (ordered && json_size(t.modified)) put(m, patch, ctl_printf(m->c, "$setElementOrder/%s", name), copy(m, t.modified));
}

/* ---- lists of objects ---- */

static const yyjson_mut_val *element(const yyjson_mut_val *list, const char *key, const yyjson_mut_val *value) {
	yyjson_mut_val *e;
	json_each(list, e) if (json_equal(json_get(e, key), value)) return e;
	return NULL;
}

static int check_keys(struct merge3 *m, const yyjson_mut_val *list, const char *key) {
	yyjson_mut_val *e;
	json_each(list, e) {
		struct buf b = BUF_INIT(CTL_FILE_MAX);
		if (is_obj(e) && json_get(e, key)) continue;
		(void)goprint_v(&b, e);
		return ctl_fail(m->c, "map: %s does not contain declared merge key: %s", ctl_take(m->c, &b).p, key);
	}
	return 0;
}

static bool same_order(const yyjson_mut_val *a, const yyjson_mut_val *b, const char *key) {
	yyjson_mut_arr_iter ia = json_arr_iter(a), ib = json_arr_iter(b);
	yyjson_mut_val *va, *vb;
	if (json_size(a) != json_size(b)) return false;
	while ((va = yyjson_mut_arr_iter_next(&ia)) && (vb = yyjson_mut_arr_iter_next(&ib)))
		if (!json_equal(json_get(va, key), json_get(vb, key))) return false;
	return true;
}

static yyjson_mut_val *key_only(struct merge3 *m, const yyjson_mut_val *e, const char *key) {
	yyjson_mut_val *obj = ctl_must(yyjson_mut_obj(m->doc));
	put(m, obj, key, copy(m, json_get(e, key)));
	return obj;
}

static int diff_elements(struct merge3 *m, struct triple t, const struct rule *r, unsigned depth, yyjson_mut_val *list) {
	yyjson_mut_val *e;
	json_each(t.modified, e) {
		const yyjson_mut_val *value = json_get(e, r->key), *current = element(t.current, r->key, value);
		struct triple inner = { element(t.original, r->key, value), e, current };
		yyjson_mut_val *patch = ctl_must(yyjson_mut_obj(m->doc));
		if (!current) {
			tree_append(m->c, list, copy(m, e));
			continue;
		}
		if (diff_object(m, inner, r->schema, false, depth + 1, patch)) return 1;
		if (!json_size(patch)) continue;
		put(m, patch, r->key, copy(m, value));
		tree_append(m->c, list, patch);
	}
	return 0;
}

static int diff_objects(struct merge3 *m, struct triple t, const char *name, const struct rule *r, unsigned depth, yyjson_mut_val *patch) {
	yyjson_mut_val *e, *list = ctl_must(yyjson_mut_arr(m->doc)), *order = ctl_must(yyjson_mut_arr(m->doc));
	bool gone = false;
	if (check_keys(m, t.original, r->key) || check_keys(m, t.modified, r->key) || check_keys(m, t.current, r->key) ||
	    diff_elements(m, t, r, depth, list))
		return 1;
	json_each(t.original, e) {
		if (element(t.modified, r->key, json_get(e, r->key))) continue;
		yyjson_mut_val *del = key_only(m, e, r->key);
		put(m, del, "$patch", tree_string(m->c, m->doc, "delete"));
		tree_append(m->c, list, del);
		gone = true;
	}
	/* A list that is not there yet is created as it is. */
	bool ordered = gone || (json_size(t.current) && (json_size(list) || !same_order(t.current, t.modified, r->key)));
	json_each(t.modified, e) tree_append(m->c, order, key_only(m, e, r->key));
	if (json_size(list)) put(m, patch, name, list);
	if (ordered && json_size(order)) put(m, patch, ctl_printf(m->c, "$setElementOrder/%s", name), order);
	return 0;
}

/* ---- fields ---- */

static const yyjson_mut_val *first_of(struct triple t) {
	return json_size(t.modified) ? json_first(t.modified) : json_size(t.current) ? json_first(t.current) : json_first(t.original);
}

static int diff_list(struct merge3 *m, struct triple t, const char *name, const struct rule *r, unsigned depth, yyjson_mut_val *patch) {
	if (!r->merge) {
		if (!json_equal(t.modified, t.current)) put(m, patch, name, copy(m, t.modified));
		return 0;
	}
	if (is_obj(first_of(t))) return diff_objects(m, t, name, r, depth, patch);
	diff_scalars(m, t, name, patch);
	return 0;
}

static int diff_inner(struct merge3 *m, struct triple t, const char *name, const struct rule *r, unsigned depth, yyjson_mut_val *patch) {
	yyjson_mut_val *inner = ctl_must(yyjson_mut_obj(m->doc));
	if (r->replace) {
		put(m, patch, name, copy(m, t.modified));
		return 0;
	}
	if (!is_obj(t.original)) t.original = NULL;
	if (diff_object(m, t, r->schema, r->retain, depth + 1, inner)) return 1;
	if (json_size(inner)) put(m, patch, name, inner);
	return 0;
}

/* A null in JSON merge patches only takes away what was applied before. */
static bool drop_null(const struct merge3 *m, struct triple t) {
	return !m->document && is_null(t.modified) && (!t.original || is_null(t.original));
}

static int diff_field(struct merge3 *m, struct triple t, const char *name, const struct rule *r, unsigned depth, yyjson_mut_val *patch) {
	bool objects = is_obj(t.modified) && is_obj(t.current), lists = is_arr(t.modified) && is_arr(t.current);
	if (drop_null(m, t)) return 0;
	if (objects && depth < MERGE3_DEPTH_MAX) return diff_inner(m, t, name, r, depth, patch);
	if (lists) {
		if (!is_arr(t.original)) t.original = NULL;
		return diff_list(m, t, name, r, depth, patch);
	}
	if (!t.current || !json_equal(t.modified, t.current)) put(m, patch, name, copy(m, t.modified));
	return 0;
}

/* Which fields of a union (deployment strategies, volumes) stay. */
static void add_retained(struct merge3 *m, struct triple t, yyjson_mut_val *patch) {
	yyjson_mut_val *k, *v, *list = ctl_must(yyjson_mut_arr(m->doc));
	struct strings names = { 0 };
	size_t i, n;
	bool more = json_size(patch) > 0;
	yyjson_mut_obj_foreach((yyjson_mut_val *)(uintptr_t)t.current, i, n, k, v) more = more || (!is_null(v) && !json_get(t.modified, text_of(k)));
	if (!more) return;
	yyjson_mut_obj_foreach((yyjson_mut_val *)(uintptr_t)t.modified, i, n, k, v) {
		if (!is_null(v)) strings_add(m->c, &names, text_of(k));
	}
	strings_sort(&names);
	for (i = 0; i < names.n; i++) tree_append(m->c, list, tree_string(m->c, m->doc, names.v[i]));
	if (names.n) put(m, patch, "$retainKeys", list);
}

static int diff_object(struct merge3 *m, struct triple t, const yyjson_mut_val *schema, bool retain, unsigned depth, yyjson_mut_val *patch) {
	yyjson_mut_val *k, *v;
	size_t i, n;
	yyjson_mut_obj_foreach((yyjson_mut_val *)(uintptr_t)t.modified, i, n, k, v) {
		const char *name = text_of(k);
		struct rule r = rule_of(m, schema, name);
		struct triple inner = { json_get(t.original, name), v, json_get(t.current, name) };
		if (diff_field(m, inner, name, &r, depth, patch)) return 1;
	}
	yyjson_mut_obj_foreach((yyjson_mut_val *)(uintptr_t)t.original, i, n, k, v) {
		if (!json_get(t.modified, text_of(k))) put(m, patch, text_of(k), ctl_must(yyjson_mut_null(m->doc)));
	}
	if (retain) add_retained(m, t, patch);
	return 0;
}

yyjson_mut_val *merge3_patch(struct merge3 *m, const yyjson_mut_val *original, const yyjson_mut_val *modified, const yyjson_mut_val *current,
			     const yyjson_mut_val *schema) {
	yyjson_mut_val *patch = ctl_must(yyjson_mut_obj(m->doc));
	return diff_object(m, (struct triple){ original, modified, current }, schema, false, 0, patch) ? NULL : patch;
}
