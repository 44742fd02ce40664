/* SPDX-License-Identifier: Apache-2.0 */
/* Telling loops that there are new revisions: at most one message per listener is under way. */
#include "store/impl.h"

#include <errno.h>

static void listener_unref(struct store_listener *li) {
	if (atomic_fetch_sub_explicit(&li->refs, 1, memory_order_acq_rel) == 1) free(li);
}

int store_listen(struct store *s, struct loop *l, void (*fn)(void *ctx, uint64_t rv), void *ctx, struct store_listener **ret) {
	struct store_listener *li = calloc(1, sizeof(*li));
	if (!li) return -ENOMEM;
	li->s = s;
	li->loop = l;
	li->fn = fn;
	li->ctx = ctx;
	atomic_init(&li->refs, 1);
	pthread_mutex_lock(&s->listen_lock);
	li->next = s->listeners;
	s->listeners = li;
	pthread_mutex_unlock(&s->listen_lock);
	*ret = li;
	return 0;
}

void store_unlisten(struct store_listener *li) {
	if (!li) return;
	struct store *s = li->s;
	if (s) {
		pthread_mutex_lock(&s->listen_lock);
		for (struct store_listener **at = &s->listeners; *at; at = &(*at)->next)
			if (*at == li) {
				*at = li->next;
				break;
			}
		pthread_mutex_unlock(&s->listen_lock);
	}
	li->dead = true;
	listener_unref(li);
}

static void on_wake(void *arg) {
	struct store_listener *li = arg;
	/* Before the revision is read: a later one posts anew. */
	atomic_store(&li->pending, false);
	uint64_t rv = atomic_load(&li->rv);
	if (!li->dead) li->fn(li->ctx, rv);
	listener_unref(li);
}

bool listen_wake(struct store *s, uint64_t rv) {
	bool all = true;
	pthread_mutex_lock(&s->listen_lock);
	for (struct store_listener *li = s->listeners; li; li = li->next) {
		atomic_store(&li->rv, rv);
		if (atomic_exchange(&li->pending, true)) continue;
		atomic_fetch_add_explicit(&li->refs, 1, memory_order_relaxed);
		int r = loop_post(li->loop, on_wake, li);
		if (r < 0) {
			if (r == -ENOMEM) all = false; /* otherwise the loop has ended */
			atomic_store(&li->pending, false);
			atomic_fetch_sub_explicit(&li->refs, 1, memory_order_relaxed); /* the list's owner still holds one */
		}
	}
	pthread_mutex_unlock(&s->listen_lock);
	return all;
}

void listen_close(struct store *s) {
	pthread_mutex_lock(&s->listen_lock);
	for (struct store_listener *li = s->listeners; li; li = li->next) li->s = NULL;
	s->listeners = NULL;
	pthread_mutex_unlock(&s->listen_lock);
}
