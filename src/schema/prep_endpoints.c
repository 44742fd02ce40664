/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints in canonical form: one subset per set of ports, addresses without repetition and in order. */
#include "schema/calls.h"

#include <errno.h>

/* Members of two lists of ports, order aside. */
static bool same_ports(yyjson_mut_val *a, yyjson_mut_val *b) {
	yyjson_mut_val *x, *y;
	size_t i, n, j, m;
	if (yyjson_mut_arr_size(a) != yyjson_mut_arr_size(b)) return false;
	yyjson_mut_arr_foreach(a, i, n, x) {
		bool found = false;
		yyjson_mut_arr_foreach(b, j, m, y) found |= json_equal(x, y);
		if (!found) return false;
	}
	return true;
}

static struct slice target_uid(const yyjson_mut_val *address) { return json_path_str(json_get(address, "targetRef"), "uid"); }

static int address_cmp(const yyjson_mut_val *a, const yyjson_mut_val *b) {
	int c = slice_cmp(json_path_str(a, "ip"), json_path_str(b, "ip"));
	return c ? c : slice_cmp(target_uid(a), target_uid(b));
}

/* Inserts in order; an address that is there already is dropped. */
static bool insert(yyjson_mut_val *list, yyjson_mut_val *address) {
	yyjson_mut_val *x;
	size_t i, n;
	yyjson_mut_arr_foreach(list, i, n, x) {
		int c = address_cmp(address, x);
		if (c == 0) return true;
		if (c < 0) return yyjson_mut_arr_insert(list, address, i);
	}
	return yyjson_mut_arr_append(list, address);
}

static int merge(yyjson_mut_doc *doc, yyjson_mut_val *into, const yyjson_mut_val *from, const char *name) {
	yyjson_mut_val *list = json_get(into, name), *x;
	size_t i, n;
	if (!yyjson_mut_arr_size(json_get(from, name))) return 0;
	if (!list && (!(list = yyjson_mut_arr(doc)) || !json_set(doc, into, name, list))) return -ENOMEM;
	yyjson_mut_arr_foreach(json_get(from, name), i, n, x) {
		yyjson_mut_val *copy = json_copy(doc, x);
		if (!copy || !insert(list, copy)) return -ENOMEM;
	}
	return 0;
}

static yyjson_mut_val *subset_for(yyjson_mut_doc *doc, yyjson_mut_val *subsets, yyjson_mut_val *ports) {
	yyjson_mut_val *s;
	size_t i, n;
	yyjson_mut_arr_foreach(subsets, i, n, s) {
		if (same_ports(json_get(s, "ports"), ports)) return s;
	}
	s = yyjson_mut_obj(doc);
	if (!s || !yyjson_mut_arr_append(subsets, s)) return NULL;
	return !ports || json_set(doc, s, "ports", json_copy(doc, ports)) ? s : NULL;
}

SCHEMA_PREP(endpoints_subsets) {
	yyjson_mut_val *from = json_get(obj, "subsets"), *subsets = yyjson_mut_arr(doc), *s;
	size_t i, n;
	if (!yyjson_mut_arr_size(from)) return 0;
	if (!subsets) return -ENOMEM;
	yyjson_mut_arr_foreach(from, i, n, s) {
		if (!yyjson_mut_arr_size(json_get(s, "addresses")) && !yyjson_mut_arr_size(json_get(s, "notReadyAddresses")))
			continue;
		yyjson_mut_val *into = subset_for(doc, subsets, json_get(s, "ports"));
		if (!into || merge(doc, into, s, "addresses") < 0 || merge(doc, into, s, "notReadyAddresses") < 0) return -ENOMEM;
	}
	return json_set(doc, obj, "subsets", subsets) ? 0 : -ENOMEM;
}
