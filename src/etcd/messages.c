/* SPDX-License-Identifier: Apache-2.0 */
#include "etcd/messages.h"

#include "schema/protobuf.h"

#include <errno.h>

/* ---- requests ---- */

static void put_bytes(struct buf *b, uint32_t tag, struct slice s) {
	if (s.n) proto_put_bytes(b, tag, s);
}

static void put_uint(struct buf *b, uint32_t tag, uint64_t v) {
	if (v) proto_put_uint(b, tag, v);
}

int etcd_put_range(struct buf *b, const struct etcd_range *r) {
	put_bytes(b, 1, r->key);
	put_bytes(b, 2, r->range_end);
	put_uint(b, 3, r->limit);
	put_uint(b, 4, r->revision);
	put_uint(b, 9, r->count_only);
	return buf_err(b);
}

static void put_compare(struct buf *b, const struct etcd_compare *c) {
	static const uint32_t value_tag[] = { [ETCD_VERSION] = 4, [ETCD_CREATE] = 5, [ETCD_MOD] = 6 };
	size_t at = proto_begin(b, 1);
	put_uint(b, 1, c->relation);
	put_uint(b, 2, c->target);
	put_bytes(b, 3, c->key);
	proto_put_uint(b, value_tag[c->target], c->value); /* a member of a oneof is written even when it is zero */
	proto_end(b, at);
}

static void put_op(struct buf *b, uint32_t branch, const struct etcd_op *op) {
	static const uint32_t kind_tag[] = { [ETCD_GET] = 1, [ETCD_PUT] = 2, [ETCD_DELETE] = 3 };
	size_t outer = proto_begin(b, branch), inner = proto_begin(b, kind_tag[op->kind]);
	put_bytes(b, 1, op->key);
	if (op->kind == ETCD_PUT) {
		put_bytes(b, 2, op->value);
		put_uint(b, 3, op->lease);
	}
	proto_end(b, inner);
	proto_end(b, outer);
}

int etcd_put_txn(struct buf *b, const struct etcd_txn *t) {
	for (size_t i = 0; i < t->n_compare; i++) put_compare(b, &t->compare[i]);
	for (size_t i = 0; i < t->n_success; i++) put_op(b, 2, &t->success[i]);
	for (size_t i = 0; i < t->n_failure; i++) put_op(b, 3, &t->failure[i]);
	return buf_err(b);
}

int etcd_put_watch(struct buf *b, struct slice key, struct slice range_end, uint64_t start_revision) {
	size_t at = proto_begin(b, 1);
	put_bytes(b, 1, key);
	put_bytes(b, 2, range_end);
	put_uint(b, 3, start_revision);
	put_uint(b, 8, 1);
	proto_end(b, at);
	return buf_err(b);
}

int etcd_put_progress(struct buf *b) {
	proto_end(b, proto_begin(b, 3));
	return buf_err(b);
}

int etcd_put_lease_grant(struct buf *b, uint64_t ttl_s) {
	put_uint(b, 1, ttl_s);
	return buf_err(b);
}

int etcd_put_compaction(struct buf *b, uint64_t revision) {
	put_uint(b, 1, revision);
	return buf_err(b);
}

/* ---- answers ---- */

/* The next field of the message; a known field has to have the wire type its tag asks for. */
struct walk {
	struct slice rest;
	struct proto_field f;
};

static int step(struct walk *w) { return proto_next(&w->rest, &w->f, NULL); }
static bool is_uint(const struct walk *w, uint32_t tag) { return w->f.tag == tag && w->f.wire == PROTO_VARINT; }
static bool is_bytes(const struct walk *w, uint32_t tag) { return w->f.tag == tag && w->f.wire == PROTO_BYTES; }

static int get_header(struct slice m, struct etcd_header *ret) {
	struct walk w = { .rest = m };
	int r;
	*ret = (struct etcd_header){ 0 };
	while ((r = step(&w)) > 0) {
		if (is_uint(&w, 1)) ret->cluster = w.f.varint;
		else if (is_uint(&w, 2)) ret->member = w.f.varint;
		else if (is_uint(&w, 3)) ret->revision = w.f.varint;
		else if (is_uint(&w, 4)) ret->term = w.f.varint;
	}
	return r;
}

static int get_kv(struct slice m, struct etcd_kv *ret) {
	struct walk w = { .rest = m };
	int r;
	*ret = (struct etcd_kv){ 0 };
	while ((r = step(&w)) > 0) {
		if (is_bytes(&w, 1)) ret->key = w.f.bytes;
		else if (is_uint(&w, 2)) ret->create_revision = w.f.varint;
		else if (is_uint(&w, 3)) ret->mod_revision = w.f.varint;
		else if (is_uint(&w, 4)) ret->version = w.f.varint;
		else if (is_bytes(&w, 5)) ret->value = w.f.bytes;
		else if (is_uint(&w, 6)) ret->lease = w.f.varint;
	}
	return r;
}

int etcd_get_range(struct slice m, struct etcd_range_answer *ret, int (*on_kv)(void *, const struct etcd_kv *), void *ctx) {
	struct walk w = { .rest = m };
	struct etcd_range_answer a = { 0 };
	struct etcd_kv kv;
	int r, err = 0;
	while (err == 0 && (r = step(&w)) > 0) {
		if (is_bytes(&w, 1)) err = get_header(w.f.bytes, &a.header);
		else if (is_bytes(&w, 2) && (err = get_kv(w.f.bytes, &kv)) == 0 && on_kv) err = on_kv(ctx, &kv);
		else if (is_uint(&w, 3)) a.more = w.f.varint;
		else if (is_uint(&w, 4)) a.count = w.f.varint;
	}
	if (err < 0 || r < 0) return err < 0 ? err : r;
	*ret = a;
	return 0;
}

/* Keeps the first pair of the first range among a transaction's answers. */
static int keep_first(void *ctx, const struct etcd_kv *kv) {
	struct etcd_txn_answer *a = ctx;
	if (!a->found) a->got = *kv;
	a->found = true;
	return 0;
}

static int get_response(struct slice m, struct etcd_txn_answer *a) {
	struct walk w = { .rest = m };
	struct etcd_range_answer range;
	int r, err = 0;
	while (err == 0 && (r = step(&w)) > 0)
		if (is_bytes(&w, 1)) err = etcd_get_range(w.f.bytes, &range, keep_first, a);
	return err < 0 ? err : r;
}

int etcd_get_txn(struct slice m, struct etcd_txn_answer *ret) {
	struct walk w = { .rest = m };
	struct etcd_txn_answer a = { 0 };
	int r, err = 0;
	while (err == 0 && (r = step(&w)) > 0) {
		if (is_bytes(&w, 1)) err = get_header(w.f.bytes, &a.header);
		else if (is_uint(&w, 2)) a.succeeded = w.f.varint;
		else if (is_bytes(&w, 3)) err = get_response(w.f.bytes, &a);
	}
	if (err < 0 || r < 0) return err < 0 ? err : r;
	*ret = a;
	return 0;
}

static int get_event(struct slice m, bool *ret_deleted, struct etcd_kv *ret) {
	struct walk w = { .rest = m };
	int r, err = 0;
	*ret_deleted = false;
	*ret = (struct etcd_kv){ 0 };
	while (err == 0 && (r = step(&w)) > 0) {
		if (is_uint(&w, 1)) *ret_deleted = w.f.varint == 1;
		else if (is_bytes(&w, 2)) err = get_kv(w.f.bytes, ret);
	}
	return err < 0 ? err : r;
}

int etcd_get_watch(struct slice m, struct etcd_watch_answer *ret, int (*on_event)(void *, bool, const struct etcd_kv *), void *ctx) {
	struct walk w = { .rest = m };
	struct etcd_watch_answer a = { 0 };
	struct etcd_kv kv;
	bool deleted;
	int r, err = 0;
	while (err == 0 && (r = step(&w)) > 0) {
		if (is_bytes(&w, 1)) err = get_header(w.f.bytes, &a.header);
		else if (is_uint(&w, 3)) a.created = w.f.varint;
		else if (is_uint(&w, 4)) a.canceled = w.f.varint;
		else if (is_uint(&w, 5)) a.compact_revision = w.f.varint;
		else if (is_bytes(&w, 6)) a.cancel_reason = w.f.bytes;
		else if (is_uint(&w, 7)) a.fragment = w.f.varint;
		else if (is_bytes(&w, 11)) {
			a.n_events++;
			err = get_event(w.f.bytes, &deleted, &kv);
			if (err == 0 && on_event) err = on_event(ctx, deleted, &kv);
		}
	}
	if (err < 0 || r < 0) return err < 0 ? err : r;
	*ret = a;
	return 0;
}

int etcd_get_lease_grant(struct slice m, struct etcd_lease_answer *ret) {
	struct walk w = { .rest = m };
	struct etcd_lease_answer a = { 0 };
	int r, err = 0;
	while (err == 0 && (r = step(&w)) > 0) {
		if (is_bytes(&w, 1)) err = get_header(w.f.bytes, &a.header);
		else if (is_uint(&w, 2)) a.id = w.f.varint;
		else if (is_uint(&w, 3)) a.ttl_s = w.f.varint;
	}
	if (err < 0 || r < 0) return err < 0 ? err : r;
	*ret = a;
	return 0;
}
