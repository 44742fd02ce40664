/* SPDX-License-Identifier: Apache-2.0 */
#include "access/publish.h"

#include <errno.h>
#include <sched.h>

/* A slot that is claimed but announces nothing yet. */
static char claimed;

void publish_init(struct publish *p, void (*drop)(void *p)) {
	*p = (struct publish){ .drop = drop };
	pthread_mutex_init(&p->lock, NULL);
}

void publish_done(struct publish *p) {
	for (size_t i = 0; i < p->n_retired; i++) p->drop(p->retired[i]);
	free(p->retired);
	void *v = atomic_load(&p->current);
	if (v) p->drop(v);
	pthread_mutex_destroy(&p->lock);
}

static bool is_held(struct publish *p, const void *v) {
	for (unsigned i = 0; i < HAZARD_SLOTS; i++)
		if (atomic_load(&p->slots[i].held) == v) return true;
	return false;
}

static void sweep(struct publish *p) {
	size_t kept = 0;
	for (size_t i = 0; i < p->n_retired; i++) {
		if (is_held(p, p->retired[i])) p->retired[kept++] = p->retired[i];
		else p->drop(p->retired[i]);
	}
	p->n_retired = kept;
}

int publish_set(struct publish *p, void *v) {
	pthread_mutex_lock(&p->lock);
	if (p->n_retired == p->cap_retired) {
		size_t cap = p->cap_retired ? 2 * p->cap_retired : 8;
		void **more = realloc(p->retired, cap * sizeof(*more));
		if (!more) {
			pthread_mutex_unlock(&p->lock);
			return -ENOMEM;
		}
		p->retired = more;
		p->cap_retired = cap;
	}
	void *old = atomic_exchange(&p->current, v);
	if (old) p->retired[p->n_retired++] = old;
	sweep(p);
	pthread_mutex_unlock(&p->lock);
	return 0;
}

/* A slot for this thread: the same one as last time unless it is taken. */
static struct publish_slot *claim(struct publish *p) {
	static _Atomic(unsigned) next;
	static _Thread_local unsigned mine = UINT32_MAX;
	if (mine == UINT32_MAX) mine = atomic_fetch_add(&next, 1) % HAZARD_SLOTS;
	for (unsigned i = 0;; i++) {
		struct publish_slot *s = &p->slots[(mine + i) % HAZARD_SLOTS];
		void *none = NULL;
		if (atomic_compare_exchange_strong(&s->held, &none, &claimed)) return s;
		if (i % HAZARD_SLOTS == HAZARD_SLOTS - 1) (void)sched_yield();
	}
}

void *publish_acquire(struct publish *p, struct publish_slot **ret_slot) {
	struct publish_slot *s = claim(p);
	void *v = atomic_load(&p->current);
	for (;;) {
		/* Announce, then look again: a writer that swapped in between has either seen the announcement or changed `current`. */
		atomic_store(&s->held, v ? v : &claimed);
		void *again = atomic_load(&p->current);
		if (again == v) break;
		v = again;
	}
	*ret_slot = s;
	return v;
}

void publish_release(struct publish_slot *slot) { atomic_store(&slot->held, NULL); }
