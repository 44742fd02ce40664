/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi/reach.h"

#include <errno.h>

int reach_init(struct reach *r) {
	r->n = 0;
	r->seen = map_new(REACH_TYPES_MAX);
	return r->seen ? 0 : -ENOMEM;
}

void reach_done(struct reach *r) { r->seen = map_free(r->seen, NULL); }

bool reach_is_named(const struct schema_type *t) { return t->key && (t->kind == SCHEMA_OBJECT || t->kind == SCHEMA_SPECIAL); }

static int note(struct reach *r, const struct schema_type *t) {
	while (t && !reach_is_named(t) && (t->kind == SCHEMA_LIST || t->kind == SCHEMA_MAP)) t = t->item;
	if (!t || !reach_is_named(t) || map_get(r->seen, slice_str(t->key))) return 0;
	if (r->n == REACH_TYPES_MAX) return -E2BIG;
	int e = map_put(r->seen, slice_str(t->key), (void *)(uintptr_t)t, NULL);
	if (e < 0) return e;
	r->v[r->n++] = t;
	return 0;
}

/* Breadth first: the list of found types is its own queue. */
int reach_add(struct reach *r, const struct schema_type *t) {
	size_t at = r->n;
	int e = note(r, t);
	for (; e == 0 && at < r->n; at++) {
		const struct schema_type *one = r->v[at];
		for (size_t i = 0; e == 0 && i < one->n_fields; i++) e = note(r, one->fields[i].type);
		if (e == 0 && one->kind == SCHEMA_SPECIAL && one->item) e = note(r, one->item);
	}
	return e;
}
