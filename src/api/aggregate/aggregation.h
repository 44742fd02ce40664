/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of remote APIServices inside the server: whether they answer, written as their condition Available, and what they say
 * they serve, kept for discovery. Driven by the store's revisions and a tick, on the first loop.
 */
#pragma once

#include "api/internal.h"

struct aggregation;

/* NULL: out of memory. */
struct aggregation *aggregation_new(struct api *api);
/* On the first loop's thread: nothing is asked or written any more. */
void aggregation_stop(struct aggregation *ag);
/* NULL is allowed. Returns NULL. */
struct aggregation *aggregation_free(struct aggregation *ag);
/* On the first loop's thread: at its begin, and after new revisions became visible. */
void aggregation_advance(struct aggregation *ag);

/* Are there remote APIServices at all? Any thread. */
bool aggregation_any(const struct aggregation *ag);
/* The APIResourceList that a remote APIService answered last, kept until the arena goes; empty: none yet. Any thread. */
struct slice aggregation_resources(struct aggregation *ag, struct arena *a, struct slice name);
