/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recent past: every event in commit order, the same events once more per resource (a watcher walks only its
 * resource), and a root every STORE_ROOT_EVERY events. The state at a revision between two roots is made from the newer one
 * by undoing events, which know what was there before.
 *
 * Appending and trimming: the commit thread. Reading: any thread, under short locks that no I/O is done under.
 */
#pragma once

#include "base/map.h"
#include "store/snapshot.h"

#include <pthread.h>

/* A growing ring of pointers, addressed by ever-increasing positions. */
struct ring {
	void **slot;
	size_t cap; /* a power of two, or 0 */
	uint64_t head, tail;
};

/* The events of one resource. Lives as long as the store. */
struct history_stream {
	pthread_mutex_t lock;
	struct ring events;
	_Atomic uint64_t tail;  /* events.tail, for watchers that only look whether there is more */
	uint64_t dropped_rv;    /* newest revision that is gone */
	struct slice resource;
	char text[];
};

struct history_entry {
	struct store_event *ev;
	struct history_stream *stream;
	struct store_snapshot *root; /* the state right after ev, or NULL */
	int64_t at;                  /* monotonic seconds */
	size_t bytes;
};

struct history {
	pthread_mutex_t lock; /* guards entries, streams, newest, oldest_rv */
	struct ring entries;  /* of struct history_entry * */
	struct map *streams;
	struct store_snapshot *newest; /* the root that fits the newest entry */
	uint64_t oldest_rv;            /* the oldest state that can be made again */
	uint64_t base_rv;              /* oldest_rv at the start: a new stream has no gap since then */
	_Atomic uint64_t visible_rv;   /* events up to here can be read */
	size_t bytes, since_root;
	uint64_t max_events;
	int64_t max_seconds;
};

/* An event with one reference; takes references of obj and prev. NULL when out of memory. */
struct store_event *event_new(enum store_event_kind kind, struct store_obj *obj, struct store_obj *prev);

/* 0 or -ENOMEM. `base_rv`: nothing older can be asked for. */
int history_init(struct history *h, uint64_t base_rv, uint64_t max_events, uint64_t max_seconds);
void history_done(struct history *h);
/* An entry for an event that is about to be committed (takes over the reference of `ev`, also on failure), with room made for
 * it in its stream. NULL when out of memory. */
struct history_entry *history_prepare(struct history *h, struct store_event *ev, int64_t at);
void history_entry_free(struct history_entry *e);
/* Makes room for n entries so that appending cannot fail. 0 or -ENOMEM. */
int history_reserve(struct history *h, size_t n);
/* Makes prepared entries visible; `sn` is the state after the last one. */
void history_append(struct history *h, struct history_entry **entries, size_t n, struct store_snapshot *sn);
/* There were no events up to the state `sn`. */
void history_advance(struct history *h, struct store_snapshot *sn);
/* What happened between the newest state and `sn` is not known: the history is empty and begins with `sn`. */
void history_gap(struct history *h, struct store_snapshot *sn);
/* Drops what is over the limits. Returns seconds until the oldest entry expires, or -1 when there is none. */
int64_t history_trim(struct history *h, int64_t now);
/* Undoes one event in an edit. 0, -ENOMEM, -EUCLEAN when the tree does not have the state the event left. */
int history_undo(struct tree *t, const struct store_event *ev);
/* As store_snapshot_at, for revisions the newest published root does not answer. */
int history_at(struct history *h, uint64_t rv, struct store_snapshot **ret);
/* The stream of a resource, made on demand. NULL when out of memory. */
struct history_stream *history_stream(struct history *h, struct slice resource);
