/* SPDX-License-Identifier: Apache-2.0 */
/* Deletion of the instances of a terminating definition. */
#pragma once

#include "api/crd/catalog.h"

/* Ops that delete (or mark, those with finalizers) the next instances of a resource: at most STORE_TXN_MAX. Their number, 0 when
 * nothing is left to do now; -ENOMEM. */
int finish_instances(struct arena *a, const struct store_snapshot *sn, const struct schema_resource *stored, int64_t now_sec, struct store_op *ops);
