/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded number of requests at work per loop, and fair queues in front of it: a user is dealt to one of FLOW_QUEUES queues,
 * which are served in turn, so that one user's flood makes only its own requests wait (the idea of API priority and
 * fairness, KEP-1040). Members of system:masters and long-running requests pass. On the loop's thread only.
 */
#pragma once

#include "api/request.h"

struct flow_limiter;
struct flow_limiter *flow_new(struct loop *l);
struct flow_limiter *flow_free(struct flow_limiter *f);
/* Runs next(r) at once or later, or answers 429. */
void flow_enter(struct flow_limiter *f, struct request *r, void (*next)(struct request *r));
/* A request that was counted has been answered. */
void flow_leave(struct flow_limiter *f, struct request *r);
