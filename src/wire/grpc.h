/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC's part of an HTTP/2 stream (grpc.io, PROTOCOL-HTTP2): messages behind a five byte head, and the status in the trailers.
 * Pure; compressed messages are refused, as none are asked for.
 */
#pragma once

#include "base/buf.h"
#include "wire/http.h"

/* The status codes this project acts on (grpc.io, statuscodes). */
enum grpc_code {
	GRPC_OK = 0, GRPC_CANCELLED = 1, GRPC_UNKNOWN = 2, GRPC_INVALID_ARGUMENT = 3, GRPC_DEADLINE_EXCEEDED = 4, GRPC_PERMISSION_DENIED = 7,
	GRPC_RESOURCE_EXHAUSTED = 8, GRPC_OUT_OF_RANGE = 11, GRPC_UNAVAILABLE = 14, GRPC_UNAUTHENTICATED = 16,
};

/* Appends one message with its head. 0 or b->err. */
int grpc_put(struct buf *b, struct slice message);

/* Cuts a stream of bytes into messages. */
struct grpc_reader {
	struct buf held; /* an incomplete message and its head */
	size_t max;      /* longest message taken */
};
void grpc_reader_init(struct grpc_reader *r, size_t max);
void grpc_reader_done(struct grpc_reader *r);
/* `on_message` gets each whole message (valid during the call). 0; -EBADMSG: a compressed message; -EMSGSIZE; -ENOMEM; or what
 * on_message returned when negative. After an error the reader is of no further use. */
int grpc_feed(struct grpc_reader *r, struct slice bytes, int (*on_message)(void *ctx, struct slice message), void *ctx);
/* False when the stream ended inside a message. */
static inline bool grpc_reader_idle(const struct grpc_reader *r) { return r->held.n == 0; }

/* The status in trailers (or in the head of an answer without a body): 0 and *ret_code, *ret_message (as sent, percent-encoded;
 * borrowed); -ENOENT when there is none; -EBADMSG. */
int grpc_status(const struct http_headers *h, int *ret_code, struct slice *ret_message);
