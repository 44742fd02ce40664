/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a snapshot: get, scan, count. */
#include "store/snapshot.h"

#include <string.h>

_Static_assert(ELEMENTSOF(((struct store_cursor *)0)->stack) >= 2 * TREE_DEPTH_MAX, "a cursor holds a whole path");

struct store_obj *store_get(const struct store_snapshot *sn, const struct store_key *key) { return tree_find(sn->root, key); }

static struct tree_bound edge(struct slice resource, struct slice ns, int tie) {
	return (struct tree_bound){ { resource, ns, SLICE_NULL }, slice_empty(ns) ? 1 : 2, tie };
}

void store_scan(const struct store_snapshot *sn, struct slice resource, struct slice ns, const struct store_key *after,
                struct store_cursor *ret) {
	struct tree_bound b = after ? (struct tree_bound){ *after, 3, 1 } : edge(resource, ns, -1);
	struct tree_bound first = edge(resource, ns, -1);
	*ret = (struct store_cursor){ .sn = sn, .prefix = { resource, ns, SLICE_NULL } };
	/* A start before the range (a forged continue token) begins at the range. */
	if (after && (slice_cmp(after->resource, resource) < 0 ||
	              (slice_eq(after->resource, resource) && !slice_empty(ns) && slice_cmp(after->ns, ns) < 0)))
		b = first;
	tree_seek(sn->root, &b, ret->stack, &ret->depth);
}

struct store_obj *store_next(struct store_cursor *c) {
	struct store_obj *o = tree_step(c->stack, &c->depth);
	if (!o) return NULL;
	if (slice_eq(o->key.resource, c->prefix.resource) && (slice_empty(c->prefix.ns) || slice_eq(o->key.ns, c->prefix.ns))) return o;
	c->depth = 0;
	return NULL;
}

size_t store_count(const struct store_snapshot *sn, struct slice resource, struct slice ns) {
	struct tree_bound from = edge(resource, ns, -1), to = edge(resource, ns, 1);
	return tree_rank(sn->root, &to) - tree_rank(sn->root, &from);
}
