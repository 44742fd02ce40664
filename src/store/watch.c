/* SPDX-License-Identifier: Apache-2.0 */
/* Watch cursors: positions in the stream of their resource. */
#include "store/impl.h"

#include <errno.h>

int store_watch_init(struct store *s, struct slice resource, uint64_t from_rv, struct store_watch *ret) {
	struct history_stream *st = history_stream(&s->history, resource);
	if (!st) return -ENOMEM;
	pthread_mutex_lock(&st->lock);
	int r = from_rv < st->dropped_rv ? -ESTALE : 0;
	uint64_t lo = st->events.head, hi = st->events.tail;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		const struct store_event *e = st->events.slot[mid & (st->events.cap - 1)];
		if (e->rv <= from_rv) lo = mid + 1;
		else hi = mid;
	}
	pthread_mutex_unlock(&st->lock);
	if (r == 0) *ret = (struct store_watch){ .s = s, .resource = st->resource, .pos = lo, .rv = from_rv, .stream = st };
	return r;
}

/* Under the stream's lock: a reference to the event at the cursor, or NULL. Only whole revisions are taken (up to `seen`), as the
 * commit thread may be in the middle of appending a later one; one that has several events counts as seen with the last. */
static struct store_event *take(struct store_watch *w, const struct history_stream *st, uint64_t seen) {
	while (w->pos < st->events.tail) {
		struct store_event *e = st->events.slot[w->pos & (st->events.cap - 1)];
		if (e->rv > seen) return NULL;
		w->pos++;
		if (e->rv <= w->rv) continue; /* committed between the state read and the start of the watch */
		const struct store_event *next = w->pos < st->events.tail ? st->events.slot[w->pos & (st->events.cap - 1)] : NULL;
		w->rv = next && next->rv == e->rv ? e->rv - 1 : e->rv;
		return store_event_ref(e);
	}
	return NULL;
}

int store_watch_next(struct store_watch *w, struct store_event **ret) {
	struct history_stream *st = w->stream;
	/* Acquire, and before the tail: every event up to this revision is in the stream by the time the tail is read. */
	uint64_t seen = atomic_load_explicit(&w->s->history.visible_rv, memory_order_acquire);
	struct store_event *e = NULL;
	int r = 0;
	if (atomic_load_explicit(&st->tail, memory_order_acquire) != w->pos) {
		pthread_mutex_lock(&st->lock);
		if (w->pos < st->events.head && w->rv < st->dropped_rv) r = -ESTALE;
		else if (w->pos < st->events.head) w->pos = st->events.head;
		if (r == 0) e = take(w, st, seen);
		pthread_mutex_unlock(&st->lock);
	}
	if (r) return r;
	if (e) return *ret = e, 1;
	if (seen > w->rv) w->rv = seen;
	return 0;
}

uint64_t store_watch_rv(const struct store_watch *w) { return w->rv; }
