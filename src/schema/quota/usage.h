/* SPDX-License-Identifier: Apache-2.0 */
/* What an object costs of a ResourceQuota (pkg/quota/v1/evaluator/core and .../generic): admission charges it, the controller counts
 * it. Pure; results live in the arena. */
#pragma once

#include "codec/amounts.h"

/* Whose objects: group "" for core. Borrowed. */
struct quota_kind { struct slice group, resource; };

/* The kind that `name`, a key of a quota's `hard`, counts. False: nobody knows. */
bool quota_kind_of(struct slice name, struct quota_kind *ret);
/* Does `name` count objects of that kind? */
bool quota_counts(struct quota_kind kind, struct slice name);
/* What an object of that kind uses, by the names quotas have for it. */
struct amounts quota_usage(struct arena *a, struct quota_kind kind, const yyjson_mut_val *obj);
/* Is the cost of one of them always the same, so that counting them is enough to know what all of them use? */
bool quota_kind_is_uniform(struct quota_kind kind);
/* `must specify requests.cpu for: a,b; ...`: containers that leave out what the quota's `hard` (an object) counts. NULL: none. */
const char *quota_unspecified(struct arena *a, const yyjson_mut_val *hard, const yyjson_mut_val *spec);
