/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS (and plain HTTP) client connections on a loop: a pool per origin, HTTP/2 by ALPN when offered, HTTP/1.1 keep-alive
 * otherwise. Used by client/ for its default transport, by api/ to reach node agents, and by node/.
 */
#pragma once

#include "net/exchange.h"

struct net_client;
struct net_call;

struct net_client_options {
	struct slice ca_pem;       /* trusted roots; empty: the system's */
	struct slice cert_pem, key_pem; /* client certificate, or empty */
	bool insecure;             /* no verification */
	const char *server_name;   /* SNI and verification name, when it is not the URL's host */
	bool http1_only;
	bool http2_only;           /* a TLS peer that does not choose h2 is refused */
	bool http2_prior;          /* without TLS: HTTP/2 from the first byte (RFC 9113, 3.3) */
	const char *proxy_url;     /* http://host:port (CONNECT), or NULL */
	uint32_t connect_timeout_ms; /* 30 s when 0 */
};

struct net_call_handler {
	/* The response head. The head is valid during the call only. */
	void (*on_head)(void *ctx, struct net_call *c, const struct http_response_head *head);
	/* Body bytes, valid during the call only. */
	void (*on_data)(void *ctx, struct net_call *c, struct slice bytes);
	/* Exactly once, last: 0 complete, or -errno (-ECANCELED, -ETIMEDOUT, -ECONNREFUSED, -ECONNRESET, -EHOSTUNREACH: no such
	 * name, -EPROTO, -EKEYREJECTED: the peer's certificate was refused, -ENOBUFS: too much arrived for a paused call);
	 * *msg says more and is valid during the call. The call is gone afterwards. Never from inside net_call_start. */
	void (*on_done)(void *ctx, int err, const char *msg);
	/* After on_head with 101 (HTTP/1.1): the connection is now this raw stream; on_done does not run. May be NULL, then a
	 * 101 is -EPROTO. The stream's handler is given by net_stream_attach from inside the call. */
	void (*on_upgrade)(void *ctx, struct stream *s);
	/* Header fields behind the body (HTTP/2 only), before on_done; valid during the call. May be NULL. */
	void (*on_trailers)(void *ctx, struct net_call *c, const struct http_headers *trailers);
};

/* From the loop's thread; belongs to it. 0, -EBADMSG (bad PEM), -ENOMEM. */
int net_client_new(struct loop *l, const struct net_client_options *o, struct net_client **ret);
/* Calls in flight end with -ECANCELED (their on_done runs before the return). NULL is allowed. */
void net_client_free(struct net_client *c);
/* No call is waiting or under way (streams that calls became do not count). */
bool net_client_idle(const struct net_client *c);
/* `url`: https://host:port or http://host:port. The request is sent with the given head (target, method, headers; host,
 * content-length are added) and body, both copied. timeout_ms 0: none. 0 or -errno (then no callback runs). */
int net_call_start(struct net_client *c, const char *url, const struct http_request_head *head, struct slice body,
		   uint32_t timeout_ms, const struct net_call_handler *h, void *ctx, struct net_call **ret);
/* The same for a request whose body is sent bit by bit: `body` is its beginning, net_call_send adds to it, and it ends with the call.
 * The client has to be http2_only or http2_prior (-EINVAL). Never sent a second time. */
int net_call_open(struct net_client *c, const char *url, const struct http_request_head *head, struct slice body,
		  const struct net_call_handler *h, void *ctx, struct net_call **ret);
/* More of an open call's body (copied). 0, -ENOMEM, -E2BIG (NET_CALL_UNSENT_MAX bytes wait already). */
int net_call_send(struct net_call *c, struct slice bytes);
/* on_done(-ECANCELED) runs before the return. */
void net_call_cancel(struct net_call *c);
/* Stops and resumes the flow of body bytes (back-pressure). */
void net_call_pause(struct net_call *c);
void net_call_unpause(struct net_call *c);
/* See on_upgrade. */
void net_stream_attach(struct stream *s, const struct stream_handler *handler, void *ctx);
