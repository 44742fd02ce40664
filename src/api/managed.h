/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata.managedFields of plain writes, and server-side apply: the seam to schema/'s field managers. Both work on typed,
 * defaulted trees of the served version; thread rule: pure.
 */
#pragma once

#include "api/status.h"
#include "schema/schema.h"

struct managed_write {
	struct arena *a;
	const struct schema_resource *res;
	const struct schema_subresource *sub;   /* NULL: main */
	yyjson_mut_doc *doc;
	struct slice manager;
	int64_t now_sec;
	bool force;
};
/* After a create or update: `live` is the state before (NULL: none), obj the new state, whose managedFields are set anew. */
const struct status *managed_update(const struct managed_write *m, const yyjson_mut_val *live, yyjson_mut_val *obj);
/* Apply `patch` (a typed tree in m->doc) to `live` (NULL: none); *ret is the merged object with its managedFields. A 409 with
 * the conflicts when others own what changes and !force. */
const struct status *managed_apply(const struct managed_write *m, const yyjson_mut_val *live, yyjson_mut_val *patch, yyjson_mut_val **ret);

/* Who does the work: schema/'s field managers, given once before the first request. Without them plain writes keep the
 * managedFields there were, and apply patches are answered 415 as by a server without the feature. */
struct managed_ops {
	const struct status *(*update)(const struct managed_write *m, const yyjson_mut_val *live, yyjson_mut_val *obj);
	const struct status *(*apply)(const struct managed_write *m, const yyjson_mut_val *live, yyjson_mut_val *patch, yyjson_mut_val **ret);
};
void managed_use(const struct managed_ops *ops);
