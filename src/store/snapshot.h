/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots and the one atomically published word that names the newest. The word packs a pointer (low 48 bits) with the
 * number of references taken through it (high 16 bits): a reader takes its reference with one fetch_add, so the pointer it
 * read cannot be freed between reading and counting. The publisher, when it swaps the word, adds the taken references to the
 * snapshot's own count and withdraws the bias that kept the count from reaching zero while the word named it.
 */
#pragma once

#include "store/tree.h"

struct store_snapshot {
	_Atomic int64_t refs;
	uint64_t rv;
	struct tree_node *root;
};

/* Takes the caller's reference of `root`. NULL when out of memory (the root is dropped). */
struct store_snapshot *snapshot_new(struct tree_node *root, uint64_t rv);

struct published { _Atomic uint64_t word; };

/* First publication, before other threads exist. Consumes a reference of `sn`. */
void published_init(struct published *p, struct store_snapshot *sn);
/* Publishes; consumes a reference of `sn`. One thread publishes. */
void published_set(struct published *p, struct store_snapshot *sn);
/* A reference to the newest. Any thread, lock-free (one fetch_add, rarely a compare-and-swap). */
struct store_snapshot *published_get(struct published *p);
/* Drops the published one; no reader may come any more. */
void published_done(struct published *p);
