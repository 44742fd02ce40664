/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request sent on to another server: its answer goes back as it comes, no faster than the client reads, and an upgrade makes one
 * tunnel of both connections. Any other answer to an Upgrade request ends there: the backend's connection is never handed to the
 * client (CVE-2018-1002105), and redirects are not followed (CVE-2020-8559). On the request's loop.
 */
#pragma once

#include "api/internal.h"
#include "net/client.h"

/* How a call ended whose answer did not go to the client by itself. */
struct relay_outcome {
	int err;                     /* 0, or -errno of the call (net/client.h); `msg` says more */
	const char *msg;
	int status;                  /* of the backend; 0: no answer came */
	struct http_headers headers;
	struct slice text;           /* the body's first RELAY_TEXT_MAX bytes */
};

/* What relay_handler.begin decided. */
struct relay_answer {
	int code;
	int64_t length;              /* of the body as sent; -1: unknown */
};

struct relay_handler {
	/* The head of an answer that is no upgrade. True: it is for the client, under the headers that this call put into `r`, with the
	 * body as it comes; false: the body is collected for `end`. NULL: always false. */
	bool (*begin)(void *ctx, struct request *r, const struct http_response_head *head, struct relay_answer *ret);
	/* The body on its way: appends to `out` what the client gets for it. `last`: no more follows. 0 or negative: the answer is broken
	 * off. NULL: bytes pass as they are. */
	int (*transform)(void *ctx, struct slice bytes, bool last, struct buf *out);
	/* Answers the request where `begin` did not. */
	void (*end)(void *ctx, struct request *r, const struct relay_outcome *o);
	/* Does a header of a 101 reach the client? NULL: every one. */
	bool (*keeps)(struct slice name);
	/* Exactly once, last. May be NULL. */
	void (*free)(void *ctx);
};

struct relay_plan {
	struct net_client *client;
	const char *url;             /* scheme, host and port */
	struct http_request_head head;
	struct slice body;
	bool upgrade;                /* a 101 of the backend is welcome */
};

/* 0: under way, the handler hears the rest. -EINVAL (the URL), -ENOMEM and other -errno: nothing was answered, and only `free` has run.
 * The context belongs to the relay from this call on, whatever comes of it. The plan is copied. */
int relay_start(struct request *r, const struct relay_plan *p, const struct relay_handler *h, void *ctx);

/* Does the client ask for another protocol behind this request? */
bool relay_wants_upgrade(const struct request *r);
