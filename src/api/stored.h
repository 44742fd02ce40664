/* SPDX-License-Identifier: Apache-2.0 */
/* Trees to what the store keeps, and what the store indexes of it. */
#pragma once

#include "api/status.h"
#include "store/store.h"

/* Canonical JSON of a tree (in the served version: it is copied when it has to be converted) with the place of its revision. *ret is
 * a new blob. NULL or the status (413-like when the object is too large). */
const struct status *stored_encode(struct arena *a, const struct schema_resource *res, yyjson_mut_doc *doc, yyjson_mut_val *obj, struct blob **ret, size_t *ret_rv_at);
/* A stored object's bytes as a new blob whose revision is empty, for deletions: NULL when out of memory. */
struct blob *stored_unversioned(const struct blob *json, size_t *ret_rv_at);
/* store_index_fn: uid, labels and field selector values. ctx is unused. Any thread. 0, -EBADMSG, -ENOMEM. */
int stored_index(void *ctx, const struct store_key *key, struct slice json, const struct store_index_sink *sink);
