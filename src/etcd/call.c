/* SPDX-License-Identifier: Apache-2.0 */
/* Requests with one answer. */
#include "etcd/impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MAX (ETCD_MESSAGE_MAX + 5u)

struct etcd_call {
	struct list node;
	struct etcd *e;
	struct net_call *call;
	etcd_call_fn fn;
	void *ctx;
	size_t endpoint;
	struct buf body;
	int http_status, code; /* code -1: none has come */
	char message[ETCD_MSG_MAX];
};

/* ---- what an answer means ---- */

static bool says(struct slice message, const char *words) { return slice_find(message, slice_str(words)) >= 0; }

int etcd_error(int code, struct slice message) {
	switch (code) {
	case GRPC_OK: return 0;
	case GRPC_INVALID_ARGUMENT: return says(message, "request is too large") ? -E2BIG : -EINVAL;
	case GRPC_RESOURCE_EXHAUSTED: return says(message, "space exceeded") ? -ENOSPC : says(message, "larger than max") ? -E2BIG : -EBUSY;
	case GRPC_OUT_OF_RANGE: return -ESTALE;
	case GRPC_PERMISSION_DENIED:
	case GRPC_UNAUTHENTICATED: return -EACCES;
	default: return -ENOLINK; /* cancelled, timed out, no leader, a member that is ending */
	}
}

void etcd_turn_away(struct etcd *e, size_t endpoint) {
	if (endpoint == e->at) e->at = (e->at + 1) % e->n_endpoints;
}

static int keep_message(void *ctx, struct slice message) {
	struct slice *to = ctx;
	if (to->p) return -EBADMSG;
	*to = message.p ? message : SLICE_LIT("");
	return 0;
}

/* The one message of a whole body. 0 or -EBADMSG. */
static int only_message(const struct buf *body, struct slice *ret) {
	struct grpc_reader r;
	struct slice message = SLICE_NULL;
	grpc_reader_init(&r, ETCD_MESSAGE_MAX);
	int err = buf_err(body) ? -EMSGSIZE : grpc_feed(&r, buf_slice(body), keep_message, &message);
	if (err == 0 && (!message.p || !grpc_reader_idle(&r))) err = -EBADMSG;
	grpc_reader_done(&r);
	*ret = message;
	return err ? -EBADMSG : 0;
}

static int outcome(const struct etcd_call *c, int err, struct slice *ret_answer) {
	if (err) return err == -ECANCELED ? err : err == -EKEYREJECTED ? -EACCES : -ENOLINK;
	if (c->http_status != 200 || c->code < 0) return -ENOLINK;
	if (c->code != GRPC_OK) return etcd_error(c->code, slice_str(c->message));
	/* An answer that cannot be read tells nothing of what was done. */
	return only_message(&c->body, ret_answer) < 0 ? -ENOLINK : 0;
}

/* ---- events ---- */

static void take_status(struct etcd_call *c, const struct http_headers *h) {
	struct slice message;
	if (grpc_status(h, &c->code, &message) < 0) return;
	size_t n = message.n < sizeof(c->message) - 1 ? message.n : sizeof(c->message) - 1;
	if (n) memcpy(c->message, message.p, n);
	c->message[n] = 0;
}

static void on_head(void *ctx, struct net_call *call, const struct http_response_head *head) {
	struct etcd_call *c = ctx;
	c->http_status = head->status;
	take_status(c, &head->headers);
}

static void on_data(void *ctx, struct net_call *call, struct slice bytes) { (void)buf_put_slice(&((struct etcd_call *)ctx)->body, bytes); }
static void on_trailers(void *ctx, struct net_call *call, const struct http_headers *h) { take_status(ctx, h); }

static void on_done(void *ctx, int err, const char *msg) {
	struct etcd_call *c = ctx;
	struct slice answer = SLICE_NULL;
	int r = outcome(c, err, &answer);
	list_del(&c->node);
	if (r == -ENOLINK || r == -EACCES) snprintf(c->e->why, sizeof(c->e->why), "etcd: %.*s", (int)ETCD_MSG_MAX - 8, err ? msg : c->message);
	if (r == -ENOLINK) etcd_turn_away(c->e, c->endpoint);
	c->fn(c->ctx, r, answer);
	buf_done(&c->body);
	free(c);
}

int etcd_head(struct arena *a, const char *method, struct http_request_head *head) {
	static const struct { struct slice name, value; } headers[] = {
		{ SLICE_LIT("content-type"), SLICE_LIT("application/grpc") }, { SLICE_LIT("te"), SLICE_LIT("trailers") },
		{ SLICE_LIT("user-agent"), SLICE_LIT("k8c") },
		/* A member without a leader says so instead of waiting for one. */
		{ SLICE_LIT("hasleader"), SLICE_LIT("true") },
	};
	int r = 0;
	*head = (struct http_request_head){ .method = SLICE_LIT("POST"), .target = slice_str(method) };
	for (size_t i = 0; i < ELEMENTSOF(headers) && r == 0; i++) r = http_headers_append(a, &head->headers, headers[i].name, headers[i].value);
	return r;
}

int etcd_call(struct etcd *e, const char *method, struct slice message, etcd_call_fn fn, void *ctx) {
	static const struct net_call_handler handler = { .on_head = on_head, .on_data = on_data, .on_trailers = on_trailers, .on_done = on_done };
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf frame = BUF_INIT(ETCD_REQUEST_MAX);
	struct http_request_head head;
	struct etcd_call *c = a ? calloc(1, sizeof(*c)) : NULL;
	if (!c) return -ENOMEM;
	*c = (struct etcd_call){ .e = e, .fn = fn, .ctx = ctx, .endpoint = e->at, .body = BUF_INIT(ANSWER_MAX), .code = -1 };
	int r = grpc_put(&frame, message);
	if (r == 0) r = etcd_head(a, method, &head);
	if (r == 0) r = net_call_start(e->net, e->endpoint[e->at], &head, buf_slice(&frame), ETCD_CALL_MS, &handler, c, &c->call);
	if (r < 0) return free(c), r;
	list_add_tail(&e->calls, &c->node);
	return 0;
}

void etcd_calls_cancel(struct etcd *e) {
	while (!list_empty(&e->calls)) net_call_cancel(list_entry(e->calls.next, struct etcd_call, node)->call);
}
