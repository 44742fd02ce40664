/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of struct api: what one server holds, and what each of its loops holds. */
#pragma once

#include "api/api.h"
#include "api/limits.h"
#include "api/request.h"
#include "base/list.h"
#include "base/map.h"

#include <pthread.h>

struct definitions;
struct openapi;
struct metrics;
struct flow_limiter;
struct bootstrap;
struct net_client;
struct aggregation;

/* Per loop; touched only by its thread, but for `running` and what metrics.h says. */
struct api_loop {
	struct api *api;
	struct loop *loop;
	struct list inflight;             /* struct request.inflight: not answered yet */
	struct list watches;              /* struct watch.link */
	struct list rv_waits;             /* requests that wait for a revision (rvwait.c) */
	struct loop_timer *tick;          /* once a second while anything is in flight */
	struct store_listener *listener;
	struct flow_limiter *limiter;
	struct metrics *metrics;
	bool stopped;
	void (*on_stop[4])(struct api_loop *al);
	size_t n_on_stop;
	struct net_client *node_client;   /* connections to node agents, made on first use (stream/) */
	void *stream_ctx;                 /* stream/'s own per-loop state */
	struct map *backends;             /* connections to servers that objects name (backend/) */
	struct webhook_set *webhooks[2];  /* validating and mutating ones as last read (webhook/) */
	atomic_size_t running;            /* exchanges between api_handle and their end */
};

struct api {
	struct api_options o;
	const struct env *env;
	struct store *store;
	struct access *access;
	struct api_loop *loops;
	size_t n_loops;
	atomic_bool ready, draining, bootstrapped;
	atomic_uint next_loop;            /* round robin of local calls */
	struct definitions *definitions;  /* the catalog of resources in force (crd/) */
	struct aggregation *aggregation;  /* APIServices of other servers (aggregate/) */
	struct openapi *openapi;          /* hashes of the OpenAPI documents */
	char *server_address;             /* "10.0.0.1:6443" */
	uint64_t started_ns;
	struct bootstrap *bootstrap;
};

/* The loop whose thread runs, or the first one. */
struct api_loop *api_loop_current(struct api *api);
/* Runs fn on the loop's thread when the server stops using the loop (stream/ frees its state there). 0 or -ENOMEM. */
int api_loop_on_stop(struct api_loop *al, void (*fn)(struct api_loop *al));
/* Called by the exchange's end. */
void request_ended(struct exchange *x);
/* Ends r's place among the requests in flight and makes its tokens void: called by every answer. */
void request_settle(struct request *r, int code);
/* Makes the request of an exchange, with audit-id and cache-control set. NULL when out of memory. */
struct request *request_new(struct api_loop *al, struct exchange *x);
/* Requests over their deadline are answered 504. Called by the tick. */
void request_sweep(struct api_loop *al);
/* Answers what still waits: what it waits for may come when the server is gone. */
void request_end_all(struct api_loop *al);
