/* SPDX-License-Identifier: Apache-2.0 */
/* A lying etcd: answers, keys and values. What a key or a value is taken for has to be what it is written as again. */
#include "etcd/keys.h"
#include "etcd/messages.h"
#include "etcd/value.h"

static void key(struct slice in) {
	struct buf text = BUF_INIT(1 << 16), again = BUF_INIT(1 << 16);
	struct store_key k;
	if (etcd_key_parse(in, &text, &k) == 0 && etcd_key_put(&again, &k) == 0 && !slice_eq(buf_slice(&again), in)) abort();
	buf_done(&text);
	buf_done(&again);
}

static void value(struct slice in) {
	static const char mark[] = "\"resourceVersion\":\"7\"";
	struct buf out = BUF_INIT(1 << 16);
	if (etcd_value_splice(&out, in, 7) == 0 && slice_find(buf_slice(&out), slice_str(mark)) < 0) abort();
	buf_done(&out);
	buf_clear(&out);
	for (size_t at = 0; at < in.n && at < 256; at++)
		if (etcd_value_strip(&out, in, at) == 0 && out.n >= in.n) abort();
		else buf_clear(&out);
	buf_done(&out);
}

static int on_kv(void *ctx, const struct etcd_kv *kv) {
	key(kv->key);
	value(kv->value);
	return 0;
}

static int on_event(void *ctx, bool deleted, const struct etcd_kv *kv) { return on_kv(ctx, kv); }

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
	if (n < 1) return 0;
	struct slice in = slice_make(p + 1, n - 1);
	struct etcd_range_answer range;
	struct etcd_txn_answer txn;
	struct etcd_watch_answer watch;
	struct etcd_lease_answer lease;
	switch (p[0] % 6) {
	case 0: (void)etcd_get_range(in, &range, on_kv, NULL); break;
	case 1: (void)etcd_get_txn(in, &txn); break;
	case 2: (void)etcd_get_watch(in, &watch, on_event, NULL); break;
	case 3: (void)etcd_get_lease_grant(in, &lease); break;
	case 4: key(in); break;
	default: value(in);
	}
	return 0;
}
