/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/patch/order.h"

struct element {
	yyjson_mut_val *v;
	size_t in_order, in_server, at; /* SIZE_MAX: not there */
};

static size_t place(const yyjson_mut_val *list, const yyjson_mut_val *v, const char *key) {
	yyjson_mut_val *one;
	size_t i = 0;
	json_each(list, one) {
		if (key ? json_equal(json_get(one, key), json_get(v, key)) : json_equal(one, v)) return i;
		i++;
	}
	return SIZE_MAX;
}

static int by_order(const void *a, const void *b) {
	const struct element *x = a, *y = b;
	if (x->in_order != y->in_order) return x->in_order < y->in_order ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static int by_server(const void *a, const void *b) {
	const struct element *x = a, *y = b;
	if (x->in_server != y->in_server) return x->in_server < y->in_server ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

/* mergeSortedSlice: an element of the server goes before the patch's next one only if the server has both, in that order. */
static bool interleave(yyjson_mut_val *out, const struct element *left, size_t n_left, const struct element *right, size_t n_right) {
	size_t i = 0, j = 0;
	while (i < n_left || j < n_right) {
		bool take_left = j >= n_right;
		if (i < n_left && j < n_right)
			take_left = left[i].in_server != SIZE_MAX && right[j].in_server != SIZE_MAX && left[i].in_server < right[j].in_server;
		if (!yyjson_mut_arr_append(out, take_left ? left[i++].v : right[j++].v)) return false;
	}
	return true;
}

yyjson_mut_val *order_elements(yyjson_mut_doc *doc, yyjson_mut_val *merged, const yyjson_mut_val *order, const yyjson_mut_val *server, const char *key) {
	size_t n = json_size(merged), n_left = 0, n_right = 0;
	struct element *v = calloc(2 * n + 1, sizeof(*v)), *left = v, *right = v ? v + n : NULL;
	yyjson_mut_val *out = yyjson_mut_arr(doc), *one;
	if (!v || !out) {
		free(v);
		return NULL;
	}
	size_t at = 0;
	json_each(merged, one) {
		struct element e = { one, place(order, one, key), place(server, one, key), at++ };
		if (e.in_order == SIZE_MAX) left[n_left++] = e;
		else right[n_right++] = e;
	}
	qsort(left, n_left, sizeof(*v), by_server);
	qsort(right, n_right, sizeof(*v), by_order);
	bool ok = interleave(out, left, n_left, right, n_right);
	free(v);
	return ok ? out : NULL;
}
