/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as Go's unicode/utf8 sees it (RFC 3629: no surrogates, no overlong forms). */
#pragma once

#include "base/slice.h"

/* Length (1..4) of the valid sequence at p, 0 when there is none (n bytes are readable). */
size_t utf8_len(const char *p, size_t n);
/* The code point of the valid sequence of `len` bytes at p. */
uint32_t utf8_rune(const char *p, size_t len);
/* Encodes a code point (invalid ones as U+FFFD); returns 1..4. */
size_t utf8_put(uint32_t rune, char out[4]);
bool utf8_valid(struct slice s);
