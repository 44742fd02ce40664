/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its answer, whatever carries it: HTTP/1.1 or HTTP/2 over TLS, or a call inside the process. The handler
 * gets the whole request (body collected up to the server's limit) on the loop thread that owns the exchange, and answers
 * from that thread, at once or later. Every exchange is answered exactly once: exchange_respond or exchange_upgrade.
 *
 * Lifetime: the exchange and its arena live until the answer has been written or the peer is gone; then `on_end` runs
 * (exactly once) and the arena is freed. A handler that works elsewhere (store, another loop) keeps the exchange alive by
 * not having answered yet: when the peer disconnects before the answer, `aborted` becomes true and on_abort runs, but the
 * exchange stays valid until exchange_respond is called, which then just ends it.
 */
#pragma once

#include "base/blob.h"
#include "base/buf.h"
#include "loop/loop.h"
#include "wire/http.h"

struct exchange;

/* What a pull returns. */
enum { PULL_MORE = 1, PULL_END = 0, PULL_WAIT = 2 };

/* A response body that is asked for bytes when the connection can take them, so that a slow reader costs no memory. */
struct body_source {
	/* Appends about `room` bytes (a few more are fine) to `out`. PULL_MORE: call again when these are written; PULL_WAIT:
	 * nothing now, exchange_resume will be called; PULL_END: that was the last; negative: the stream is broken off. */
	int (*pull)(void *ctx, struct buf *out, size_t room);
	/* Runs exactly once, when the body is over or the peer is gone. May be NULL. */
	void (*close)(void *ctx);
	void *ctx;
};

/* Bytes that are shared, not copied: `blob` keeps them alive (NULL: they live in the exchange's arena or are static). */
struct body_part {
	struct blob *blob;
	struct slice bytes;
};

/* A raw two-way stream after 101 (HTTP/1.1) or after extended CONNECT's 200 (HTTP/2, RFC 8441). */
struct stream;
struct stream_handler {
	/* Bytes from the peer. The handler takes all of them; it may call stream_pause to stop the flow. */
	void (*on_data)(void *ctx, struct stream *s, struct slice bytes);
	/* The peer closed its side (graceful), or the connection broke (err < 0). No call follows; stream_close still frees. */
	void (*on_end)(void *ctx, struct stream *s, int err);
	/* The queue of written bytes fell below the mark after stream_write had returned 1. May be NULL. */
	void (*on_drain)(void *ctx, struct stream *s);
	/* Runs exactly once, last: the stream is gone. */
	void (*on_close)(void *ctx);
};

struct exchange_ops {
	void (*respond)(struct exchange *x, int status, const struct http_headers *h, const struct body_part *parts, size_t n_parts);
	void (*respond_source)(struct exchange *x, int status, const struct http_headers *h, int64_t length, struct body_source body);
	void (*resume)(struct exchange *x);
	void (*upgrade)(struct exchange *x, int status, const struct http_headers *h, const struct stream_handler *handler, void *ctx, struct stream **ret);
};

struct exchange {
	const struct exchange_ops *ops;
	struct loop *loop;
	struct arena *arena;
	struct http_request_head head;
	struct slice body;
	bool body_too_large;     /* the body went over the limit and was dropped: answer 413 */
	bool aborted;            /* the peer is gone */
	bool is_tls;
	bool can_upgrade;
	struct slice peer;       /* "10.0.0.1:4711", or "" inside the process */
	struct slice peer_cert;  /* DER of the client certificate (unverified), or empty */
	const void *local_user;  /* in-process callers: a struct access_user * that is taken as authenticated; else NULL */
	/* Set by the handler if it wants to know. Both run on the loop's thread. */
	void (*on_abort)(struct exchange *x);
	void (*on_end)(struct exchange *x);
	void *handler_ctx;
};

/* Status, headers (content-length is added; date is added; names lower case) and the body's parts, whose blobs are
 * consumed (one reference each). `parts` itself may be on the stack. HEAD: the body is left out, the length stays. */
static inline void exchange_respond(struct exchange *x, int status, const struct http_headers *h, const struct body_part *parts, size_t n) {
	x->ops->respond(x, status, h, parts, n);
}
/* `length` -1: chunked (HTTP/1.1) or plain DATA frames. */
static inline void exchange_respond_source(struct exchange *x, int status, const struct http_headers *h, int64_t length, struct body_source body) {
	x->ops->respond_source(x, status, h, length, body);
}
/* A source that answered PULL_WAIT has something now. From the loop's thread; harmless when nothing waits. */
static inline void exchange_resume(struct exchange *x) { x->ops->resume(x); }
/* Only when can_upgrade. After it the stream, not the exchange, is used; the exchange ends at once. *ret is NULL when the
 * peer was gone already (on_close has run then). */
static inline void exchange_upgrade(struct exchange *x, int status, const struct http_headers *h, const struct stream_handler *handler, void *ctx, struct stream **ret) {
	x->ops->upgrade(x, status, h, handler, ctx, ret);
}

/* Queues a copy of the bytes. 0; 1: more than STREAM_HIGH_WATER bytes wait, stop until on_drain; -EPIPE after the end. */
int stream_write(struct stream *s, struct slice bytes);
/* Sends what is queued, then closes (TLS close_notify, FIN). on_close follows. */
void stream_close(struct stream *s);
/* Drops the queue and the connection at once. */
void stream_abort(struct stream *s);
void stream_pause(struct stream *s);
void stream_unpause(struct stream *s);
