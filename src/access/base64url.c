/* SPDX-License-Identifier: Apache-2.0 */
#include "access/base64url.h"

#include "codec/base64.h"

#include <errno.h>

int base64url_put(struct buf *b, const void *p, size_t n) { return base64_encode(b, BASE64_RAW_URL, slice_make(p, n)); }

int base64url_decode(struct arena *a, struct slice text, struct slice *ret) {
	size_t at;
	_cleanup_buf_ struct buf b = BUF_INIT(base64_decoded_max(text.n));
	int r = base64_decode(&b, BASE64_RAW_URL, text, &at);
	if (r < 0) return r == -EBADMSG ? r : -ENOMEM;
	*ret = arena_slice_dup(a, buf_slice(&b));
	return ret->p ? 0 : -ENOMEM;
}
