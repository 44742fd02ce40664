/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions, and the question for the newest revision. */
#include "etcd/impl.h"
#include "etcd/keys.h"
#include "etcd/value.h"

#include <errno.h>

typedef void (*done_fn)(void *ctx, int err, bool held, uint64_t rv);
struct waiting { done_fn done; void *ctx; };

static int key_of(struct arena *a, const struct store_key *key, struct slice *ret) {
	_cleanup_buf_ struct buf b = BUF_INIT(ETCD_KEY_MAX);
	int r = etcd_key_put(&b, key);
	if (r) return r;
	*ret = arena_slice_dup(a, buf_slice(&b));
	return ret->p ? 0 : -ENOMEM;
}

static int compare_of(struct arena *a, const struct remote_cond *c, struct etcd_compare *ret) {
	*ret = (struct etcd_compare){ .target = c->kind == REMOTE_CREATED ? ETCD_CREATE : ETCD_MOD, .value = c->kind == REMOTE_ABSENT ? 0 : c->rv };
	return key_of(a, &c->key, &ret->key);
}

/* Events end by themselves: they hang on a lease. */
static bool is_event(const struct store_key *key) { return slice_eqs(key->resource, "/events"); }

static int op_of(struct etcd *e, struct arena *a, const struct remote_write *w, struct etcd_op *ret) {
	_cleanup_buf_ struct buf b = BUF_INIT(2 * REQUEST_BODY_MAX);
	*ret = (struct etcd_op){ .kind = w->deletes ? ETCD_DELETE : ETCD_PUT };
	int r = key_of(a, &w->key, &ret->key);
	if (r || w->deletes) return r;
	if (is_event(&w->key) && (ret->lease = etcd_lease_take(e)) == 0) return -EBUSY;
	r = etcd_value_strip(&b, w->json, w->rv_at);
	if (r) return r;
	ret->value = arena_slice_dup(a, buf_slice(&b));
	return ret->value.p ? 0 : -ENOMEM;
}

static void on_txn(void *ctx, int err, struct slice answer) {
	struct waiting w = *(struct waiting *)ctx;
	struct etcd_txn_answer a = { 0 };
	free(ctx);
	if (err == 0 && etcd_get_txn(answer, &a) < 0) err = -ENOLINK;
	w.done(w.ctx, err == -ESTALE || err == -EINVAL ? -EIO : err, a.succeeded, a.header.revision);
}

static int call(struct etcd *e, const char *method, const struct buf *m, etcd_call_fn fn, done_fn done, void *ctx) {
	struct waiting *w = malloc(sizeof(*w));
	if (!w) return -ENOMEM;
	*w = (struct waiting){ done, ctx };
	int r = e->net ? etcd_call(e, method, buf_slice(m), fn, w) : -ENOLINK;
	if (r) free(w);
	return r;
}

int etcd_txn(struct etcd *e, const struct remote_txn *t, done_fn done, void *ctx) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf m = BUF_INIT(ETCD_REQUEST_MAX);
	struct etcd_compare compare[STORE_TXN_MAX];
	struct etcd_op op[STORE_TXN_MAX];
	struct etcd_txn txn = { compare, t->n_cond, op, NULL, t->n_write, 0 };
	int r = a ? 0 : -ENOMEM;
	for (size_t i = 0; i < t->n_cond && r == 0; i++) r = compare_of(a, &t->cond[i], &compare[i]);
	for (size_t i = 0; i < t->n_write && r == 0; i++) r = op_of(e, a, &t->write[i], &op[i]);
	if (r == 0) r = etcd_put_txn(&m, &txn);
	return r ? r : call(e, "/etcdserverpb.KV/Txn", &m, on_txn, done, ctx);
}

static void on_revision(void *ctx, int err, struct slice answer) {
	struct waiting w = *(struct waiting *)ctx;
	struct etcd_range_answer a = { 0 };
	free(ctx);
	if (err == 0 && etcd_get_range(answer, &a, NULL, NULL) < 0) err = -ENOLINK;
	w.done(w.ctx, err, true, a.header.revision);
}

/* A read of next to nothing, by which etcd's leader makes sure that it still is it. */
int etcd_revision(struct etcd *e, done_fn done, void *ctx) {
	_cleanup_buf_ struct buf m = BUF_INIT(ETCD_KEY_MAX);
	struct etcd_range r = { .key = SLICE_LIT(ETCD_PREFIX), .count_only = true };
	int err = etcd_put_range(&m, &r);
	return err ? err : call(e, "/etcdserverpb.KV/Range", &m, on_revision, done, ctx);
}
