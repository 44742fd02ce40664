/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a write takes out of a pool: cluster IPs and node ports of Services. Allocation is part of the write's transaction: an
 * address is an IPAddress object that is created with it (KEP-1880), a node port a bit in one internal object, so two writers
 * can never get the same one, whichever server they ask.
 */
#pragma once

#include "api/write.h"

/* A hook of writes (hooks.h): fills in what a Service leaves open and adds the ops that claim it. */
const struct status *alloc_service(struct write *w);
/* Ops that give back what a deleted Service held: appended to ops (at most max). The number. */
size_t alloc_release(struct request *r, const struct store_snapshot *snap, const struct store_obj *gone, struct store_op *ops, size_t max);
