/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commit thread: takes everything that is queued, decides each transaction on a working tree, makes the whole batch
 * durable at once, publishes the new root and its events, and only then answers.
 */
#include "store/impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ROW_OPS 16u /* ops of one revision, in a row's name */
_Static_assert(STORE_TXN_MAX <= ROW_OPS, "an object's row is its first revision and the op that made it");
#define RETRY_MS 10

struct batch {
	struct store *s;
	struct tree tree;
	uint64_t rv;
	struct history_entry **entry;
	size_t n, cap;
	int64_t now; /* monotonic seconds */
	bool urgent; /* only what makes nothing new */
	int err;     /* the whole batch cannot go on */
};

static int64_t mono_sec(const struct store *s) { return (int64_t)(env_mono(s->opt.env) / NSEC_PER_SEC); }

/* ---- deciding ---- */

int txn_expect(const struct txn_op *op, const struct store_obj *cur) {
	if (op->kind == STORE_CREATE || (op->kind == STORE_CHECK && op->expect_rv == 0)) return cur ? -EEXIST : 0;
	if (!cur) return -ENOENT;
	if (op->expect_rv != STORE_RV_ANY && op->expect_rv != cur->rv) return -ESTALE;
	return op->expect_uid && !slice_eqs(cur->uid, op->expect_uid) ? -ESTALE : 0;
}

static int batch_room(struct batch *b) {
	if (b->n < b->cap) return 0;
	size_t cap = b->cap ? b->cap * 2 : 64;
	struct history_entry **e = realloc(b->entry, cap * sizeof(*e));
	if (!e) return -ENOMEM;
	b->entry = e;
	b->cap = cap;
	return 0;
}

/* Changes the working tree and notes the event. 0 or -ENOMEM (then nothing has changed). */
static int write_op(struct batch *b, const struct txn_op *op, struct store_obj *cur, size_t i, uint64_t rv) {
	static const enum store_event_kind kinds[] = { [STORE_CREATE] = STORE_EV_ADDED, [STORE_UPDATE] = STORE_EV_MODIFIED, [STORE_DELETE] = STORE_EV_DELETED };
	struct store_obj *o = op->obj, *old = NULL;
	int r = batch_room(b);
	if (r == 0) r = obj_set_rv(o, rv, op->rv_at);
	if (r) return r;
	o->create_rv = cur ? cur->create_rv : rv;
	o->row = cur ? cur->row : rv * ROW_OPS + i;
	struct history_entry *e = history_prepare(&b->s->history, event_new(kinds[op->kind], o, cur), b->now);
	if (!e) return -ENOMEM;
	r = op->kind == STORE_DELETE ? tree_remove(&b->tree, &o->key, &old) : tree_put(&b->tree, o, &old);
	if (r) return history_entry_free(e), r;
	store_obj_unref(old);
	b->entry[b->n++] = e;
	return 0;
}

static void clear_results(struct txn *t) {
	for (size_t i = 0; i < t->n; i++) t->result[i] = store_obj_unref(t->result[i]);
}

/* Takes back what a transaction has done so far. */
static void undo_to(struct batch *b, size_t n) {
	while (b->n > n) {
		struct history_entry *e = b->entry[--b->n];
		int r = history_undo(&b->tree, e->ev);
		if (r && !b->err) b->err = r;
		history_entry_free(e);
	}
}

void txn_fail(struct txn *t, size_t i, int err, struct store_obj *cur) {
	store_obj_ref(cur);
	clear_results(t);
	t->err = err;
	t->failed = i;
	if (err == -EEXIST || err == -ESTALE) t->result[i] = cur;
	else store_obj_unref(cur);
}

static bool creates(const struct txn *t) {
	for (size_t i = 0; i < t->n; i++)
		if (t->op[i].kind == STORE_CREATE) return true;
	return false;
}

static void apply_txn(struct batch *b, struct txn *t) {
	if (b->urgent && creates(t)) return; /* keeps the error of the first attempt */
	t->err = 0;
	size_t before = b->n;
	uint64_t rv = b->rv + 1;
	for (size_t i = 0; i < t->n; i++) {
		const struct txn_op *op = &t->op[i];
		_cleanup_obj_ struct store_obj *cur = store_obj_ref(tree_find(b->tree.root, &op->obj->key));
		int r = txn_expect(op, cur);
		if (r == 0 && op->kind != STORE_CHECK) r = write_op(b, op, cur, i, rv);
		if (r) {
			undo_to(b, before);
			txn_fail(t, i, r, cur);
			t->rv = b->rv;
			return;
		}
		t->result[i] = store_obj_ref(op->kind == STORE_CHECK ? cur : op->obj);
	}
	if (b->n > before) b->rv = rv;
	t->rv = b->rv;
}

/* ---- making it durable ---- */

static int engine_write(struct batch *b) {
	struct store *s = b->s;
	if (!s->engine) return 0;
	struct store_event **ev = malloc(b->n * sizeof(struct store_event *));
	if (!ev) return -ENOMEM;
	for (size_t i = 0; i < b->n; i++) ev[i] = b->entry[i]->ev;
	struct engine_batch eb = { ev, b->n, b->rv, s->history.oldest_rv, env_now_sec(s->opt.env), b->urgent };
	int r = s->engine->ops->commit(s->engine, &eb);
	free(ev);
	return r;
}

void commit_health(struct store *s, int health, const char *msg) {
	if (atomic_load(&s->health) == health) return;
	pthread_mutex_lock(&s->msg_lock);
	snprintf(s->msg, sizeof(s->msg), "%s", msg);
	pthread_mutex_unlock(&s->msg_lock);
	atomic_store(&s->health, health);
	if (s->opt.on_health) s->opt.on_health(s->opt.health_ctx, health, health ? s->msg : "");
}

static void set_health(struct store *s, int health) { commit_health(s, health, s->engine ? s->engine->msg : ""); }

void commit_count(struct store *s, struct history_entry *const *entry, size_t n) {
	uint64_t bytes = atomic_load_explicit(&s->bytes, memory_order_relaxed);
	for (size_t i = 0; i < n; i++) {
		const struct store_event *e = entry[i]->ev;
		if (e->kind != STORE_EV_DELETED) bytes += obj_bytes(e->obj);
		if (e->prev) bytes -= obj_bytes(e->prev);
	}
	atomic_store_explicit(&s->bytes, bytes, memory_order_relaxed);
	atomic_store_explicit(&s->objects, tree_count(s->head->root), memory_order_relaxed);
	atomic_fetch_add_explicit(&s->commits, 1, memory_order_relaxed);
}

/* The root first: whoever is told of an event can read its revision. Consumes the reference of `sn`. */
static void publish(struct batch *b, struct store_snapshot *sn) {
	struct store *s = b->s;
	struct store_snapshot *old = s->head;
	s->head = sn;
	published_set(&s->published, store_snapshot_ref(sn));
	commit_count(s, b->entry, b->n);
	history_append(&s->history, b->entry, b->n, sn);
	b->n = 0;
	store_snapshot_unref(old);
}

static int finish(struct batch *b) {
	if (b->err) return b->err;
	if (!b->n) return 0;
	int r = history_reserve(&b->s->history, b->n);
	if (r) return r;
	struct store_snapshot *sn = snapshot_new(tree_take(&b->tree), b->rv);
	if (!sn) return -ENOMEM;
	r = engine_write(b);
	if (r) return store_snapshot_unref(sn), r;
	publish(b, sn);
	return 0;
}

static void fail_all(struct txn *list, int err) {
	for (struct txn *t = list; t; t = t->next) {
		clear_results(t);
		t->err = err;
		t->failed = 0;
		t->rv = 0;
	}
}

static uint64_t count_done(const struct txn *list) {
	uint64_t n = 0;
	for (; list; list = list->next) n += list->err == 0;
	return n;
}

/* One attempt at the list. 0 or what befell all of it; *ret_n: events made durable. */
static int attempt(struct store *s, struct txn *list, bool urgent, size_t *ret_n) {
	struct batch b = { .s = s, .tree = tree_edit(s->head->root), .rv = s->head->rv, .now = mono_sec(s), .urgent = urgent };
	for (struct txn *t = list; t && !b.err; t = t->next) apply_txn(&b, t);
	size_t n = b.n;
	int r = finish(&b);
	/* Whatever an engine returns beyond the errors that say "nothing has happened" leaves the disk's state unknown. */
	if (r && r != -ENOSPC && r != -ENOMEM && r != -EBUSY) r = -EIO;
	if (r) fail_all(list, r);
	while (b.n) history_entry_free(b.entry[--b.n]);
	free(b.entry);
	tree_done(&b.tree);
	*ret_n = r ? 0 : n;
	return r;
}

static bool any_urgent(const struct txn *list) {
	for (; list; list = list->next)
		if (!creates(list)) return true;
	return false;
}

static void commit_list(struct store *s, struct txn *list) {
	size_t n = 0;
	if (atomic_load(&s->health) == -EIO) return fail_all(list, -EIO);
	int r = attempt(s, list, false, &n);
	bool full = r == -ENOSPC;
	if (full) set_health(s, r);
	/* Deletions have to get through on a full disk, or it could never be emptied. */
	if (full && any_urgent(list)) r = attempt(s, list, true, &n);
	if (r == -EIO) set_health(s, r);
	else if (n && !full) set_health(s, 0);
	atomic_fetch_add_explicit(&s->txns, count_done(list), memory_order_relaxed);
	if (n) s->unheard = !listen_wake(s, s->head->rv);
}

/* ---- the thread ---- */

static void wait_more(struct store *s, int64_t expire) {
	int64_t wait_ms = s->unsent || s->unheard ? RETRY_MS : expire < 0 ? -1 : expire * 1000;
	if (wait_ms < 0) {
		pthread_cond_wait(&s->more, &s->lock);
		return;
	}
	uint64_t at = env_mono(&env_system) + (uint64_t)wait_ms * 1000000;
	struct timespec ts = { (time_t)(at / NSEC_PER_SEC), (long)(at % NSEC_PER_SEC) };
	pthread_cond_timedwait(&s->more, &s->lock, &ts);
}

/* What is queued, up to the limits of a batch. NULL when it is time to look after other things. */
static struct txn *take_batch(struct store *s, int64_t expire, bool *ret_stop) {
	pthread_mutex_lock(&s->lock);
	if (!s->first && !s->stopping && !s->stepped) wait_more(s, expire);
	struct txn *list = s->first, **at = &s->first;
	size_t bytes = 0;
	for (size_t n = 0; *at && n < STORE_BATCH_TXNS && bytes <= STORE_BATCH_BYTES; n++) {
		bytes += (*at)->bytes;
		s->queued--;
		s->queued_bytes -= (*at)->bytes;
		at = &(*at)->next;
	}
	struct txn *rest = *at;
	*at = NULL;
	s->first = rest;
	if (!rest) s->last = NULL;
	*ret_stop = !list && s->stopping;
	pthread_mutex_unlock(&s->lock);
	return list;
}

struct txn *commit_take(struct store *s) {
	pthread_mutex_lock(&s->lock);
	struct txn *t = s->first;
	if (t) {
		s->first = t->next;
		if (!s->first) s->last = NULL;
		s->queued--;
		s->queued_bytes -= t->bytes;
		t->next = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	return t;
}

void commit_reply(struct store *s, struct txn *list) {
	struct txn **end = &s->unsent;
	while (*end) end = &(*end)->next;
	*end = list;
	if (s->unsent) s->unsent = txn_reply(s->unsent);
	if (s->unheard) s->unheard = !listen_wake(s, s->head->rv);
}

/* One batch, its answers, and the housekeeping. Returns seconds until something expires. */
static int64_t turn(struct store *s, int64_t expire, bool *ret_stop) {
	struct txn *list = take_batch(s, expire, ret_stop);
	if (list) commit_list(s, list);
	commit_reply(s, list);
	expire = history_trim(&s->history, mono_sec(s));
	if (s->engine && atomic_load(&s->health) != -EIO && s->engine->ops->upkeep(s->engine) < 0) set_health(s, -EIO);
	return expire;
}

void store_step(struct store *s) {
	bool stop;
	(void)turn(s, -1, &stop);
}

void *commit_main(void *arg) {
	struct store *s = arg;
	int64_t expire = -1;
	if (!s->stepped) pthread_setname_np(pthread_self(), "k8c-commit");
	for (bool stop = false; !stop;) expire = turn(s, expire, &stop);
	while (s->unsent) {
		usleep(RETRY_MS * 1000);
		commit_reply(s, NULL);
	}
	return NULL;
}
