/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the client: origins, their connections, and the calls that wait for or run on them. Loop's thread only. */
#pragma once

#include "base/list.h"
#include "net/client.h"
#include "net/conn.h"
#include "wire/http1.h"
#include "wire/http2.h"

#define HOST_MAX 256u

struct endpoint {
	char host[HOST_MAX];
	uint16_t port;
	bool tls;
};

struct net_client {
	struct loop *loop;
	struct conn_scratch *scratch;
	SSL_CTX *tls;
	char *server_name;
	bool has_proxy, http1_only, http2_only, http2_prior, freed;
	struct endpoint proxy;
	uint32_t connect_ms;
	struct list origins;
	unsigned refs; /* the owner, and every connection */
};

/* Where calls go: one scheme, host and port. */
struct origin {
	struct list node;
	struct net_client *client;
	struct endpoint at;
	struct list waiting, active; /* of net_call */
	struct list conns;           /* of client_conn */
	size_t n_conns, n_dialing;
	unsigned pins;               /* in use further up the stack */
	bool is_h2; /* what it spoke last time */
};

struct client_conn;

struct net_call {
	struct list node;
	struct origin *origin;
	struct client_conn *cc; /* NULL while waiting */
	struct http2_stream *stream;
	const struct net_call_handler *h;
	void *ctx;
	struct arena *arena;
	struct http_request_head head;
	struct slice body;
	size_t body_at;
	struct arena *answer_arena;
	struct loop_timer *timer;
	struct buf held;   /* body that came while paused */
	struct buf unsent; /* open: body behind `body` that the connection has not taken */
	unsigned tries;
	bool paused, ended, kicked, head_seen;
	bool open; /* the request's body ends with the call */
};

/* Speaks with a connection that is open. */
struct client_proto {
	/* 0 or negative: the call has to go elsewhere. */
	int (*start)(struct client_conn *cc, struct net_call *c);
	bool (*room)(const struct client_conn *cc);
	/* The call leaves (done or cancelled). */
	void (*leave)(struct client_conn *cc, struct net_call *c);
	/* n body bytes have been delivered. */
	void (*consumed)(struct client_conn *cc, struct net_call *c, size_t n);
	void (*pause)(struct client_conn *cc, bool on);
	/* An open call has more to send. */
	void (*more)(struct client_conn *cc, struct net_call *c);
	void (*free)(struct client_conn *cc);
};

struct client_conn {
	struct list node;
	struct origin *origin; /* NULL: a stream now */
	struct net_client *client;
	struct conn *conn;
	const struct client_proto *proto; /* NULL until open */
	void *state;
	bool closing;
};

/* ---- client.c ---- */
void client_unref(struct net_client *n);
/* Gives waiting calls to connections, makes new ones. */
void origin_schedule(struct origin *o);
void origin_release(struct origin *o);

/* ---- call.c ---- */
struct net_call *call_new(struct net_client *n, const struct http_request_head *head, struct slice body,
			  const struct net_call_handler *h, void *ctx);
void call_free(struct net_call *c);
/* No further event: frees it now, or when what is under way to it has arrived. */
void call_drop(struct net_call *c);
void call_head(struct net_call *c, const struct http_response_head *head);
void call_data(struct net_call *c, struct slice bytes);
void call_trailers(struct net_call *c, const struct http_headers *trailers);
/* The response is complete (on_done runs, at once or when a pause ends), or failed. The call is gone. */
void call_complete(struct net_call *c);
void call_fail(struct net_call *c, int err, const char *msg);
/* Back into the queue, when nothing of an answer was seen and the request did no harm; else fails. */
void call_retry(struct net_call *c, bool safe, int err, const char *msg);

/* ---- client_conn.c ---- */
/* Starts another connection to the origin. 0 or -errno. */
int client_dial(struct origin *o);
/* Takes the connection off its origin; it closes in its own time. */
void client_conn_detach(struct client_conn *cc);
void client_conn_close(struct client_conn *cc, bool abort);
void client_conn_gone(void *cc);

/* ---- protocols; take over the connection's events. 0 or -ENOMEM ---- */
int client_h1_serve(struct client_conn *cc);
int client_h2_serve(struct client_conn *cc);
