/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where images are pulled from: per registry a list of endpoints tried in order (mirrors), each with or without TLS.
 * Configuration is JSON:
 *   {"registries":[{"name":"docker.io","endpoints":["http://127.0.0.1:5000"],"skipVerify":false}]}
 * name "*" stands for every registry not named. A registry that is not configured is its own endpoint; one on a loopback
 * address is spoken to in plain HTTP when HTTPS fails (as container tools do).
 */
#pragma once

#include "base/arena.h"

struct image_endpoint {
	const char *host;   /* "127.0.0.1:5000", with an optional path prefix "host/prefix" */
	bool plain_allowed; /* plain HTTP, or TLS without verification, is acceptable */
};

struct registry {
	const char *name;
	struct image_endpoint *endpoints;
	size_t n_endpoints;
};

struct registries {
	struct registry *list;
	size_t n;
};

#define REGISTRIES_MAX 256u
#define REGISTRY_ENDPOINTS_MAX 16u

/* Parses the configuration into the arena; empty text is no configuration. 0, -EINVAL (*ret_why in the arena), -ENOMEM. */
int registries_parse(struct arena *a, struct slice text, struct registries *ret, const char **ret_why);
/* The endpoints for a domain, configured mirrors first, the registry itself last (unless the configuration names it
 * already). The array is in the arena. 0 or -ENOMEM. */
int registries_endpoints(struct arena *a, const struct registries *r, struct slice domain, struct image_endpoint **ret,
			 size_t *ret_n);
/* True for "localhost", 127.0.0.0/8 and ::1, with or without a port. */
bool registry_host_is_loopback(struct slice host);
