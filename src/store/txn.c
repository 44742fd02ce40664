/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions outside the commit thread: made by writers, answered on their loops. */
#include "store/follow.h"
#include "store/impl.h"

#include <errno.h>
#include <string.h>

struct txn *txn_free(struct txn *t) {
	if (!t) return NULL;
	for (size_t i = 0; i < t->n; i++) {
		free(t->op[i].expect_uid);
		store_obj_unref(t->op[i].obj);
		if (t->result) store_obj_unref(t->result[i]);
	}
	free(t->result);
	free(t);
	return NULL;
}

static void txn_freep(struct txn **t) { *t = txn_free(*t); }

static bool key_ok(const struct store_key *k) {
	return k->resource.n && k->resource.n <= STORE_KEY_PART_MAX && k->ns.n <= STORE_KEY_PART_MAX && k->name.n <= STORE_KEY_PART_MAX;
}

/* The digits' place has to be between two quotes. */
static bool rv_place_ok(const struct blob *json, size_t at) {
	return json && at > 0 && at < json->n && json->p[at - 1] == '"' && json->p[at] == '"';
}

static int op_init(const struct store *s, struct txn_op *to, const struct store_op *from) {
	struct blob *json = from->json;
	bool check = from->kind == STORE_CHECK;
	if (!key_ok(&from->key) || (!check && !rv_place_ok(json, from->rv_at))) return blob_unref(json), -EINVAL;
	*to = (struct txn_op){ .kind = from->kind, .expect_rv = from->expect_rv, .rv_at = from->rv_at };
	if (!slice_empty(from->expect_uid) && !(to->expect_uid = strndup(from->expect_uid.p, from->expect_uid.n)))
		return blob_unref(json), -ENOMEM;
	if (check) json = blob_unref(json);
	return obj_new(s->opt.index, s->opt.index_ctx, &from->key, json, &to->obj);
}

static int txn_new(const struct store *s, const struct store_op *ops, size_t n, struct txn **ret) {
	_cleanup_(txn_freep) struct txn *t = calloc(1, sizeof(*t) + n * sizeof(t->op[0]));
	int r = t && (t->result = calloc(n, sizeof(struct store_obj *))) ? 0 : -ENOMEM;
	if (r == 0) t->n = n;
	for (size_t i = 0; i < n; i++) {
		if (r) {
			blob_unref(ops[i].json); /* consumed even when an earlier one failed */
			continue;
		}
		r = op_init(s, &t->op[i], &ops[i]);
		if (r == 0) t->bytes += obj_bytes(t->op[i].obj);
	}
	if (r) return r;
	*ret = TAKE_PTR(t);
	return 0;
}

static int enqueue(struct store *s, struct txn *t) {
	int r = 0;
	pthread_mutex_lock(&s->lock);
	if (s->stopping) r = -ESHUTDOWN;
	else if (s->queued >= STORE_QUEUE_MAX || s->queued_bytes + t->bytes > STORE_QUEUE_BYTES_MAX) r = -EBUSY;
	if (r == 0 && s->queued == 0 && s->follow) r = follow_wake(s->follow);
	if (r == 0) {
		if (s->last) s->last->next = t;
		else s->first = t;
		s->last = t;
		s->queued++;
		s->queued_bytes += t->bytes;
		if (s->queued == 1 && !s->follow) pthread_cond_signal(&s->more);
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

int store_txn(struct store *s, const struct store_op *ops, size_t n_ops, struct loop *reply, store_done_fn done, void *ctx) {
	_cleanup_(txn_freep) struct txn *t = NULL;
	if (n_ops > STORE_TXN_MAX) {
		for (size_t i = 0; i < n_ops; i++) blob_unref(ops[i].json);
		return -E2BIG;
	}
	int r = txn_new(s, ops, n_ops, &t);
	if (r) return r;
	t->reply = reply;
	t->done = done;
	t->ctx = ctx;
	r = enqueue(s, t);
	if (r == 0) (void)TAKE_PTR(t);
	return r;
}

/* ---- answers ---- */

static void answer(struct txn *t) {
	struct store_result res = { t->err, t->failed, t->rv, t->result, t->n };
	if (t->done) t->done(t->ctx, &res);
	txn_free(t);
}

static void answer_all(void *arg) {
	for (struct txn *t = arg, *next; t; t = next) {
		next = t->next;
		answer(t);
	}
}

static void free_all(struct txn *t) {
	for (struct txn *next; t; t = next) {
		next = t->next;
		txn_free(t);
	}
}

/* Takes those for the first one's loop out of the list, in order. */
static struct txn *take_loop(struct txn **list) {
	struct txn *mine = NULL, **end = &mine, *t;
	const struct loop *l = (*list)->reply;
	for (struct txn **at = list; (t = *at);) {
		if (t->reply != l) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		t->next = NULL;
		*end = t;
		end = &t->next;
	}
	return mine;
}

static void append(struct txn **list, struct txn *more) {
	while (*list) list = &(*list)->next;
	*list = more;
}

struct txn *txn_reply(struct txn *list) {
	struct txn *unsent = NULL;
	while (list) {
		struct txn *mine = take_loop(&list);
		if (!mine->reply) {
			answer_all(mine);
			continue;
		}
		int r = loop_post(mine->reply, answer_all, mine);
		if (r == -ENOMEM) append(&unsent, mine);
		else if (r) free_all(mine); /* the loop has ended, and with it whoever waited */
	}
	return unsent;
}
