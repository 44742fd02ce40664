/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 (RFC 9113) over nghttp2, both ends: bytes in, events out, bytes out. Flow control follows what the owner has
 * consumed. Floods that cost the sender nothing (reset storms, pings, settings, priorities, empty frames, window updates
 * without traffic, continuations) end the connection with ENHANCE_YOUR_CALM. No sockets; the clock is a parameter.
 * Not thread-safe.
 */
#pragma once

#include "base/buf.h"
#include "wire/http.h"

struct http2;
struct http2_stream;

/* RFC 9113, 7. */
enum {
	HTTP2_NO_ERROR = 0,
	HTTP2_PROTOCOL_ERROR = 1,
	HTTP2_INTERNAL_ERROR = 2,
	HTTP2_REFUSED_STREAM = 7,
	HTTP2_CANCEL = 8,
	HTTP2_ENHANCE_YOUR_CALM = 11,
};

/* Results of a body's read: as PULL_* of net/exchange.h. */
enum { HTTP2_END = 0, HTTP2_MORE = 1, HTTP2_WAIT = 2 };

/* `user` is what on_open or http2_request attached. From inside a call everything may be called but http2_feed, http2_pull
 * and http2_free. */
struct http2_handler {
	/* Server: a stream begins. Gives the arena its head goes into and the user pointer. -ENOMEM: refused. */
	int (*on_open)(void *ctx, struct http2_stream *s, struct arena **ret_arena, void **ret_user);
	/* The head, complete. `end`: no body follows (on_end does). */
	void (*on_request)(void *ctx, void *user, const struct http_request_head *head, bool end);
	void (*on_response)(void *ctx, void *user, const struct http_response_head *head, bool end);
	/* Body bytes; give the window back with http2_consume. */
	void (*on_data)(void *ctx, void *user, struct slice bytes);
	/* The peer's side of the stream is complete. */
	void (*on_end)(void *ctx, void *user);
	/* The next bytes of the body to send, at most n: HTTP2_*, or negative: reset the stream. */
	int (*read)(void *ctx, void *user, void *p, size_t n, size_t *ret_n);
	/* The stream is gone (last; also for those alive in http2_free): HTTP2_NO_ERROR when both sides were complete. */
	void (*on_close)(void *ctx, void *user, uint32_t error);
	/* The peer takes no further streams. May be NULL. */
	void (*on_goaway)(void *ctx, uint32_t error);
	/* Header fields behind the body, before on_end. May be NULL: they are dropped. */
	void (*on_trailers)(void *ctx, void *user, const struct http_headers *trailers);
};

/* 0 or -ENOMEM. The handler must outlive the session. */
int http2_server_new(const struct http2_handler *h, void *ctx, struct http2 **ret);
int http2_client_new(const struct http2_handler *h, void *ctx, struct http2 **ret);
/* on_close runs for the streams left. NULL is allowed. Returns NULL. */
struct http2 *http2_free(struct http2 *h);

/* Bytes from the peer; `now_ms` is monotonic. 0, or -EPROTO / -ENOMEM: send what http2_pull still gives (GOAWAY), close. */
int http2_feed(struct http2 *h, struct slice bytes, uint64_t now_ms);
/* Appends what is to be sent, at least a frame, about `room` bytes. 0: nothing is left; 1: more; negative: close. */
int http2_pull(struct http2 *h, struct buf *out, size_t room);
/* False when both sides are done and the connection should close. */
bool http2_alive(const struct http2 *h);

/* Server: the answer; `body`: read will be asked for bytes. 0 or -ENOMEM. An answer before the end of the request leaves the
 * peer's side open: http2_reset with HTTP2_NO_ERROR ends it (RFC 9113, 8.1), but some clients lose the answer then. */
int http2_respond(struct http2_stream *s, int status, const struct http_headers *headers, bool body);
/* Client: 0, -ENOMEM, -EPIPE (the peer takes no more). `a` (which must live until on_close) gets the response's head. */
int http2_request(struct http2 *h, const struct http_request_head *head, bool is_tls, bool body, struct arena *a, void *user,
		  struct http2_stream **ret);
/* A body that said HTTP2_WAIT has bytes now. */
void http2_resume(struct http2_stream *s);
/* n bytes given by on_data have been dealt with. */
void http2_consume(struct http2_stream *s, size_t n);
void http2_reset(struct http2_stream *s, uint32_t error);
/* The same, and no event will come for the stream any more: its user and arena may go. */
void http2_detach(struct http2_stream *s, uint32_t error);
/* Streams that have begun and not been closed. */
size_t http2_streams(const struct http2 *h);
/* Client: another stream may be begun now. */
bool http2_room(const struct http2 *h);
/* Graceful: streams in flight go on, no new ones. */
void http2_goaway(struct http2 *h);
