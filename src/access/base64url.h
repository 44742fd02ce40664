/* SPDX-License-Identifier: Apache-2.0 */
/* base64url without padding (RFC 4648 section 5, RFC 7515 section 2), as JOSE wants it. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

/* Appends the encoding of p[0..n). 0 or b->err. */
int base64url_put(struct buf *b, const void *p, size_t n);
/* Decodes into the arena. 0; -EBADMSG: not such text; -ENOMEM. */
int base64url_decode(struct arena *a, struct slice text, struct slice *ret);
