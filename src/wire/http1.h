/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 (RFC 9112): bytes in, events out, and heads out as bytes. One message at a time: the parser stops behind each
 * message, so that pipelined requests wait their turn in the caller's buffer. Strict where leniency smuggles requests:
 * Content-Length with Transfer-Encoding, folded headers, bare LF, any coding but "chunked", a missing or second Host.
 * No sockets, no clock, no recursion. Not thread-safe.
 */
#pragma once

#include "base/buf.h"
#include "wire/http.h"

#include <sys/types.h>

struct http1_parser;

/* What a head says about the rest of its message. */
struct http1_framing {
	int64_t length;       /* body bytes to come; -1: chunked, or (responses) until the connection ends */
	bool keep_alive;      /* another message may follow */
	bool upgrade;         /* asks for, or (101, CONNECT's 200) is, another protocol behind this message */
	bool expect_continue; /* the peer waits for "100 Continue" before it sends the body */
};

/* The heads live in the arena given to http1_begin. A handler must not feed or free the parser from inside a call. */
struct http1_handler {
	/* Exactly one of the two, by the parser's kind. 0 to go on; negative: stop with that result. */
	int (*on_request)(void *ctx, const struct http_request_head *head, const struct http1_framing *f);
	int (*on_response)(void *ctx, const struct http_response_head *head, const struct http1_framing *f);
	/* A piece of the body, valid during the call. 0 or negative: stop with that result. */
	int (*on_body)(void *ctx, struct slice bytes);
	/* The message is over; http1_feed returns next. */
	void (*on_end)(void *ctx);
};

enum http1_kind { HTTP1_REQUESTS, HTTP1_RESPONSES };

/* NULL when out of memory. The handler table must outlive the parser. */
struct http1_parser *http1_new(enum http1_kind kind, const struct http1_handler *h, void *ctx);
/* NULL is allowed. Returns NULL. */
struct http1_parser *http1_free(struct http1_parser *p);

/* Makes ready for the next message, whose head goes into `a` (borrowed until the message ends). `method` (responses only):
 * that of the request answered: HEAD has no body, CONNECT's 2xx begins a tunnel. */
void http1_begin(struct http1_parser *p, struct arena *a, struct slice method);

/* Takes bytes of the current message. Returns how many were taken: fewer than given only when the message ended there.
 * Negative: -EPROTO (see http1_error), or what a handler returned. After that or after on_end, call http1_begin first. */
ssize_t http1_feed(struct http1_parser *p, struct slice bytes);
/* The connection ended. 0 (a response without length is complete now, on_end has run), or -EPROTO: inside a message. */
int http1_finish(struct http1_parser *p);
/* True while nothing of the message has been seen (an idle connection may be closed without harm). */
bool http1_idle(const struct http1_parser *p);
/* After -EPROTO: the status to answer (400, 431, 501, 505) and a sentence about it, static or in the arena. */
int http1_error(const struct http1_parser *p, const char **ret_message);

/* Status line and headers, without the blank line. CR, LF and NUL in names and values become spaces. Errors stick in `out`. */
void http1_put_response(struct buf *out, int status, const struct http_headers *h);
/* Request line and headers, without the blank line. */
void http1_put_request(struct buf *out, struct slice method, struct slice target, const struct http_headers *h);
/* One more header line. */
void http1_put_header(struct buf *out, struct slice name, struct slice value);
void http1_put_header_u64(struct buf *out, const char *name, uint64_t value);
/* "<hex>\r\n" before a chunk; after its bytes comes "\r\n". */
void http1_put_chunk_size(struct buf *out, size_t n);
#define HTTP1_CHUNK_END SLICE_LIT("\r\n")
#define HTTP1_LAST_CHUNK SLICE_LIT("0\r\n\r\n")
