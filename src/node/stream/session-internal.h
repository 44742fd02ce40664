/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a session: what both protocols share. */
#pragma once

#include "node/stream/session.h"

/* Of frames waiting to be handed to the connection in one go. */
#define SESSION_OUT_MAX (8u * 1024u * 1024u)
/* The largest resize message. */
#define SESSION_RESIZE_MAX 1024u
/* How long an SPDY client may take to open its streams. */
#define SESSION_STREAMS_MS 30000u

struct session_ops {
	/* Puts a frame into s->out. */
	void (*put)(struct session *s, enum session_channel c, struct slice bytes);
	void (*put_status)(struct session *s, struct slice status);
	/* Bytes of the connection. 0 or negative: it is broken. */
	int (*feed)(struct session *s, struct slice bytes);
	void (*free)(struct session *s);
};

struct session {
	const struct session_ops *ops;
	struct session_options o;
	const struct session_handler *h;
	void *ctx;
	struct loop *loop;
	struct stream *stream;       /* NULL: gone */
	struct buf out, resize;
	bool finished, closed;
};

/* Sends what is in s->out. As session_write. */
int session_flush(struct session *s);
/* Bytes of the resize channel: {"Width":80,"Height":24}, perhaps in pieces. */
void session_resize_bytes(struct session *s, struct slice bytes);
/* An answer without upgrade; runs on_close and returns NULL, for session_open. */
struct session *session_refuse(struct exchange *x, int status, const char *text, const struct session_handler *h, void *ctx);

extern const struct stream_handler session_stream_handler;

/* Each answers x and returns the session, or NULL after a refusal. */
struct session *session_open_websocket(struct exchange *x, const struct session_options *o, const struct session_handler *h, void *ctx);
struct session *session_open_spdy(struct exchange *x, const struct session_options *o, const struct session_handler *h, void *ctx);
