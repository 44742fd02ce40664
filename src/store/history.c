/* SPDX-License-Identifier: Apache-2.0 */
#include "store/history.h"
#include "store/obj.h"

#include <errno.h>
#include <string.h>

#define STREAMS_MAX 65536u
#define RING_MIN 16u

/* ---- ring ---- */

static void **ring_slot(const struct ring *r, uint64_t at) { return &r->slot[at & (r->cap - 1)]; }

/* Changes the capacity to `cap` (a power of two that holds what is in). 0 or -ENOMEM. */
static int ring_resize(struct ring *r, size_t cap) {
	void **slot = malloc(cap * sizeof(*slot));
	if (!slot) return -ENOMEM;
	for (uint64_t i = r->head; i < r->tail; i++) slot[i & (cap - 1)] = *ring_slot(r, i);
	free(r->slot);
	r->slot = slot;
	r->cap = cap;
	return 0;
}

static int ring_reserve(struct ring *r, size_t n) {
	size_t need = (size_t)(r->tail - r->head) + n, cap = r->cap ? r->cap : RING_MIN;
	while (cap < need) cap *= 2;
	return cap == r->cap ? 0 : ring_resize(r, cap);
}

/* Gives memory back after a burst; keeps the larger table when there is no memory for the smaller. */
static void ring_relax(struct ring *r) {
	if (r->cap > 4 * RING_MIN && (r->tail - r->head) * 8 < r->cap) (void)ring_resize(r, r->cap / 4);
}

static void ring_push(struct ring *r, void *p) { *ring_slot(r, r->tail++) = p; }

/* ---- events ---- */

struct store_event *event_new(enum store_event_kind kind, struct store_obj *obj, struct store_obj *prev) {
	struct store_event *e = calloc(1, sizeof(*e));
	if (!e) return NULL;
	atomic_init(&e->refs, 1);
	e->kind = kind;
	e->rv = obj->rv;
	e->obj = store_obj_ref(obj);
	e->prev = store_obj_ref(prev);
	return e;
}

struct store_event *store_event_ref(struct store_event *e) {
	if (e) atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
	return e;
}

struct store_event *store_event_unref(struct store_event *e) {
	if (!e || atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) != 1) return NULL;
	for (size_t i = 0; i < ELEMENTSOF(e->frame); i++) blob_unref(atomic_load_explicit(&e->frame[i], memory_order_relaxed));
	store_obj_unref(e->obj);
	store_obj_unref(e->prev);
	free(e);
	return NULL;
}

/* What an event may keep in memory: the state before it, and its own or, while that is live, encoded frames of about its size. */
static size_t event_bytes(const struct store_event *e) {
	return sizeof(*e) + sizeof(struct history_entry) + obj_bytes(e->obj) + (e->prev ? obj_bytes(e->prev) : 0);
}

/* ---- streams ---- */

static void stream_free(void *p) {
	struct history_stream *st = p;
	pthread_mutex_destroy(&st->lock);
	free(st->events.slot);
	free(st);
}

static struct history_stream *stream_new(struct slice resource, uint64_t dropped_rv) {
	struct history_stream *st = calloc(1, sizeof(*st) + resource.n);
	if (!st) return NULL;
	pthread_mutex_init(&st->lock, NULL);
	if (resource.n) memcpy(st->text, resource.p, resource.n);
	st->resource = slice_make(st->text, resource.n);
	st->dropped_rv = dropped_rv;
	return st;
}

struct history_stream *history_stream(struct history *h, struct slice resource) {
	pthread_mutex_lock(&h->lock);
	struct history_stream *st = map_get(h->streams, resource);
	if (!st && (st = stream_new(resource, h->base_rv)) && map_put(h->streams, resource, st, NULL) < 0) {
		stream_free(st);
		st = NULL;
	}
	pthread_mutex_unlock(&h->lock);
	return st;
}

/* ---- life ---- */

int history_init(struct history *h, uint64_t base_rv, uint64_t max_events, uint64_t max_seconds) {
	*h = (struct history){ .oldest_rv = base_rv, .base_rv = base_rv, .max_events = max_events, .max_seconds = (int64_t)max_seconds };
	pthread_mutex_init(&h->lock, NULL);
	h->streams = map_new(STREAMS_MAX);
	atomic_init(&h->visible_rv, base_rv);
	return h->streams ? 0 : -ENOMEM;
}

void history_done(struct history *h) {
	for (uint64_t i = h->entries.head; i < h->entries.tail; i++) history_entry_free(*ring_slot(&h->entries, i));
	free(h->entries.slot);
	h->newest = store_snapshot_unref(h->newest);
	h->streams = map_free(h->streams, stream_free);
	pthread_mutex_destroy(&h->lock);
}

void history_entry_free(struct history_entry *e) {
	if (!e) return;
	store_snapshot_unref(e->root);
	store_event_unref(e->ev);
	free(e);
}

/* ---- appending ---- */

struct history_entry *history_prepare(struct history *h, struct store_event *ev, int64_t at) {
	struct history_entry *e = ev ? calloc(1, sizeof(*e)) : NULL;
	struct history_stream *st = e ? history_stream(h, ev->obj->key.resource) : NULL;
	if (!st) {
		store_event_unref(ev);
		free(e);
		return NULL;
	}
	*e = (struct history_entry){ .ev = ev, .stream = st, .at = at, .bytes = event_bytes(ev) };
	return e;
}

int history_reserve(struct history *h, size_t n) {
	pthread_mutex_lock(&h->lock);
	int r = ring_reserve(&h->entries, n);
	pthread_mutex_unlock(&h->lock);
	return r;
}

/* Room in the stream was not made in advance, as that would need a count per stream: without memory the event cannot be
 * shown to watchers, so the stream says that it has a gap and its watchers read the state anew. */
static void stream_push(struct history_stream *st, struct store_event *ev) {
	pthread_mutex_lock(&st->lock);
	if (ring_reserve(&st->events, 1) == 0) {
		ring_push(&st->events, ev);
	} else {
		st->events.head = ++st->events.tail;
		st->dropped_rv = ev->rv;
	}
	atomic_store_explicit(&st->tail, st->events.tail, memory_order_release);
	pthread_mutex_unlock(&st->lock);
}

void history_append(struct history *h, struct history_entry **entries, size_t n, struct store_snapshot *sn) {
	if (!n) return;
	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < n; i++) {
		ring_push(&h->entries, entries[i]);
		h->bytes += entries[i]->bytes;
	}
	h->since_root += n;
	if (h->since_root >= STORE_ROOT_EVERY) {
		entries[n - 1]->root = store_snapshot_ref(sn);
		h->since_root = 0;
	}
	struct store_snapshot *old = h->newest;
	h->newest = store_snapshot_ref(sn);
	pthread_mutex_unlock(&h->lock);
	store_snapshot_unref(old);
	for (size_t i = 0; i < n; i++) stream_push(entries[i]->stream, entries[i]->ev);
	/* Release: whoever reads this revision finds its events in the streams. */
	atomic_store_explicit(&h->visible_rv, sn->rv, memory_order_release);
}

static void set_newest(struct history *h, struct store_snapshot *sn) {
	struct store_snapshot *old = h->newest;
	h->newest = store_snapshot_ref(sn);
	pthread_mutex_unlock(&h->lock);
	store_snapshot_unref(old);
	atomic_store_explicit(&h->visible_rv, sn->rv, memory_order_release);
	pthread_mutex_lock(&h->lock);
}

void history_advance(struct history *h, struct store_snapshot *sn) {
	pthread_mutex_lock(&h->lock);
	set_newest(h, sn);
	pthread_mutex_unlock(&h->lock);
}

/* ---- trimming ---- */

/* The oldest entry leaves its stream; they are in the same order. A stream that has a gap has lost it already. */
static void stream_pop(struct history_stream *st, struct store_event *ev) {
	pthread_mutex_lock(&st->lock);
	if (st->events.head < st->events.tail && *ring_slot(&st->events, st->events.head) == ev) {
		st->events.head++;
		st->dropped_rv = ev->rv;
		ring_relax(&st->events);
	}
	pthread_mutex_unlock(&st->lock);
}

static bool over(const struct history *h, const struct history_entry *e, int64_t now) {
	return h->entries.tail - h->entries.head > h->max_events || h->bytes > STORE_HISTORY_BYTES || now - e->at > h->max_seconds;
}

/* Takes the oldest entry out when it is over a limit. */
static struct history_entry *pop_old(struct history *h, int64_t now) {
	pthread_mutex_lock(&h->lock);
	struct history_entry *e = h->entries.head < h->entries.tail ? *ring_slot(&h->entries, h->entries.head) : NULL;
	if (e && !over(h, e, now)) e = NULL;
	if (e) {
		h->entries.head++;
		h->bytes -= e->bytes;
		h->oldest_rv = e->ev->rv;
		ring_relax(&h->entries);
	}
	pthread_mutex_unlock(&h->lock);
	return e;
}

int64_t history_trim(struct history *h, int64_t now) {
	for (struct history_entry *e; (e = pop_old(h, now));) {
		stream_pop(e->stream, e->ev);
		history_entry_free(e);
	}
	/* Only this thread changes the ring, so it may look without the lock. */
	if (h->entries.head == h->entries.tail) return -1;
	struct history_entry *oldest = *ring_slot(&h->entries, h->entries.head);
	return oldest->at + h->max_seconds + 1 - now;
}

static void stream_gap(struct history_stream *st, uint64_t rv) {
	pthread_mutex_lock(&st->lock);
	/* A position of its own, so that a watcher that had seen all is behind as well. */
	st->events.head = ++st->events.tail;
	st->dropped_rv = rv;
	atomic_store_explicit(&st->tail, st->events.tail, memory_order_release);
	pthread_mutex_unlock(&st->lock);
}

void history_gap(struct history *h, struct store_snapshot *sn) {
	size_t it = 0;
	struct slice name;
	void *st;
	pthread_mutex_lock(&h->lock);
	while (map_next(h->streams, &it, &name, &st)) stream_gap(st, sn->rv);
	while (h->entries.head < h->entries.tail) history_entry_free(*ring_slot(&h->entries, h->entries.head++));
	h->bytes = h->since_root = 0;
	h->oldest_rv = h->base_rv = sn->rv;
	set_newest(h, sn);
	pthread_mutex_unlock(&h->lock);
}

/* ---- reading old states ---- */

int history_undo(struct tree *t, const struct store_event *ev) {
	struct store_obj *now = tree_find(t->root, &ev->obj->key), *old = NULL;
	bool expected = ev->kind == STORE_EV_DELETED ? now == NULL : now && now->rv == ev->rv;
	if (!expected) return -EUCLEAN;
	int r = ev->prev ? tree_put(t, ev->prev, &old) : tree_remove(t, &ev->obj->key, &old);
	if (r == 0) store_obj_unref(old);
	return r;
}

/* First position whose entry has a revision greater than rv. */
static uint64_t entry_after(const struct history *h, uint64_t rv) {
	uint64_t lo = h->entries.head, hi = h->entries.tail;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		const struct history_entry *e = *ring_slot(&h->entries, mid);
		if (e->ev->rv <= rv) lo = mid + 1;
		else hi = mid;
	}
	return lo;
}

/* What has to be undone, newest last, and from which root. */
struct undo {
	struct store_snapshot *from;
	struct store_event **ev;
	size_t n;
};

static void undo_done(struct undo *u) {
	store_snapshot_unref(u->from);
	for (size_t i = 0; i < u->n; i++) store_event_unref(u->ev[i]);
	free(u->ev);
}

/* Under the lock. 0, -ESTALE, -EAGAIN, -ENOMEM. */
static int undo_plan(const struct history *h, uint64_t rv, struct undo *u) {
	if (rv < h->oldest_rv) return -ESTALE;
	if (!h->newest || rv > h->newest->rv) return -EAGAIN;
	uint64_t first = entry_after(h, rv), last = first;
	const struct history_entry *e = first > h->entries.head ? *ring_slot(&h->entries, first - 1) : NULL;
	if (e && e->root && e->ev->rv == rv) return u->from = store_snapshot_ref(e->root), 0;
	for (e = NULL; last < h->entries.tail && !(e = *ring_slot(&h->entries, last))->root; last++) {}
	bool root = last < h->entries.tail;
	u->n = 0;
	size_t n = (size_t)(last - first) + root;
	if (n && !(u->ev = malloc(n * sizeof(struct store_event *)))) return -ENOMEM;
	for (; u->n < n; u->n++) u->ev[u->n] = store_event_ref(((struct history_entry *)*ring_slot(&h->entries, first + u->n))->ev);
	u->from = store_snapshot_ref(root ? e->root : h->newest);
	return 0;
}

/* A page of a long list asks for the same revision again: its root is kept with its entry. */
static void remember(struct history *h, struct store_snapshot *sn) {
	pthread_mutex_lock(&h->lock);
	uint64_t at = entry_after(h, sn->rv);
	struct history_entry *e = at > h->entries.head ? *ring_slot(&h->entries, at - 1) : NULL;
	if (e && e->ev->rv == sn->rv && !e->root) e->root = store_snapshot_ref(sn);
	pthread_mutex_unlock(&h->lock);
}

int history_at(struct history *h, uint64_t rv, struct store_snapshot **ret) {
	_cleanup_(undo_done) struct undo u = { 0 };
	pthread_mutex_lock(&h->lock);
	int r = undo_plan(h, rv, &u);
	pthread_mutex_unlock(&h->lock);
	if (r) return r;
	if (u.from->rv == rv) return *ret = store_snapshot_ref(u.from), 0;
	struct tree t = tree_edit(u.from->root);
	for (size_t i = u.n; i-- > 0 && r == 0;) r = history_undo(&t, u.ev[i]);
	if (r) return tree_done(&t), r;
	struct store_snapshot *sn = snapshot_new(tree_take(&t), rv);
	if (!sn) return -ENOMEM;
	remember(h, sn);
	*ret = sn;
	return 0;
}
