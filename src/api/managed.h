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
	bool of_parent;                         /* the tree is the resource's, though sub has a kind of its own (scale) */
	yyjson_mut_doc *doc;
	struct slice manager;
	int64_t now_sec;
	bool force;
};
/* After a create or update: `live` is the state before (NULL: none), obj the new state, whose managedFields are set anew. */
const struct status *managed_update(const struct managed_write *m, const yyjson_mut_val *live, yyjson_mut_val *obj);
/* Apply `patch` (the client's tree as parsed, in m->doc: what it leaves zero or null counts) to `live` (NULL: none); *ret is the
 * merged object with its managedFields, and m->doc's root. A 409 with the conflicts when others own what changes and !force. */
const struct status *managed_apply(const struct managed_write *m, const yyjson_mut_val *live, yyjson_mut_val *patch,
				   yyjson_mut_val **ret);
/* Before an update is stored: when nothing but times of managedFields differs from `live`, they are live's again, so that an
 * update that changes nothing is none. */
const struct status *managed_settle(const struct managed_write *m, const yyjson_mut_val *live, yyjson_mut_val *obj);
