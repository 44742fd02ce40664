/* SPDX-License-Identifier: Apache-2.0 */
/* The store's parts, for its own files. */
#pragma once

#include "store/engine.h"
#include "store/history.h"
#include "store/obj.h"

#include <pthread.h>

/* A transaction on its way: writer's thread -> queue -> commit thread -> reply loop. */
struct txn_op {
	enum store_op_kind kind;
	uint64_t expect_rv;
	char *expect_uid; /* NULL: any */
	size_t rv_at;
	struct store_obj *obj; /* the new version, owned; for CHECK only its key */
};

struct txn {
	struct txn *next;
	struct loop *reply;
	store_done_fn done;
	void *ctx;
	size_t bytes;
	int err;
	size_t failed;
	uint64_t rv;
	struct store_obj **result; /* n references or NULLs, for the callback */
	size_t n;
	struct txn_op op[];
};

struct store_listener {
	struct store_listener *next;
	struct store *s; /* NULL once the store is closed */
	struct loop *loop;
	void (*fn)(void *ctx, uint64_t rv);
	void *ctx;
	atomic_int refs;       /* the owner's, and one per posted wake-up */
	atomic_bool pending;   /* a wake-up is under way */
	atomic_uint_fast64_t rv;
	bool dead;             /* loop's thread only */
};

struct store {
	struct store_options opt;
	char identity[37];
	char *path; /* of the database, NULL: ephemeral */
	struct engine *engine; /* NULL: ephemeral, or on a remote datastore */
	struct follow *follow; /* on a remote datastore: there is no commit thread but its loop */
	struct published published;
	struct history history;

	/* Queue: many writers, one commit thread. */
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct txn *first, *last;
	size_t queued, queued_bytes;
	bool stopping;
	bool stepped; /* there is no thread: store_step commits */
	pthread_t thread;

	/* Commit thread only. */
	struct store_snapshot *head; /* the newest root, as published */
	bool unheard;                /* a listener could not be woken for want of memory */
	struct txn *unsent;          /* replies that found no memory to be posted */

	pthread_mutex_t listen_lock;
	struct store_listener *listeners;

	_Atomic int health; /* 0, -ENOSPC, -EIO, -ENOLINK */
	pthread_mutex_t msg_lock;
	char msg[STORE_MSG_MAX];
	_Atomic uint64_t objects, bytes, commits, txns;
};

/* Whether an op holds on the object's present version (NULL: there is none): 0, -EEXIST, -ENOENT, -ESTALE. */
int txn_expect(const struct txn_op *op, const struct store_obj *cur);
/* Makes the outcome `err` of op i, with the object that was in the way for -EEXIST and -ESTALE (or NULL); results so far are dropped. */
void txn_fail(struct txn *t, size_t i, int err, struct store_obj *cur);
/* The first transaction of the queue, or NULL. */
struct txn *commit_take(struct store *s);
/* Answers transactions, those that could not be answered before first. Commit thread. */
void commit_reply(struct store *s, struct txn *list);
/* Notes health and why, and tells whoever asked to be told. Commit thread. */
void commit_health(struct store *s, int health, const char *msg);
/* Counts a commit of these events for store_stats; s->head is its root already. */
void commit_count(struct store *s, struct history_entry *const *entry, size_t n);

/* The commit thread's main. */
void *commit_main(void *store);
/* store_open without a commit thread, for simulations: what the thread would do in one turn is done by store_step, on the caller's.
 * Results as store_open. store_close ends it; store_crash as well, but as a kill would: what is queued is dropped and nothing more is
 * written. */
int store_open_stepped(const struct store_options *o, struct store **ret, const char **ret_msg);
void store_step(struct store *s);
void store_crash(struct store *s);
/* Wakes every listener (coalesced). False when there was no memory for one: call again. Any thread. */
bool listen_wake(struct store *s, uint64_t rv);
/* Cuts the listeners loose when the store goes. */
void listen_close(struct store *s);
/* Hands finished transactions to their loops: one message per loop. Returns those that could not be posted for want of memory. */
struct txn *txn_reply(struct txn *list);
/* Frees an unsubmitted or answered transaction. Returns NULL. */
struct txn *txn_free(struct txn *t);
