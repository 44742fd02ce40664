/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http2_guard.h"

/* Burst and refill. client-go cancels watches by the hundred, but those have begun to be answered and cost nothing here. */
static const struct {
	double burst, per_second;
} rates[HTTP2_COST_KINDS] = {
	[HTTP2_COST_CONTROL] = { 1000, 50 },
	[HTTP2_COST_RESET] = { 500, 50 },
	[HTTP2_COST_WINDOW] = { 20000, 50 },
};
/* golang.org/x/net gives back windows in steps of 4 KiB, for the stream and for the connection. */
#define WINDOW_BYTES_PER_UPDATE 1024.0
#define WINDOW_UPDATES_PER_STREAM 4.0
#define WINDOW_FIRST 1000

void http2_guard_init(struct http2_guard *g) {
	*g = (struct http2_guard){ 0 };
	for (int i = 0; i < HTTP2_COST_KINDS; i++) g->tokens[i] = rates[i].burst;
	g->tokens[HTTP2_COST_WINDOW] = WINDOW_FIRST;
}

static void add(struct http2_guard *g, int kind, double n) {
	g->tokens[kind] += n;
	if (g->tokens[kind] > rates[kind].burst) g->tokens[kind] = rates[kind].burst;
}

void http2_guard_tick(struct http2_guard *g, uint64_t now_ms) {
	if (g->at_ms && now_ms > g->at_ms)
		for (int i = 0; i < HTTP2_COST_KINDS; i++) add(g, i, rates[i].per_second * (double)(now_ms - g->at_ms) / 1000);
	g->at_ms = now_ms;
}

bool http2_guard_take(struct http2_guard *g, enum http2_cost kind) {
	g->tokens[kind] -= 1;
	return g->tokens[kind] >= 0;
}

void http2_guard_sent(struct http2_guard *g, size_t bytes) {
	add(g, HTTP2_COST_WINDOW, bytes ? (double)bytes / WINDOW_BYTES_PER_UPDATE + 1 : WINDOW_UPDATES_PER_STREAM);
}
