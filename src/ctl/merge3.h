/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patch of `apply`: what turns `current` into `modified`, and takes away what `original` (what was applied last) had and
 * `modified` has no more; what others added to `current` stays. With a schema it is a strategic merge patch (lists merged by
 * their keys, $setElementOrder, $retainKeys, $patch: delete, $deleteFromPrimitiveList), else a JSON merge patch.
 * Source: behaviour of apimachinery's strategicpatch.CreateThreeWayMergePatch and jsonmergepatch.
 */
#pragma once

#include "ctl/ctl.h"

/* Deeper than that objects are replaced as a whole. */
#define MERGE3_DEPTH_MAX 200u

struct merge3 {
	struct ctl *c;
	yyjson_mut_doc *doc;            /* where the patch is made */
	const yyjson_mut_val *document; /* OpenAPI v3; NULL: JSON merge patch */
};

/* The patch, an object (empty: nothing to do). `original` may be NULL. `schema` is the kind's, or NULL. On a list whose elements
 * lack their merge key NULL with a fault noted. */
yyjson_mut_val *merge3_patch(struct merge3 *m, const yyjson_mut_val *original, const yyjson_mut_val *modified, const yyjson_mut_val *current,
			     const yyjson_mut_val *schema);
