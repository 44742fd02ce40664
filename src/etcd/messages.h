/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of etcd v3's API that the engine speaks (etcd-io/etcd, api/etcdserverpb/rpc.proto and api/mvccpb/kv.proto): requests are
 * appended to a buffer, answers are slices into the bytes they came in. Pure.
 */
#pragma once

#include "base/buf.h"

struct etcd_kv {
	struct slice key, value;
	uint64_t create_revision, mod_revision, version, lease;
};

/* ---- requests ---- */

/* A key, or with range_end those from it up to but not including range_end. */
struct etcd_range {
	struct slice key, range_end;
	uint64_t limit, revision; /* 0: all; newest */
	bool count_only;
};
int etcd_put_range(struct buf *b, const struct etcd_range *r);

enum etcd_target { ETCD_VERSION = 0, ETCD_CREATE = 1, ETCD_MOD = 2 };
enum etcd_relation { ETCD_EQUAL = 0, ETCD_GREATER = 1 };
struct etcd_compare {
	enum etcd_target target;
	enum etcd_relation relation;
	struct slice key;
	uint64_t value;
};
enum etcd_op_kind { ETCD_PUT, ETCD_DELETE, ETCD_GET };
struct etcd_op {
	enum etcd_op_kind kind;
	struct slice key, value;
	uint64_t lease;
};
/* Compares, what is done when all of them hold, and otherwise. */
struct etcd_txn {
	const struct etcd_compare *compare;
	size_t n_compare;
	const struct etcd_op *success, *failure;
	size_t n_success, n_failure;
};
int etcd_put_txn(struct buf *b, const struct etcd_txn *t);

/* A watch of [key, range_end) from a revision on; its answers come in fragments when they are long. */
int etcd_put_watch(struct buf *b, struct slice key, struct slice range_end, uint64_t start_revision);
/* Asks a watch stream how far it is. */
int etcd_put_progress(struct buf *b);
int etcd_put_lease_grant(struct buf *b, uint64_t ttl_s);
int etcd_put_compaction(struct buf *b, uint64_t revision);

/* ---- answers: 0 or -EBADMSG ---- */

struct etcd_header { uint64_t cluster, member, revision, term; };

/* `on_kv` (may be NULL) gets every pair; what it returns when negative ends the walk and is returned. */
struct etcd_range_answer { struct etcd_header header; bool more; uint64_t count; };
int etcd_get_range(struct slice m, struct etcd_range_answer *ret, int (*on_kv)(void *ctx, const struct etcd_kv *kv), void *ctx);

/* `got` is the first pair that a ETCD_GET of the transaction found. */
struct etcd_txn_answer { struct etcd_header header; bool succeeded, found; struct etcd_kv got; };
int etcd_get_txn(struct slice m, struct etcd_txn_answer *ret);

struct etcd_watch_answer {
	struct etcd_header header;
	bool created, canceled, fragment;
	uint64_t compact_revision;
	struct slice cancel_reason;
	size_t n_events;
};
/* `on_event` (may be NULL) gets every event in order; of a deletion the pair has key and mod_revision only. */
int etcd_get_watch(struct slice m, struct etcd_watch_answer *ret, int (*on_event)(void *ctx, bool deleted, const struct etcd_kv *kv), void *ctx);

struct etcd_lease_answer { struct etcd_header header; uint64_t id, ttl_s; };
int etcd_get_lease_grant(struct slice m, struct etcd_lease_answer *ret);
