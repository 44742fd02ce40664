/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of what was asked and answered, per loop, and their Prometheus text. A loop's counters are written by its thread
 * only; metrics_write reads them from another one (relaxed atomics). The number of series is bounded by METRICS_SERIES_MAX.
 */
#pragma once

#include "api/request.h"

#define METRICS_SERIES_MAX 4096u

struct metrics;
struct metrics *metrics_new(void);
struct metrics *metrics_free(struct metrics *m);
/* An answer has begun: one more of its verb, group, version, resource, subresource, scope and code. */
void metrics_count(struct request *r);
/* GET /metrics. */
void metrics_handle(struct request *r);
