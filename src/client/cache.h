/* SPDX-License-Identifier: Apache-2.0 */
/* Objects by namespace and name, and by the values of any number of indexes. Belongs to one informer. */
#pragma once

#include "client/object.h"

#define CACHE_OBJECTS_MAX 4000000u

struct cache;

/* `indexes` are copied (their names too). 0 or -ENOMEM. */
int cache_new(const struct k8c_index *indexes, size_t n, struct cache **ret);
void cache_free(struct cache *c); /* NULL is allowed */
/* Takes a reference; replaces what had the same name. 0; -ENOMEM, -E2BIG: nothing changed. */
int cache_put(struct cache *c, struct k8c_object *o);
/* Removes and hands over the reference; NULL when absent. */
struct k8c_object *cache_take(struct cache *c, struct slice ns, struct slice name);
/* Borrowed. */
struct k8c_object *cache_get(const struct cache *c, struct slice ns, struct slice name);
size_t cache_count(const struct cache *c);
/* *it starts at 0. The object just returned may be taken. */
struct k8c_object *cache_next(const struct cache *c, size_t *it);
struct k8c_object *cache_index_next(const struct cache *c, const char *index, struct slice value, size_t *it);
