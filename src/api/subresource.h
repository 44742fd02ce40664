/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handlers of what is not plain storage: reviews, tokens, eviction, binding, scale, logs, exec, attach, port-forward, proxy.
 * review/table.c, stream/table.c and scale.c list theirs; a handler answers with request_* like any verb. It runs after
 * authorisation; r->res, r->sub, r->info and r->out are set.
 */
#pragma once

#include "api/request.h"

struct subresource_handler {
	const char *group, *resource;
	const char *subresource;          /* NULL: the resource itself (reviews) */
	unsigned verbs;                   /* enum schema_verb that it takes */
	void (*handle)(struct request *r);
	bool long_running;                /* no time-out: streams */
};

/* Each ends with an entry whose handle is NULL. */
extern const struct subresource_handler review_handlers[]; /* review/table.c */
extern const struct subresource_handler pod_handlers[];    /* pod/table.c */
extern const struct subresource_handler stream_handlers[]; /* stream/table.c */
extern const struct subresource_handler scale_handlers[];  /* scale.c */

/* The scale of any workload, custom ones included. */
void scale_handle(struct request *r);

/* NULL when none of the tables has it. `verb` 0: any. */
const struct subresource_handler *subresource_handler_find(struct slice group, struct slice resource, struct slice subresource, unsigned verb);
