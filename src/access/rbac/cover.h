/* SPDX-License-Identifier: Apache-2.0 */
/* Do some rules cover others, and what is missing (component-helpers/auth/rbac/validation, registry/rbac/validation)? Pure. */
#pragma once

#include "access/access.h"

/* What of `wanted` is not covered by `owned`, in single permissions (one verb, one group and resource, at most one name; or
 * one verb, one URL), in the order of the breakdown. n 0: covered. 0; -E2BIG (COVER_ATOMS_MAX); -ENOMEM. */
int cover_missing(struct arena *a, const struct access_rule *owned, size_t n_owned, const struct access_rule *wanted, size_t n_wanted,
		  struct access_rule **ret, size_t *ret_n);
/* Joins single permissions that differ in the verb only (unless they name objects or URLs), in place; *n becomes their number.
 * 0 or -ENOMEM. */
int cover_compact(struct arena *a, struct access_rule *rules, size_t *n);
/* Appends {APIGroups:["x"], Resources:["y"], Verbs:["get"]}. */
void cover_describe(struct buf *b, const struct access_rule *r);
