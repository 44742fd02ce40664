/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A watch: the initial state from a snapshot, then a cursor in the store's ring of events, filtered and encoded when its
 * reader can take more (spec section 9.7). No queue: a slow reader costs nothing but its place, and is cut off when the ring
 * has overtaken it. On one loop.
 */
#pragma once

#include "api/internal.h"
#include "api/listing.h"

enum watch_phase { WATCH_INITIAL, WATCH_LIVE, WATCH_FAILED, WATCH_ENDED };

struct watch {
	struct list link;                 /* in api_loop.watches */
	struct request *r;
	struct listing l;                 /* the initial state, and the form of objects */
	struct list_options o;
	struct store_watch w;
	enum watch_phase phase;
	bool positioned;                  /* w is set */
	bool columns_sent;                /* Tables: only the first event carries them */
	bool bookmark_due, last_bookmark_done;
	uint64_t end, next_bookmark;      /* monotonic ms */
	uint64_t last_rv;                 /* highest revision the reader knows of */
	struct loop_timer *timer;
	const struct status *failure;
	void (*wake)(struct watch *w);    /* there may be something to pull */
	struct watch_ws *ws;              /* its websocket (watch_ws.c), or NULL */
	struct arena *own;                /* where it lives when it has outlived its request */
};

/* One pull in the body's form: framed events. For the websocket form see watch_ws.c. */
int watch_pull(void *ctx, struct buf *out, size_t room);
/* One event (or none) into `out`: PULL_MORE after one, PULL_WAIT, PULL_END, or negative. */
int watch_next(struct watch *w, struct buf *out);
/* Gives up everything the watch holds; for body_source.close. */
void watch_close(void *ctx);
/* New revisions are visible: wakes every watch of the loop. */
void watch_wake_all(struct api_loop *al);
/* Ends every watch of the loop (drain). */
void watch_end_all(struct api_loop *al);
/* Moves a watch that is under way into arena `a`, so that it can outlive its request; the old one is empty afterwards. NULL: out
 * of memory, nothing has changed. */
struct watch *watch_move(struct watch *w, struct arena *a);
/* Answers as a websocket when the request asks for one: true when it took the request (watch_ws.c). */
bool watch_ws_start(struct watch *w);
