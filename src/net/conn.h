/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP connection with or without TLS, accepted or made: plain bytes in and out, one deadline, back-pressure both ways.
 * Belongs to one loop's thread. The owner gets on_close exactly once, last; until then the pointer is good. Calls made
 * from inside events are safe, closing included.
 */
#pragma once

#include "base/blob.h"
#include "base/buf.h"
#include "loop/loop.h"

#include <openssl/ssl.h>

struct conn;

/* Buffers the connections of one loop use in turn; one owner, freed after its connections. */
struct conn_scratch;
struct conn_scratch *conn_scratch_new(void);
struct conn_scratch *conn_scratch_free(struct conn_scratch *s);
/* A buffer for composing (plain bytes on their way out); valid until the next call. */
struct buf *conn_scratch_out(struct conn_scratch *s);

struct conn_events {
	/* Connected, handshake done. */
	void (*on_ready)(void *ctx);
	/* Plain bytes, valid during the call. All are taken; conn_pause stops further ones. */
	void (*on_data)(void *ctx, struct slice bytes);
	/* The queue fell below CONN_QUEUE_LOW after conn_write had returned 1. */
	void (*on_writable)(void *ctx);
	/* The deadline set by conn_deadline passed. */
	void (*on_timeout)(void *ctx);
	/* The peer sent its end (err 0: writing still works), or the connection is broken (err < 0, writes are dropped).
	 * The owner closes or aborts in its own time. At most one call with 0 and one with an error. Never from inside a
	 * call of the owner's. */
	void (*on_end)(void *ctx, int err, const char *msg);
	/* Gone; the owner must forget it. No event comes after conn_abort or conn_close but this one. */
	void (*on_close)(void *ctx);
};

/* Takes a connection from a listening handle. `tls` NULL: plain. 0 or -errno (nothing happens then). */
int conn_accept(struct loop *l, struct conn_scratch *s, uv_stream_t *listener, SSL_CTX *tls, const struct conn_events *ev,
		void *ctx, struct conn **ret);
/* Starts to connect. The handshake begins with the connection, or with conn_start_tls when `tls` is NULL. */
int conn_connect(struct loop *l, struct conn_scratch *s, const struct sockaddr *addr, SSL_CTX *tls, const char *name,
		 const struct conn_events *ev, void *ctx, struct conn **ret);
/* TLS on an open plain connection (behind a CONNECT proxy); on_ready comes again. 0 or -errno. */
int conn_start_tls(struct conn *c, SSL_CTX *tls, const char *name);

/* Another owner from now on. */
void conn_set_events(struct conn *c, const struct conn_events *ev, void *ctx);
struct loop *conn_loop(struct conn *c);
struct conn_scratch *conn_scratch_of(struct conn *c);
struct slice conn_alpn(const struct conn *c);
bool conn_is_tls(const struct conn *c);
/* "10.0.0.1:4711", as long as the connection. */
struct slice conn_peer(const struct conn *c);
/* The certificate's DER (borrowed), or NULL. */
struct blob *conn_peer_cert(struct conn *c);

/* Queues plain bytes. 0; 1: CONN_QUEUE_HIGH is reached, wait for on_writable; -EPIPE: broken or closing. Between
 * conn_cork and conn_uncork (which nest, and which surround every event) nothing is sent. */
int conn_write(struct conn *c, struct slice plain);
bool conn_full(const struct conn *c);
size_t conn_queued(const struct conn *c);
void conn_cork(struct conn *c);
void conn_uncork(struct conn *c);
/* No on_data until conn_unpause. */
void conn_pause(struct conn *c);
void conn_unpause(struct conn *c);
/* Plain bytes to be delivered again by on_data, before any others, from the loop (never inside this call). 0; or the
 * connection is broken (on_end says so): -ENOBUFS (over CONN_HELD_MAX), -EPIPE. */
int conn_unread(struct conn *c, struct slice plain);
/* on_timeout `ms` from now; 0: never. */
void conn_deadline(struct conn *c, uint64_t ms);
/* Sends what is queued, close_notify and FIN, lets the peer finish reading, closes. */
void conn_close(struct conn *c);
/* Closes at once (RST when the peer is still sending). */
void conn_abort(struct conn *c);
