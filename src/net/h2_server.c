/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 on an accepted connection: up to HTTP2_STREAMS_MAX exchanges at once. */
#include "net/net_limits.h"
#include "net/server_exchange.h"
#include "wire/http2.h"

#include <errno.h>

struct h2_server {
	struct server_conn *sc;
	struct conn *conn;
	struct http2 *h2;
	struct list incomplete; /* of h2_exchange whose request is still arriving, oldest first */
	bool busy;    /* inside feed or pump: no recursion into the session */
	bool again;   /* something to send came up meanwhile */
	bool closing;
};

struct h2_exchange {
	struct server_exchange e; /* first */
	struct h2_server *h; /* NULL when the stream is gone */
	struct http2_stream *s;
	struct list node; /* in h->incomplete */
	uint64_t since;   /* when the stream began, uv_now */
	size_t dropped;   /* body bytes nobody wants */
};

static struct h2_exchange *of(struct exchange *x) { return (struct h2_exchange *)x; }

static uint64_t now_of(const struct h2_server *h) { return uv_now(loop_uv(h->sc->sl->loop)); }

/* Streams that are still arriving have a deadline each, an idle connection has one, a busy one has none. */
static void set_deadline(struct h2_server *h) {
	const struct net_server_options *o = server_options(h->sc->sl);
	if (!list_empty(&h->incomplete)) {
		uint64_t due = list_entry(h->incomplete.next, struct h2_exchange, node)->since + o->body_ms, now = now_of(h);
		conn_deadline(h->conn, due > now ? due - now : 1);
	} else {
		conn_deadline(h->conn, http2_streams(h->h2) ? 0 : o->idle_ms);
	}
}

static void close_after_flush(struct h2_server *h) {
	h->closing = true;
	conn_close(h->conn);
}

/* ---- out ---- */

/* 1: the connection is full; 0: nothing is left to send; negative: over. */
static int pull_some(struct h2_server *h) {
	int r = 1;
	while (r > 0 && !conn_full(h->conn)) {
		struct buf *out = conn_scratch_out(conn_scratch_of(h->conn));
		r = http2_pull(h->h2, out, CONN_QUEUE_HIGH - conn_queued(h->conn));
		if (out->n && conn_write(h->conn, buf_slice(out)) < 0) r = -EPIPE;
	}
	return r;
}

static void pump(struct h2_server *h) {
	h->again = true;
	if (h->busy || h->closing) return;
	int r = 0;
	h->busy = true;
	conn_cork(h->conn);
	while (h->again && r == 0) {
		h->again = false;
		r = pull_some(h);
	}
	h->busy = false;
	if (r < 0 || !http2_alive(h->h2)) close_after_flush(h);
	else set_deadline(h);
	conn_uncork(h->conn);
}

static void lost(struct h2_exchange *x) {
	if (!list_empty(&x->node)) list_del(&x->node);
	x->h = NULL;
	x->s = NULL;
	server_exchange_abort(&x->e);
}

static void send_head(struct h2_exchange *x, int status, const struct http_headers *h, int64_t length, bool body) {
	struct arena *a = x->e.x.arena;
	struct http_headers all = { 0 };
	bool bodyless = status == 204 || status == 304;
	int r = 0;
	for (size_t i = 0; h && i < h->n && r == 0; i++) r = http_headers_append(a, &all, h->v[i].name, h->v[i].value);
	if (r == 0) r = http_headers_append(a, &all, SLICE_LIT("date"), server_date(x->e.sl));
	char *n = length >= 0 && !bodyless ? arena_printf(a, "%lld", (long long)length) : NULL;
	if (r == 0 && n) r = http_headers_append(a, &all, SLICE_LIT("content-length"), slice_str(n));
	if (r == 0) r = http2_respond(x->s, status, &all, body && !x->e.head_only && !bodyless);
	if (r < 0) http2_reset(x->s, HTTP2_INTERNAL_ERROR);
	pump(x->h);
}

static void respond(struct exchange *ex, int status, const struct http_headers *h, const struct body_part *parts, size_t n) {
	struct h2_exchange *x = of(ex);
	uint64_t length = body_parts_size(parts, n);
	if (!server_exchange_answer_parts(&x->e, parts, n)) return;
	if (n && !x->e.answer.parts) {
		http2_reset(x->s, HTTP2_INTERNAL_ERROR);
		pump(x->h);
		return;
	}
	send_head(x, status, h, (int64_t)length, length > 0);
}

static void respond_source(struct exchange *ex, int status, const struct http_headers *h, int64_t length, struct body_source body) {
	struct h2_exchange *x = of(ex);
	if (server_exchange_answer_source(&x->e, body, length)) send_head(x, status, h, length, length != 0);
}

static void resume(struct exchange *ex) {
	struct h2_exchange *x = of(ex);
	if (x->e.answer.pulling) x->e.answer.resumed = true;
	if (!x->s || !x->e.answered || x->e.answer.pulling) return;
	http2_resume(x->s);
	pump(x->h);
}

static void upgrade(struct exchange *ex, int status, const struct http_headers *h, const struct stream_handler *handler, void *ctx,
		    struct stream **ret) {
	/* can_upgrade is never set here: HTTP/2 has no Upgrade (RFC 9113, 8.6). */
	(void)status, (void)h;
	*ret = NULL;
	if (handler->on_close) handler->on_close(ctx);
	exchange_respond(ex, 505, NULL, NULL, 0);
}

static const struct exchange_ops ops = { respond, respond_source, resume, upgrade };

/* ---- in ---- */

static int on_open(void *ctx, struct http2_stream *s, struct arena **ret_arena, void **ret_user) {
	struct h2_server *h = ctx;
	struct h2_exchange *x = server_exchange_new(h->sc, &ops, sizeof(*x));
	if (!x) return -ENOMEM;
	x->h = h;
	x->s = s;
	x->since = now_of(h);
	list_add_tail(&h->incomplete, &x->node);
	*ret_arena = x->e.x.arena;
	*ret_user = x;
	return 0;
}

static void dispatch(struct h2_exchange *x) {
	if (!x->e.dispatched) server_exchange_dispatch(&x->e);
}

static void on_request(void *ctx, void *user, const struct http_request_head *head, bool end) {
	struct h2_exchange *x = user;
	x->e.x.head = *head;
	x->e.head_only = slice_eqs(head->method, "HEAD");
	int64_t length;
	if (slice_int(http_headers_get(&head->headers, "content-length"), 0, INT64_MAX, &length) == 0)
		server_exchange_expect(&x->e, length);
	if (!end && x->e.x.body_too_large) dispatch(x);
}

static void on_body(void *ctx, void *user, struct slice bytes) {
	struct h2_exchange *x = user;
	http2_consume(x->s, bytes.n);
	if (x->e.dispatched) {
		/* curl shows the answer only when it could send everything: bear with it for a while. */
		x->dropped += bytes.n;
		if (x->dropped > H2_DROP_MAX) http2_reset(x->s, HTTP2_NO_ERROR);
		return;
	}
	server_exchange_body(&x->e, bytes);
	if (x->e.x.body_too_large) dispatch(x);
}

static void on_message_end(void *ctx, void *user) {
	struct h2_exchange *x = user;
	if (!list_empty(&x->node)) list_del(&x->node);
	dispatch(x);
}

static int read_body(void *ctx, void *user, void *p, size_t n, size_t *ret_n) {
	struct h2_exchange *x = user;
	return answer_copy(&x->e.answer, p, n, ret_n);
}

static void on_stream_close(void *ctx, void *user, uint32_t error) {
	(void)ctx, (void)error;
	lost(user);
}

static const struct http2_handler session_events = { .on_open = on_open, .on_request = on_request, .on_data = on_body,
	.on_end = on_message_end, .read = read_body, .on_close = on_stream_close };

/* ---- the connection ---- */

static void on_data(void *ctx, struct slice bytes) {
	struct h2_server *h = ctx;
	if (h->closing) return;
	h->busy = true;
	int r = http2_feed(h->h2, bytes, now_of(h));
	h->busy = false;
	pump(h);
	if (r < 0 && !h->closing) close_after_flush(h);
}

static void on_writable(void *ctx) {
	pump(ctx);
}

static void give_up(struct h2_exchange *x) {
	list_del(&x->node);
	if (!x->e.dispatched) {
		x->e.dispatched = x->e.answered = true;
		send_head(x, 408, NULL, 0, false);
	}
	if (!x->s) return;
	http2_reset(x->s, HTTP2_NO_ERROR);
	pump(x->h);
}

static void on_timeout(void *ctx) {
	struct h2_server *h = ctx;
	if (h->closing) return;
	if (http2_streams(h->h2) == 0) {
		http2_goaway(h->h2);
		pump(h);
		if (!h->closing) close_after_flush(h);
		return;
	}
	while (!list_empty(&h->incomplete)) {
		struct h2_exchange *x = list_entry(h->incomplete.next, struct h2_exchange, node);
		if (x->since + server_options(h->sc->sl)->body_ms > now_of(h)) break;
		give_up(x);
	}
	if (!h->closing) set_deadline(h);
}

static void on_end(void *ctx, int err, const char *msg) {
	struct h2_server *h = ctx;
	(void)msg;
	h->closing = true;
	h->h2 = http2_free(h->h2);
	if (err < 0) conn_abort(h->conn);
	else conn_close(h->conn);
}

static void on_close(void *ctx) {
	struct h2_server *h = ctx;
	struct server_conn *sc = h->sc;
	h->closing = true;
	h->h2 = http2_free(h->h2);
	free(h);
	server_conn_gone(sc);
}

static void on_ready(void *ctx) { (void)ctx; }

static const struct conn_events conn_handler = { on_ready, on_data, on_writable, on_timeout, on_end, on_close };

static void drain(void *state) {
	struct h2_server *h = state;
	if (h->closing) return;
	http2_goaway(h->h2);
	pump(h);
}

static const struct server_proto proto = { .drain = drain };

int h2_serve(struct server_conn *sc) {
	struct h2_server *h = calloc(1, sizeof(*h));
	if (!h) return -ENOMEM;
	int r = http2_server_new(&session_events, h, &h->h2);
	if (r < 0) {
		free(h);
		return r;
	}
	h->sc = sc;
	h->conn = sc->conn;
	list_init(&h->incomplete);
	sc->proto = &proto;
	sc->state = h;
	conn_set_events(sc->conn, &conn_handler, h);
	conn_deadline(sc->conn, server_options(sc->sl)->header_ms);
	pump(h);
	if (sc->sl->draining) drain(h);
	return 0;
}
