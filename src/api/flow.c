/* SPDX-License-Identifier: Apache-2.0 */
#include "api/flow.h"

#include "api/internal.h"

struct flow_entry {
	struct list link;
	struct request *r;
};
struct flow_queue {
	struct list waiting;
	unsigned n;
};
struct flow_limiter {
	struct loop *loop;
	unsigned running[2];            /* reading, mutating */
	unsigned waiting;
	unsigned turn;                  /* queue to be served next */
	bool scheduled;
	struct flow_queue queues[FLOW_QUEUES];
};

static const unsigned limits[2] = { INFLIGHT_READING_MAX, INFLIGHT_MUTATING_MAX };

struct flow_limiter *flow_new(struct loop *l) {
	struct flow_limiter *f = calloc(1, sizeof(*f));
	if (!f) return NULL;
	f->loop = l;
	for (size_t i = 0; i < FLOW_QUEUES; i++) list_init(&f->queues[i].waiting);
	return f;
}

struct flow_limiter *flow_free(struct flow_limiter *f) {
	free(f);
	return NULL;
}

static void start(struct flow_limiter *f, struct request *r) {
	f->running[r->mutating]++;
	r->counted = true;
	r->next(r);
}

static void wait_in_line(struct flow_limiter *f, struct request *r) {
	struct flow_queue *q = &f->queues[map_hash(r->user->name) % FLOW_QUEUES];
	struct flow_entry *e = q->n < FLOW_QUEUE_LENGTH ? arena_new_of(r->a, struct flow_entry) : NULL;
	if (!e) {
		request_status(r, status_busy(r->a, 1));
		return;
	}
	e->r = r;
	list_add_tail(&q->waiting, &e->link);
	r->flow = e;
	q->n++;
	f->waiting++;
}

void flow_enter(struct flow_limiter *f, struct request *r, void (*next)(struct request *r)) {
	r->next = next;
	if (r->long_running || r->x->local_user || access_user_in_group(r->user, "system:masters")) {
		next(r);
		return;
	}
	if (f->running[r->mutating] < limits[r->mutating] && !f->waiting) start(f, r);
	else wait_in_line(f, r);
}

/* ---- leaving ---- */

static struct flow_queue *queue_of(struct flow_limiter *f, struct request *r) { return &f->queues[map_hash(r->user->name) % FLOW_QUEUES]; }

static void unlink_entry(struct flow_limiter *f, struct request *r) {
	struct flow_entry *e = r->flow;
	list_del(&e->link);
	queue_of(f, r)->n--;
	f->waiting--;
	r->flow = NULL;
}

/* The next queue in turn whose first request may run. */
static struct request *pick(struct flow_limiter *f) {
	for (unsigned k = 0; k < FLOW_QUEUES; k++) {
		struct flow_queue *q = &f->queues[(f->turn + k) % FLOW_QUEUES];
		if (list_empty(&q->waiting)) continue;
		struct request *r = list_entry(q->waiting.next, struct flow_entry, link)->r;
		if (f->running[r->mutating] >= limits[r->mutating]) continue;
		f->turn = (f->turn + k + 1) % FLOW_QUEUES;
		return r;
	}
	return NULL;
}

static void serve(void *arg) {
	struct flow_limiter *f = arg;
	f->scheduled = false;
	struct request *r;
	while ((r = pick(f))) {
		unlink_entry(f, r);
		start(f, r);
	}
}

void flow_leave(struct flow_limiter *f, struct request *r) {
	if (r->flow) unlink_entry(f, r);
	if (!r->counted) return;
	r->counted = false;
	f->running[r->mutating]--;
	/* Posted rather than called: the answer that frees a place must not run the next request inside itself. */
	if (f->waiting && !f->scheduled) f->scheduled = loop_post(f->loop, serve, f) == 0;
}
