/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The revisioned store: a copy-on-write ordered tree whose every committed revision is a root, one commit thread that owns
 * the revision counter and the durable engine, and a ring of events that watchers read with cursors.
 *
 * Keys order by (resource, namespace, name); `resource` is "group/resource" ("/pods" for core, "apps/deployments").
 * Acknowledged means durable. Readers never lock and never wait for writers.
 */
#pragma once

#include "base/blob.h"
#include "base/env.h"
#include "loop/loop.h"
#include "store/limits.h"

struct store;
struct store_snapshot;

struct store_key {
	struct slice resource, ns, name; /* ns is empty for cluster-scoped objects */
};

/* What selectors need, extracted once by the indexer. Strings lie inside the object's own allocation. */
struct store_pair { struct slice key, value; };

/* One version of one object: immutable, refcounted, thread-safe. */
struct store_obj {
	atomic_int refs;
	uint32_t crc;             /* the durable engine's checksum of this version */
	uint64_t rv;              /* revision of this version */
	uint64_t create_rv;       /* revision of the first version */
	uint64_t row;             /* the durable engine's name of the object, the same for all its versions */
	struct store_key key;
	struct slice uid;
	struct blob *json;        /* canonical JSON, resourceVersion spliced in */
	const struct store_pair *labels; /* sorted by key */
	size_t n_labels;
	const struct store_pair *fields; /* field selector values other than metadata.name and metadata.namespace */
	size_t n_fields;
	/* Encodings made on demand by readers, by media type index; compare-and-swap once, dropped with the object. */
	_Atomic(struct blob *) alt[2];
};
struct store_obj *store_obj_ref(struct store_obj *o);
/* NULL is allowed. Returns NULL. */
struct store_obj *store_obj_unref(struct store_obj *o);

/* Extracts what store_obj's index holds from an object's bytes. Called on the thread that writes and, at start, on the
 * commit thread for every loaded object. Emits through the callbacks; strings are copied. */
struct store_index_sink {
	void *ctx;
	void (*uid)(void *ctx, struct slice uid);
	void (*label)(void *ctx, struct slice key, struct slice value);
	void (*field)(void *ctx, struct slice key, struct slice value);
};
typedef int (*store_index_fn)(void *ctx, const struct store_key *key, struct slice json, const struct store_index_sink *sink);

struct store_options {
	const char *sqlite_path;   /* NULL: nothing is durable (--ephemeral), unless there is a remote */
	struct remote *remote;     /* a datastore shared with other servers (store/remote.h), or NULL; taken over, also on failure */
	const struct env *env;
	store_index_fn index;
	void *index_ctx;
	uint64_t history_events;   /* events kept for watches and old reads; 0: STORE_HISTORY_EVENTS */
	uint64_t history_seconds;  /* 0: STORE_HISTORY_SECONDS */
	/* Told on the commit thread whenever what store_health answers changes; may be NULL. */
	void (*on_health)(void *ctx, int err, const char *msg);
	void *health_ctx;
};

/* Opens (creating the file), checks integrity, loads, and starts the commit thread. 0 or -errno (-EACCES, -ENOSPC, -EROFS,
 * -EUCLEAN: damaged beyond use); *ret_msg (static or malloc'd by the store, valid until the same thread's next call) is one clear sentence;
 * after success it is empty or says what was found and mended (a damaged log). */
int store_open(const struct store_options *o, struct store **ret, const char **ret_msg);
/* Commits what is queued, stops the thread, closes the engine, frees. Snapshots and objects still referenced stay valid. */
void store_close(struct store *s);

/* ---- write ---- */

#define STORE_RV_ANY UINT64_MAX
enum store_op_kind { STORE_CREATE, STORE_UPDATE, STORE_DELETE, STORE_CHECK };

struct store_op {
	enum store_op_kind kind;
	struct store_key key;      /* copied */
	/* UPDATE, DELETE, CHECK: the revision the object has to have, or STORE_RV_ANY; CREATE: ignored (must not exist).
	 * CHECK with 0: the key must not exist. */
	uint64_t expect_rv;
	struct slice expect_uid;   /* empty: any */
	/* CREATE, UPDATE: the new state; DELETE: the last state, as the deletion event shows it. The text holds
	 * `"resourceVersion":""` and rv_at is the offset between those two quotes, where the commit thread inserts the digits of
	 * the new revision. */
	struct blob *json;         /* consumed */
	size_t rv_at;
};

/* Outcome of a transaction: err 0, -EEXIST (CREATE of an existing key), -ENOENT, -ESTALE (revision or uid differs), -ENOSPC,
 * -EIO, -E2BIG, -ESHUTDOWN, -ENOMEM, -EBUSY (another process holds the database; try again),
 * -ENOLINK (the remote datastore has not answered: whether it was done is not known). `failed` is the index of the op that did not hold. objs[i] are the new versions (for DELETE the
 * deleted state), referenced for the callback's duration; conflicting current object for -EEXIST/-ESTALE in objs[failed]
 * (or NULL). */
struct store_result {
	int err;
	size_t failed;
	uint64_t rv;
	struct store_obj *const *objs;
	size_t n_objs;
};
typedef void (*store_done_fn)(void *ctx, const struct store_result *res);

#define STORE_TXN_MAX 16
/* All or nothing, in one revision (CHECKs alone make none). A NULL `reply` runs done on the commit thread. `done(ctx, ...)` runs on `reply`'s thread after the commit is durable and visible there.
 * 0, -ENOMEM, -E2BIG (too many ops), -EBUSY (the queue is full), -ESHUTDOWN, -EINVAL (bad key or rv_at), or what the
 * indexer returned: then done does not run, blobs are consumed. */
int store_txn(struct store *s, const struct store_op *ops, size_t n_ops, struct loop *reply, store_done_fn done, void *ctx);

/* ---- read ---- */

/* Whether other servers write the same data. Any thread. */
bool store_is_shared(const struct store *s);
/* Sees to it that store_snapshot shows everything that was acknowledged, by this server or by another on the same datastore, before the
 * call. 0: it does so now; 1: fn(ctx, err) runs on `reply`'s thread when it does (err 0), or when the datastore does not answer
 * (-ENOLINK and others); or -errno: fn does not run. Any thread. */
int store_sync(struct store *s, struct loop *reply, void (*fn)(void *ctx, int err), void *ctx);
/* The newest root. Every acknowledged write whose `done` has run on this thread is in it. Unref when done. Any thread. */
struct store_snapshot *store_snapshot(struct store *s);
/* The root at exactly `rv`: 0; -ESTALE when it is older than the kept history (410); -EAGAIN when rv is in the future. */
int store_snapshot_at(struct store *s, uint64_t rv, struct store_snapshot **ret);
struct store_snapshot *store_snapshot_ref(struct store_snapshot *sn);
struct store_snapshot *store_snapshot_unref(struct store_snapshot *sn);
uint64_t store_snapshot_rv(const struct store_snapshot *sn);
/* Borrowed from the snapshot. NULL when absent. */
struct store_obj *store_get(const struct store_snapshot *sn, const struct store_key *key);

/* In key order. `ns` empty: all namespaces. Start behind `after` when it is given. The snapshot and the bytes of
 * `resource` and `ns` must outlive the cursor. */
struct store_cursor { const struct store_snapshot *sn; struct store_key prefix; void *stack[48]; int depth; uint64_t pad; };
void store_scan(const struct store_snapshot *sn, struct slice resource, struct slice ns, const struct store_key *after, struct store_cursor *ret);
/* The next object (borrowed), NULL at the end. */
struct store_obj *store_next(struct store_cursor *c);
/* Objects of a resource (and namespace, when not empty). O(log n) for a whole resource. */
size_t store_count(const struct store_snapshot *sn, struct slice resource, struct slice ns);

/* ---- watch ---- */

enum store_event_kind { STORE_EV_ADDED, STORE_EV_MODIFIED, STORE_EV_DELETED };

/* Shared by all watchers; immutable but for the encoding slots. Refcounted through its ring slot: hold with store_event_ref. */
struct store_event {
	atomic_int refs;
	enum store_event_kind kind;
	uint64_t rv;
	struct store_obj *obj;   /* new state; for DELETED the last state with the deletion's revision */
	struct store_obj *prev;  /* state before, NULL for ADDED */
	/* Encoded frames made on demand by watchers, by encoder index (api/ defines them); compare-and-swap once. */
	_Atomic(struct blob *) frame[4];
};
struct store_event *store_event_ref(struct store_event *e);
struct store_event *store_event_unref(struct store_event *e);

/* A position in the ring for one resource. Not thread-safe; owned by one loop. */
struct store_watch { struct store *s; struct slice resource; uint64_t pos; uint64_t rv; void *stream; };
/* Events with a revision greater than `from_rv`. 0; -ESTALE: history does not reach back that far (410). */
int store_watch_init(struct store *s, struct slice resource, uint64_t from_rv, struct store_watch *ret);
/* 1: *ret is the next event of the resource (a reference the caller drops); 0: none now; -ESTALE: overtaken by the ring. */
int store_watch_next(struct store_watch *w, struct store_event **ret);
/* Revision up to which this watcher has seen everything (for bookmarks). */
uint64_t store_watch_rv(const struct store_watch *w);

/* `fn(ctx, rv)` runs on `l`'s thread after new revisions became visible, coalesced (one call per wake-up). 0 or -ENOMEM. */
struct store_listener;
int store_listen(struct store *s, struct loop *l, void (*fn)(void *ctx, uint64_t rv), void *ctx, struct store_listener **ret);
/* From l's thread, before the store is closed (or after both have ended). fn does not run any more afterwards. */
void store_unlisten(struct store_listener *li);

/* Newest committed revision. */
uint64_t store_rv(struct store *s);
/* Random identity of this data set, made when it was created (36 characters). */
const char *store_identity(struct store *s);
struct store_stats { uint64_t rv, objects, bytes, events, oldest_rv, commits, txns, queue; };
void store_stats(struct store *s, struct store_stats *ret);
/* 0; -ENOSPC: the last write found the disk full (the next one tries again); -EIO: an I/O error, after which every write answers
 * -EIO until the program is started anew, while reads go on; -ENOLINK: the remote datastore does not answer. A sentence about it in msg ("" when 0). Any thread. */
int store_health(struct store *s, char *msg, size_t msg_size);
/* Online copy of the database. 0 or -errno; *ret_msg as store_open. Blocks; not from a loop. */
int store_backup(struct store *s, const char *path, const char **ret_msg);
/* The same from any process, of the database file at `from` while a server may be writing it. */
int store_backup_file(const char *from, const char *to, const char **ret_msg);
/* Puts a backup in the place of the database at `to` (which no server may have open: -EBUSY). The backup is verified first; its
 * revision is raised beyond any that clients of the old database can have seen, its event history is dropped and it gets a new
 * identity. Until the last step, a rename, the old database stays. 0 or -errno as store_open. */
int store_restore(const char *from, const char *to, const char **ret_msg);
