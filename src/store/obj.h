/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making stored objects: one allocation holds the struct, the index and the strings that do not stand in the JSON bytes
 * themselves. An object is owned by one thread until it is published.
 */
#pragma once

#include "store/store.h"

/* Builds an unpublished object of `key` around `json` (consumed, also on failure; may be NULL), with `index` run on it.
 * 0, -ENOMEM, -E2BIG (too many indexed pairs), or what `index` returned. */
int obj_new(store_index_fn index, void *index_ctx, const struct store_key *key, struct blob *json, struct store_obj **ret);
/* Inserts the digits of `rv` at offset `rv_at` of the JSON, in the place of those of an earlier call, and sets o->rv. 0 or -ENOMEM
 * (unchanged). */
int obj_set_rv(struct store_obj *o, uint64_t rv, size_t rv_at);
/* Bytes of memory an object holds. */
size_t obj_bytes(const struct store_obj *o);
static inline void obj_unrefp(struct store_obj **o) { *o = store_obj_unref(*o); }
#define _cleanup_obj_ _cleanup_(obj_unrefp)
