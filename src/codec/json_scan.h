/* SPDX-License-Identifier: Apache-2.0 */
/* Finds out what is wrong with a JSON text and says it in the words of Go's encoding/json (scanner.go). */
#pragma once

#include "codec/json.h"

/* Checks the grammar of `text` (one value, blanks around it) and its depth. True when there is nothing to complain about (the
 * encoding of strings and the range of numbers are not looked at); else *err is set, msg in the arena (or static). Iterative;
 * memory: a byte per open bracket on the stack, at most JSON_DEPTH_MAX. */
bool json_scan(struct arena *a, struct slice text, struct json_error *err);
/* A byte as Go's quoteChar shows it: 'x', '\n', '\u0081', '\''. Written into out, NUL-terminated. */
void json_quote_char(unsigned char c, char out[16]);
