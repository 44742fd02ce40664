/* SPDX-License-Identifier: Apache-2.0 */
/* What strict decoding says about a patch itself. Iterative; pure. */
#pragma once

#include "base/buf.h"
#include "codec/json.h"

/* Complaints in document order: `duplicate field "data.a"`, and for the operations of a JSON patch `json patch unknown field "[0].x"`.
 * 0 or -ENOMEM. */
int duplicates_find(struct arena *a, const yyjson_mut_val *root, bool operations, const char ***ret, size_t *ret_n);
