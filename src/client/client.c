/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client.h"
#include "client/config.h"
#include "client/credentials.h"
#include "client/object.h"

#include <errno.h>

#define VERSION_TEXT "0.1.0"
#define CLIENT_CLOSING_TURNS 8

const char *k8c_version(void) { return VERSION_TEXT; }

/* ---- calls ---- */

void call_init(struct k8c_call *call, struct k8c_client *c, void (*cancel)(struct k8c_call *),
	       void (*pause)(struct k8c_call *, bool), void (*free_fn)(struct k8c_call *)) {
	*call = (struct k8c_call){ .client = c, .refs = 1, .cancel = cancel, .pause = pause, .free = free_fn };
	list_init(&call->link);
	list_add_tail(&c->calls, &call->link);
	c->dirty = true;
}

void call_unref(struct k8c_call *call) {
	if (--call->refs) return;
	call->free(call);
}

void call_finish(struct k8c_call *call) {
	list_del(&call->link);
	call_unref(call);
}

void k8c_call_cancel(struct k8c_call *call) {
	if (!call || call->finished) return;
	call->client->dirty = true;
	call->cancel(call);
}

void k8c_call_pause(struct k8c_call *call, bool on) {
	if (call->finished || !call->pause) return;
	call->client->dirty = true;
	call->pause(call, on);
}

uint32_t client_backoff(const struct env *env, uint32_t min, uint32_t max, unsigned n) {
	uint64_t d = n < 20 ? (uint64_t)min << n : max;
	if (d > max) d = max;
	return (uint32_t)(d / 2 + env_uniform(env, d / 2 + 1));
}

/* ---- making ---- */

static int apply_options(struct k8c_client *c, const struct k8c_client_options *given) {
	struct k8c_client_options o = { 0 };
	if (given) memcpy(&o, given, given->size < sizeof(o) ? given->size : sizeof(o));
	c->timeout_ms = o.timeout_ms ? o.timeout_ms : CLIENT_TIMEOUT_MS;
	c->retries = o.retries == UINT32_MAX ? 0 : o.retries ? o.retries : CLIENT_RETRIES;
	c->max_body = o.max_body ? o.max_body : CLIENT_BODY_MAX;
	c->http1_only = o.http1_only;
	c->on_warning = o.on_warning;
	c->warning_ctx = o.warning_ctx;
	c->user_agent = strdup(o.user_agent ? o.user_agent : "k8c/" VERSION_TEXT);
	c->transport = o.transport;
	c->transport_ctx = o.transport_ctx;
	return c->user_agent ? 0 : -ENOMEM;
}

static void client_destroy(struct k8c_client *c) {
	while (!list_empty(&c->calls)) {
		struct k8c_call *call = list_entry(c->calls.next, struct k8c_call, link);
		call->cancel(call);
	}
	/* Streams that were just ended close in the loop; on somebody else's loop its owner runs it. */
	for (int i = 0; i < CLIENT_CLOSING_TURNS && c->own_loop; i++) loop_run(c->loop, UV_RUN_NOWAIT);
	objects_drop_parsed(c);
	loop_timer_stop(c->drop_parsed);
	if (c->transport && c->transport->free) c->transport->free(c->transport_ctx);
	credentials_free(c->creds);
	if (c->own_loop) loop_free(c->loop);
	k8c_config_unref(c->cfg);
	free(c->user_agent);
	free(c);
}

static int client_setup(struct k8c_client *c, struct k8c_config *cfg, const struct k8c_client_options *o, char **ret_msg) {
	int r = apply_options(c, o);
	if (r < 0) return r;
	if (cfg) {
		c->cfg = k8c_config_ref(cfg);
		r = credentials_new(cfg, c->env, &c->creds);
		if (r < 0) return r;
	}
	if (c->transport) return 0;
	if (!cfg) return -EINVAL;
	r = transport_net_new(c, &c->transport_ctx, ret_msg);
	if (r == 0) c->transport = &transport_net;
	return r;
}

static int make(struct loop *l, bool own, const struct env *env, struct k8c_config *cfg, const struct k8c_client_options *o,
		struct k8c_client **ret, char **ret_msg) {
	struct k8c_client *c = calloc(1, sizeof(*c));
	if (!c) {
		if (own) loop_free(l);
		return -ENOMEM;
	}
	c->loop = l;
	c->own_loop = own;
	c->env = env ? env : &env_system;
	list_init(&c->calls);
	list_init(&c->parsed);
	int r = client_setup(c, cfg, o, ret_msg);
	if (r < 0) {
		c->transport = NULL;
		client_destroy(c);
		return r;
	}
	*ret = c;
	return 0;
}

int k8c_client_new(struct k8c_config *cfg, const struct k8c_client_options *o, struct k8c_client **ret, char **ret_msg) {
	struct loop *l;
	if (ret_msg) *ret_msg = NULL;
	int r = loop_new(&l);
	return r < 0 ? r : make(l, true, NULL, cfg, o, ret, ret_msg);
}

int client_new_on_loop(struct loop *l, const struct env *env, struct k8c_config *cfg, const struct k8c_client_options *o,
		       struct k8c_client **ret, char **ret_msg) {
	if (ret_msg) *ret_msg = NULL;
	return make(l, false, env, cfg, o, ret, ret_msg);
}

void k8c_client_free(struct k8c_client *c) {
	if (c) client_destroy(c);
}

struct loop *client_loop(const struct k8c_client *c) { return c->loop; }
const struct env *client_env(const struct k8c_client *c) { return c->env; }
struct k8c_config *k8c_client_config(const struct k8c_client *c) { return c->cfg; }

/* ---- running ---- */

int k8c_client_fd(const struct k8c_client *c) { return c->own_loop ? uv_backend_fd(loop_uv(c->loop)) : -1; }

int k8c_client_timeout(const struct k8c_client *c) {
	/* What was started has to pass through the loop once before the descriptor tells about it. */
	return c->dirty ? 0 : uv_backend_timeout(loop_uv(c->loop));
}

static void on_time(void *arg) { *(bool *)arg = true; }

int k8c_client_run_once(struct k8c_client *c, int timeout_ms) {
	if (!c->own_loop || c->running) return -EBUSY;
	struct loop_timer *t = NULL;
	bool fired = false;
	if (timeout_ms > 0) {
		t = loop_timer_start(c->loop, (uint64_t)timeout_ms, 0, on_time, &fired);
		if (!t) return -ENOMEM;
	}
	c->running = true;
	c->dirty = false;
	loop_run(c->loop, timeout_ms == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
	if (t && !fired) loop_timer_stop(t);
	/* Once more, so that what the callbacks started is known to the kernel before the program polls again, and nothing closed is
	 * left that would make the next wait return at once. */
	loop_run(c->loop, UV_RUN_NOWAIT);
	c->running = false;
	return 0;
}

int client_run_until(struct k8c_client *c, const bool *done) {
	if (!c->own_loop || c->running) return -EBUSY;
	while (!*done) {
		int r = k8c_client_run_once(c, -1);
		if (r < 0) return r;
	}
	return 0;
}
