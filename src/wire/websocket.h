/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket framing (RFC 6455), both ends: bytes in, whole messages out, and messages out as frames. No extensions. No
 * sockets, no randomness: a client hands in its masking keys. Not thread-safe.
 */
#pragma once

#include "base/buf.h"
#include "wire/http.h"

enum ws_opcode { WS_CONTINUATION = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

/* Close codes (RFC 6455, 7.4.1). */
enum {
	WS_CLOSE_NORMAL = 1000,
	WS_CLOSE_GOING_AWAY = 1001,
	WS_CLOSE_PROTOCOL = 1002,
	WS_CLOSE_NO_STATUS = 1005,
	WS_CLOSE_BAD_DATA = 1007,
	WS_CLOSE_TOO_BIG = 1009,
	WS_CLOSE_INTERNAL = 1011,
};

/* ---- the handshake ---- */

#define WS_ACCEPT_SIZE 29
/* Sec-WebSocket-Accept for a Sec-WebSocket-Key. */
void ws_accept(struct slice key, char out[WS_ACCEPT_SIZE]);
/* The head asks for a WebSocket this end understands: GET, version 13, Upgrade, Connection, a key of 16 bytes. */
bool ws_is_request(const struct http_request_head *head);
/* The first of ours (in our order; NULL ends the list) that the client offers in Sec-WebSocket-Protocol, or NULL. */
const char *ws_choose_protocol(const struct http_headers *offered, const char *const *ours);

/* ---- reading ---- */

struct ws_reader;

struct ws_handler {
	/* A whole message (WS_TEXT, WS_BINARY), or a ping, pong or close with its payload (a close without one is empty). Valid
	 * during the call; the reader must not be freed in it. 0, or negative: ws_feed stops with it. */
	int (*on_message)(void *ctx, enum ws_opcode op, struct slice payload);
};

/* `from_client`: frames must be masked (else they must not be). Messages over `max` bytes are refused (0: WS_MESSAGE_MAX).
 * NULL when out of memory. */
struct ws_reader *ws_reader_new(bool from_client, size_t max, const struct ws_handler *h, void *ctx);
/* NULL is allowed. Returns NULL. */
struct ws_reader *ws_reader_free(struct ws_reader *r);
/* 0; -EPROTO (ws_close_code says what to close with); -ENOMEM; or what the handler returned. After an error or a close
 * frame everything is ignored. */
int ws_feed(struct ws_reader *r, struct slice bytes);
/* After -EPROTO: 1002, 1007 or 1009. */
int ws_close_code(const struct ws_reader *r);
/* The code of a close frame's payload: WS_CLOSE_NO_STATUS when it is empty. */
int ws_close_status(struct slice payload);

/* ---- writing ---- */

/* One final frame. `mask`: 4 random bytes (clients), or NULL (servers). Errors stick in `out`. */
void ws_put(struct buf *out, enum ws_opcode op, struct slice payload, const unsigned char *mask);
/* The same from two pieces (a channel byte and its data). */
void ws_put2(struct buf *out, enum ws_opcode op, struct slice first, struct slice second, const unsigned char *mask);
void ws_put_close(struct buf *out, int code, struct slice reason, const unsigned char *mask);
