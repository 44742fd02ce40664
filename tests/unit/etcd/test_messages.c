/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as etcd 3.5 itself writes them (protoc --encode of rpc.proto) on the one side, as the engine reads and writes them on the other. */
#include "etcd/messages.h"

#include <check.h>
#include <errno.h>

static struct buf out;
static void setup(void) { out = BUF_INIT(4096); }
static void teardown(void) { buf_done(&out); }
#define ck_assert_bytes(b, s) ck_assert(slice_eq(buf_slice(&(b)), SLICE_LIT(s)))

START_TEST(a_range) {
	struct etcd_range r = { .key = SLICE_LIT("/a/"), .range_end = SLICE_LIT("/a0"), .limit = 128, .revision = 300 };
	ck_assert_int_eq(etcd_put_range(&out, &r), 0);
	ck_assert_bytes(out, "\x0a\x03/a/\x12\x03/a0\x18\x80\x01\x20\xac\x02");
}
END_TEST

START_TEST(a_count) {
	struct etcd_range r = { .key = SLICE_LIT("k"), .count_only = true };
	ck_assert_int_eq(etcd_put_range(&out, &r), 0);
	ck_assert_bytes(out, "\x0a\x01k\x48\x01");
}
END_TEST

/* A compare with zero says so: etcd tells an absent union member from a zero one in other languages' clients only by luck. */
START_TEST(a_create_compares_with_zero) {
	struct etcd_compare c = { .target = ETCD_MOD, .key = SLICE_LIT("k"), .value = 0 };
	struct etcd_op put = { .kind = ETCD_PUT, .key = SLICE_LIT("k"), .value = SLICE_LIT("v"), .lease = 7 };
	struct etcd_txn t = { &c, 1, &put, NULL, 1, 0 };
	ck_assert_int_eq(etcd_put_txn(&out, &t), 0);
	ck_assert_bytes(out, "\x0a\x07\x10\x02\x1a\x01k\x30\x00" "\x12\x0a\x12\x08\x0a\x01k\x12\x01v\x18\x07");
}
END_TEST

START_TEST(both_branches_of_a_transaction) {
	struct etcd_compare c = { .target = ETCD_VERSION, .relation = ETCD_GREATER, .key = SLICE_LIT("k"), .value = 2 };
	struct etcd_op del = { .kind = ETCD_DELETE, .key = SLICE_LIT("k") }, get = { .kind = ETCD_GET, .key = SLICE_LIT("k") };
	struct etcd_txn t = { &c, 1, &del, &get, 1, 1 };
	ck_assert_int_eq(etcd_put_txn(&out, &t), 0);
	ck_assert_bytes(out, "\x0a\x07\x08\x01\x1a\x01k\x20\x02" "\x12\x05\x1a\x03\x0a\x01k" "\x1a\x05\x0a\x03\x0a\x01k");
}
END_TEST

START_TEST(a_watch_and_its_progress) {
	ck_assert_int_eq(etcd_put_watch(&out, SLICE_LIT("a"), SLICE_LIT("b"), 5), 0);
	ck_assert_int_eq(etcd_put_progress(&out), 0);
	ck_assert_bytes(out, "\x0a\x0a\x0a\x01" "a\x12\x01" "b\x18\x05\x40\x01" "\x1a\x00");
}
END_TEST

struct kvs {
	struct etcd_kv kv[4];
	bool deleted[4];
	size_t n;
	int answer;
};

static int on_kv(void *ctx, const struct etcd_kv *kv) {
	struct kvs *k = ctx;
	k->kv[k->n++] = *kv;
	return k->answer;
}

static int on_event(void *ctx, bool deleted, const struct etcd_kv *kv) {
	struct kvs *k = ctx;
	k->deleted[k->n] = deleted;
	return on_kv(ctx, kv);
}

static const struct slice page = SLICE_LIT("\x0a\x0b\x08\x01\x10\x02\x18\xac\x02\x20\x03\x28\x09" /* a header with a field of tomorrow */
					   "\x12\x0e\x0a\x01k\x10\x04\x18\x05\x20\x02\x2a\x01v\x30\x09" "\x12\x03\x0a\x01m" "\x18\x01\x20\x0c");

START_TEST(a_page_of_a_range) {
	struct etcd_range_answer a;
	struct kvs k = { 0 };
	ck_assert_int_eq(etcd_get_range(page, &a, on_kv, &k), 0);
	ck_assert_uint_eq(a.header.cluster, 1);
	ck_assert_uint_eq(a.header.member, 2);
	ck_assert_uint_eq(a.header.revision, 300);
	ck_assert_uint_eq(a.header.term, 3);
	ck_assert(a.more);
	ck_assert_uint_eq(a.count, 12);
	ck_assert_uint_eq(k.n, 2);
	ck_assert(slice_eqs(k.kv[0].key, "k") && slice_eqs(k.kv[0].value, "v"));
	ck_assert_uint_eq(k.kv[0].create_revision, 4);
	ck_assert_uint_eq(k.kv[0].mod_revision, 5);
	ck_assert_uint_eq(k.kv[0].version, 2);
	ck_assert_uint_eq(k.kv[0].lease, 9);
	ck_assert_uint_eq(k.kv[1].mod_revision, 0);
}
END_TEST

START_TEST(a_page_may_be_given_up) {
	struct etcd_range_answer a;
	struct kvs k = { .answer = -ENOMEM };
	ck_assert_int_eq(etcd_get_range(page, &a, on_kv, &k), -ENOMEM);
	ck_assert_uint_eq(k.n, 1);
}
END_TEST

/* Of every cut message either all fields in front of the cut are read, or it is refused: never is anything read behind it. */
START_TEST(cut_messages_are_refused) {
	struct etcd_range_answer a;
	size_t refused = 0;
	for (size_t n = 0; n < page.n; n++) {
		char *copy = malloc(n ? n : 1);
		memcpy(copy, page.p, n);
		refused += etcd_get_range(slice_make(copy, n), &a, NULL, NULL) == -EBADMSG;
		free(copy);
	}
	ck_assert_uint_ge(refused, page.n - 6);
}
END_TEST

START_TEST(the_outcome_of_a_transaction) {
	struct etcd_txn_answer a;
	ck_assert_int_eq(etcd_get_txn(SLICE_LIT("\x0a\x02\x18\x07\x10\x01\x1a\x02\x12\x00"), &a), 0);
	ck_assert(a.succeeded && !a.found);
	ck_assert_uint_eq(a.header.revision, 7);
	ck_assert_int_eq(etcd_get_txn(SLICE_LIT("\x0a\x02\x18\x07\x1a\x09\x0a\x07\x12\x05\x0a\x01k\x20\x03"), &a), 0);
	ck_assert(!a.succeeded && a.found);
	ck_assert_uint_eq(a.got.version, 3);
}
END_TEST

START_TEST(changes_of_a_watch) {
	struct etcd_watch_answer a;
	struct kvs k = { 0 };
	ck_assert_int_eq(etcd_get_watch(SLICE_LIT("\x0a\x02\x18\x09\x38\x01\x5a\x0a\x12\x08\x0a\x01k\x18\x08\x2a\x01v\x5a\x09\x08\x01\x12\x05\x0a\x01k\x18\x09"),
					&a, on_event, &k), 0);
	ck_assert(a.fragment && !a.created && !a.canceled);
	ck_assert_uint_eq(a.n_events, 2);
	ck_assert(!k.deleted[0] && k.deleted[1]);
	ck_assert_uint_eq(k.kv[0].mod_revision, 8);
	ck_assert_uint_eq(k.kv[1].mod_revision, 9);
	ck_assert_int_eq(etcd_get_watch(SLICE_LIT("\x20\x01\x28\x0c\x32\x04gone"), &a, NULL, NULL), 0);
	ck_assert(a.canceled && slice_eqs(a.cancel_reason, "gone"));
	ck_assert_uint_eq(a.compact_revision, 12);
}
END_TEST

START_TEST(a_lease) {
	struct etcd_lease_answer a;
	ck_assert_int_eq(etcd_put_lease_grant(&out, 3660), 0);
	ck_assert_bytes(out, "\x08\xcc\x1c");
	ck_assert_int_eq(etcd_get_lease_grant(SLICE_LIT("\x10\x81\x01\x18\xcc\x1c"), &a), 0);
	ck_assert_uint_eq(a.id, 129);
	ck_assert_uint_eq(a.ttl_s, 3660);
}
END_TEST

int main(void) {
	Suite *s = suite_create("etcd messages");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_range);
	tcase_add_test(t, a_count);
	tcase_add_test(t, a_create_compares_with_zero);
	tcase_add_test(t, both_branches_of_a_transaction);
	tcase_add_test(t, a_watch_and_its_progress);
	tcase_add_test(t, a_page_of_a_range);
	tcase_add_test(t, a_page_may_be_given_up);
	tcase_add_test(t, cut_messages_are_refused);
	tcase_add_test(t, the_outcome_of_a_transaction);
	tcase_add_test(t, changes_of_a_watch);
	tcase_add_test(t, a_lease);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
