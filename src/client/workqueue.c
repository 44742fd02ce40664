/* SPDX-License-Identifier: Apache-2.0 */
#include "client/workqueue.h"
#include "base/list.h"
#include "base/map.h"

#include <errno.h>

/* A key that is queued, delayed, being worked on, or has failures to remember. */
struct item {
	struct list queue;       /* in workqueue.ready while `queued` */
	struct workqueue *q;
	struct loop_timer *delay;
	uint64_t due_ms;         /* of `delay`, in the loop's time */
	uint32_t failures;
	bool queued, working, again; /* again: was added while being worked on */
	size_t n;
	char key[];
};

struct workqueue {
	struct workqueue_options o;
	struct map *items;
	struct list ready;
	struct loop_timer *kick;
	uint32_t working;
	bool paused, running;
};

int workqueue_new(const struct workqueue_options *o, struct workqueue **ret) {
	struct workqueue *q = calloc(1, sizeof(*q));
	if (!q) return -ENOMEM;
	q->o = *o;
	if (!q->o.parallel) q->o.parallel = 1;
	list_init(&q->ready);
	q->items = map_new(WORKQUEUE_KEYS_MAX);
	if (!q->items) {
		free(q);
		return -ENOMEM;
	}
	*ret = q;
	return 0;
}

static void item_free(void *p) {
	struct item *it = p;
	loop_timer_stop(it->delay);
	free(it);
}

void workqueue_free(struct workqueue *q) {
	if (!q) return;
	loop_timer_stop(q->kick);
	map_free(q->items, item_free);
	free(q);
}

static struct slice item_key(const struct item *it) { return slice_make(it->key, it->n); }

static int item_get(struct workqueue *q, struct slice key, struct item **ret) {
	struct item *it = map_get(q->items, key);
	if (!it) {
		it = calloc(1, sizeof(*it) + key.n + 1);
		if (!it) return -ENOMEM;
		it->q = q;
		it->n = key.n;
		if (key.n) memcpy(it->key, key.p, key.n);
		list_init(&it->queue);
		int r = map_put(q->items, key, it, NULL);
		if (r < 0) {
			free(it);
			return r;
		}
	}
	*ret = it;
	return 0;
}

/* Forgets a key that nothing is known about any more. */
static void item_settle(struct item *it) {
	if (it->queued || it->working || it->delay || it->failures) return;
	map_del(it->q->items, item_key(it));
	item_free(it);
}

static void run(void *arg);

static int kick(struct workqueue *q) {
	if (q->kick || q->running || q->paused || list_empty(&q->ready) || q->working >= q->o.parallel) return 0;
	q->kick = loop_timer_start(q->o.loop, 0, 0, run, q);
	return q->kick ? 0 : -ENOMEM;
}

static void delay_stop(struct item *it) {
	it->delay = loop_timer_stop(it->delay);
}

static int item_queue(struct item *it) {
	delay_stop(it);
	if (it->working) {
		it->again = true;
		return 0;
	}
	if (!it->queued) {
		it->queued = true;
		list_add_tail(&it->q->ready, &it->queue);
	}
	return kick(it->q);
}

int workqueue_add(struct workqueue *q, struct slice key) {
	struct item *it;
	int r = item_get(q, key, &it);
	return r < 0 ? r : item_queue(it);
}

int workqueue_add_name(struct workqueue *q, struct slice ns, struct slice name) {
	char buf[600];
	if (!ns.n) return workqueue_add(q, name);
	if (ns.n + name.n + 1 > sizeof(buf)) return -E2BIG;
	memcpy(buf, ns.p, ns.n);
	buf[ns.n] = '/';
	memcpy(buf + ns.n + 1, name.p, name.n);
	return workqueue_add(q, slice_make(buf, ns.n + name.n + 1));
}

static void on_due(void *arg) {
	struct item *it = arg;
	it->delay = NULL;
	item_queue(it);
}

static int item_delay(struct item *it, uint64_t delay_ms) {
	uint64_t due = uv_now(loop_uv(it->q->o.loop)) + delay_ms;
	if (it->queued || (it->delay && it->due_ms <= due)) return 0;
	if (delay_ms == 0) return item_queue(it);
	delay_stop(it);
	it->due_ms = due;
	it->delay = loop_timer_start(it->q->o.loop, delay_ms, 0, on_due, it);
	return it->delay ? 0 : -ENOMEM;
}

int workqueue_add_after(struct workqueue *q, struct slice key, uint64_t delay_ms) {
	struct item *it;
	int r = item_get(q, key, &it);
	return r < 0 ? r : item_delay(it, delay_ms);
}

static uint64_t backoff(uint32_t failures) {
	uint64_t d = failures < 32 ? (uint64_t)WORKQUEUE_DELAY_MIN_MS << failures : WORKQUEUE_DELAY_MAX_MS;
	return d < WORKQUEUE_DELAY_MAX_MS ? d : WORKQUEUE_DELAY_MAX_MS;
}

static void item_finished(struct item *it, int result) {
	it->working = false;
	it->q->working--;
	if (result < 0) item_delay(it, backoff(it->failures++));
	else it->failures = 0;
	if (it->again) {
		it->again = false;
		item_queue(it);
	}
	item_settle(it);
}

static void run(void *arg) {
	struct workqueue *q = arg;
	/* What is added meanwhile waits for the next turn of the loop, so that work never starves the rest. */
	size_t turn = map_count(q->items);
	q->kick = NULL;
	q->running = true;
	while (turn-- && !q->paused && !list_empty(&q->ready) && q->working < q->o.parallel) {
		struct item *it = list_entry(q->ready.next, struct item, queue);
		list_del(&it->queue);
		it->queued = false;
		it->working = true;
		q->working++;
		int r = q->o.work(q->o.ctx, item_key(it));
		if (r != 1) item_finished(it, r);
	}
	q->running = false;
	kick(q);
}

void workqueue_done(struct workqueue *q, struct slice key, int result) {
	struct item *it = map_get(q->items, key);
	if (!it || !it->working) return;
	item_finished(it, result);
	kick(q);
}

void workqueue_forget(struct workqueue *q, struct slice key) {
	struct item *it = map_get(q->items, key);
	if (!it) return;
	it->failures = 0;
	item_settle(it);
}

size_t workqueue_len(const struct workqueue *q) {
	size_t n = 0, at = 0;
	struct slice key;
	void *v;
	while (map_next(q->items, &at, &key, &v)) {
		const struct item *it = v;
		n += it->queued || it->working || it->delay;
	}
	return n;
}

void workqueue_pause(struct workqueue *q, bool on) {
	q->paused = on;
	kick(q);
}
