/* SPDX-License-Identifier: Apache-2.0 */
/* The connection of a run: configuration, client, requests. */
#pragma once

#include "ctl/ctl.h"

#define SESSION_TIMEOUT_MS 90000u /* a request without --request-timeout; servers give up at 60 s themselves */

/* The flags every command takes. */
extern const struct flag session_flags[];

/* Loads the configuration when it is not loaded yet. 0, or 1 with a fault noted. */
int session_config(struct ctl *c);
/* The same and makes the client. */
int session_open(struct ctl *c);
/* The namespace that -n or the configuration names. The configuration must be loadable: NULL with a fault noted otherwise. */
const char *session_namespace(struct ctl *c);
/* True when -n was given. */
bool session_namespace_forced(const struct ctl *c);

struct call {
	const char *method;        /* NULL: GET */
	const char *path, *query;  /* query without '?', or NULL */
	const char *accept, *content_type;
	struct slice body;
	const char *what;          /* see ctl_fail_api */
	uint32_t timeout_ms;
};
/* One request. The answer lives until the run ends. 0: *ret is a success; 1: the server refused or could not be reached, and
 * *ret (with its error) is set; 2: it could not be started, a fault is noted. */
int session_try(struct ctl *c, const struct call *call, struct k8c_reply **ret);
/* The same, but the caller frees the answer. */
int session_ask(struct ctl *c, const struct call *call, struct k8c_reply **ret);
/* As session_try, but any failure is noted as a fault: 0 or 1. */
int session_call(struct ctl *c, const struct call *call, struct k8c_reply **ret);
/* The body of a successful call as a tree: 0, or 1 with a fault noted. */
int session_json(struct ctl *c, const struct call *call, yyjson_mut_doc **ret);
/* Parses an answer. 0, or 1 with a fault noted. */
int session_parse(struct ctl *c, const struct k8c_reply *r, yyjson_mut_doc **ret);
void session_close(struct ctl *c);

/* ---- queries ---- */

/* Appends `name=value`, percent-encoded, with '&' in front when there is something already. NULL or "" values are left out. */
void query_add(struct buf *b, const char *name, const char *value);
