/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the registries of some kinds do between mutating admission and validation, besides what the schema tables say: Services'
 * addresses, RBAC's escalation checks. One table in hooks.c; each hook in a file of its own.
 */
#pragma once

#include "api/write.h"

/* Runs the hook of w's resource, if it has one. May change w->obj and add to w->ad.also. */
const struct status *hooks_before_commit(struct write *w);
/* Ops that have to go with the deletion of an object: appended to ops (at most max). The number. */
size_t hooks_with_delete(struct request *r, const struct schema_resource *res, const struct store_snapshot *snap, const struct store_obj *gone,
			 struct store_op *ops, size_t max);
