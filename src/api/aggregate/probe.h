/* SPDX-License-Identifier: Apache-2.0 */
/* Asking an aggregated API server for its discovery document, which every one has to serve. On the loop's thread. */
#pragma once

#include "api/aggregate/remote.h"
#include "api/internal.h"
#include "net/client.h"

#define PROBE_TIMEOUT_MS 5000u

struct probe_result {
	const char *failure;        /* why it does not answer (a condition's message), valid during the call; NULL: it does */
	struct slice body;          /* of the answer, valid during the call */
};

/* done runs exactly once, later. 0; -EHOSTUNREACH with *ret_why in the arena: there is nobody to ask; -ENOMEM. */
int probe_start(struct api_loop *al, struct arena *a, const struct store_snapshot *snap, const struct remote_service *s,
		void (*done)(void *ctx, const struct probe_result *res), void *ctx, const char **ret_why);
/* How this server calls an aggregated one: its roots and name, and this server's certificate. Strings in the arena. NULL: out of memory. */
const struct net_client_options *probe_identity(struct api *api, struct arena *a, const struct remote_service *s, bool verify);
