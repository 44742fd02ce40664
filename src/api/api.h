/* SPDX-License-Identifier: Apache-2.0 */
/* The API server as an object: takes exchanges, answers as Kubernetes v1.34 does. */
#pragma once

#include "access/access.h"
#include "net/exchange.h"
#include "store/store.h"

struct api;

struct api_options {
	const struct env *env;
	struct store *store;
	struct access *access;
	struct loop *const *loops;       /* loops that serve exchanges */
	size_t n_loops;
	const char *advertise;           /* IP of endpoints of the kubernetes service */
	uint16_t port;                   /* secure port, its targetPort */
	const char *service_cidr;        /* "10.96.0.0/12" */
	const char *cluster_domain;      /* "cluster.local" */
	uint16_t node_port_min, node_port_max;
	struct slice ca_pem;             /* root CA handed to pods */
	struct slice node_client_cert_pem, node_client_key_pem; /* identity towards node agents */
	struct slice front_proxy_ca_pem, front_proxy_cert_pem, front_proxy_key_pem; /* identity towards aggregated API servers, and its CA */
};
int api_new(const struct api_options *o, struct api **ret, const char **ret_msg);
/* New requests are refused, watches end; returns when nothing is in flight or after `timeout_ms`. Not from a loop. */
void api_drain(struct api *api, unsigned timeout_ms);
void api_free(struct api *api);
/* net_server's handler. */
void api_handle(void *api, struct exchange *x);
/* Becomes true when the bootstrap objects exist and everything is loaded: /readyz says ok. */
bool api_ready(struct api *api);

/* A call inside the process: runs as `user` (kept until the call ends) without sockets, on one of the API's loops; answers arrive on
 * `reply`. Used by client/'s in-process transport through k8c_transport (see client/inproc.h). */
struct api_local_call;
struct api_local_handler {
	void (*on_head)(void *ctx, int status, const struct http_headers *h);
	void (*on_data)(void *ctx, struct slice bytes);
	void (*on_done)(void *ctx, int err);
};
int api_local_start(struct api *api, struct loop *reply, const struct access_user *user, const struct http_request_head *head,
		    struct slice body, const struct api_local_handler *h, void *ctx, struct api_local_call **ret);
/* From reply's thread; on_done(-ECANCELED) runs before the return. */
void api_local_cancel(struct api_local_call *c);
