/* SPDX-License-Identifier: Apache-2.0 */
/* The few things access asks of stored objects. */
#pragma once

#include "access/access.h"

/* Borrowed from the snapshot; NULL when absent. */
struct store_obj *living_get(const struct store_snapshot *sn, const char *resource, struct slice ns, struct slice name);
/* Has the object a deletionTimestamp earlier than `when` (nanoseconds since 1970)? Unreadable ones count as early. */
bool living_deleted_before(struct arena *a, const struct store_obj *o, int64_t when);
/* Has it a deletionTimestamp at all? */
bool living_deleting(struct arena *a, const struct store_obj *o);
/* The value of a label; SLICE_NULL when it has none. */
struct slice living_label(const struct store_obj *o, const char *key);
