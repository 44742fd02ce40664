/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's HTTPS endpoint, as a kubelet's: /containerLogs, /exec, /attach, /portForward below NAMESPACE/POD[/CONTAINER], and
 * /healthz. Everything but /healthz is the API server's alone. From the loop's thread unless said otherwise.
 */
#pragma once

#include "net/exchange.h"
#include "node/agent.h"

struct stream_server;

struct stream_server_options {
	struct loop *loop;
	const char *listen;                       /* "0.0.0.0:10250"; port 0: a free one */
	struct slice cert_pem, key_pem;           /* names the node */
	/* Is this client certificate (DER; empty: none) the API server's? */
	bool (*is_api_server)(void *ctx, struct slice peer_cert);
	void *ctx;
	const struct env *env;
};

/* Any thread but the loop's. The agent comes later (it has to know the port). 0 or -errno. */
int stream_server_start(const struct stream_server_options *o, struct stream_server **ret);
uint16_t stream_server_port(const struct stream_server *s);
/* Which pods are served; NULL: none any more. From the loop's thread. */
void stream_server_set_agent(struct stream_server *s, struct node_agent *a);
/* Closes every connection. Not from the loop's thread. NULL is allowed. */
void stream_server_stop(struct stream_server *s);
