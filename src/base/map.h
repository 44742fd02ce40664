/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash map from byte strings to pointers. Keys are copied. Iteration is in no particular order. SipHash with a key drawn
 * at start keeps hostile keys from colliding. Not thread-safe.
 */
#pragma once

#include "base/slice.h"

struct map;

/* At most `max` entries. NULL when out of memory. */
struct map *map_new(size_t max);
/* Frees the map; `free_value` (or NULL) runs on every value. NULL is allowed. Returns NULL. */
struct map *map_free(struct map *m, void (*free_value)(void *));
/* The value, or NULL. */
void *map_get(const struct map *m, struct slice key);
/* 0, 1 when an older value was replaced (then in *ret_old if given), -ENOMEM, -E2BIG. `v` must not be NULL. */
int map_put(struct map *m, struct slice key, void *v, void **ret_old);
/* The removed value, or NULL. */
void *map_del(struct map *m, struct slice key);
size_t map_count(const struct map *m);
/* Start with *it = 0; false at the end. Removing the entry just returned is allowed; adding is not. */
bool map_next(const struct map *m, size_t *it, struct slice *ret_key, void **ret_value);
/* The hash the map uses: seeded once per process. */
uint64_t map_hash(struct slice key);
