/* SPDX-License-Identifier: Apache-2.0 */
/* A call's own life: its events to the caller, its pause, its time-out, its end. */
#include "net/client_pool.h"
#include "net/net_limits.h"

#include <errno.h>

/* A refused stream or a connection that closed under an idle client deserves another try, but not for ever. */
#define TRIES_MAX 4u
#define RESPONSE_ARENA_MAX (4u * MIB)

static int copy_head(struct net_call *c, const struct http_request_head *head) {
	struct arena *a = c->arena;
	c->head = (struct http_request_head){ .method = arena_slice_dup(a, head->method), .target = arena_slice_dup(a, head->target) };
	if (!c->head.method.p || !c->head.target.p) return -ENOMEM;
	if (head->authority.n && !(c->head.authority = arena_slice_dup(a, head->authority)).p) return -ENOMEM;
	for (size_t i = 0; i < head->headers.n; i++) {
		int r = http_headers_add(a, &c->head.headers, head->headers.v[i].name, head->headers.v[i].value);
		if (r < 0) return r;
	}
	return 0;
}

struct net_call *call_new(struct net_client *n, const struct http_request_head *head, struct slice body,
			  const struct net_call_handler *h, void *ctx) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct net_call *c = a ? arena_new_of(a, struct net_call) : NULL;
	if (!c) return NULL;
	(void)n;
	c->arena = a;
	c->h = h;
	c->ctx = ctx;
	c->held = BUF_INIT(2 * HTTP2_STREAM_WINDOW);
	c->unsent = BUF_INIT(NET_CALL_UNSENT_MAX);
	list_init(&c->node);
	if (copy_head(c, head) < 0) return NULL;
	c->body = body.n ? arena_slice_dup(a, body) : SLICE_NULL;
	if (body.n && !c->body.p) return NULL;
	a = NULL;
	return c;
}

void call_free(struct net_call *c) {
	loop_timer_stop(c->timer);
	list_del(&c->node);
	buf_done(&c->held);
	buf_done(&c->unsent);
	arena_free(c->answer_arena);
	struct arena *a = c->arena;
	arena_free(a);
}

void call_head(struct net_call *c, const struct http_response_head *head) {
	c->head_seen = true;
	c->h->on_head(c->ctx, c, head);
}

void call_data(struct net_call *c, struct slice bytes) {
	if (c->paused || c->held.n) {
		(void)buf_put_slice(&c->held, bytes);
		return;
	}
	if (c->cc) c->cc->proto->consumed(c->cc, c, bytes.n);
	c->h->on_data(c->ctx, c, bytes);
}

void call_trailers(struct net_call *c, const struct http_headers *trailers) {
	if (c->h->on_trailers) c->h->on_trailers(c->ctx, c, trailers);
}

void call_drop(struct net_call *c) {
	if (!c->kicked) {
		call_free(c);
		return;
	}
	/* A message to this call is under way: it finds it silent. */
	c->h = NULL;
	c->timer = loop_timer_stop(c->timer);
	list_del(&c->node);
}

/* The last event; the connection has let go already. */
static void call_done(struct net_call *c, int err, const char *msg) {
	const struct net_call_handler *h = c->h;
	void *ctx = c->ctx;
	struct origin *o = c->origin;
	struct net_client *n = o->client;
	call_drop(c);
	n->refs++;
	o->pins++;
	h->on_done(ctx, err, msg);
	o->pins--;
	origin_release(o);
	client_unref(n);
}

static void leave(struct net_call *c) {
	struct client_conn *cc = c->cc;
	c->cc = NULL;
	if (cc) cc->proto->leave(cc, c);
}

void call_fail(struct net_call *c, int err, const char *msg) {
	leave(c);
	call_done(c, err, msg);
}

void call_complete(struct net_call *c) {
	leave(c);
	c->ended = true;
	if (buf_err(&c->held) < 0) call_done(c, -ENOBUFS, "the response came faster than a paused call can hold");
	else if (!c->paused && !c->held.n) call_done(c, 0, "");
}

void call_retry(struct net_call *c, bool safe, int err, const char *msg) {
	if (!safe || c->open || c->head_seen || c->ended || ++c->tries > TRIES_MAX || c->origin->client->freed) {
		call_fail(c, err, msg);
		return;
	}
	leave(c);
	c->body_at = 0;
	c->stream = NULL;
	list_del(&c->node);
	list_add_tail(&c->origin->waiting, &c->node);
	origin_schedule(c->origin);
}

void net_call_cancel(struct net_call *c) { call_fail(c, -ECANCELED, "the call was cancelled"); }

void net_call_pause(struct net_call *c) {
	if (c->paused) return;
	c->paused = true;
	if (c->cc) c->cc->proto->pause(c->cc, true);
}

/* Delivers what was held, from the loop. */
static void kick(void *arg) {
	struct net_call *c = arg;
	c->kicked = false;
	if (!c->h) {
		call_free(c);
		return;
	}
	if (c->paused) return;
	if (buf_err(&c->held) < 0) {
		call_fail(c, -ENOBUFS, "the response came faster than a paused call can hold");
		return;
	}
	if (c->held.n) {
		_cleanup_buf_ struct buf b = c->held;
		c->held = BUF_INIT(b.max);
		c->kicked = true; /* keeps the memory should the call be cancelled inside */
		if (c->cc) c->cc->proto->consumed(c->cc, c, b.n);
		c->h->on_data(c->ctx, c, buf_slice(&b));
		c->kicked = false;
		if (!c->h) {
			call_free(c);
			return;
		}
	}
	if (c->ended && !c->paused) call_done(c, 0, "");
}

void net_call_unpause(struct net_call *c) {
	if (!c->paused) return;
	c->paused = false;
	if (c->cc) c->cc->proto->pause(c->cc, false);
	if (!c->kicked && loop_post(c->origin->client->loop, kick, c) == 0) c->kicked = true;
}
