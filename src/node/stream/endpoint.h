/* SPDX-License-Identifier: Apache-2.0 */
/* One request of the API server about a pod, taken apart; the handlers of stream/server.c's table. */
#pragma once

#include "codec/query.h"
#include "node/stream/server.h"
#include "node/stream/session.h"

struct endpoint {
	struct exchange *x;
	struct loop *loop;
	const struct env *env;
	struct node_agent *agent;
	struct slice ns, pod, container;
	struct slice query_text;
	struct query query;
};

/* Each answers e->x. `e` lives in the exchange's arena. */
void endpoint_log(struct endpoint *e);
void endpoint_exec(struct endpoint *e);
void endpoint_attach(struct endpoint *e);
void endpoint_port_forward(struct endpoint *e);

/* A refusal as text, with the code the API server passes on. */
void endpoint_refuse(struct endpoint *e, int status, const char *text);
