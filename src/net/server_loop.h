/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the server: what one loop has of it, and how a connection's protocol hangs on it. Loop's thread only. */
#pragma once

#include "base/list.h"
#include "net/conn.h"
#include "net/server.h"

struct server_loop {
	struct net_server *server;
	struct loop *loop;
	uv_tcp_t listener;
	bool listening, draining, stopping;
	SSL_CTX *tls;
	struct conn_scratch *scratch;
	struct list conns; /* of server_conn */
	size_t n_conns;
	size_t body_bytes; /* of requests still arriving or being answered */
	int64_t date_second;
	char date[HTTP_DATE_SIZE];
};

struct server_conn;

/* What a protocol does for a connection it serves. */
struct server_proto {
	/* Idle: closes; busy: closes after the answers. */
	void (*drain)(void *state);
};

struct server_conn {
	struct list node;
	struct server_loop *sl;
	struct conn *conn;
	const struct server_proto *proto; /* NULL: handshake, or a raw stream */
	void *state;
};

const struct net_server_options *server_options(const struct server_loop *sl);
/* Serves HTTP on a connection that is open: takes over its events. 0 or -ENOMEM. */
int h1_serve(struct server_conn *sc);
int h2_serve(struct server_conn *sc);
/* The connection is gone (its on_close): forgets and frees `sc`. */
void server_conn_gone(void *sc);
/* Now, as a Date header, made once a second. */
struct slice server_date(struct server_loop *sl);
