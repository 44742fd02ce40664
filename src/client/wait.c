/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for one object to become something: its present state, then every change. */
#include "client/error.h"
#include "client/list.h"
#include "client/request.h"

#include <errno.h>
#include <stdio.h>

struct wait_call {
	struct k8c_call call;
	struct arena *arena;
	struct k8c_target target;      /* the collection */
	const char *selector;          /* metadata.name=... */
	struct k8c_wait_handler h;
	void *ctx;
	struct k8c_call *step;         /* list or watch */
	struct loop_timer *timer, *deadline;
	bool found;                    /* the list had it */
	unsigned failures;
};

static struct wait_call *of(struct k8c_call *call) { return CONTAINER_OF(call, struct wait_call, call); }

static void wait_free(struct k8c_call *call) {
	arena_free(of(call)->arena);
	free(of(call));
}

static void finish(struct wait_call *w, const struct k8c_error *err) {
	struct k8c_call *step = w->step;
	if (w->call.finished) return;
	w->call.finished = true;
	w->step = NULL;
	w->timer = loop_timer_stop(w->timer);
	w->deadline = loop_timer_stop(w->deadline);
	w->h.on_done(w->ctx, err);
	call_ref(&w->call);
	call_finish(&w->call);
	k8c_call_cancel(step);
	call_unref(&w->call);
}

static void finish_errno(struct wait_call *w, int err, const char *msg) {
	struct k8c_error e;
	error_from_errno(w->arena, err, msg, &e);
	finish(w, &e);
}

static void wait_cancel(struct k8c_call *call) { finish_errno(of(call), -ECANCELED, NULL); }

static void on_deadline(void *arg) {
	struct wait_call *w = arg;
	w->deadline = NULL;
	finish_errno(w, -ETIMEDOUT, "timed out waiting for the condition");
}

static void check(struct wait_call *w, const yyjson_mut_val *root) {
	call_ref(&w->call);
	int r = w->h.check(w->ctx, root);
	if (r == 1) finish(w, NULL);
	else if (r < 0) finish_errno(w, r, NULL);
	call_unref(&w->call);
}

static void check_json(struct wait_call *w, struct slice json) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	yyjson_mut_doc *doc;
	int r = a ? json_parse(a, json, &doc, NULL) : -ENOMEM;
	if (r < 0) finish_errno(w, r == -EBADMSG ? -EPROTO : r, NULL);
	else check(w, doc->root);
}

static void look(void *arg);

static void look_again(struct wait_call *w, const struct k8c_error *err) {
	uint32_t delay = err && err->err == -ESTALE ? 0
						    : client_backoff(w->call.client->env, CLIENT_BACKOFF_MIN_MS,
								     CLIENT_BACKOFF_MAX_MS, w->failures++);
	w->timer = loop_timer_start(w->call.client->loop, delay, 0, look, w);
	if (!w->timer) finish_errno(w, -ENOMEM, NULL);
}

static bool temporary(const struct k8c_error *e) {
	return e->err == -ESTALE || e->err == -ECONNRESET || e->err == -ECONNREFUSED || e->err == -EBUSY || e->err == -EIO ||
	       e->err == -EPIPE;
}

static void on_event(void *ctx, const struct k8c_event *e) {
	struct wait_call *w = ctx;
	if (w->call.finished) return;
	w->failures = 0;
	if (e->type == K8C_DELETED) check(w, NULL);
	else if (e->type != K8C_BOOKMARK) check_json(w, slice_of(e->object));
}

static void on_watched(void *ctx, const struct k8c_error *err) {
	struct wait_call *w = ctx;
	w->step = NULL;
	if (w->call.finished) return;
	if (err && !temporary(err)) finish(w, err);
	else look_again(w, err);
}

static void on_item(void *ctx, struct slice json, struct slice kind, struct slice api_version) {
	struct wait_call *w = ctx;
	if (w->call.finished) return;
	w->found = true;
	check_json(w, json);
}

static void on_listed(void *ctx, const struct k8c_list_result *res, const struct k8c_error *err) {
	static const struct k8c_watch_handler h = { on_event, on_watched };
	struct wait_call *w = ctx;
	w->step = NULL;
	if (w->call.finished) return;
	if (err) {
		if (temporary(err)) look_again(w, err);
		else finish(w, err);
		return;
	}
	call_ref(&w->call);
	if (!w->found) check(w, NULL);
	struct k8c_watch_options o = {
		.size = sizeof(o), .target = w->target, .field_selector = w->selector, .resource_version = res->resource_version
	};
	int r = w->call.finished ? 0 : k8c_watch_start(w->call.client, &o, &h, w, &w->step);
	if (r < 0) finish_errno(w, r, NULL);
	call_unref(&w->call);
}

static void look(void *arg) {
	static const struct list_handler h = { on_item, on_listed };
	struct wait_call *w = arg;
	struct k8c_op op = { .size = sizeof(op), .target = w->target, .field_selector = w->selector, .limit = UINT32_MAX };
	w->timer = NULL;
	w->found = false;
	int r = client_list_start(w->call.client, &op, &h, w, &w->step);
	if (r < 0) finish_errno(w, r, NULL);
}

static int setup(struct wait_call *w, struct k8c_client *c, const struct k8c_target *t, uint32_t timeout_ms) {
	w->arena = arena_new(0);
	int r = w->arena ? target_copy(w->arena, t, &w->target) : -ENOMEM;
	if (r < 0) return r;
	w->selector = arena_printf(w->arena, "metadata.name=%s", w->target.name);
	w->target.name = w->target.subresource = NULL;
	w->timer = loop_timer_start(c->loop, 0, 0, look, w);
	if (timeout_ms) w->deadline = loop_timer_start(c->loop, timeout_ms, 0, on_deadline, w);
	return w->selector && w->timer && (!timeout_ms || w->deadline) ? 0 : -ENOMEM;
}

int k8c_wait_start(struct k8c_client *c, const struct k8c_target *t, uint32_t timeout_ms, const struct k8c_wait_handler *h,
		   void *ctx, struct k8c_call **ret) {
	if (!h->check || !h->on_done) return -EINVAL;
	struct wait_call *w = calloc(1, sizeof(*w));
	if (!w) return -ENOMEM;
	uv_update_time(loop_uv(c->loop));
	int r = setup(w, c, t, timeout_ms);
	if (r < 0) {
		loop_timer_stop(w->timer);
		loop_timer_stop(w->deadline);
		arena_free(w->arena);
		free(w);
		return r;
	}
	w->h = *h;
	w->ctx = ctx;
	call_init(&w->call, c, wait_cancel, NULL, wait_free);
	if (ret) *ret = &w->call;
	return 0;
}

/* ---- blocking ---- */

struct waiting {
	struct k8c_wait_handler h;
	void *ctx;
	bool done;
	int err;
};

static int waiting_check(void *ctx, const struct yyjson_mut_val *root) {
	struct waiting *w = ctx;
	return w->h.check(w->ctx, root);
}

static void waiting_done(void *ctx, const struct k8c_error *err) {
	struct waiting *w = ctx;
	w->done = true;
	w->err = err ? err->err : 0;
	if (w->h.on_done) w->h.on_done(w->ctx, err);
}

int k8c_wait_wait(struct k8c_client *c, const struct k8c_target *t, uint32_t timeout_ms, const struct k8c_wait_handler *h,
		  void *ctx) {
	static const struct k8c_wait_handler mine = { waiting_check, waiting_done };
	struct waiting w = { .h = *h, .ctx = ctx };
	if (!c->own_loop || c->running) return -EBUSY;
	int r = k8c_wait_start(c, t, timeout_ms, &mine, &w, NULL);
	if (r == 0) r = client_run_until(c, &w.done);
	return r < 0 ? r : w.err;
}
