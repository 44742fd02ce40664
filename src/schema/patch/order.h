/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a merged list (strategicpatch's normalizeElementOrder). Pure. */
#pragma once

#include "codec/json.h"

/* A new list of `merged`'s elements: those in `order` as it has them, the others as `server` (may be NULL) has them, interleaved so that
 * both relative orders hold and the server's order otherwise. `key` NULL: elements are compared whole. NULL when out of memory. */
yyjson_mut_val *order_elements(yyjson_mut_doc *doc, yyjson_mut_val *merged, const yyjson_mut_val *order, const yyjson_mut_val *server, const char *key);
