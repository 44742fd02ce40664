/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 on a client's connection: one call at a time, kept alive between calls. */
#include "net/client_pool.h"
#include "net/net_limits.h"
#include "net/stream.h"
#include "net/url.h"

#include <errno.h>

struct client_h1 {
	struct client_conn *cc;
	struct http1_parser *parser;
	struct net_call *call;
	bool reused;   /* served a call before: the server may have closed it just now */
	bool answered; /* bytes of the current answer have come */
	bool complete, keep_alive, interim, upgrade;
};

static void h1_free(struct client_conn *cc) {
	struct client_h1 *h = cc->state;
	if (!h) return;
	http1_free(h->parser);
	free(h);
	cc->state = NULL;
}

/* ---- the request ---- */

static bool has_body_by_nature(struct slice method) {
	return slice_eqs(method, "POST") || slice_eqs(method, "PUT") || slice_eqs(method, "PATCH");
}

static bool may_repeat(struct slice method) {
	return slice_eqs(method, "GET") || slice_eqs(method, "HEAD") || slice_eqs(method, "OPTIONS");
}

static void put_request(struct client_conn *cc, struct net_call *c, struct buf *out) {
	struct slice host = c->head.authority;
	http1_put_request(out, c->head.method, c->head.target, NULL);
	if (!host.n) host = slice_str(endpoint_authority(c->arena, &cc->origin->at, false));
	http1_put_header(out, SLICE_LIT("host"), host);
	for (size_t i = 0; i < c->head.headers.n; i++) {
		const struct http_header *v = &c->head.headers.v[i];
		if (slice_eqs(v->name, "host") || slice_eqs(v->name, "content-length") || slice_eqs(v->name, "transfer-encoding")) continue;
		http1_put_header(out, v->name, v->value);
	}
	if (c->body.n || has_body_by_nature(c->head.method)) http1_put_header_u64(out, "Content-Length", c->body.n);
	buf_puts(out, "\r\n");
}

static int start(struct client_conn *cc, struct net_call *c) {
	struct client_h1 *h = cc->state;
	arena_free(c->answer_arena);
	c->answer_arena = arena_new(0);
	if (!c->answer_arena) return -ENOMEM;
	struct buf *out = conn_scratch_out(conn_scratch_of(cc->conn));
	put_request(cc, c, out);
	bool whole = out->n + c->body.n <= TLS_RECORD_MAX;
	if (whole) buf_put_slice(out, c->body);
	if (buf_err(out) < 0) return -ENOMEM;
	http1_begin(h->parser, c->answer_arena, c->head.method);
	h->call = c;
	h->answered = h->complete = h->upgrade = h->interim = false;
	conn_deadline(cc->conn, 0);
	conn_cork(cc->conn);
	int r = conn_write(cc->conn, buf_slice(out));
	if (r >= 0 && !whole) r = conn_write(cc->conn, c->body);
	conn_uncork(cc->conn);
	if (r < 0) h->call = NULL;
	return r < 0 ? r : 0;
}

static bool room(const struct client_conn *cc) {
	const struct client_h1 *h = cc->state;
	return !h->call;
}

static size_t idle_conns(const struct origin *o) {
	size_t n = 0;
	list_foreach(&((struct origin *)(uintptr_t)o)->conns, p) {
		const struct client_conn *cc = list_entry(p, struct client_conn, node);
		n += cc->proto && cc->proto->room(cc);
	}
	return n;
}

static void leave(struct client_conn *cc, struct net_call *c) {
	struct client_h1 *h = cc->state;
	if (h->call != c) return;
	h->call = NULL;
	bool good = h->complete && h->keep_alive && !cc->closing && !cc->client->freed;
	bool keep = good && idle_conns(cc->origin) <= CLIENT_IDLE_CONNECTIONS_MAX;
	h->reused = true;
	if (!keep) client_conn_close(cc, !h->complete);
	else conn_deadline(cc->conn, CONN_IDLE_MS);
}

static void consumed(struct client_conn *cc, struct net_call *c, size_t n) { (void)cc, (void)c, (void)n; }

static void pause_flow(struct client_conn *cc, bool on) {
	if (on) conn_pause(cc->conn);
	else conn_unpause(cc->conn);
}

static const struct client_proto proto = { start, room, leave, consumed, pause_flow, NULL, h1_free };

/* ---- the response ---- */

static int on_response(void *ctx, const struct http_response_head *head, const struct http1_framing *f) {
	struct client_h1 *h = ctx;
	h->keep_alive = f->keep_alive;
	h->interim = head->status / 100 == 1 && head->status != 101;
	h->upgrade = head->status == 101;
	if (h->interim) return 0;
	if (h->upgrade && !h->call->h->on_upgrade) return -EPROTO;
	call_head(h->call, head);
	return h->call ? 0 : -ECANCELED;
}

static int on_body(void *ctx, struct slice bytes) {
	struct client_h1 *h = ctx;
	call_data(h->call, bytes);
	return h->call ? 0 : -ECANCELED;
}

static void on_message_end(void *ctx) { ((struct client_h1 *)ctx)->complete = true; }

static const struct http1_handler parser_events = { .on_response = on_response, .on_body = on_body, .on_end = on_message_end };

static void become_stream(struct client_h1 *h, struct slice early) {
	struct client_conn *cc = h->cc;
	struct net_call *c = h->call;
	struct origin *o = cc->origin;
	struct stream *s = stream_on_conn(cc->conn, NULL, NULL, client_conn_gone, cc);
	if (!s) {
		call_fail(c, -ENOMEM, "out of memory");
		return;
	}
	if (early.n) (void)conn_unread(cc->conn, early);
	client_conn_detach(cc);
	const struct net_call_handler *handler = c->h;
	void *ctx = c->ctx;
	c->cc = NULL;
	call_drop(c);
	h1_free(cc);
	handler->on_upgrade(ctx, s);
	origin_release(o);
}

static void next_or_done(struct client_h1 *h, bool more_bytes) {
	struct client_conn *cc = h->cc;
	if (h->interim) {
		h->complete = false;
		http1_begin(h->parser, h->call->answer_arena, h->call->head.method);
		return;
	}
	struct origin *o = cc->origin;
	/* Bytes behind the answer would pass for the answer to the next call. */
	if (more_bytes) h->keep_alive = false;
	call_complete(h->call);
	if (!cc->closing) origin_schedule(o);
}

static void on_data(void *ctx, struct slice bytes) {
	struct client_h1 *h = ctx;
	struct client_conn *cc = h->cc;
	while (bytes.n && h->call && !cc->closing) {
		h->answered = true;
		ssize_t n = http1_feed(h->parser, bytes);
		if (!h->call) return;
		if (n < 0) {
			const char *msg = "";
			if (n == -EPROTO) (void)http1_error(h->parser, &msg);
			call_fail(h->call, (int)n, h->upgrade ? "the server switched protocols unasked" : *msg ? msg : "malformed HTTP response");
			return;
		}
		bytes = slice_from(bytes, (size_t)n);
		if (h->complete && h->upgrade) {
			become_stream(h, bytes);
			return;
		}
		if (h->complete) next_or_done(h, bytes.n > 0);
	}
	/* Bytes nobody asked for: this is no server to keep a connection with. */
	if (bytes.n && !cc->closing) client_conn_close(cc, true);
}

static void on_timeout(void *ctx) {
	struct client_h1 *h = ctx;
	if (!h->call) client_conn_close(h->cc, false);
}

static void on_end(void *ctx, int err, const char *msg) {
	struct client_h1 *h = ctx;
	struct client_conn *cc = h->cc;
	struct net_call *c = h->call;
	cc->closing = true;
	if (c && err == 0 && http1_finish(h->parser) == 0 && h->complete) {
		h->keep_alive = false;
		call_complete(c);
	} else if (c) {
		bool safe = h->reused && !h->answered && may_repeat(c->head.method);
		call_retry(c, safe, err ? err : -ECONNRESET, err ? msg : "the server closed the connection");
	}
	client_conn_close(cc, err < 0);
}

static void on_close(void *ctx) {
	struct client_h1 *h = ctx;
	struct client_conn *cc = h->cc;
	cc->closing = true;
	if (h->call) call_fail(h->call, -ECONNRESET, "the connection is gone");
	h1_free(cc);
	client_conn_gone(cc);
}

static void on_nothing(void *ctx) { (void)ctx; }

static const struct conn_events events = { on_nothing, on_data, on_nothing, on_timeout, on_end, on_close };

int client_h1_serve(struct client_conn *cc) {
	struct client_h1 *h = calloc(1, sizeof(*h));
	if (h) h->parser = http1_new(HTTP1_RESPONSES, &parser_events, h);
	if (!h || !h->parser) {
		free(h);
		return -ENOMEM;
	}
	h->cc = cc;
	cc->state = h;
	cc->proto = &proto;
	conn_set_events(cc->conn, &events, h);
	return 0;
}
