/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a service answers: an endpoint of it that is ready, so that it is reached with and without a node agent on this machine
 * (apiserver's util/proxy ResolveEndpoint, as with --enable-aggregator-routing). Thread rule: any thread.
 */
#pragma once

#include "base/env.h"
#include "codec/json.h"
#include "store/store.h"

/* NULL and *ret_url ("https://10.244.0.7:8443"), or why there is none, in Go's words (`service "x" not found`). Strings in the arena. */
const char *backend_address(struct arena *a, const struct env *env, const struct store_snapshot *snap, struct slice ns, struct slice name, int64_t port,
			    const char **ret_url);
