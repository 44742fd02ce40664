/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of a followed store, for follow.c and follow_apply.c. All of it is the loop's thread's, but for what `lock` guards. */
#pragma once

#include "base/list.h"
#include "store/follow.h"
#include "store/impl.h"

#include <semaphore.h>

/* Transactions under way at once, and how often one is sent anew when the state it was planned on has moved. */
#define FOLLOW_FLIGHTS_MAX 1024u
#define FOLLOW_TRIES 8u
#define FOLLOW_TICK_MS 1000u
/* How long a server waits for its first state. */
#define FOLLOW_OPEN_S 30

/* A transaction that has left the queue. */
struct flight {
	struct list node; /* in flying; in landing while the stream has not reached rv */
	struct follow *f;
	struct txn *txn;
	uint64_t rv;
	unsigned tries;
	bool held;
};

/* A read that wants to see everything that was there when it was asked for. */
struct sync {
	struct list node;
	struct loop *reply;
	void (*fn)(void *ctx, int err);
	void *ctx;
	uint64_t rv;
	int err;
};

struct follow {
	struct store *store;
	struct remote *remote;
	struct loop *loop;
	struct loop_timer *tick;
	struct list flying, landing;
	size_t n_flights;

	pthread_mutex_t lock;
	struct list arrived;                  /* guarded: not asked for yet */
	struct list asked, waiting, answered; /* the revision is asked for; waited for; to be told */
	bool asking, started, stopping, opened;
	sem_t ready;
	int open_err;

	/* What the stream has told since the last revision that was reached. */
	struct tree tree;
	bool editing;
	struct history_entry **entry;
	size_t n, cap;
	struct tree load;
	bool loading;
};

extern const struct remote_sink follow_sink;
/* The first state is there, or will not be. */
void follow_opened(struct follow *f, int err);
/* The head has moved: what waited for it goes on. */
void follow_landed(struct follow *f);
void follow_synced(struct follow *f);
/* The stream has been silent for too long: what waits for it is answered with err. */
void follow_lost(struct follow *f, int err);
/* Drops what was told and not reached. */
void follow_drop(struct follow *f);
