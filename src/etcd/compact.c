/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compaction as kube-apiserver does it (storage/etcd3/compact.go), so that servers of both kinds take turns: the version of one key
 * counts the turns, and whoever raises it compacts to the revision of its own turn before.
 */
#include "etcd/impl.h"

#include <stdio.h>

#define COMPACT_KEY "compact_rev_key"

static void on_compacted(void *ctx, int err, struct slice answer) { (void)ctx; }

static void compact_to(struct etcd *e, uint64_t revision) {
	_cleanup_buf_ struct buf m = BUF_INIT(64);
	if (revision && etcd_put_compaction(&m, revision) == 0)
		(void)etcd_call(e, "/etcdserverpb.KV/Compact", buf_slice(&m), on_compacted, e);
}

static void on_turn(void *ctx, int err, struct slice answer) {
	struct etcd *e = ctx;
	struct etcd_compaction *c = &e->compaction;
	struct etcd_txn_answer a;
	c->asking = false;
	if (err || etcd_get_txn(answer, &a) < 0) return;
	if (a.succeeded) compact_to(e, c->revision);
	c->turn = a.succeeded ? c->turn + 1 : a.got.version;
	c->revision = a.header.revision;
}

static void take_turn(struct etcd *e) {
	_cleanup_buf_ struct buf m = BUF_INIT(ETCD_KEY_MAX);
	struct etcd_compaction *c = &e->compaction;
	char digits[24];
	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)c->revision);
	struct slice key = SLICE_LIT(COMPACT_KEY);
	struct etcd_compare compare = { .target = ETCD_VERSION, .key = key, .value = c->turn };
	struct etcd_op put = { .kind = ETCD_PUT, .key = key, .value = slice_str(digits) }, get = { .kind = ETCD_GET, .key = key };
	struct etcd_txn t = { &compare, 1, &put, &get, 1, 1 };
	if (etcd_put_txn(&m, &t) == 0) c->asking = etcd_call(e, "/etcdserverpb.KV/Txn", buf_slice(&m), on_turn, e) == 0;
}

void etcd_compact_check(struct etcd *e) {
	struct etcd_compaction *c = &e->compaction;
	uint64_t now = etcd_now_ms(e);
	if (!c->interval_ms || c->asking) return;
	if (c->again_ms && now < c->again_ms) return;
	bool first = !c->again_ms;
	c->again_ms = now + c->interval_ms;
	if (!first) take_turn(e);
}
