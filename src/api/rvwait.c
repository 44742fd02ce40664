/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rvwait.h"

struct rv_wait {
	struct list link;
	struct request_token *token;
	struct loop_timer *timer;
	struct store *store;
	uint64_t rv;
	void (*fn)(struct request *r);
};

static struct request *finish(struct rv_wait *w) {
	struct request *r = request_resume(w->token);
	list_del(&w->link);
	free(w);
	return r;
}

static void timed_out(void *arg) {
	struct rv_wait *w = arg;
	uint64_t rv = w->rv, now = store_rv(w->store);
	struct request *r = finish(w);
	if (r) request_status(r, status_rv_too_large(r->a, rv, now, 1));
}

void rvwait_start(struct request *r, uint64_t rv, void (*fn)(struct request *r)) {
	struct store *s = r->api->store;
	if (store_rv(s) >= rv) {
		fn(r);
		return;
	}
	struct rv_wait *w = calloc(1, sizeof(*w));
	struct request_token *t = w ? request_wait(r) : NULL;
	if (t) {
		*w = (struct rv_wait){ .token = t, .store = s, .rv = rv, .fn = fn };
		list_add_tail(&r->al->rv_waits, &w->link);
		w->timer = loop_timer_start(r->al->loop, RV_WAIT_MS, 0, timed_out, w);
		if (w->timer) return;
		list_del(&w->link);
		(void)request_resume(t);
	}
	free(w);
	request_status(r, status_no_memory());
}

void rvwait_wake(struct api_loop *al) {
	uint64_t now = store_rv(al->api->store);
	list_foreach(&al->rv_waits, it) {
		struct rv_wait *w = list_entry(it, struct rv_wait, link);
		if (w->rv > now) continue;
		void (*fn)(struct request *) = w->fn;
		loop_timer_stop(w->timer);
		struct request *r = finish(w);
		if (r) fn(r);
	}
}
