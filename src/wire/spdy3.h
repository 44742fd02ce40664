/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SPDY/3.1 as Kubernetes' exec, attach and port-forward use it after "Upgrade: SPDY/3.1" (moby/spdystream): streams with
 * headers, data, half-close, reset, ping, go-away. There is no flow control: spdystream sends no WINDOW_UPDATE and ignores
 * it, so back-pressure is the connection's. Bytes in, events out, frames appended to a buffer. Not thread-safe.
 */
#pragma once

#include "base/buf.h"
#include "wire/http.h"

struct spdy;
struct spdy_stream;

/* RST_STREAM status (SPDY/3, 2.6.3). */
enum {
	SPDY_PROTOCOL_ERROR = 1,
	SPDY_INVALID_STREAM = 2,
	SPDY_REFUSED_STREAM = 3,
	SPDY_CANCEL = 5,
	SPDY_INTERNAL_ERROR = 6,
	SPDY_STREAM_IN_USE = 8,
	SPDY_STREAM_ALREADY_CLOSED = 9,
};

/* From inside a call everything may be called but spdy_feed and spdy_free. A stream is gone when both sides have finished
 * or one has reset it: on_close runs, last. */
struct spdy_handler {
	/* The peer opened a stream; headers as in HTTP, names lower case ("streamtype", "port", "requestid"). Accept with
	 * spdy_reply, or refuse with spdy_reset. `fin`: it will send nothing. Valid during the call. */
	void (*on_open)(void *ctx, struct spdy_stream *s, const struct http_headers *h, bool fin);
	/* The peer accepted ours. */
	void (*on_reply)(void *ctx, struct spdy_stream *s, const struct http_headers *h);
	/* Bytes, valid during the call. */
	void (*on_data)(void *ctx, struct spdy_stream *s, struct slice bytes);
	/* The peer will send nothing more here. */
	void (*on_fin)(void *ctx, struct spdy_stream *s);
	/* 0: both finished; else a reset's status. Also for those alive in spdy_free (SPDY_CANCEL). */
	void (*on_close)(void *ctx, struct spdy_stream *s, unsigned status);
	/* The peer opens no further streams and expects the connection to end. May be NULL. */
	void (*on_goaway)(void *ctx);
};

/* Frames go to `out` (borrowed; the owner sends and empties it). 0 or -ENOMEM. */
int spdy_new(bool server, const struct spdy_handler *h, void *ctx, struct buf *out, struct spdy **ret);
/* NULL is allowed. Returns NULL. */
struct spdy *spdy_free(struct spdy *s);
/* 0, -EPROTO or -ENOMEM: close the connection. */
int spdy_feed(struct spdy *s, struct slice bytes);

/* Opens a stream. 0, -ENOMEM, -EPIPE (the peer went away), -E2BIG (too many streams or headers). */
int spdy_open(struct spdy *s, const struct http_headers *h, bool fin, void *user, struct spdy_stream **ret);
/* Accepts a stream. `h` may be NULL. 0 or -errno. */
int spdy_reply(struct spdy_stream *st, const struct http_headers *h);
/* Sends bytes; `fin`: the last ones (n may be 0). Nothing after fin. May close the stream. 0 or -errno of the buffer. */
int spdy_write(struct spdy_stream *st, struct slice bytes, bool fin);
/* Ends the stream at once; on_close runs. */
void spdy_reset(struct spdy_stream *st, unsigned status);
/* Tells the peer that no further streams are taken. */
void spdy_goaway(struct spdy *s);

void spdy_stream_set_user(struct spdy_stream *st, void *user);
void *spdy_stream_user(const struct spdy_stream *st);
uint32_t spdy_stream_id(const struct spdy_stream *st);
size_t spdy_streams(const struct spdy *s);
