/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a client: what the files of this room share. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "client/attach.h"
#include "codec/json.h"

#define CLIENT_TIMEOUT_MS 60000u
#define CLIENT_RETRIES 10u
#define CLIENT_BODY_MAX ((size_t)64 * 1024 * 1024)
/* Bodies of refusals are Status objects: small. */
#define CLIENT_ERROR_BODY_MAX ((size_t)1024 * 1024)
#define CLIENT_RETRY_AFTER_MAX 60u /* seconds; longer advice is not followed but reported */
#define CLIENT_BACKOFF_MIN_MS 100u
#define CLIENT_BACKOFF_MAX_MS 5000u

struct credentials;

struct k8c_client {
	struct loop *loop;
	bool own_loop;       /* made by k8c_client_new */
	bool running;        /* inside run_once */
	bool dirty;          /* something was started since the last run */
	const struct env *env;
	struct k8c_config *cfg;
	struct credentials *creds; /* NULL without cfg */
	const struct k8c_transport *transport;
	void *transport_ctx;
	char *user_agent;
	uint32_t timeout_ms, retries;
	size_t max_body;
	bool http1_only;
	void (*on_warning)(void *ctx, const char *text);
	void *warning_ctx;
	struct list calls;   /* struct k8c_call.link */
	struct list parsed;  /* struct k8c_object.parsed */
	struct loop_timer *drop_parsed;
};

/* Something under way. Counted: one reference for being under way, one for every callback that is running. */
struct k8c_call {
	struct k8c_client *client;
	struct list link;
	unsigned refs;
	bool finished; /* on_done has run */
	void (*cancel)(struct k8c_call *call);
	void (*pause)(struct k8c_call *call, bool on);
	void (*free)(struct k8c_call *call);
};
void call_init(struct k8c_call *call, struct k8c_client *c, void (*cancel)(struct k8c_call *),
	       void (*pause)(struct k8c_call *, bool), void (*free)(struct k8c_call *));
static inline void call_ref(struct k8c_call *call) { call->refs++; }
void call_unref(struct k8c_call *call);
/* Takes it off the client's list and drops the first reference. True the first time: on_done is to be run before. */
void call_finish(struct k8c_call *call);

/* A delay between CLIENT-like bounds: `min` doubled `n` times, at most `max`, of which between half and all is taken at random.
 */
uint32_t client_backoff(const struct env *env, uint32_t min, uint32_t max, unsigned n);

/* Runs the client until *done (blocking calls). 0 or -EBUSY. */
int client_run_until(struct k8c_client *c, const bool *done);

/* The built-in transport (transport_net.c). */
int transport_net_new(struct k8c_client *c, void **ret_ctx, char **ret_msg);
extern const struct k8c_transport transport_net;
