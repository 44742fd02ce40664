/* SPDX-License-Identifier: Apache-2.0 */
/* The half of an exchange that HTTP/1.1 and HTTP/2 share: request body, answer, end. */
#pragma once

#include "net/answer.h"
#include "net/server_loop.h"

struct server_exchange {
	struct exchange x; /* first */
	struct server_loop *sl; /* NULL when the connection is gone */
	struct buf body;
	size_t body_counted;
	struct answer answer;
	bool dispatched, answered, head_only;
	bool overloaded; /* BODIES_IN_FLIGHT_MAX was met: 429 instead of the handler */
};

/* A new exchange of `size` bytes (its first member is a server_exchange) in an arena of its own. NULL: out of memory. */
void *server_exchange_new(struct server_conn *sc, const struct exchange_ops *ops, size_t size);
/* Collects body bytes; over the limit they are dropped and x.body_too_large is set. */
void server_exchange_body(struct server_exchange *e, struct slice bytes);
/* A length announced beforehand: refuses it early, or makes room. */
void server_exchange_expect(struct server_exchange *e, int64_t length);
/* Runs the handler. The exchange may be gone afterwards. */
void server_exchange_dispatch(struct server_exchange *e);
/* The peer is gone: closes a running answer and ends, or, when not answered yet, tells the handler and waits for it.
 * One the handler never saw is dropped silently. */
void server_exchange_abort(struct server_exchange *e);
/* on_end, then everything is freed. */
void server_exchange_end(struct server_exchange *e);

/* First thing in respond*: remembers that it was answered. False: the peer is gone; the answer was dropped and `e` ended. */
bool server_exchange_answer_parts(struct server_exchange *e, const struct body_part *parts, size_t n);
bool server_exchange_answer_source(struct server_exchange *e, struct body_source s, int64_t length);
