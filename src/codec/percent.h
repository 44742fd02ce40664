/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-encoding (RFC 3986) with net/url's rules and error texts. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

/* url.PathUnescape / url.QueryUnescape ('+' is a blank). 0: *ret in the arena (the text itself when there was nothing to
 * resolve); -EBADMSG: *ret_msg (may be NULL) `invalid URL escape "%zz"`; -ENOMEM. */
int percent_decode_path(struct arena *a, struct slice text, struct slice *ret, const char **ret_msg);
int percent_decode_query(struct arena *a, struct slice text, struct slice *ret, const char **ret_msg);
/* url.PathEscape / url.QueryEscape. */
int percent_encode_path(struct buf *b, struct slice text);
int percent_encode_query(struct buf *b, struct slice text);
