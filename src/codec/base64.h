/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648), strict and lenient exactly where Go's encoding/base64 is. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

enum base64_kind {
	BASE64_STD,     /* padded; CR and LF are skipped (StdEncoding, []byte in JSON) */
	BASE64_RAW_STD, /* without padding */
	BASE64_URL,     /* padded, '-' and '_' */
	BASE64_RAW_URL, /* without padding (JWT, continue tokens) */
};

int base64_encode(struct buf *b, enum base64_kind kind, struct slice bytes);
/* Appends the bytes. 0; -EBADMSG: *ret_at is N of Go's "illegal base64 data at input byte N" (what was appended before stays);
 * or b->err. */
int base64_decode(struct buf *b, enum base64_kind kind, struct slice text, size_t *ret_at);
/* Largest number of bytes that `n` characters decode to. */
static inline size_t base64_decoded_max(size_t n) { return n / 4 * 3 + 3; }
/* Decodes into the arena. 0; -EBADMSG: no such text; -ENOMEM. */
int base64_decode_new(struct arena *a, enum base64_kind kind, struct slice text, struct slice *ret);
