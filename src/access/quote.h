/* SPDX-License-Identifier: Apache-2.0 */
/* Strings as Go's fmt prints them with %q: Kubernetes' messages are full of them. */
#pragma once

#include "base/buf.h"

/* Appends "s" with quotes and escapes (strconv.Quote; every well-formed character above U+00A0 counts as printable, but
 * U+00AD and the line and paragraph separators). 0 or b->err. */
int quote_put(struct buf *b, struct slice s);
/* Appends ["a" "b"]. */
int quote_put_list(struct buf *b, const struct slice *v, size_t n);
