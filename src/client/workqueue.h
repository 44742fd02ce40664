/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A controller's work queue (client-go's util/workqueue): keys wait in order, each at most once; a key that is added while it
 * is being worked on is queued again afterwards; failures come back with a growing delay. Belongs to one loop.
 */
#pragma once

#include "base/slice.h"
#include "loop/loop.h"

#define WORKQUEUE_KEYS_MAX 1000000u
/* Per key: 5 ms, doubled with every failure, at most 1000 s. */
#define WORKQUEUE_DELAY_MIN_MS 5u
#define WORKQUEUE_DELAY_MAX_MS 1000000u

struct workqueue;
struct workqueue_options {
	struct loop *loop;
	/* Works on `key` (valid until it returns; usually "namespace/name"). It may finish later: then return 1 and call
	 * workqueue_done when it is finished. 0: finished, well. Negative: failed, to be tried again after the key's delay. */
	int (*work)(void *ctx, struct slice key);
	void *ctx;
	uint32_t parallel; /* keys worked on at the same time; 0: 1 */
};
/* 0 or -ENOMEM. */
int workqueue_new(const struct workqueue_options *o, struct workqueue **ret);
/* Drops what is queued. Work in progress must not call back any more. NULL is allowed. */
void workqueue_free(struct workqueue *q);
/* Queues a key (copied). `work` never runs inside this call. 0, -ENOMEM, -E2BIG. */
int workqueue_add(struct workqueue *q, struct slice key);
/* "ns/name", or "name" when ns is empty. */
int workqueue_add_name(struct workqueue *q, struct slice ns, struct slice name);
/* After a delay; an earlier one for the same key wins. */
int workqueue_add_after(struct workqueue *q, struct slice key, uint64_t delay_ms);
/* Ends work for which `work` returned 1; `result` as its other return values. */
void workqueue_done(struct workqueue *q, struct slice key, int result);
/* Forgets the failures of a key (also done by success). */
void workqueue_forget(struct workqueue *q, struct slice key);
/* Keys queued, delayed or being worked on. */
size_t workqueue_len(const struct workqueue *q);
/* Stops and resumes handing out work (not being the leader). */
void workqueue_pause(struct workqueue *q, bool on);
/* Splits "ns/name". */
static inline void workqueue_split(struct slice key, struct slice *ret_ns, struct slice *ret_name) {
	struct slice rest = key, first = slice_cut(&rest, '/');
	*ret_ns = rest.p ? first : SLICE_NULL;
	*ret_name = rest.p ? rest : first;
}
