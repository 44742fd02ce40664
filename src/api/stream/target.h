/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a request about a running pod goes: the pod, the container meant, its node's agent (pkg/registry/core/pod/strategy.go,
 * pkg/kubelet/client). On the request's loop.
 */
#pragma once

#include "api/internal.h"
#include "api/subresource.h"
#include "net/client.h"

struct stream_target {
	yyjson_mut_val *pod;
	struct slice container;
	const char *url;         /* https://ADDRESS:PORT of the agent; NULL: the pod has no node yet */
	struct slice node;
};

/* A stored object, parsed. NULL: there is none, or no memory. */
yyjson_mut_val *stream_stored(struct request *r, const char *resource, struct slice ns, struct slice name);
/* The agent of a node: *ret_address an IP or a name. NULL or the status. */
const struct status *stream_node_find(struct request *r, struct slice name, struct slice *ret_address, int64_t *ret_port);
/* Finds pod and node. `container` as asked for; empty: the only one, or a 400 that lists them. NULL or the status. */
const struct status *stream_target_find(struct request *r, struct slice container, bool need_container, struct stream_target *ret);
/* The loop's connections to a node's agent: it is spoken to only if its certificate is the cluster CA's and names the node, so that
 * a node object cannot send our credentials elsewhere. NULL: out of memory or no identity towards nodes. */
struct net_client *stream_node_client(struct request *r, struct slice node);
/* The loop's connections to what pods and services serve: no identity is shown, no certificate is verified (as apiserver's proxy
 * transport). NULL: out of memory. */
struct net_client *stream_plain_client(struct request *r);
/* Closes a loop's connections. On its thread. */
void stream_loop_done(struct api_loop *al);
/* Header list for an agent: what the client sent, without credentials and what belongs to the connection; Upgrade headers are kept
 * when `upgrade`. 0 or -ENOMEM. */
int stream_forward_headers(struct request *r, bool upgrade, struct http_headers *ret);
