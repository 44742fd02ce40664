/* SPDX-License-Identifier: Apache-2.0 */
/* A page, whole and in pieces: the result is the same, and without rewriting it is what came in. */
#include "codec/html_links.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int keep(void *ctx, struct slice url, struct buf *out) {
	(void)ctx, (void)url, (void)out;
	return 0;
}

static int mark(void *ctx, struct slice url, struct buf *out) {
	(void)ctx;
	buf_puts(out, "/mark/");
	return buf_put_slice(out, url) < 0 ? -1 : 1;
}

static void run(int (*rewrite)(void *, struct slice, struct buf *), struct slice text, size_t piece, struct buf *out) {
	struct html_links *l = html_links_new(rewrite, NULL);
	if (!l) abort();
	for (size_t i = 0; i < text.n; i += piece)
		if (html_links_feed(l, slice_upto(slice_from(text, i), piece), false, out) < 0) abort();
	if (html_links_feed(l, SLICE_NULL, true, out) < 0) abort();
	html_links_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	_cleanup_buf_ struct buf same = BUF_INIT(64u << 20), whole = BUF_INIT(64u << 20), pieces = BUF_INIT(64u << 20);
	struct slice text = slice_make(data, size);
	run(keep, text, 7, &same);
	if (!slice_eq(buf_slice(&same), text)) abort();
	run(mark, text, size ? size : 1, &whole);
	run(mark, text, 1, &pieces);
	if (!slice_eq(buf_slice(&whole), buf_slice(&pieces))) abort();
	return 0;
}
