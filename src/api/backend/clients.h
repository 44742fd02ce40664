/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to servers outside that objects name (webhooks, aggregated API servers): a bounded table per loop of clients, one for
 * every set of roots and server name, the longest unused one making room. Thread rule: on the loop's thread.
 */
#pragma once

#include "api/internal.h"
#include "net/client.h"

/* upstream: defaultCacheSize of util/webhook's ClientManager */
#define BACKENDS_MAX 200u

struct backend {
	struct net_client *client;
	unsigned users;        /* calls in flight: not to be thrown out */
	uint64_t used;         /* when it was asked for last, monotonic ns */
};

/* A client for these options (ca_pem, server_name, insecure and whether there is a certificate distinguish it), with one user more.
 * 0; -EBADMSG: bad PEM; -EBUSY: every client is in use; -ENOMEM. */
int backend_take(struct api_loop *al, const struct net_client_options *o, struct backend **ret);
/* The user is done. */
void backend_release(struct backend *b);
