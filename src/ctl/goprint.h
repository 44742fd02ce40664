/* SPDX-License-Identifier: Apache-2.0 */
/* Trees as Go's fmt prints map[string]interface{}. Iterative. */
#pragma once

#include "codec/json.h"

/* %v: map[a:1 b:[x y]], <nil>, text bare. The tree must be sorted (tree_sort). 0 or b->err. */
int goprint_v(struct buf *b, const yyjson_mut_val *v);
/* %#v: map[string]interface {}{"a":1, "b":[]interface {}{"x", "y"}}. */
int goprint_sharp(struct buf *b, const yyjson_mut_val *v);
/* Appends text with what drives terminals made visible (ESC as ^[, BEL as ^G, CR as \r, U+009B as \u009b): what is printed of objects.
 * Newlines and tabs stay. */
void escape_terminal(struct buf *b, struct slice s);
