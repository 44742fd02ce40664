/* SPDX-License-Identifier: Apache-2.0 */
/* Read, change, write; again when somebody else was faster. */
#include "client/error.h"
#include "client/request.h"

#include <errno.h>

#define UPDATE_TRIES_MAX 5u
#define UPDATE_BACKOFF_MIN_MS 10u
#define UPDATE_BACKOFF_MAX_MS 1000u

struct update_call {
	struct k8c_call call;
	struct arena *arena;
	struct k8c_target target;
	struct k8c_update_handler h;
	void *ctx;
	struct k8c_call *step; /* the GET or PUT under way */
	struct loop_timer *timer;
	unsigned tries;
};

static struct update_call *of(struct k8c_call *call) { return CONTAINER_OF(call, struct update_call, call); }

static void update_free(struct k8c_call *call) {
	arena_free(of(call)->arena);
	free(of(call));
}

static void finish(struct update_call *u, const struct k8c_response *res, const struct k8c_error *err) {
	if (u->call.finished) return;
	u->call.finished = true;
	u->timer = loop_timer_stop(u->timer);
	u->h.on_done(u->ctx, res, err);
	call_finish(&u->call);
}

static void finish_errno(struct update_call *u, int err) {
	struct k8c_error e;
	error_from_errno(u->arena, err, NULL, &e);
	finish(u, NULL, &e);
}

static void update_cancel(struct k8c_call *call) {
	struct update_call *u = of(call);
	struct k8c_call *step = u->step;
	call_ref(call);
	u->step = NULL;
	finish_errno(u, -ECANCELED);
	k8c_call_cancel(step);
	call_unref(call);
}

static void read_object(void *arg);

static void on_written(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct update_call *u = ctx;
	u->step = NULL;
	if (u->call.finished) return;
	if (err && err->err == -EAGAIN && u->tries < UPDATE_TRIES_MAX) {
		uint32_t delay = client_backoff(u->call.client->env, UPDATE_BACKOFF_MIN_MS, UPDATE_BACKOFF_MAX_MS, u->tries - 1);
		u->timer = loop_timer_start(u->call.client->loop, delay, 0, read_object, u);
		if (u->timer) return;
	}
	finish(u, res, err);
}

static int write_object(struct update_call *u, const yyjson_mut_val *root) {
	static const struct k8c_request_handler h = { .on_done = on_written };
	_cleanup_buf_ struct buf body = BUF_INIT(u->call.client->max_body);
	int r = json_write(&body, root);
	struct k8c_op op = { .size = sizeof(op), .verb = K8C_UPDATE, .target = u->target, .body = bytes_of(buf_slice(&body)) };
	return r < 0 ? r : k8c_op_start(u->call.client, &op, &h, u, &u->step);
}

static void on_read(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct update_call *u = ctx;
	yyjson_mut_doc *doc;
	u->step = NULL;
	if (u->call.finished) return;
	if (err) {
		finish(u, res, err);
		return;
	}
	_cleanup_arena_ struct arena *a = arena_new(0);
	int r = a ? json_parse(a, slice_of(res->body), &doc, NULL) : -ENOMEM;
	if (r == -EBADMSG) r = -EPROTO;
	call_ref(&u->call);
	if (r == 0) r = u->h.change(u->ctx, doc, doc->root);
	if (!u->call.finished) {
		if (r == 1) finish(u, res, NULL);
		else if (r == 0) r = write_object(u, doc->root);
		if (r < 0) finish_errno(u, r);
	}
	call_unref(&u->call);
}

static void read_object(void *arg) {
	static const struct k8c_request_handler h = { .on_done = on_read };
	struct update_call *u = arg;
	struct k8c_op op = { .size = sizeof(op), .verb = K8C_GET, .target = u->target };
	u->timer = NULL;
	u->tries++;
	int r = k8c_op_start(u->call.client, &op, &h, u, &u->step);
	if (r < 0) finish_errno(u, r);
}

int target_copy(struct arena *a, const struct k8c_target *t, struct k8c_target *ret) {
	*ret = *t;
	const char **strings[] = { &ret->group, &ret->version, &ret->resource, &ret->ns, &ret->name, &ret->subresource };
	for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
		if (!*strings[i]) continue;
		*strings[i] = arena_strdup(a, *strings[i]);
		if (!*strings[i]) return -ENOMEM;
	}
	return ret->resource && ret->version && ret->name ? 0 : -EINVAL;
}

int k8c_update_start(struct k8c_client *c, const struct k8c_target *t, const struct k8c_update_handler *h, void *ctx,
		     struct k8c_call **ret) {
	if (!h->change || !h->on_done) return -EINVAL;
	struct update_call *u = calloc(1, sizeof(*u));
	if (!u) return -ENOMEM;
	u->arena = arena_new(0);
	int r = u->arena ? target_copy(u->arena, t, &u->target) : -ENOMEM;
	if (r == 0) {
		u->timer = loop_timer_start(c->loop, 0, 0, read_object, u);
		if (!u->timer) r = -ENOMEM;
	}
	if (r < 0) {
		arena_free(u->arena);
		free(u);
		return r;
	}
	u->h = *h;
	u->ctx = ctx;
	call_init(&u->call, c, update_cancel, NULL, update_free);
	if (ret) *ret = &u->call;
	return 0;
}

/* ---- blocking ---- */

struct waiting {
	struct k8c_update_handler h;
	void *ctx;
	bool done;
	int err;
};

static int waiting_change(void *ctx, struct yyjson_mut_doc *doc, struct yyjson_mut_val *root) {
	struct waiting *w = ctx;
	return w->h.change(w->ctx, doc, root);
}

static void waiting_done(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct waiting *w = ctx;
	w->done = true;
	w->err = err ? err->err : 0;
	if (w->h.on_done) w->h.on_done(w->ctx, res, err);
}

int k8c_update_wait(struct k8c_client *c, const struct k8c_target *t, const struct k8c_update_handler *h, void *ctx) {
	static const struct k8c_update_handler mine = { waiting_change, waiting_done };
	struct waiting w = { .h = *h, .ctx = ctx };
	if (!c->own_loop || c->running) return -EBUSY;
	int r = k8c_update_start(c, t, &mine, &w, NULL);
	if (r == 0) r = client_run_until(c, &w.done);
	return r < 0 ? r : w.err;
}
