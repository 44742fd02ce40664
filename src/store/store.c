/* SPDX-License-Identifier: Apache-2.0 */
#include "store/follow.h"
#include "store/impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The message of the last open, backup or restore; one thread opens stores at a time or reads its own message only. */
static _Thread_local char open_msg[STORE_MSG_MAX];

#define FIRST_RV 1u /* an empty store is at revision 1: 0 means "any" to clients */

/* ---- loading ---- */

struct loading {
	struct store *s;
	struct tree tree, past;
	bool past_begun;
	struct history_entry **entry; /* newest first */
	size_t n, cap;
	int64_t mono;
	uint64_t bytes;
};

static int load_object(void *ctx, const struct store_key *key, uint64_t rv, uint64_t create_rv, uint64_t row, uint32_t crc,
                       struct blob *json) {
	struct loading *l = ctx;
	_cleanup_obj_ struct store_obj *o = NULL, *old = NULL;
	int r = obj_new(l->s->opt.index, l->s->opt.index_ctx, key, json, &o);
	if (r) return r;
	o->rv = rv;
	o->create_rv = create_rv;
	o->row = row;
	o->crc = crc;
	l->bytes += obj_bytes(o);
	r = tree_put(&l->tree, o, &old);
	return r ? r : old ? -EUCLEAN : 0;
}

static int loading_room(struct loading *l) {
	if (l->n < l->cap) return 0;
	size_t cap = l->cap ? l->cap * 2 : 256;
	struct history_entry **e = realloc(l->entry, cap * sizeof(*e));
	if (!e) return -ENOMEM;
	l->entry = e;
	l->cap = cap;
	return 0;
}

/* A stored state as an object. 0 also for a NULL blob. */
static int past_object(struct loading *l, const struct store_key *key, struct blob *json, uint64_t rv, uint64_t create_rv, uint64_t row,
                       struct store_obj **ret) {
	if (!json) return 0;
	int r = obj_new(l->s->opt.index, l->s->opt.index_ctx, key, json, ret);
	if (r) return r;
	(*ret)->rv = rv;
	(*ret)->create_rv = create_rv;
	(*ret)->row = row;
	return 0;
}

/* The event's new state is what the tree holds with all newer events undone. */
static int load_event(void *ctx, enum store_event_kind kind, const struct store_key *key, uint64_t rv, uint64_t create_rv, uint64_t row,
                      struct blob *last, struct blob *prev, uint64_t prev_rv, int64_t age) {
	struct loading *l = ctx;
	_cleanup_obj_ struct store_obj *obj = NULL, *before = NULL;
	if (!l->past_begun) l->past = tree_edit(l->tree.root);
	l->past_begun = true;
	int r = past_object(l, key, last, rv, create_rv, row, &obj), r2 = past_object(l, key, prev, prev_rv, create_rv, row, &before);
	if (r || r2) return r ? r : r2;
	if (!obj) obj = store_obj_ref(tree_find(l->past.root, key));
	if (!obj || obj->rv != rv || (before == NULL) != (kind == STORE_EV_ADDED)) return -EUCLEAN;
	r = loading_room(l);
	if (r) return r;
	struct history_entry *e = history_prepare(&l->s->history, event_new(kind, obj, before), l->mono - age);
	if (!e) return -ENOMEM;
	r = history_undo(&l->past, e->ev);
	if (r) return history_entry_free(e), r;
	l->entry[l->n++] = e;
	return 0;
}

static void loading_done(struct loading *l) {
	while (l->n) history_entry_free(l->entry[--l->n]);
	free(l->entry);
	tree_done(&l->tree);
	tree_done(&l->past);
}

/* Oldest first into the history. */
static int loaded_history(struct loading *l, struct store_snapshot *sn) {
	struct history *h = &l->s->history;
	int r = history_reserve(h, l->n);
	if (r) return r;
	for (size_t i = 0; i < l->n / 2; i++) {
		struct history_entry *e = l->entry[i];
		l->entry[i] = l->entry[l->n - 1 - i];
		l->entry[l->n - 1 - i] = e;
	}
	history_append(h, l->entry, l->n, sn);
	l->n = 0;
	history_trim(h, l->mono);
	return 0;
}

/* The history has to know where it begins before streams are made; the engine says it only with the last event. */
static void history_rebase(struct history *h, uint64_t oldest_rv, uint64_t rv) {
	size_t it = 0;
	struct slice name;
	void *st;
	h->oldest_rv = h->base_rv = oldest_rv;
	atomic_store(&h->visible_rv, rv);
	while (map_next(h->streams, &it, &name, &st)) ((struct history_stream *)st)->dropped_rv = oldest_rv;
}

static int load(struct store *s) {
	_cleanup_(loading_done) struct loading l = { .s = s, .tree = tree_edit(NULL), .mono = (int64_t)(env_mono(s->opt.env) / NSEC_PER_SEC) };
	struct engine_load to = { &l, load_object, load_event };
	struct engine_state state = { .rv = FIRST_RV, .oldest_rv = FIRST_RV };
	int r = s->engine ? s->engine->ops->load(s->engine, &to, &state, open_msg, sizeof(open_msg)) : env_uuid(s->opt.env, state.identity);
	if (r < 0) return r;
	memcpy(s->identity, state.identity, sizeof(s->identity));
	history_rebase(&s->history, state.oldest_rv, state.rv);
	atomic_store(&s->objects, tree_count(l.tree.root));
	atomic_store(&s->bytes, l.bytes);
	s->head = snapshot_new(tree_take(&l.tree), state.rv);
	if (!s->head) return -ENOMEM;
	published_init(&s->published, store_snapshot_ref(s->head));
	s->history.newest = store_snapshot_ref(s->head);
	return loaded_history(&l, s->head);
}

/* ---- life ---- */

static void init_sync(struct store *s) {
	pthread_condattr_t attr;
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->listen_lock, NULL);
	pthread_mutex_init(&s->msg_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->more, &attr);
	pthread_condattr_destroy(&attr);
}

static struct store *store_free(struct store *s) {
	if (!s) return NULL;
	listen_close(s);
	if (s->engine) s->engine->ops->close(s->engine, atomic_load(&s->health) == -EIO);
	published_done(&s->published);
	s->head = store_snapshot_unref(s->head);
	history_done(&s->history);
	pthread_cond_destroy(&s->more);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->listen_lock);
	pthread_mutex_destroy(&s->msg_lock);
	free(s->path);
	free(s);
	return NULL;
}

static void store_freep(struct store **s) { *s = store_free(*s); }

static int open_as(const struct store_options *o, bool stepped, struct store **ret, const char **ret_msg) {
	_cleanup_(store_freep) struct store *s = NULL;
	open_msg[0] = 0;
	*ret_msg = open_msg;
	s = calloc(1, sizeof(*s));
	if (!s && o->remote) o->remote->ops->free(o->remote);
	if (!s) return -ENOMEM;
	s->opt = *o;
	s->opt.sqlite_path = NULL; /* not kept: the caller's memory */
	s->opt.remote = NULL;
	if (!s->opt.env) s->opt.env = &env_system;
	init_sync(s);
	int r = history_init(&s->history, FIRST_RV, o->history_events ? o->history_events : STORE_HISTORY_EVENTS,
	                     o->history_seconds ? o->history_seconds : STORE_HISTORY_SECONDS);
	if (r == 0 && o->sqlite_path && !(s->path = strdup(o->sqlite_path))) r = -ENOMEM;
	if (r == 0 && o->sqlite_path) r = engine_sqlite_open(o->sqlite_path, s->opt.env, &s->engine, open_msg, sizeof(open_msg));
	if (r == 0) r = load(s);
	s->stepped = stepped;
	if (r < 0 && o->remote) o->remote->ops->free(o->remote);
	else if (o->remote) r = follow_open(s, o->remote, &s->follow, open_msg, sizeof(open_msg));
	else if (r == 0 && !stepped) r = -pthread_create(&s->thread, NULL, commit_main, s);
	if (r < 0) {
		if (!open_msg[0]) snprintf(open_msg, sizeof(open_msg), "the store cannot be opened: %s", strerror(-r));
		return r;
	}
	*ret = TAKE_PTR(s);
	return 0;
}

int store_open(const struct store_options *o, struct store **ret, const char **ret_msg) { return open_as(o, false, ret, ret_msg); }

int store_open_stepped(const struct store_options *o, struct store **ret, const char **ret_msg) { return open_as(o, true, ret, ret_msg); }

void store_crash(struct store *s) {
	for (struct txn *t = s->first, *next; t; t = next) {
		next = t->next;
		txn_free(t);
	}
	atomic_store(&s->health, -EIO);
	store_free(s);
}

void store_close(struct store *s) {
	if (!s) return;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
	if (s->follow) follow_close(s->follow);
	else if (s->stepped) commit_main(s);
	else pthread_join(s->thread, NULL);
	store_free(s);
}

/* ---- reading ---- */

bool store_is_shared(const struct store *s) { return s->follow; }

int store_sync(struct store *s, struct loop *reply, void (*fn)(void *, int), void *ctx) {
	return s->follow ? follow_sync(s->follow, reply, fn, ctx) : 0;
}


struct store_snapshot *store_snapshot(struct store *s) { return published_get(&s->published); }

int store_snapshot_at(struct store *s, uint64_t rv, struct store_snapshot **ret) {
	struct store_snapshot *sn = store_snapshot(s);
	if (sn->rv == rv) return *ret = sn, 0;
	bool future = rv > sn->rv;
	store_snapshot_unref(sn);
	return future ? -EAGAIN : history_at(&s->history, rv, ret);
}

uint64_t store_rv(struct store *s) {
	struct store_snapshot *sn = store_snapshot(s);
	uint64_t rv = sn->rv;
	store_snapshot_unref(sn);
	return rv;
}

const char *store_identity(struct store *s) { return s->identity; }

int store_health(struct store *s, char *msg, size_t msg_size) {
	int r = atomic_load(&s->health);
	pthread_mutex_lock(&s->msg_lock);
	if (msg_size) snprintf(msg, msg_size, "%s", r ? s->msg : "");
	pthread_mutex_unlock(&s->msg_lock);
	return r;
}

void store_stats(struct store *s, struct store_stats *ret) {
	*ret = (struct store_stats){ .rv = store_rv(s) };
	ret->objects = atomic_load_explicit(&s->objects, memory_order_relaxed);
	ret->bytes = atomic_load_explicit(&s->bytes, memory_order_relaxed);
	ret->commits = atomic_load_explicit(&s->commits, memory_order_relaxed);
	ret->txns = atomic_load_explicit(&s->txns, memory_order_relaxed);
	pthread_mutex_lock(&s->history.lock);
	ret->events = s->history.entries.tail - s->history.entries.head;
	ret->oldest_rv = s->history.oldest_rv;
	pthread_mutex_unlock(&s->history.lock);
	pthread_mutex_lock(&s->lock);
	ret->queue = s->queued;
	pthread_mutex_unlock(&s->lock);
}

/* ---- copies ---- */

int store_backup_file(const char *from, const char *to, const char **ret_msg) {
	open_msg[0] = 0;
	*ret_msg = open_msg;
	return engine_sqlite_backup(from, to, open_msg, sizeof(open_msg));
}

int store_backup(struct store *s, const char *path, const char **ret_msg) {
	if (s->path) return store_backup_file(s->path, path, ret_msg);
	*ret_msg = "an ephemeral store has no database to copy";
	return -EOPNOTSUPP;
}

int store_restore(const char *from, const char *to, const char **ret_msg) {
	open_msg[0] = 0;
	*ret_msg = open_msg;
	return engine_sqlite_restore(from, to, open_msg, sizeof(open_msg));
}
