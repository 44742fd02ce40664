/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam to a datastore that other servers write as well. It decides transactions and numbers revisions; the store shows what its
 * stream of changes says, its own writes included, and answers a write only when the stream has reached it. Everything here happens
 * on one loop's thread, the store's commit thread.
 */
#pragma once

#include "store/store.h"

struct remote;

/* One object's new state. */
struct remote_change {
	bool deleted;
	struct store_key key;
	uint64_t rv, create_rv; /* create_rv: not of deletions */
	struct blob *json;      /* consumed; resourceVersion in it; NULL for deletions */
};

/* What a remote tells. */
struct remote_sink {
	/* The whole state, at start and when changes were missed: begin, objects, end with the revision they are all of and the remote's
	 * identity. Objects may come before an attempt is begun anew. */
	void (*load_begin)(void *ctx);
	/* 0 or -errno: the load is of no use and has to be begun anew later. */
	int (*load_object)(void *ctx, const struct remote_change *c);
	int (*load_end)(void *ctx, uint64_t rv, uint64_t identity);
	/* Changes behind the last revision reached are told anew: forget them. */
	void (*rewind)(void *ctx);
	/* Later changes in order of their revisions. 0; -errno: the state is not known any more, load anew. */
	int (*change)(void *ctx, const struct remote_change *c);
	/* All changes up to rv have been told. As change. */
	int (*reached)(void *ctx, uint64_t rv);
	/* err 0: the stream is alive; -ENOLINK: it has not been for a while; else it is not, and will hardly be (-EACCES, -EBADMSG). */
	void (*health)(void *ctx, int err, const char *msg);
};

enum remote_cond_kind { REMOTE_ABSENT, REMOTE_REVISION, REMOTE_CREATED };
struct remote_cond {
	enum remote_cond_kind kind;
	struct store_key key;
	uint64_t rv; /* of the last change, or of the creation */
};
struct remote_write {
	bool deletes;
	struct store_key key;
	struct slice json; /* with an empty resourceVersion at rv_at */
	size_t rv_at;
};
struct remote_txn {
	struct remote_cond cond[STORE_TXN_MAX];
	struct remote_write write[STORE_TXN_MAX];
	size_t n_cond, n_write;
};

struct remote_ops {
	/* Begins to connect, load and follow. `sink` and `ctx` stay until stop. 0 or -errno. */
	int (*start)(struct remote *r, struct loop *l, const struct remote_sink *sink, void *ctx);
	/* Ends everything; callbacks still out come with -ECANCELED before it returns. */
	void (*stop)(struct remote *r);
	/* From any thread, after stop or without start. */
	void (*free)(struct remote *r);
	/* Decides and writes. done(ctx, 0, held, rv): whether all conditions held, and the revision made, or looked at; or an error:
	 * -ENOLINK: no answer, and whether it was done is not known; -ENOSPC, -E2BIG, -EBUSY, -EACCES, -ENOMEM: it was not done; -EIO.
	 * Never from inside txn. 0 or -errno (then done does not run). */
	int (*txn)(struct remote *r, const struct remote_txn *t, void (*done)(void *ctx, int err, bool held, uint64_t rv), void *ctx);
	/* The newest revision there is, agreed upon by a quorum. As txn. */
	int (*revision)(struct remote *r, void (*done)(void *ctx, int err, bool held, uint64_t rv), void *ctx);
	/* Somebody waits for reached(rv). */
	void (*want)(struct remote *r, uint64_t rv);
};

struct remote { const struct remote_ops *ops; };
