/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes commits durable. The store decides every transaction on its own tree and hands the engine whole batches; an
 * engine only writes them down, all or nothing, and gives the state back at start. An engine is used by one thread at a time:
 * the opener's until store_open returns, then the commit thread's.
 */
#pragma once

#include "store/store.h"

struct engine;

/* Several revisions made durable at once. `ev` are the events in commit order; `row` and `crc` of their new objects are the
 * engine's to set (they are not published yet). */
struct engine_batch {
	struct store_event *const *ev;
	size_t n;
	uint64_t rv;         /* the newest revision in it */
	uint64_t oldest_rv;  /* events up to here are not needed any more */
	int64_t now;         /* wall clock, seconds */
	bool urgent;         /* nothing new is created: may use what is kept back for a full disk */
};

/* Where loading delivers. Return a negative errno to stop. */
struct engine_load {
	void *ctx;
	/* A live object; `json` is consumed. */
	int (*object)(void *ctx, const struct store_key *key, uint64_t rv, uint64_t create_rv, uint64_t row, uint32_t crc, struct blob *json);
	/* An event, newest first, after all objects. `last` is the state of a DELETED one, `prev` the state before; both are consumed
	 * and NULL where the kind has none. `age` is in seconds. -EUCLEAN: it does not fit the objects; no older one is wanted. */
	int (*event)(void *ctx, enum store_event_kind kind, const struct store_key *key, uint64_t rv, uint64_t create_rv, uint64_t row,
	             struct blob *last, struct blob *prev, uint64_t prev_rv, int64_t age);
};

struct engine_state {
	uint64_t rv;
	uint64_t oldest_rv; /* no event at or before this revision was delivered */
	char identity[37];
};

struct engine_ops {
	/* Delivers everything and fills *ret. 0; -EUCLEAN: damaged beyond use; other -errno. A clear sentence is left in msg
	 * when it fails, or when something was found that the user should know. */
	int (*load)(struct engine *e, const struct engine_load *to, struct engine_state *ret, char *msg, size_t msg_size);
	/* 0 when the batch is durable. -ENOSPC, -ENOMEM, -EBUSY: nothing of it is, and a later one may succeed. -EIO: it is not known what
	 * reached the disk; the engine must not be written to again. */
	int (*commit)(struct engine *e, const struct engine_batch *b);
	/* Housekeeping after commits, when nobody waits. 0 or -EIO as commit. */
	int (*upkeep)(struct engine *e);
	/* `failed`: a commit or upkeep returned -EIO, so nothing may be written while closing. */
	void (*close)(struct engine *e, bool failed);
};

struct engine {
	const struct engine_ops *ops;
	char msg[STORE_MSG_MAX]; /* what the last error was */
};

/* Opens or creates a database file. 0 or -errno as store_open, with a sentence in msg. */
int engine_sqlite_open(const char *path, const struct env *env, struct engine **ret, char *msg, size_t msg_size);
/* As store_backup_file and store_restore. */
int engine_sqlite_backup(const char *from, const char *to, char *msg, size_t msg_size);
int engine_sqlite_restore(const char *from, const char *to, char *msg, size_t msg_size);
