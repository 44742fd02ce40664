/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait: for the commit thread, for timers, for the end of their time. */
#include "api/flow.h"
#include "api/internal.h"
#include "api/metrics.h"

#include <errno.h>

/* Lives on the heap until what it stands for has come back. */
struct request_token {
	struct request *r;          /* NULL: answered or gone */
	struct request_token *next; /* in r->token's chain */
};

struct request_token *request_wait(struct request *r) {
	struct request_token *t = malloc(sizeof(*t));
	if (!t) return NULL;
	*t = (struct request_token){ .r = r, .next = r->token };
	r->token = t;
	return t;
}

struct request *request_resume(struct request_token *t) {
	struct request *r = t->r;
	for (struct request_token **p = r ? &r->token : NULL; p && *p; p = &(*p)->next) {
		if (*p != t) continue;
		*p = t->next;
		break;
	}
	free(t);
	return r;
}

static void void_tokens(struct request *r) {
	while (r->token) {
		struct request_token *t = r->token;
		r->token = t->next;
		t->r = NULL;
	}
}

void request_settle(struct request *r, int code) {
	r->answered = true;
	r->code = code;
	void_tokens(r);
	list_del(&r->inflight);
	if (r->user) flow_leave(r->al->limiter, r);
	metrics_count(r);
}

void request_ended(struct exchange *x) {
	struct request *r = x->handler_ctx;
	if (!r) return;
	void_tokens(r);
	list_del(&r->inflight);
	atomic_fetch_sub(&r->al->running, 1);
}

/* ---- timers ---- */

struct after {
	struct request_token *token;
	void (*fn)(struct request *r);
};

static void after_fired(void *arg) {
	struct after *w = arg;
	void (*fn)(struct request *) = w->fn;
	struct request *r = request_resume(w->token);
	free(w);
	if (r) fn(r);
}

int request_after(struct request *r, uint64_t ms, void (*fn)(struct request *r)) {
	struct after *w = malloc(sizeof(*w));
	struct request_token *t = w ? request_wait(r) : NULL;
	if (t) *w = (struct after){ .token = t, .fn = fn };
	if (t && loop_timer_start(r->al->loop, ms, 0, after_fired, w)) return 0;
	if (t) (void)request_resume(t);
	free(w);
	return -ENOMEM;
}

/* ---- transactions ---- */

struct txn_wait {
	struct request_token *token;
	request_txn_fn fn;
	void *ctx;
};

static void txn_done(void *ctx, const struct store_result *res) {
	struct txn_wait w = *(struct txn_wait *)ctx;
	free(ctx);
	struct request *r = request_resume(w.token);
	if (r) w.fn(r, w.ctx, res);
}

const struct status *request_txn(struct request *r, const struct store_op *ops, size_t n, request_txn_fn fn, void *ctx) {
	struct txn_wait *w = malloc(sizeof(*w));
	struct request_token *t = w ? request_wait(r) : NULL;
	if (!t) {
		free(w);
		for (size_t i = 0; i < n; i++) blob_unref(ops[i].json);
		return status_no_memory();
	}
	*w = (struct txn_wait){ .token = t, .fn = fn, .ctx = ctx };
	int err = store_txn(r->api->store, ops, n, r->al->loop, txn_done, w);
	if (!err) return NULL;
	(void)request_resume(t);
	free(w);
	return status_of_store(r->a, err);
}

/* ---- the end ---- */

void request_end_all(struct api_loop *al) {
	while (!list_empty(&al->inflight)) {
		struct request *r = list_entry(al->inflight.next, struct request, inflight);
		request_status(r, status_unavailable(r->a, "apiserver is shutting down", 1));
	}
}

/* ---- deadlines ---- */

void request_sweep(struct api_loop *al) {
	uint64_t now = env_mono(al->api->env);
	list_foreach(&al->inflight, it) {
		struct request *r = list_entry(it, struct request, inflight);
		if (r->deadline && now >= r->deadline) request_status(r, status_timeout_filter());
	}
}
