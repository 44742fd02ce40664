/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a proxied request goes: a pod, an endpoint of a service, or a node (ResourceLocation of pkg/registry/core/{pod,service,node}). The
 * name asked for is NAME, NAME:PORT or SCHEME:NAME:PORT. On the request's loop.
 */
#pragma once

#include "api/internal.h"
#include "net/client.h"

struct place {
	struct net_client *client;
	const char *url;       /* "http://10.0.0.1:8080" */
	struct slice host;     /* "10.0.0.1:8080" */
};

/* NULL or the status to answer: 404, 400 (the name's form, an address that is no global unicast one), 503 (no endpoints). */
const struct status *place_find(struct request *r, struct place *ret);
