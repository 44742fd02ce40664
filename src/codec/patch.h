/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON merge patch (RFC 7396) and JSON patch (RFC 6902, evanphx/json-patch v4 as Kubernetes uses it). Both work on trees in an
 * arena document, iteratively; the patch stays as it is (what goes into the result is copied), so it can be applied again.
 * Objects that a patch goes into come out with their members sorted by name, others keep their order, as upstream.
 */
#pragma once

#include "codec/json.h"

/* Bytes that the copy operations of one patch may add (evanphx AccumulatedCopySizeLimit as the API server sets it). */
#define PATCH_COPY_BYTES_MAX (3u * 1024u * 1024u)
/* List elements and members that the operations of one JSON patch may walk over (finding an index is linear). */
#define PATCH_STEPS_MAX 400000000ull

/* *target becomes the merged value: linear in the size of both, whatever the depth. 0 or -ENOMEM. */
int patch_merge(yyjson_mut_doc *doc, yyjson_mut_val **target, const yyjson_mut_val *patch);

/* Checks the shape of a decoded JSON patch: an array of operations. 0; -EBADMSG: *ret_msg is Go's decoding error ("json: cannot
 * unmarshal object into Go value of type []handlers.jsonPatchOp"); -E2BIG: more than JSON_PATCH_OPS_MAX operations (*ret_msg:
 * "The allowed maximum operations in a JSON patch is 10000, got 10001"); -ENOMEM. */
int patch_json_check(struct arena *a, const yyjson_mut_val *patch, const char **ret_msg);
/* Applies a checked patch; *target may be replaced as a whole. 0; -EINVAL: an operation does not apply (422; *ret_msg is
 * evanphx's error, in the arena); -ENOMEM. *target is undefined after an error. */
int patch_json(struct arena *a, yyjson_mut_doc *doc, yyjson_mut_val **target, const yyjson_mut_val *patch, const char **ret_msg);
