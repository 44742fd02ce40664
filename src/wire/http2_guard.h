/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a peer may do to an HTTP/2 connection without doing any work itself. Buckets that refill with time, and for window
 * updates with the traffic they acknowledge.
 */
#pragma once

#include "base/compiler.h"

enum http2_cost {
	HTTP2_COST_CONTROL, /* PING, SETTINGS, PRIORITY, empty DATA or HEADERS, unknown frames */
	HTTP2_COST_RESET,   /* a stream ended before its answer began, by either side (CVE-2023-44487, CVE-2025-8671) */
	HTTP2_COST_WINDOW,  /* WINDOW_UPDATE */
	HTTP2_COST_KINDS,
};

struct http2_guard {
	double tokens[HTTP2_COST_KINDS];
	uint64_t at_ms;
};

void http2_guard_init(struct http2_guard *g);
/* Refills for the time passed. */
void http2_guard_tick(struct http2_guard *g, uint64_t now_ms);
/* False: enough is enough. */
bool http2_guard_take(struct http2_guard *g, enum http2_cost kind);
/* Earns the window updates that `bytes` of sent DATA (0: a new stream) will rightly be answered with. */
void http2_guard_sent(struct http2_guard *g, size_t bytes);
