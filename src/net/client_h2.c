/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 on a client's connection: many calls at once. */
#include "net/client_pool.h"
#include "net/net_limits.h"
#include "net/url.h"

#include <errno.h>

struct client_h2 {
	struct client_conn *cc;
	struct http2 *h2;
	bool busy, again;
};

static void h2_free(struct client_conn *cc) {
	struct client_h2 *h = cc->state;
	if (!h) return;
	h->h2 = http2_free(h->h2);
	free(h);
	cc->state = NULL;
}

static int pull_some(struct client_h2 *h) {
	struct conn *c = h->cc->conn;
	int r = 1;
	while (r > 0 && !conn_full(c)) {
		struct buf *out = conn_scratch_out(conn_scratch_of(c));
		r = http2_pull(h->h2, out, CONN_QUEUE_HIGH - conn_queued(c));
		if (out->n && conn_write(c, buf_slice(out)) < 0) r = -EPIPE;
	}
	return r;
}

static void pump(struct client_h2 *h) {
	struct client_conn *cc = h->cc;
	h->again = true;
	if (h->busy || cc->closing) return;
	int r = 0;
	h->busy = true;
	conn_cork(cc->conn);
	while (h->again && r == 0) {
		h->again = false;
		r = pull_some(h);
	}
	h->busy = false;
	conn_uncork(cc->conn);
	if (cc->closing) return;
	/* A write that failed is told by on_end, with its reason. */
	if (r != -EPIPE && (r < 0 || !http2_alive(h->h2))) client_conn_close(cc, r < 0);
	else conn_deadline(cc->conn, http2_streams(h->h2) ? 0 : CONN_IDLE_MS);
}

/* ---- calls ---- */

static int start(struct client_conn *cc, struct net_call *c) {
	struct client_h2 *h = cc->state;
	arena_free(c->answer_arena);
	c->answer_arena = arena_new(0);
	if (!c->answer_arena) return -ENOMEM;
	struct http_request_head head = c->head;
	if (!head.authority.n) head.authority = slice_str(endpoint_authority(c->arena, &cc->origin->at, false));
	char *n = c->body.n && !c->open ? arena_printf(c->answer_arena, "%zu", c->body.n) : NULL;
	struct http_headers all = { 0 };
	int r = 0;
	for (size_t i = 0; i < head.headers.n && r == 0; i++)
		if (!slice_eqs(head.headers.v[i].name, "content-length"))
			r = http_headers_append(c->answer_arena, &all, head.headers.v[i].name, head.headers.v[i].value);
	if (r == 0 && n) r = http_headers_append(c->answer_arena, &all, SLICE_LIT("content-length"), slice_str(n));
	head.headers = all;
	if (r == 0) r = http2_request(h->h2, &head, cc->origin->at.tls, c->body.n > 0 || c->open, c->answer_arena, c, &c->stream);
	if (r == 0) pump(h);
	return r;
}

static bool room(const struct client_conn *cc) { return http2_room(((const struct client_h2 *)cc->state)->h2); }

static void leave(struct client_conn *cc, struct net_call *c) {
	struct client_h2 *h = cc->state;
	if (!c->stream) return;
	http2_detach(c->stream, HTTP2_CANCEL);
	c->stream = NULL;
	pump(h);
}

static void consumed(struct client_conn *cc, struct net_call *c, size_t n) {
	if (!c->stream) return;
	http2_consume(c->stream, n);
	pump(cc->state);
}

static void pause_flow(struct client_conn *cc, bool on) { (void)cc, (void)on; }

static void more(struct client_conn *cc, struct net_call *c) {
	if (!c->stream) return;
	http2_resume(c->stream);
	pump(cc->state);
}

static const struct client_proto proto = { start, room, leave, consumed, pause_flow, more, h2_free };

/* ---- events ---- */

static void on_response(void *ctx, void *user, const struct http_response_head *head, bool end) {
	(void)ctx, (void)end;
	call_head(user, head);
}

static void on_body(void *ctx, void *user, struct slice bytes) {
	(void)ctx;
	call_data(user, bytes);
}

static void on_trailers(void *ctx, void *user, const struct http_headers *trailers) {
	(void)ctx;
	call_trailers(user, trailers);
}

static void on_message_end(void *ctx, void *user) {
	struct net_call *c = user;
	(void)ctx;
	/* The server has said all it wants to, though not heard all. */
	if (c->open || c->body_at < c->body.n) http2_reset(c->stream, HTTP2_NO_ERROR);
}

/* What is left of the room after the beginning goes to what was added. */
static int read_open(struct net_call *c, char *p, size_t n, size_t *ret_n) {
	struct slice next = slice_upto(buf_slice(&c->unsent), n - *ret_n);
	if (next.n) memcpy(p + *ret_n, next.p, next.n);
	*ret_n += next.n;
	buf_consume(&c->unsent, next.n);
	return c->body_at < c->body.n || c->unsent.n ? HTTP2_MORE : HTTP2_WAIT;
}

static int read_body(void *ctx, void *user, void *p, size_t n, size_t *ret_n) {
	struct net_call *c = user;
	(void)ctx;
	struct slice next = slice_upto(slice_from(c->body, c->body_at), n);
	if (next.n) memcpy(p, next.p, next.n);
	c->body_at += next.n;
	*ret_n = next.n;
	if (c->open) return read_open(c, p, n, ret_n);
	return c->body_at == c->body.n ? HTTP2_END : HTTP2_MORE;
}

static void on_stream_close(void *ctx, void *user, uint32_t error) {
	struct client_h2 *h = ctx;
	struct net_call *c = user;
	c->stream = NULL;
	if (error == HTTP2_NO_ERROR && c->head_seen) call_complete(c);
	else if (error == HTTP2_REFUSED_STREAM) call_retry(c, true, -ECONNREFUSED, "the server refused the stream");
	else if (h->cc->closing) call_fail(c, -ECONNRESET, "the connection is gone");
	else call_fail(c, -ECONNRESET, "the server reset the stream");
}

static const struct http2_handler session_events = { .on_response = on_response, .on_data = on_body, .on_trailers = on_trailers, .on_end = on_message_end,
	.read = read_body, .on_close = on_stream_close };

static void on_data(void *ctx, struct slice bytes) {
	struct client_h2 *h = ctx;
	struct client_conn *cc = h->cc;
	if (cc->closing) return;
	h->busy = true;
	int r = http2_feed(h->h2, bytes, uv_now(loop_uv(cc->client->loop)));
	h->busy = false;
	pump(h);
	if (r < 0 && !cc->closing) client_conn_close(cc, true);
	if (!cc->closing) origin_schedule(cc->origin);
}

static void on_writable(void *ctx) { pump(ctx); }

static void on_timeout(void *ctx) {
	struct client_h2 *h = ctx;
	if (http2_streams(h->h2)) return;
	http2_goaway(h->h2);
	pump(h);
	if (!h->cc->closing) client_conn_close(h->cc, false);
}

static void on_end(void *ctx, int err, const char *msg) {
	struct client_h2 *h = ctx;
	(void)msg;
	h->cc->closing = true;
	h->h2 = http2_free(h->h2);
	client_conn_close(h->cc, err < 0);
}

static void on_close(void *ctx) {
	struct client_h2 *h = ctx;
	struct client_conn *cc = h->cc;
	cc->closing = true;
	h2_free(cc);
	client_conn_gone(cc);
}

static void on_nothing(void *ctx) { (void)ctx; }

static const struct conn_events events = { on_nothing, on_data, on_writable, on_timeout, on_end, on_close };

int client_h2_serve(struct client_conn *cc) {
	struct client_h2 *h = calloc(1, sizeof(*h));
	if (!h) return -ENOMEM;
	h->cc = cc;
	int r = http2_client_new(&session_events, h, &h->h2);
	if (r < 0) {
		free(h);
		return r;
	}
	cc->state = h;
	cc->proto = &proto;
	conn_set_events(cc->conn, &events, h);
	pump(h);
	return 0;
}
