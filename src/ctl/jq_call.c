/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of jq that this program knows: those on values, lists and objects. jq_text.c has those on text. */
#include "ctl/jq_call.h"

#include <errno.h>
#include <math.h>

#define FUNCTION(name_) static int name_(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out)

static int put_bool(struct jq_run *r, struct jq_vals *out, bool yes) { return jq_out(r, out, yyjson_mut_bool(r->doc, yes)); }

/* The elements of an array, the values of an object. */
static int elements(struct jq_run *r, yyjson_mut_val *in, const char *what, struct jq_vals *ret) {
	yyjson_mut_val *v;
	size_t i, n;
	int e = 0;
	if (!yyjson_mut_is_arr(in)) return jq_fault(r, "%s cannot be %s, as it is not an array", jq_type(in), what);
	yyjson_mut_arr_foreach(in, i, n, v) if (e == 0) e = jq_out(r, ret, v);
	return e;
}

/* ---- what a value is ---- */

FUNCTION(f_length) {
	if (yyjson_mut_is_ctn(in)) return jq_out(r, out, yyjson_mut_uint(r->doc, yyjson_mut_is_arr(in) ? yyjson_mut_arr_size(in) : yyjson_mut_obj_size(in)));
	if (yyjson_mut_is_str(in)) return jq_out(r, out, yyjson_mut_uint(r->doc, jq_runes(json_str(in))));
	if (yyjson_mut_is_num(in)) return jq_out(r, out, jq_number(r, fabs(yyjson_mut_get_num(in))));
	return yyjson_mut_is_null(in) ? jq_out(r, out, yyjson_mut_uint(r->doc, 0)) : jq_fault(r, "%s has no length", jq_type(in));
}
FUNCTION(f_not) { return put_bool(r, out, !jq_true(in)); }
FUNCTION(f_type) { return jq_out(r, out, jq_text(r, slice_str(jq_type(in)))); }
FUNCTION(f_empty) { return 0; }
FUNCTION(f_values) { return yyjson_mut_is_null(in) ? 0 : jq_out(r, out, in); }

FUNCTION(f_error) {
	struct jq_vals a = { 0 };
	struct slice s;
	int e = jq_run_node(r, n->a, in, &a);
	if (e < 0 || !a.n) return e;
	e = jq_tostring(r, a.v[0], &s);
	return e < 0 ? e : jq_fault(r, "%.*s", SLICE_FMT(s));
}

FUNCTION(f_select) {
	struct jq_vals a = { 0 };
	int e = jq_run_node(r, n->a, in, &a);
	for (size_t i = 0; i < a.n && e == 0; i++)
		if (jq_true(a.v[i])) e = jq_out(r, out, in);
	return e;
}

static int by_text(const void *a, const void *b) { return slice_cmp(json_str(*(yyjson_mut_val *const *)a), json_str(*(yyjson_mut_val *const *)b)); }

FUNCTION(f_keys) {
	struct jq_vals keys = { 0 };
	yyjson_mut_val *k, *v;
	size_t i, max;
	int e = 0;
	if (!yyjson_mut_is_ctn(in)) return jq_fault(r, "%s has no keys", jq_type(in));
	if (yyjson_mut_is_arr(in)) {
		for (i = 0; i < yyjson_mut_arr_size(in) && e == 0; i++) e = jq_out(r, &keys, yyjson_mut_uint(r->doc, i));
	} else {
		yyjson_mut_obj_foreach(in, i, max, k, v) if (e == 0) e = jq_out(r, &keys, jq_text(r, json_str(k)));
		if (keys.n) qsort(keys.v, keys.n, sizeof(*keys.v), by_text);
	}
	return e ? e : jq_out(r, out, jq_array(r, keys.v, keys.n));
}

FUNCTION(f_has) {
	struct jq_vals a = { 0 };
	int e = jq_run_node(r, n->a, in, &a);
	for (size_t i = 0; i < a.n && e == 0; i++) {
		if (yyjson_mut_is_obj(in) && yyjson_mut_is_str(a.v[i])) e = put_bool(r, out, json_getn(in, json_str(a.v[i])) != NULL);
		else if (yyjson_mut_is_arr(in) && yyjson_mut_is_num(a.v[i]))
			e = put_bool(r, out, yyjson_mut_get_num(a.v[i]) >= 0 && yyjson_mut_get_num(a.v[i]) < (double)yyjson_mut_arr_size(in));
		else e = jq_fault(r, "Cannot check whether %s has a %s key", jq_type(in), jq_type(a.v[i]));
	}
	return e;
}

/* ---- lists ---- */

FUNCTION(f_map) {
	struct jq_vals all = { 0 };
	yyjson_mut_val *k, *v;
	size_t i, max;
	int e = 0;
	if (!yyjson_mut_is_ctn(in)) return jq_fault(r, "Cannot iterate over %s", jq_type(in));
	if (yyjson_mut_is_arr(in)) {
		yyjson_mut_arr_foreach(in, i, max, v) if (e == 0) e = jq_run_node(r, n->a, v, &all);
	} else {
		yyjson_mut_obj_foreach(in, i, max, k, v) if (e == 0) e = jq_run_node(r, n->a, v, &all);
	}
	return e ? e : jq_out(r, out, jq_array(r, all.v, all.n));
}

FUNCTION(f_add) {
	yyjson_mut_val *sum = yyjson_mut_null(r->doc), *k, *v;
	size_t i, max;
	int e = 0;
	if (!yyjson_mut_is_ctn(in)) return jq_fault(r, "Cannot iterate over %s", jq_type(in));
	if (yyjson_mut_is_arr(in)) {
		yyjson_mut_arr_foreach(in, i, max, v) if (e == 0) e = jq_binary(r, JQ_ADD, sum, v, &sum);
	} else {
		yyjson_mut_obj_foreach(in, i, max, k, v) if (e == 0) e = jq_binary(r, JQ_ADD, sum, v, &sum);
	}
	return e ? e : jq_out(r, out, sum);
}

/* any, all: of the elements, or of what the argument says of them. */
static int any_all(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out, bool any) {
	struct jq_vals list = { 0 };
	bool found = false;
	int e = elements(r, in, "iterated over", &list);
	for (size_t i = 0; i < list.n && e == 0; i++) {
		struct jq_vals a = { 0 };
		e = n->a ? jq_run_node(r, n->a, list.v[i], &a) : jq_out(r, &a, list.v[i]);
		for (size_t k = 0; k < a.n; k++) found = found || jq_true(a.v[k]) == any;
	}
	return e ? e : put_bool(r, out, any ? found : !found);
}
FUNCTION(f_any) { return any_all(r, n, in, out, true); }
FUNCTION(f_all) { return any_all(r, n, in, out, false); }

FUNCTION(f_reverse) {
	struct jq_vals list = { 0 }, back = { 0 };
	int e = yyjson_mut_is_null(in) ? 0 : elements(r, in, "reversed", &list);
	for (size_t i = list.n; i > 0 && e == 0; i--) e = jq_out(r, &back, list.v[i - 1]);
	return e ? e : jq_out(r, out, jq_array(r, back.v, back.n));
}

static int end_of(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out, bool last) {
	struct jq_vals list = { 0 };
	int e = n->a ? jq_run_node(r, n->a, in, &list) : yyjson_mut_is_null(in) ? 0 : elements(r, in, "indexed", &list);
	if (e || (!list.n && n->a)) return e;
	return jq_out(r, out, list.n ? list.v[last ? list.n - 1 : 0] : yyjson_mut_null(r->doc));
}
FUNCTION(f_first) { return end_of(r, n, in, out, false); }
FUNCTION(f_last) { return end_of(r, n, in, out, true); }

/* ---- sorting ---- */

struct keyed {
	struct jq_run *r;
	yyjson_mut_val *value, *key;
	size_t at;
};

static int by_key(const void *a, const void *b) {
	const struct keyed *x = a, *y = b;
	int c = jq_compare(x->r, x->key, y->key);
	return c ? c : (x->at > y->at) - (x->at < y->at);
}

static int sort_keyed(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct keyed **ret, size_t *ret_n) {
	struct jq_vals list = { 0 };
	int e = elements(r, in, "sorted", &list);
	struct keyed *v = e ? NULL : arena_array(r->a, list.n + 1, sizeof(*v));
	if (!v) return e ? e : -ENOMEM;
	for (size_t i = 0; i < list.n; i++) {
		struct jq_vals key = { 0 };
		if (n->a && (e = jq_run_node(r, n->a, list.v[i], &key))) return e;
		v[i] = (struct keyed){ r, list.v[i], !n->a ? list.v[i] : key.n == 1 ? key.v[0] : jq_array(r, key.v, key.n), i };
		if (!v[i].key) return -ENOMEM;
	}
	qsort(v, list.n, sizeof(*v), by_key);
	*ret = v;
	*ret_n = list.n;
	return 0;
}

static int sorted(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out, bool once) {
	struct jq_vals all = { 0 };
	struct keyed *v;
	size_t k;
	int e = sort_keyed(r, n, in, &v, &k);
	for (size_t i = 0; e == 0 && i < k; i++)
		if (!once || !i || jq_compare(r, v[i - 1].key, v[i].key)) e = jq_out(r, &all, v[i].value);
	return e ? e : jq_out(r, out, jq_array(r, all.v, all.n));
}
FUNCTION(f_sort) { return sorted(r, n, in, out, false); }
FUNCTION(f_unique) { return sorted(r, n, in, out, true); }

FUNCTION(f_group_by) {
	struct jq_vals groups = { 0 }, one = { 0 };
	struct keyed *v;
	size_t k;
	int e = sort_keyed(r, n, in, &v, &k);
	for (size_t i = 0; e == 0 && i < k; i++) {
		if (i && jq_compare(r, v[i - 1].key, v[i].key)) {
			e = jq_out(r, &groups, jq_array(r, one.v, one.n));
			one.n = 0;
		}
		if (e == 0) e = jq_out(r, &one, v[i].value);
	}
	if (e == 0 && one.n) e = jq_out(r, &groups, jq_array(r, one.v, one.n));
	return e ? e : jq_out(r, out, jq_array(r, groups.v, groups.n));
}

static int extreme(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out, bool last) {
	struct keyed *v;
	size_t k;
	int e = sort_keyed(r, n, in, &v, &k);
	return e ? e : jq_out(r, out, k ? v[last ? k - 1 : 0].value : yyjson_mut_null(r->doc));
}
FUNCTION(f_min) { return extreme(r, n, in, out, false); }
FUNCTION(f_max) { return extreme(r, n, in, out, true); }

/* ---- objects as lists of pairs ---- */

static int to_entries(struct jq_run *r, yyjson_mut_val *in, struct jq_vals *ret) {
	yyjson_mut_val *k, *v;
	size_t i, max;
	if (!yyjson_mut_is_obj(in)) return jq_fault(r, "%s has no keys", jq_type(in));
	yyjson_mut_obj_foreach(in, i, max, k, v) {
		yyjson_mut_val *o = yyjson_mut_obj(r->doc), *name = jq_text(r, json_str(k));
		if (!o || !name || jq_put(r, o, SLICE_LIT("key"), name) < 0 || jq_put(r, o, SLICE_LIT("value"), v) < 0 || jq_out(r, ret, o) < 0) return -ENOMEM;
	}
	return 0;
}

static int from_entries(struct jq_run *r, const struct jq_vals *list, struct jq_vals *out) {
	static const char *const keys[] = { "key", "k", "name", "Name", "Key", "K" }, *const values[] = { "value", "v", "Value", "V" };
	yyjson_mut_val *o = yyjson_mut_obj(r->doc);
	for (size_t i = 0; i < list->n && o; i++) {
		yyjson_mut_val *k = NULL, *v = NULL;
		struct slice name;
		for (size_t j = 0; j < ELEMENTSOF(keys) && !jq_true(k); j++) k = json_get(list->v[i], keys[j]);
		for (size_t j = 0; j < ELEMENTSOF(values) && !v; j++) v = json_get(list->v[i], values[j]);
		if (!k || yyjson_mut_is_ctn(k)) return jq_fault(r, "Cannot use %s as object key", k ? jq_type(k) : "null");
		int e = jq_tostring(r, k, &name);
		if (e == 0) e = jq_put(r, o, name, v ? v : yyjson_mut_null(r->doc));
		if (e < 0) return e;
	}
	return jq_out(r, out, o);
}

FUNCTION(f_to_entries) {
	struct jq_vals list = { 0 };
	int e = to_entries(r, in, &list);
	return e ? e : jq_out(r, out, jq_array(r, list.v, list.n));
}
FUNCTION(f_from_entries) {
	struct jq_vals list = { 0 };
	int e = elements(r, in, "made an object", &list);
	return e ? e : from_entries(r, &list, out);
}
FUNCTION(f_with_entries) {
	struct jq_vals list = { 0 }, changed = { 0 };
	int e = to_entries(r, in, &list);
	for (size_t i = 0; i < list.n && e == 0; i++) e = jq_run_node(r, n->a, list.v[i], &changed);
	return e ? e : from_entries(r, &changed, out);
}

static const struct jq_function functions[] = {
	{ "add", 0, f_add }, { "all", 0, f_all }, { "all", 1, f_all }, { "any", 0, f_any }, { "any", 1, f_any }, { "empty", 0, f_empty }, { "error", 1, f_error },
	{ "first", 0, f_first }, { "first", 1, f_first }, { "from_entries", 0, f_from_entries }, { "group_by", 1, f_group_by }, { "has", 1, f_has },
	{ "keys", 0, f_keys }, { "last", 0, f_last }, { "last", 1, f_last }, { "length", 0, f_length }, { "map", 1, f_map }, { "max", 0, f_max },
	{ "max_by", 1, f_max }, { "min", 0, f_min }, { "min_by", 1, f_min }, { "not", 0, f_not }, { "reverse", 0, f_reverse }, { "select", 1, f_select },
	{ "sort", 0, f_sort }, { "sort_by", 1, f_sort }, { "to_entries", 0, f_to_entries }, { "type", 0, f_type }, { "unique", 0, f_unique },
	{ "unique_by", 1, f_unique }, { "values", 0, f_values }, { "with_entries", 1, f_with_entries },
};

static const struct jq_function *find_in(const struct jq_function *t, size_t n, struct slice name, unsigned args) {
	for (size_t i = 0; i < n; i++)
		if (t[i].args == args && slice_eqs(name, t[i].name)) return &t[i];
	return NULL;
}

const struct jq_function *jq_function_find(struct slice name, unsigned args) {
	const struct jq_function *f = find_in(functions, ELEMENTSOF(functions), name, args);
	return f ? f : find_in(jq_text_functions, jq_text_functions_n, name, args);
}
