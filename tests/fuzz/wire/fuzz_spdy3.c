/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile peer; what it opens is accepted, refused or answered, by its number. */
#include "wire/spdy3.h"

static size_t open_streams;

static void on_open(void *ctx, struct spdy_stream *s, const struct http_headers *h, bool fin) {
	open_streams++;
	if (spdy_stream_id(s) % 8 == 7) {
		spdy_reset(s, SPDY_REFUSED_STREAM);
		return;
	}
	(void)spdy_reply(s, h);
	if (spdy_stream_id(s) % 8 == 5) (void)spdy_write(s, SLICE_LIT("hello"), true);
}
static void on_reply(void *ctx, struct spdy_stream *s, const struct http_headers *h) { (void)spdy_write(s, SLICE_LIT("x"), true); }
static void on_data(void *ctx, struct spdy_stream *s, struct slice b) {
	if (b.n && *b.p == 'R') spdy_reset(s, SPDY_CANCEL);
	else (void)spdy_write(s, b, false);
}
static void on_fin(void *ctx, struct spdy_stream *s) { (void)spdy_write(s, SLICE_NULL, true); }
static void on_close(void *ctx, struct spdy_stream *s, unsigned status) { open_streams--; }
static const struct spdy_handler handler = { on_open, on_reply, on_data, on_fin, on_close, NULL };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
	if (n < 1) return 0;
	struct buf out = BUF_INIT(1 << 22);
	struct spdy *s;
	bool server = p[0] & 1;
	if (spdy_new(server, &handler, NULL, &out, &s) < 0) return 0;
	struct spdy_stream *mine;
	open_streams = 0;
	if (!server && spdy_open(s, NULL, false, NULL, &mine) == 0) open_streams++;
	size_t step = (p[0] >> 1) + 1u;
	for (size_t at = 1; at < n; at += step)
		if (spdy_feed(s, slice_upto(slice_make(p + at, n - at), step)) < 0) break;
	spdy_free(s);
	if (open_streams) abort();
	buf_done(&out);
	return 0;
}
