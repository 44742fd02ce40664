/* SPDX-License-Identifier: Apache-2.0 */
/* Leases for events. One is shared by the events of a minute (storage/etcd3/lease_manager.go), as a lease each would be dear. */
#include "etcd/impl.h"

static bool usable(const struct etcd *e) {
	const struct etcd_lease *l = &e->lease;
	return l->id && l->keys < ETCD_LEASE_KEYS_MAX && etcd_now_ms(e) - l->granted_ms < ETCD_LEASE_REUSE_S * 1000u;
}

static void on_granted(void *ctx, int err, struct slice answer) {
	struct etcd *e = ctx;
	struct etcd_lease_answer a;
	e->lease.asking = false;
	if (err || etcd_get_lease_grant(answer, &a) < 0) return; /* asked for again when it is needed */
	e->lease = (struct etcd_lease){ .id = a.id, .granted_ms = etcd_now_ms(e) };
}

void etcd_lease_check(struct etcd *e) {
	_cleanup_buf_ struct buf m = BUF_INIT(64);
	if (e->lease.asking || usable(e) || etcd_put_lease_grant(&m, ETCD_EVENT_TTL_S + ETCD_LEASE_REUSE_S)) return;
	e->lease.asking = etcd_call(e, "/etcdserverpb.Lease/LeaseGrant", buf_slice(&m), on_granted, e) == 0;
}

uint64_t etcd_lease_take(struct etcd *e) {
	if (!usable(e)) {
		etcd_lease_check(e);
		/* The old one still holds as long as an event is to live; it only has been shared for longer than is good. */
		if (!e->lease.id || etcd_now_ms(e) - e->lease.granted_ms > 2u * ETCD_LEASE_REUSE_S * 1000u) return 0;
	}
	e->lease.keys++;
	return e->lease.id;
}
