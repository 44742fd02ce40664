/* SPDX-License-Identifier: Apache-2.0 */
/* One action of a probe or lifecycle hook against a container: exec, httpGet, tcpSocket, grpc, sleep. */
#pragma once

#include "node/pod/pod.h"

struct action;
struct action_result {
	bool ok;
	const char *message;   /* why not, or what was said; valid during the call */
};

/* `spec`: the object that holds exec, httpGet, tcpSocket, grpc or sleep. done runs exactly once, later. timeout_ms 0: none.
 * 0; -ENOTSUP (*ret_why) an action this node does not know; -errno: done does not run. */
int action_start(struct container *c, const yyjson_mut_val *spec, uint64_t timeout_ms, const char *user_agent,
		 void (*done)(void *ctx, const struct action_result *r), void *ctx, struct action **ret, const char **ret_why);
/* done does not run. */
void action_cancel(struct action *a);
/* A port by number or name of the container's ports; 0 when unknown. */
uint16_t action_port(const yyjson_mut_val *container, const yyjson_mut_val *port);
