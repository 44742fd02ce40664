/* SPDX-License-Identifier: Apache-2.0 */
/* GET requests of probes and lifecycle hooks. From the loop's thread. */
#pragma once

#include "codec/json.h"
#include "net/client.h"

struct http_get;
struct http_get_result {
	int err;          /* 0: an answer came; else negative errno and `why` */
	int status;
	const char *why;
};

/* `action`: a probe's or hook's httpGet; `ip`: where to go when it names no host; `port`: resolved. done runs exactly once, later.
 * 0 or -errno (then it does not run). */
int http_get_start(struct net_client *client, const yyjson_mut_val *action, const char *ip, uint16_t port, const char *user_agent,
		   uint32_t timeout_ms, void (*done)(void *ctx, const struct http_get_result *r), void *ctx,
		   struct http_get **ret);
/* done does not run. */
void http_get_cancel(struct http_get *g);
/* The URL as messages show it, in the arena. */
const char *http_get_url(struct arena *a, const yyjson_mut_val *action, const char *ip, uint16_t port);
