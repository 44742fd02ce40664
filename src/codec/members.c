/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/members.h"

#include <errno.h>

static int by_name(const void *pa, const void *pb) {
	const struct member *a = pa, *b = pb;
	int c = slice_cmp(json_str(a->key), json_str(b->key));
	return c ? c : (a->order > b->order) - (a->order < b->order);
}

int members_sorted(const yyjson_mut_val *obj, struct members *ret) {
	yyjson_mut_val *o = (yyjson_mut_val *)(uintptr_t)obj, *k, *v;
	size_t i, n = yyjson_mut_obj_size(o), kept = 0;
	*ret = (struct members){ 0 };
	if (n == 0) return 0;
	struct member *m = calloc(n, sizeof(*m));
	if (!m) return -ENOMEM;
	bool sorted = true;
	yyjson_mut_obj_foreach(o, i, n, k, v) {
		m[i] = (struct member){ k, v, i };
		if (i && sorted) sorted = slice_cmp(json_str(m[i - 1].key), json_str(k)) < 0;
	}
	if (!sorted) qsort(m, n, sizeof(*m), by_name);
	for (i = 0; i < n; i++) {
		bool last = i + 1 == n || !slice_eq(json_str(m[i].key), json_str(m[i + 1].key));
		if (last) m[kept++] = m[i];
	}
	*ret = (struct members){ m, kept };
	return 0;
}

void members_done(struct members *m) {
	free(m->v);
	*m = (struct members){ 0 };
}

int members_sort(yyjson_mut_val *obj) {
	_cleanup_(members_done) struct members m = { 0 };
	if (members_sorted(obj, &m) < 0) return -ENOMEM;
	if (!yyjson_mut_is_obj(obj)) return 0;
	yyjson_mut_obj_clear(obj);
	for (size_t i = 0; i < m.n; i++) yyjson_mut_obj_add(obj, m.v[i].key, m.v[i].val);
	return 0;
}
