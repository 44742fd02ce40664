/* SPDX-License-Identifier: Apache-2.0 */
#include "store/snapshot.h"

#include <string.h>

#define PTR_BITS 48
#define PTR_MASK ((UINT64_C(1) << PTR_BITS) - 1)
#define ONE_TAKEN (UINT64_C(1) << PTR_BITS)
/* Taken references are moved to the snapshot's own count from here on, long before the 16 bits overflow. */
#define TAKEN_HIGH (UINT64_C(1) << 14)
#define BIAS (INT64_C(1) << 40)

static struct store_snapshot *ptr_of(uint64_t word) { return (struct store_snapshot *)(uintptr_t)(word & PTR_MASK); }

static void snapshot_drop(struct store_snapshot *sn, int64_t n) {
	/* acq_rel: every holder's reads of the tree happen before it is freed. */
	if (atomic_fetch_sub_explicit(&sn->refs, n, memory_order_acq_rel) != n) return;
	tree_node_unref(sn->root);
	free(sn);
}

struct store_snapshot *snapshot_new(struct tree_node *root, uint64_t rv) {
	struct store_snapshot *sn = malloc(sizeof(*sn));
	if (!sn) return tree_node_unref(root), NULL;
	atomic_init(&sn->refs, 1);
	sn->rv = rv;
	sn->root = root;
	return sn;
}

struct store_snapshot *store_snapshot_ref(struct store_snapshot *sn) {
	if (sn) atomic_fetch_add_explicit(&sn->refs, 1, memory_order_relaxed);
	return sn;
}

struct store_snapshot *store_snapshot_unref(struct store_snapshot *sn) {
	if (sn) snapshot_drop(sn, 1);
	return NULL;
}

uint64_t store_snapshot_rv(const struct store_snapshot *sn) { return sn->rv; }

void published_init(struct published *p, struct store_snapshot *sn) {
	atomic_fetch_add_explicit(&sn->refs, BIAS - 1, memory_order_relaxed);
	atomic_init(&p->word, (uint64_t)(uintptr_t)sn);
}

void published_set(struct published *p, struct store_snapshot *sn) {
	atomic_fetch_add_explicit(&sn->refs, BIAS - 1, memory_order_relaxed);
	/* Release: the new tree is complete before a reader can see it. Acquire: the count read belongs to the old word. */
	uint64_t old = atomic_exchange_explicit(&p->word, (uint64_t)(uintptr_t)sn, memory_order_acq_rel);
	snapshot_drop(ptr_of(old), BIAS - (int64_t)(old >> PTR_BITS));
}

/* Moves the references taken so far into the snapshot's own count. They are added there first, so that the count is never
 * too small; if the word names another snapshot by then, the publisher has accounted for them and the addition is undone. */
static void settle(struct published *p, struct store_snapshot *sn) {
	uint64_t word = atomic_load_explicit(&p->word, memory_order_relaxed);
	while (ptr_of(word) == sn && word >> PTR_BITS >= TAKEN_HIGH) {
		int64_t n = (int64_t)(word >> PTR_BITS);
		atomic_fetch_add_explicit(&sn->refs, n, memory_order_relaxed);
		if (atomic_compare_exchange_strong_explicit(&p->word, &word, word & PTR_MASK, memory_order_acq_rel, memory_order_relaxed)) return;
		atomic_fetch_sub_explicit(&sn->refs, n, memory_order_relaxed); /* not the last: the caller's own is in there */
	}
}

struct store_snapshot *published_get(struct published *p) {
	uint64_t before = atomic_fetch_add_explicit(&p->word, ONE_TAKEN, memory_order_acq_rel);
	struct store_snapshot *sn = ptr_of(before);
	if (before >> PTR_BITS >= TAKEN_HIGH) settle(p, sn);
	return sn;
}

void published_done(struct published *p) {
	uint64_t old = atomic_exchange_explicit(&p->word, 0, memory_order_acq_rel);
	if (ptr_of(old)) snapshot_drop(ptr_of(old), BIAS - (int64_t)(old >> PTR_BITS));
}
