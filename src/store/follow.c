/* SPDX-License-Identifier: Apache-2.0 */
/* Life of a followed store, its transactions and its fresh reads. What the stream says is applied by follow_apply.c. */
#include "store/follow_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- transactions ---- */

static void flight_free(struct flight *fl) {
	struct follow *f = fl->f;
	list_del(&fl->node);
	/* The queue waited for a place; should the message find no memory, the tick sees to it. */
	if (f->n_flights-- == FOLLOW_FLIGHTS_MAX) (void)follow_wake(f);
	free(fl);
}

static void answer(struct flight *fl) {
	struct store *s = fl->f->store;
	struct txn *t = fl->txn;
	t->next = NULL;
	if (t->err == 0) atomic_fetch_add_explicit(&s->txns, 1, memory_order_relaxed);
	flight_free(fl);
	commit_reply(s, t);
}

static void fail(struct flight *fl, size_t i, int err, struct store_obj *cur) {
	txn_fail(fl->txn, i, err, cur);
	fl->txn->rv = fl->f->store->head->rv;
	answer(fl);
}

static void cond_of(const struct txn_op *op, const struct store_obj *cur, struct remote_cond *c) {
	c->key = op->obj->key;
	c->kind = !cur ? REMOTE_ABSENT : op->expect_rv == STORE_RV_ANY ? REMOTE_CREATED : REMOTE_REVISION;
	c->rv = !cur ? 0 : op->expect_rv == STORE_RV_ANY ? cur->create_rv : cur->rv;
}

/* What the transaction needs to be true of the remote, for it to come out as it does on the state this server sees. Returns the index of
 * an op that does not even hold here (*ret_err says why), or the number of ops. */
static size_t plan(const struct flight *fl, struct remote_txn *rt, int *ret_err) {
	const struct txn *t = fl->txn;
	*rt = (struct remote_txn){ 0 };
	for (size_t i = 0; i < t->n; i++) {
		const struct txn_op *op = &t->op[i];
		const struct store_obj *cur = tree_find(fl->f->store->head->root, &op->obj->key);
		*ret_err = txn_expect(op, cur);
		if (*ret_err) return i;
		cond_of(op, cur, &rt->cond[rt->n_cond++]);
		if (op->kind == STORE_CHECK) continue;
		rt->write[rt->n_write++] = (struct remote_write){ op->kind == STORE_DELETE, op->obj->key, blob_slice(op->obj->json), op->rv_at };
	}
	return t->n;
}

static void decided(void *ctx, int err, bool held, uint64_t rv);

static void launch(struct flight *fl) {
	struct follow *f = fl->f;
	struct remote_txn rt;
	int err = 0;
	size_t i = plan(fl, &rt, &err);
	if (i < fl->txn->n) {
		fail(fl, i, err, tree_find(f->store->head->root, &fl->txn->op[i].obj->key));
		return;
	}
	err = f->remote->ops->txn(f->remote, &rt, decided, fl);
	if (err) fail(fl, 0, err, NULL);
}

/* The new versions, as the stream will show them. */
static int fill_results(struct flight *fl, uint64_t rv) {
	struct txn *t = fl->txn;
	for (size_t i = 0; i < t->n; i++) {
		struct txn_op *op = &t->op[i];
		const struct store_obj *cur = tree_find(fl->f->store->head->root, &op->obj->key);
		int r = op->kind == STORE_CHECK ? 0 : obj_set_rv(op->obj, rv, op->rv_at);
		if (r) return r;
		if (op->kind != STORE_CHECK) op->obj->create_rv = op->kind == STORE_CREATE || !cur ? rv : cur->create_rv;
		t->result[i] = store_obj_ref(op->kind == STORE_CHECK ? (struct store_obj *)(uintptr_t)cur : op->obj);
	}
	t->rv = rv;
	t->err = 0;
	return 0;
}

static void land(struct flight *fl) {
	if (fl->held) answer(fl);
	else if (++fl->tries > FOLLOW_TRIES) fail(fl, 0, -ESTALE, NULL);
	else launch(fl);
}

static void decided(void *ctx, int err, bool held, uint64_t rv) {
	struct flight *fl = ctx;
	struct follow *f = fl->f;
	if (err == 0 && held) err = fill_results(fl, rv);
	if (err) {
		fail(fl, 0, f->stopping ? -ESHUTDOWN : err, NULL);
		return;
	}
	fl->held = held;
	fl->rv = rv;
	if (rv <= f->store->head->rv) {
		land(fl);
		return;
	}
	list_del(&fl->node);
	list_add_tail(&f->landing, &fl->node);
	f->remote->ops->want(f->remote, rv);
}

void follow_landed(struct follow *f) {
	struct list ready;
	list_init(&ready);
	list_foreach(&f->landing, p) {
		struct flight *fl = list_entry(p, struct flight, node);
		if (fl->rv > f->store->head->rv) continue;
		list_del(&fl->node);
		list_add_tail(&ready, &fl->node);
	}
	while (!list_empty(&ready)) {
		struct flight *fl = list_entry(ready.next, struct flight, node);
		list_del(&fl->node);
		list_add_tail(&f->flying, &fl->node);
		land(fl);
	}
}

static bool take_off(struct follow *f, struct txn *t) {
	struct flight *fl = malloc(sizeof(*fl));
	if (!fl) return false;
	*fl = (struct flight){ .f = f, .txn = t };
	list_add_tail(&f->flying, &fl->node);
	f->n_flights++;
	launch(fl);
	return true;
}

static void drain_queue(struct follow *f) {
	while (f->n_flights < FOLLOW_FLIGHTS_MAX) {
		struct txn *t = commit_take(f->store);
		if (!t) return;
		if (take_off(f, t)) continue;
		txn_fail(t, 0, -ENOMEM, NULL);
		commit_reply(f->store, t);
	}
}

/* ---- fresh reads ---- */

static void sync_answer(void *arg) {
	struct sync *y = arg;
	y->fn(y->ctx, y->err);
	free(y);
}

/* Back on their loops; those that find no memory for the message stay for the next tick. */
static void answer_syncs(struct list *l) {
	list_foreach(l, p) {
		struct sync *y = list_entry(p, struct sync, node);
		list_del(&y->node);
		int r = loop_post(y->reply, sync_answer, y);
		if (r == -ENOMEM) list_add_tail(l, &y->node);
		else if (r) free(y); /* the loop has ended, and with it whoever waited */
		if (r == -ENOMEM) return;
	}
}

static void move_syncs(struct list *from, struct list *to, uint64_t rv, int err) {
	list_foreach(from, p) {
		struct sync *y = list_entry(p, struct sync, node);
		if (y->rv > rv) continue;
		y->err = err;
		list_del(&y->node);
		list_add_tail(to, &y->node);
	}
}

void follow_synced(struct follow *f) {
	move_syncs(&f->waiting, &f->answered, f->store->head->rv, 0);
	answer_syncs(&f->answered);
}

static void ask_revision(struct follow *f);

static void revision_known(void *ctx, int err, bool held, uint64_t rv) {
	struct follow *f = ctx;
	(void)held;
	f->asking = false;
	list_foreach(&f->asked, p) {
		struct sync *y = list_entry(p, struct sync, node);
		y->rv = rv;
		y->err = f->stopping ? -ESHUTDOWN : err;
		list_del(&y->node);
		list_add_tail(err ? &f->answered : &f->waiting, &y->node);
	}
	follow_synced(f);
	if (!list_empty(&f->waiting)) f->remote->ops->want(f->remote, rv);
	ask_revision(f);
}

/* One question for all that have come since the last one was asked. */
static void ask_revision(struct follow *f) {
	if (f->asking || f->stopping) return;
	pthread_mutex_lock(&f->lock);
	list_foreach(&f->arrived, p) {
		list_del(p);
		list_add_tail(&f->asked, p);
	}
	pthread_mutex_unlock(&f->lock);
	if (list_empty(&f->asked)) return;
	f->asking = true;
	int r = f->remote->ops->revision(f->remote, revision_known, f);
	if (r) revision_known(f, r, false, 0);
}

static void on_sync(void *arg) { ask_revision(arg); }

int follow_sync(struct follow *f, struct loop *reply, void (*fn)(void *, int), void *ctx) {
	struct sync *y = malloc(sizeof(*y));
	if (!y) return -ENOMEM;
	*y = (struct sync){ .reply = reply, .fn = fn, .ctx = ctx };
	list_init(&y->node);
	pthread_mutex_lock(&f->lock);
	int r = list_empty(&f->arrived) ? loop_post(f->loop, on_sync, f) : 0;
	if (r == 0) list_add_tail(&f->arrived, &y->node);
	pthread_mutex_unlock(&f->lock);
	if (r == 0) return 1;
	free(y);
	return r;
}

/* ---- without the remote ---- */

/* Nobody is left waiting for a remote that does not speak. What was written is not called so: the stream has not shown it. */
void follow_lost(struct follow *f, int err) {
	while (!list_empty(&f->landing)) fail(list_entry(f->landing.next, struct flight, node), 0, err, NULL);
	move_syncs(&f->waiting, &f->answered, UINT64_MAX, err);
	answer_syncs(&f->answered);
}

/* ---- life ---- */

static void on_wake(void *arg) {
	struct follow *f = arg;
	if (!f->stopping) drain_queue(f);
}

int follow_wake(struct follow *f) { return loop_post(f->loop, on_wake, f); }

static void on_tick(void *arg) {
	struct follow *f = arg;
	struct store *s = f->store;
	(void)history_trim(&s->history, (int64_t)(env_mono(s->opt.env) / NSEC_PER_SEC));
	commit_reply(s, NULL);
	answer_syncs(&f->answered);
	drain_queue(f);
}

static void start(void *arg) {
	struct follow *f = arg;
	f->tick = loop_timer_start(f->loop, FOLLOW_TICK_MS, FOLLOW_TICK_MS, on_tick, f);
	int r = f->tick ? f->remote->ops->start(f->remote, f->loop, &follow_sink, f) : -ENOMEM;
	f->started = r == 0;
	if (r) follow_opened(f, r);
}

static void stop(void *arg) {
	struct follow *f = arg;
	f->stopping = true;
	f->tick = loop_timer_stop(f->tick);
	if (f->started) f->remote->ops->stop(f->remote);
	follow_lost(f, -ESHUTDOWN);
	for (struct txn *t; (t = commit_take(f->store));) {
		txn_fail(t, 0, -ESHUTDOWN, NULL);
		commit_reply(f->store, t);
	}
	pthread_mutex_lock(&f->lock);
	move_syncs(&f->arrived, &f->answered, UINT64_MAX, -ESHUTDOWN);
	pthread_mutex_unlock(&f->lock);
	answer_syncs(&f->answered);
}

void follow_opened(struct follow *f, int err) {
	if (f->opened) return;
	f->opened = true;
	f->open_err = err;
	sem_post(&f->ready);
}

static void free_list(struct list *l) {
	while (!list_empty(l)) {
		struct sync *y = list_entry(l->next, struct sync, node);
		list_del(&y->node);
		free(y);
	}
}

void follow_close(struct follow *f) {
	if (!f) return;
	if (f->loop && loop_post(f->loop, stop, f) < 0) stop(f);
	loop_stop(f->loop);
	free_list(&f->answered);
	follow_drop(f);
	f->remote->ops->free(f->remote);
	sem_destroy(&f->ready);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

static int wait_open(struct follow *f, char *msg, size_t msg_size) {
	struct timespec end = { .tv_sec = env_now_sec(&env_system) + FOLLOW_OPEN_S };
	int r;
	while ((r = sem_timedwait(&f->ready, &end)) < 0 && errno == EINTR) {}
	if (r == 0 && f->open_err == 0) return 0;
	pthread_mutex_lock(&f->store->msg_lock);
	snprintf(msg, msg_size, "%s", f->store->msg[0] ? f->store->msg : r < 0 ? "the datastore does not answer" : strerror(-f->open_err));
	pthread_mutex_unlock(&f->store->msg_lock);
	return r < 0 ? -ETIMEDOUT : f->open_err;
}

int follow_open(struct store *s, struct remote *remote, struct follow **ret, char *msg, size_t msg_size) {
	struct follow *f = calloc(1, sizeof(*f));
	if (!f) return remote->ops->free(remote), -ENOMEM;
	f->store = s;
	f->remote = remote;
	pthread_mutex_init(&f->lock, NULL);
	sem_init(&f->ready, 0, 0);
	struct list *lists[] = { &f->flying, &f->landing, &f->arrived, &f->asked, &f->waiting, &f->answered };
	for (size_t i = 0; i < ELEMENTSOF(lists); i++) list_init(lists[i]);
	int r = loop_start("k8c-commit", &f->loop);
	if (r == 0) r = loop_post(f->loop, start, f);
	if (r == 0) r = wait_open(f, msg, msg_size);
	if (r == 0) *ret = f;
	else follow_close(f);
	return r;
}
