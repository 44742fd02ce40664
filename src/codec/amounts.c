/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/amounts.h"

#include <stdlib.h>

struct quantity *amounts_get(const struct amounts *s, struct slice name) {
	for (size_t i = 0; i < s->n; i++)
		if (slice_eq(s->v[i].name, name)) return &s->v[i].q;
	return NULL;
}

void amounts_set(struct amounts *s, struct slice name, struct quantity q) {
	struct quantity *has = amounts_get(s, name);
	if (has) {
		*has = q;
		return;
	}
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 8;
		struct amount *v = cap > AMOUNTS_MAX ? NULL : arena_realloc(s->a, s->v, s->cap * sizeof(*v), cap * sizeof(*v));
		if (!v) {
			s->failed = true;
			return;
		}
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n++] = (struct amount){ name, q };
}

void amounts_add(struct amounts *s, struct slice name, struct quantity q) {
	const struct quantity *has = amounts_get(s, name);
	amounts_set(s, name, has ? quantity_add(*has, q) : q);
}

void amounts_max(struct amounts *s, struct slice name, struct quantity q) {
	const struct quantity *has = amounts_get(s, name);
	if (!has || quantity_cmp(q, *has) > 0) amounts_set(s, name, q);
}

void amounts_add_list(struct amounts *s, const yyjson_mut_val *list) {
	yyjson_mut_val *key;
	if (!list) return;
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with((yyjson_mut_val *)(uintptr_t)list);
	while ((key = yyjson_mut_obj_iter_next(&it))) {
		struct quantity q;
		if (quantity_parse(json_str(yyjson_mut_obj_iter_get_val(key)), &q, NULL) == 0) amounts_add(s, json_str(key), q);
	}
}

static int by_name(const void *a, const void *b) { return slice_cmp(((const struct amount *)a)->name, ((const struct amount *)b)->name); }

void amounts_sort(struct amounts *s) {
	if (s->n) qsort(s->v, s->n, sizeof(*s->v), by_name);
}

void amounts_add_all(struct amounts *s, const struct amounts *more) {
	for (size_t i = 0; i < more->n; i++) amounts_add(s, more->v[i].name, more->v[i].q);
	s->failed |= more->failed;
}

void amounts_max_all(struct amounts *s, const struct amounts *more) {
	for (size_t i = 0; i < more->n; i++) amounts_max(s, more->v[i].name, more->v[i].q);
	s->failed |= more->failed;
}

bool amounts_equal(const struct amounts *a, const struct amounts *b) {
	for (size_t i = 0; i < a->n; i++) {
		const struct quantity *q = amounts_get(b, a->v[i].name);
		if (!q || quantity_cmp(*q, a->v[i].q) != 0) return false;
	}
	return a->n == b->n;
}
