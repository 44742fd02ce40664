/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS server: one listener shared by several loops (SO_REUSEPORT), one SSL_CTX per loop. */
#pragma once

#include "net/exchange.h"

struct net_server;

struct net_server_options {
	const char *listen;      /* "0.0.0.0:6443", "[::]:6443"; port 0 picks a free one */
	struct slice cert_pem;   /* chain */
	struct slice key_pem;
	struct slice client_ca_names_pem; /* CAs named in the certificate request; may be empty */
	bool request_client_cert; /* asked for, never required; verified by access/, not by TLS */
	size_t body_max;          /* REQUEST_BODY_MAX when 0 */
	/* Deadlines in milliseconds; 0: TLS_HANDSHAKE_MS, HEADER_READ_MS, BODY_READ_MS, CONN_IDLE_MS of net/net_limits.h. */
	uint32_t handshake_ms, header_ms, body_ms, idle_ms;
	/* Runs on the loop that owns the exchange. */
	void (*handler)(void *ctx, struct exchange *x);
	void *ctx;
};

/* Binds and serves on every loop. 0 or -errno (-EADDRINUSE, -EACCES, -EINVAL for a bad address, -EBADMSG for a bad key or
 * certificate). Any thread; not while one of the loops stops. */
int net_server_start(struct loop *const *loops, size_t n_loops, const struct net_server_options *o, struct net_server **ret);
/* The bound port. */
uint16_t net_server_port(const struct net_server *s);
/* New certificate for connections from now on. 0 or -EBADMSG. */
int net_server_set_cert(struct net_server *s, struct slice cert_pem, struct slice key_pem);
/* Stops accepting, sends GOAWAY, closes idle connections; exchanges in flight go on. */
void net_server_drain(struct net_server *s);
/* Closes everything and frees, waiting for the loops to have let go. Not from a loop's thread. NULL is allowed. */
void net_server_stop(struct net_server *s);
