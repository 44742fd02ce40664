/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pointer that many threads read and one replaces now and then. Readers never wait: they announce what they look at in a slot
 * of their own (a hazard pointer, Michael 2004), and what is announced is not freed. Writers exclude each other with a lock.
 */
#pragma once

#include "access/limits.h"
#include "base/compiler.h"

#include <pthread.h>
#include <stdatomic.h>

struct publish_slot {
	_Alignas(64) _Atomic(void *) held;
};

struct publish {
	_Atomic(void *) current;
	void (*drop)(void *p); /* frees what nobody looks at any more */
	pthread_mutex_t lock;
	void **retired;
	size_t n_retired, cap_retired;
	struct publish_slot slots[HAZARD_SLOTS];
};

void publish_init(struct publish *p, void (*drop)(void *p));
/* No reader may be left. */
void publish_done(struct publish *p);
/* Puts `v` in place of the current value, which is dropped as soon as nobody holds it (at the latest by a later publish_set or
 * publish_done). 0; -ENOMEM: nothing has changed. */
int publish_set(struct publish *p, void *v);
/* The current value (NULL before the first publish_set), good until publish_release(p, slot). Does not block unless HAZARD_SLOTS
 * threads hold one at the same time. */
void *publish_acquire(struct publish *p, struct publish_slot **ret_slot);
void publish_release(struct publish_slot *slot);
