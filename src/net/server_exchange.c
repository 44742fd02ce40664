/* SPDX-License-Identifier: Apache-2.0 */
#include "net/server_exchange.h"
#include "net/net_limits.h"

/* Objects of one request, decoded several times over, fit; a runaway does not. */
#define EXCHANGE_ARENA_MAX ((size_t)256u * MIB)
#define BODY_FIRST_ROOM (64u * KIB)

void *server_exchange_new(struct server_conn *sc, const struct exchange_ops *ops, size_t size) {
	_cleanup_arena_ struct arena *a = arena_new(EXCHANGE_ARENA_MAX);
	struct server_exchange *e = a ? arena_zalloc(a, size) : NULL;
	if (!e) return NULL;
	e->sl = sc->sl;
	e->body = BUF_INIT(server_options(sc->sl)->body_max);
	e->x = (struct exchange){ .ops = ops, .loop = sc->sl->loop, .is_tls = conn_is_tls(sc->conn) };
	e->x.peer = arena_slice_dup(a, conn_peer(sc->conn));
	struct blob *cert = conn_peer_cert(sc->conn);
	if (cert && arena_defer(a, blob_unref_void, blob_ref(cert)) == 0) e->x.peer_cert = blob_slice(cert);
	e->x.arena = TAKE_PTR(a);
	return e;
}

static void uncount(struct server_exchange *e) {
	if (e->sl) e->sl->body_bytes -= e->body_counted;
	e->body_counted = 0;
}

static void too_large(struct server_exchange *e) {
	e->x.body_too_large = true;
	buf_done(&e->body);
	uncount(e);
}

void server_exchange_expect(struct server_exchange *e, int64_t length) {
	if (length > 0 && (uint64_t)length > e->body.max) too_large(e);
	else if (length > 0) (void)buf_reserve(&e->body, (size_t)length < BODY_FIRST_ROOM ? (size_t)length : BODY_FIRST_ROOM);
}

void server_exchange_body(struct server_exchange *e, struct slice bytes) {
	if (e->x.body_too_large) return;
	e->overloaded = bytes.n > BODIES_IN_FLIGHT_MAX - e->sl->body_bytes;
	if (e->overloaded || buf_put_slice(&e->body, bytes) < 0) {
		too_large(e);
		return;
	}
	e->body_counted += bytes.n;
	e->sl->body_bytes += bytes.n;
}

/* What kube-apiserver says when too many requests are in flight; clients come back after the second. */
static void refuse_overload(struct exchange *x) {
	struct http_header v[] = {
		{ SLICE_LIT("content-type"), SLICE_LIT("text/plain; charset=utf-8") },
		{ SLICE_LIT("retry-after"), SLICE_LIT("1") },
	};
	struct http_headers h = { v, ELEMENTSOF(v), ELEMENTSOF(v) };
	struct body_part p = { NULL, SLICE_LIT("Too many requests, please try again later.\n") };
	exchange_respond(x, 429, &h, &p, 1);
}

void server_exchange_dispatch(struct server_exchange *e) {
	const struct net_server_options *o = server_options(e->sl);
	e->dispatched = true;
	e->x.body = buf_slice(&e->body);
	if (e->overloaded) refuse_overload(&e->x);
	else o->handler(o->ctx, &e->x);
}

void server_exchange_end(struct server_exchange *e) {
	answer_done(&e->answer);
	uncount(e);
	if (e->dispatched && e->x.on_end) e->x.on_end(&e->x);
	buf_done(&e->body);
	struct arena *a = e->x.arena;
	arena_free(a);
}

void server_exchange_abort(struct server_exchange *e) {
	e->x.aborted = true;
	if (!e->dispatched || e->answered) {
		server_exchange_end(e);
		return;
	}
	uncount(e);
	e->sl = NULL;
	e->x.can_upgrade = false;
	if (e->x.on_abort) e->x.on_abort(&e->x);
}

bool server_exchange_answer_parts(struct server_exchange *e, const struct body_part *parts, size_t n) {
	e->answered = true;
	if (!e->x.aborted && answer_parts(&e->answer, e->x.arena, parts, n) == 0) return true;
	if (e->x.aborted) {
		body_parts_unref(parts, n);
		server_exchange_end(e);
		return false;
	}
	/* Out of memory: an answer without its body would lie about its length, so it is broken off. */
	e->answer.left = -1;
	return true;
}

bool server_exchange_answer_source(struct server_exchange *e, struct body_source s, int64_t length) {
	e->answered = true;
	answer_source(&e->answer, s, length);
	if (!e->x.aborted) return true;
	server_exchange_end(e);
	return false;
}
