/* SPDX-License-Identifier: Apache-2.0 */
#include "api/stream/relay.h"

#include <errno.h>

/* Held for a client before the backend is told to wait. */
#define HELD_HIGH (256u * 1024u)
#define HELD_MAX (4u * 1024u * 1024u)
/* Of an answer that is not passed on by itself. */
#define RELAY_TEXT_MAX (64u * 1024u)

struct relay {
	const struct relay_handler *h;
	void *ctx;
	struct request_token *token;      /* until the request is answered */
	struct net_call *call;            /* NULL: over */
	struct arena *a;                  /* what must outlive the request */
	struct relay_outcome outcome;
	struct exchange *x;               /* from the answer's head to its end; NULL: the client is gone */
	struct buf held;                  /* body bytes for the client, or the collected text */
	int err;
	bool paused;
	struct stream *client, *backend;  /* after an upgrade; NULL: gone */
	unsigned holders;                 /* the call or the backend's stream, the client's body or stream */
};

static void relay_release(struct relay *l) {
	if (--l->holders > 0) return;
	if (l->h->free) l->h->free(l->ctx);
	buf_done(&l->held);
	arena_free(l->a);
	free(l);
}

/* The request, if it still waits. It is answered, or told to wait again, by the caller. */
static struct request *take_request(struct relay *l) {
	struct request *r = l->token ? request_resume(l->token) : NULL;
	l->token = NULL;
	if (r) r->x->on_abort = NULL;
	return r;
}

/* ---- the body on its way to the client ---- */

static int pull(void *ctx, struct buf *out, size_t room) {
	struct relay *l = ctx;
	size_t n = l->held.n < room ? l->held.n : room;
	if (n) {
		if (buf_put(out, l->held.p, n) < 0) return -ENOMEM;
		buf_consume(&l->held, n);
	}
	if (l->paused && l->call && l->held.n < HELD_HIGH / 2) {
		l->paused = false;
		net_call_unpause(l->call);
	}
	if (l->held.n) return PULL_MORE;
	if (l->call) return n ? PULL_MORE : PULL_WAIT;
	return l->err ? l->err : PULL_END;
}

static void closed(void *ctx) {
	struct relay *l = ctx;
	l->x = NULL;
	if (l->call) net_call_cancel(l->call); /* its on_done releases the call's hold */
	relay_release(l);
}

static void hold(struct relay *l, struct slice bytes, bool last) {
	int e = l->h->transform ? l->h->transform(l->ctx, bytes, last, &l->held) : buf_put_slice(&l->held, bytes);
	if (e < 0 && !l->err) l->err = e;
}

/* ---- two streams, each writing to the other ---- */

static void pass(struct stream *from, struct stream *to, struct slice bytes) {
	if (to && stream_write(to, bytes) == 1) stream_pause(from);
}

static void client_data(void *ctx, struct stream *s, struct slice bytes) { pass(s, ((struct relay *)ctx)->backend, bytes); }
static void backend_data(void *ctx, struct stream *s, struct slice bytes) { pass(s, ((struct relay *)ctx)->client, bytes); }

static void client_drain(void *ctx, struct stream *s k8c_unused) {
	struct relay *l = ctx;
	if (l->backend) stream_unpause(l->backend);
}
static void backend_drain(void *ctx, struct stream *s k8c_unused) {
	struct relay *l = ctx;
	if (l->client) stream_unpause(l->client);
}

static void side_end(void *ctx k8c_unused, struct stream *s, int err) {
	if (err < 0) stream_abort(s);
	else stream_close(s);
}

static void client_close(void *ctx) {
	struct relay *l = ctx;
	l->client = NULL;
	if (l->backend) stream_close(l->backend);
	relay_release(l);
}
static void backend_close(void *ctx) {
	struct relay *l = ctx;
	l->backend = NULL;
	if (l->client) stream_close(l->client);
	relay_release(l);
}

static const struct stream_handler client_side = { client_data, side_end, client_drain, client_close };
static const struct stream_handler backend_side = { backend_data, side_end, backend_drain, backend_close };

/* ---- the backend's answer ---- */

static void keep_headers(struct relay *l, const struct http_response_head *head) {
	bool all = head->status != 101 || !l->h->keeps;
	for (size_t i = 0; i < head->headers.n; i++) {
		const struct http_header *v = &head->headers.v[i];
		if (all || l->h->keeps(v->name)) (void)http_headers_add(l->a, &l->outcome.headers, v->name, v->value);
	}
}

static void aborted(struct exchange *x) {
	struct relay *l = ((struct request *)x->handler_ctx)->ctx;
	if (l->call) net_call_cancel(l->call);
}

/* The request waits for the relay's next event; the client's leaving ends it. */
static bool wait_with(struct relay *l, struct request *r) {
	l->token = request_wait(r);
	r->ctx = l;
	if (l->token) r->x->on_abort = aborted;
	return l->token != NULL;
}

static void on_head(void *ctx, struct net_call *c k8c_unused, const struct http_response_head *head) {
	struct relay *l = ctx;
	struct relay_answer answer = { .code = head->status, .length = -1 };
	l->outcome.status = head->status;
	struct request *r = head->status == 101 || !l->h->begin ? NULL : take_request(l);
	if (!r || !l->h->begin(l->ctx, r, head, &answer)) {
		keep_headers(l, head);
		if (r && !wait_with(l, r)) request_status(r, status_no_memory());
		return;
	}
	l->x = r->x;
	l->holders++;
	request_relayed(r, answer.code, answer.length, (struct body_source){ pull, closed, l });
}

static void on_data(void *ctx, struct net_call *c, struct slice bytes) {
	struct relay *l = ctx;
	if (l->token) {
		if (l->held.n + bytes.n <= RELAY_TEXT_MAX) (void)buf_put_slice(&l->held, bytes);
		return;
	}
	if (!l->x) return;
	hold(l, bytes, false);
	if (l->x && l->held.n > HELD_HIGH && !l->paused) {
		l->paused = true;
		net_call_pause(c);
	}
	if (l->x) exchange_resume(l->x);
}

static void on_done(void *ctx, int err, const char *msg) {
	struct relay *l = ctx;
	struct request *r = take_request(l);
	l->call = NULL;
	if (r) {
		l->outcome.err = err;
		l->outcome.msg = msg && *msg ? msg : strerror(-err);
		l->outcome.text = buf_slice(&l->held);
		l->h->end(l->ctx, r, &l->outcome);
	} else if (l->x) {
		if (err) l->err = err;
		else hold(l, SLICE_NULL, true);
		exchange_resume(l->x);
	}
	relay_release(l);
}

static void on_upgrade(void *ctx, struct stream *s) {
	struct relay *l = ctx;
	struct request *r = take_request(l);
	l->call = NULL;
	l->backend = s;
	net_stream_attach(s, &backend_side, l);
	if (!r) {
		stream_abort(s);
		return;
	}
	for (size_t i = 0; i < l->outcome.headers.n; i++) {
		const struct http_header *v = &l->outcome.headers.v[i];
		(void)http_headers_add(r->a, &r->headers, v->name, v->value);
	}
	l->holders++;
	request_upgrade(r, 101, &client_side, l, &l->client);
}

static const struct net_call_handler plain_call = { on_head, on_data, on_done, NULL };
static const struct net_call_handler upgrade_call = { on_head, on_data, on_done, on_upgrade };

/* ---- the request ---- */

int relay_start(struct request *r, const struct relay_plan *p, const struct relay_handler *h, void *ctx) {
	struct relay *l = calloc(1, sizeof(*l));
	if (!l) {
		if (h->free) h->free(ctx);
		return -ENOMEM;
	}
	*l = (struct relay){ .h = h, .ctx = ctx, .held = BUF_INIT(HELD_MAX), .holders = 1, .a = arena_new(0) };
	int e = l->a && wait_with(l, r) ? 0 : -ENOMEM;
	if (e == 0) e = net_call_start(p->client, p->url, &p->head, p->body, 0, p->upgrade ? &upgrade_call : &plain_call, l, &l->call);
	if (e == 0) return 0;
	(void)take_request(l);
	relay_release(l);
	return e;
}

bool relay_wants_upgrade(const struct request *r) { return http_headers_token(&r->x->head.headers, "connection", "upgrade"); }
