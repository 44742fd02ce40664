/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of resource lists ("cpu": "500m", ...), as limits and quotas need them. In an arena; not thread-safe. */
#pragma once

#include "base/arena.h"
#include "codec/json.h"
#include "codec/quantity.h"

/* Kinds of resources one object may name. */
#define AMOUNTS_MAX 1024

struct amount { struct slice name; struct quantity q; };
/* Names are borrowed and unique. `failed` sticks: out of memory or too many. */
struct amounts { struct arena *a; struct amount *v; size_t n, cap; bool failed; };

/* NULL when absent. */
struct quantity *amounts_get(const struct amounts *s, struct slice name);
/* Sets, adds to, or raises the amount of that name. */
void amounts_set(struct amounts *s, struct slice name, struct quantity q);
void amounts_add(struct amounts *s, struct slice name, struct quantity q);
void amounts_max(struct amounts *s, struct slice name, struct quantity q);
/* The same for every member of a resource list (may be NULL). */
void amounts_add_list(struct amounts *s, const yyjson_mut_val *list);
/* The same for every member of another. */
void amounts_add_all(struct amounts *s, const struct amounts *more);
void amounts_max_all(struct amounts *s, const struct amounts *more);
void amounts_sort(struct amounts *s);
/* The same names with the same values, in any order. */
bool amounts_equal(const struct amounts *a, const struct amounts *b);
