/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile peer of the server (first byte even) or of the client (odd) that has a request under way. Streams are answered,
 * and the session goes on being fed after it was terminated. */
#include "wire/http2.h"

struct side {
	struct http2 *h2;
	struct arena *arena;
	struct http2_stream *streams[8];
	size_t n, open, left;
	bool server;
};

struct one {
	struct side *side;
	struct http2_stream *s;
	size_t left;
};

static int on_open(void *ctx, struct http2_stream *s, struct arena **a, void **user) {
	struct side *e = ctx;
	struct one *o = calloc(1, sizeof(*o));
	*o = (struct one){ e, s, 70000 };
	e->open++;
	*a = e->arena;
	*user = o;
	return 0;
}
static void on_request(void *ctx, void *user, const struct http_request_head *h, bool end) {
	struct one *o = user;
	if (h->target.n & 1) (void)http2_respond(o->s, 200, NULL, true);
}
static void on_response(void *ctx, void *user, const struct http_response_head *h, bool end) { (void)http_headers_get(&h->headers, "x"); }
static void on_data(void *ctx, void *user, struct slice b) { http2_consume(((struct one *)user)->s, b.n); }
static void on_end(void *ctx, void *user) {
	struct side *e = ctx;
	struct one *o = user;
	if (e->server && o->left == 70000) (void)http2_respond(o->s, 404, NULL, false);
}
static int read_body(void *ctx, void *user, void *p, size_t n, size_t *ret) {
	struct one *o = user;
	*ret = n < o->left ? n : o->left;
	memset(p, 'b', *ret);
	o->left -= *ret;
	return o->left ? HTTP2_MORE : HTTP2_END;
}
static void on_close(void *ctx, void *user, uint32_t error) {
	((struct side *)ctx)->open--;
	free(user);
}
static const struct http2_handler handler = { .on_open = on_open, .on_request = on_request, .on_response = on_response, .on_data = on_data,
	.on_end = on_end, .read = read_body, .on_close = on_close };

static void begin_request(struct side *e) {
	struct http_request_head head = { .method = SLICE_LIT("GET"), .target = SLICE_LIT("/"), .authority = SLICE_LIT("a") };
	struct one *o = calloc(1, sizeof(*o));
	*o = (struct one){ e, NULL, 0 };
	if (http2_request(e->h2, &head, true, false, e->arena, o, &o->s) == 0) e->open++;
	else free(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
	if (n < 1) return 0;
	struct side e = { .server = !(p[0] & 1), .arena = arena_new(1 << 26) };
	struct buf out = BUF_INIT(1 << 26), in = BUF_INIT(1 << 26);
	if (e.server) http2_server_new(&handler, &e, &e.h2);
	else http2_client_new(&handler, &e, &e.h2);
	if (!e.server) begin_request(&e);
	if (e.server && p[0] & 2) buf_puts(&in, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	buf_put(&in, p + 1, n - 1);
	size_t step = (p[0] >> 2) * 16 + 16;
	for (size_t at = 0; at < in.n; at += step) {
		(void)http2_feed(e.h2, slice_upto(slice_from(buf_slice(&in), at), step), at + 1);
		(void)http2_pull(e.h2, &out, 1 << 20);
		buf_clear(&out);
	}
	http2_free(e.h2);
	if (e.open) abort();
	arena_free(e.arena);
	buf_done(&out);
	buf_done(&in);
	return 0;
}
