/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: expectations, atomicity, what the callback gets. */
#include "help.h"

#include <errno.h>
#include <string.h>

static struct store_key pod(const char *name) { return help_key("/pods", "default", name); }

START_TEST(create_get_update_delete) {
	struct store *s = help_open(NULL);
	uint64_t rv = help_create(s, pod("a"), "1");
	struct store_snapshot *sn = store_snapshot(s);
	struct store_key k = pod("a");
	struct store_obj *o = store_get(sn, &k);
	ck_assert_ptr_nonnull(o);
	ck_assert_uint_eq(o->rv, rv);
	ck_assert_uint_eq(o->create_rv, rv);
	ck_assert_str_eq(help_value(o), "1");
	char want[64];
	snprintf(want, sizeof(want), "\"resourceVersion\":\"%llu\"}", (unsigned long long)rv);
	ck_assert(slice_find(blob_slice(o->json), slice_str(want)) > 0);
	uint64_t rv2 = help_update(s, pod("a"), rv, "2");
	ck_assert_uint_eq(rv2, rv + 1);
	ck_assert_str_eq(help_value(store_get(sn, &k)), "1"); /* a snapshot does not move */
	store_snapshot_unref(sn);
	sn = store_snapshot(s);
	ck_assert_str_eq(help_value(store_get(sn, &k)), "2");
	ck_assert_uint_eq(store_get(sn, &k)->create_rv, rv);
	help_delete(s, pod("a"), rv2);
	store_snapshot_unref(sn);
	sn = store_snapshot(s);
	ck_assert_ptr_null(store_get(sn, &k));
	ck_assert_uint_eq(store_snapshot_rv(sn), rv + 2);
	store_snapshot_unref(sn);
	store_close(s);
}
END_TEST

START_TEST(index_survives_the_revision) {
	struct store *s = help_open(NULL);
	help_create(s, pod("a"), "value-behind-the-revision");
	struct store_snapshot *sn = store_snapshot(s);
	struct store_key k = pod("a");
	struct store_obj *o = store_get(sn, &k);
	ck_assert(slice_eqs(o->uid, "value-behind-the-revision"));
	ck_assert_uint_eq(o->n_labels, 2);
	ck_assert(slice_eqs(o->labels[0].key, "a") && slice_eqs(o->labels[0].value, "x")); /* sorted */
	ck_assert(slice_eqs(o->labels[1].key, "z") && slice_eqs(o->labels[1].value, "value-behind-the-revision"));
	ck_assert_uint_eq(o->n_fields, 1);
	ck_assert(slice_eqs(o->fields[0].value, "value-behind-the-revision"));
	store_snapshot_unref(sn);
	store_close(s);
}
END_TEST

START_TEST(conflicts_name_the_op_and_the_current_object) {
	struct store *s = help_open(NULL);
	uint64_t rv = help_create(s, pod("a"), "1");
	struct store_op ops[2] = { help_op(STORE_CREATE, pod("b"), 0, "1"), help_op(STORE_CREATE, pod("a"), 0, "2") };
	struct outcome o = help_txn(s, ops, 2);
	ck_assert_int_eq(o.err, -EEXIST);
	ck_assert_uint_eq(o.failed, 1);
	ck_assert_ptr_null(o.obj[0]);
	ck_assert_uint_eq(o.obj[1]->rv, rv);
	outcome_done(&o);
	/* all or nothing: b has not come */
	ck_assert_int_eq(help_try(s, help_op(STORE_DELETE, pod("b"), STORE_RV_ANY, "")), -ENOENT);
	struct store_op stale = help_op(STORE_UPDATE, pod("a"), rv + 5, "2");
	o = help_txn(s, &stale, 1);
	ck_assert_int_eq(o.err, -ESTALE);
	ck_assert_uint_eq(o.obj[0]->rv, rv);
	outcome_done(&o);
	ck_assert_uint_eq(store_rv(s), rv);
	store_close(s);
}
END_TEST

START_TEST(uid_is_checked) {
	struct store *s = help_open(NULL);
	help_create(s, pod("a"), "uid-1");
	struct store_op op = help_op(STORE_DELETE, pod("a"), STORE_RV_ANY, "");
	op.expect_uid = SLICE_LIT("uid-2");
	ck_assert_int_eq(help_try(s, op), -ESTALE);
	op = help_op(STORE_DELETE, pod("a"), STORE_RV_ANY, "");
	op.expect_uid = SLICE_LIT("uid-1");
	ck_assert_int_eq(help_try(s, op), 0);
	store_close(s);
}
END_TEST

START_TEST(checks_guard_without_writing) {
	struct store *s = help_open(NULL);
	uint64_t rv = help_create(s, pod("ns"), "1");
	struct store_op ops[2] = { help_op(STORE_CHECK, pod("ns"), rv, NULL), help_op(STORE_CREATE, pod("a"), 0, "1") };
	struct outcome o = help_txn(s, ops, 2);
	ck_assert_int_eq(o.err, 0);
	ck_assert_uint_eq(o.rv, rv + 1);
	outcome_done(&o);
	struct store_op only = help_op(STORE_CHECK, pod("ns"), rv, NULL);
	o = help_txn(s, &only, 1);
	ck_assert_int_eq(o.err, 0);
	ck_assert_uint_eq(store_rv(s), rv + 1); /* no revision for a look */
	outcome_done(&o);
	ck_assert_int_eq(help_try(s, help_op(STORE_CHECK, pod("none"), 0, NULL)), 0);
	ck_assert_int_eq(help_try(s, help_op(STORE_CHECK, pod("ns"), 0, NULL)), -EEXIST);
	ck_assert_int_eq(help_try(s, help_op(STORE_CHECK, pod("none"), rv, NULL)), -ENOENT);
	help_update(s, pod("ns"), rv, "2");
	struct store_op late[2] = { help_op(STORE_CREATE, pod("b"), 0, "1"), help_op(STORE_CHECK, pod("ns"), rv, NULL) };
	o = help_txn(s, late, 2);
	ck_assert_int_eq(o.err, -ESTALE);
	outcome_done(&o);
	ck_assert_int_eq(help_try(s, help_op(STORE_CHECK, pod("b"), 0, NULL)), 0); /* undone */
	store_close(s);
}
END_TEST

START_TEST(one_revision_for_several_ops) {
	struct store *s = help_open(NULL);
	struct store_op ops[3] = { help_op(STORE_CREATE, pod("a"), 0, "1"), help_op(STORE_CREATE, pod("b"), 0, "1"), help_op(STORE_UPDATE, pod("a"), STORE_RV_ANY, "2") };
	_cleanup_outcome_ struct outcome o = help_txn(s, ops, 3);
	ck_assert_int_eq(o.err, 0);
	for (size_t i = 0; i < 3; i++) ck_assert_uint_eq(o.obj[i]->rv, o.rv);
	struct store_snapshot *sn = store_snapshot(s);
	struct store_key k = pod("a");
	ck_assert_str_eq(help_value(store_get(sn, &k)), "2");
	store_snapshot_unref(sn);
	store_close(s);
}
END_TEST

START_TEST(bad_calls_are_refused) {
	struct store *s = help_open(NULL);
	struct store_op ops[STORE_TXN_MAX + 1];
	for (size_t i = 0; i <= STORE_TXN_MAX; i++) ops[i] = help_op(STORE_CREATE, pod("a"), 0, "1");
	ck_assert_int_eq(store_txn(s, ops, STORE_TXN_MAX + 1, NULL, NULL, NULL), -E2BIG);
	struct store_op op = help_op(STORE_CREATE, pod("a"), 0, "1");
	op.rv_at++;
	ck_assert_int_eq(help_try(s, op), -EINVAL);
	op = help_op(STORE_CREATE, help_key("", "", "a"), 0, "1");
	ck_assert_int_eq(help_try(s, op), -EINVAL);
	op = help_op(STORE_CREATE, pod("a"), 0, "1");
	op.json = blob_unref(op.json);
	ck_assert_int_eq(help_try(s, op), -EINVAL);
	store_close(s);
}
END_TEST

static void count_done(void *ctx, const struct store_result *res) {
	ck_assert_int_eq(res->err, 0);
	++*(int *)ctx;
}

START_TEST(replies_come_to_the_loop_in_order) {
	struct store *s = help_open(NULL);
	struct loop *l;
	int n = 0;
	ck_assert_int_eq(loop_new(&l), 0);
	for (int i = 0; i < 1000; i++) {
		char name[16];
		snprintf(name, sizeof(name), "p%d", i);
		struct store_op op = help_op(STORE_CREATE, pod(name), 0, "1");
		ck_assert_int_eq(store_txn(s, &op, 1, l, count_done, &n), 0);
	}
	while (n < 1000) loop_run(l, UV_RUN_ONCE);
	loop_free(l);
	struct store_stats st;
	store_stats(s, &st);
	ck_assert_uint_eq(st.objects, 1000);
	ck_assert_uint_eq(st.txns, 1000);
	store_close(s);
}
END_TEST

START_TEST(close_commits_what_is_queued) {
	_cleanup_free_ char *p = NULL;
	char *dir = help_dir();
	p = help_path(dir, "db");
	struct store *s = help_open(p);
	int n = 0;
	for (int i = 0; i < 200; i++) {
		char name[16];
		snprintf(name, sizeof(name), "p%d", i);
		struct store_op op = help_op(STORE_CREATE, pod(name), 0, "1");
		ck_assert_int_eq(store_txn(s, &op, 1, NULL, count_done, &n), 0);
	}
	store_close(s);
	ck_assert_int_eq(n, 200);
	s = help_open(p);
	struct store_snapshot *sn = store_snapshot(s);
	ck_assert_uint_eq(store_count(sn, SLICE_LIT("/pods"), SLICE_NULL), 200);
	store_snapshot_unref(sn);
	store_close(s);
	help_rmdir(dir);
}
END_TEST

int main(void) {
	Suite *suite = suite_create("store transactions");
	TCase *tc = tcase_create("txn");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, create_get_update_delete);
	tcase_add_test(tc, index_survives_the_revision);
	tcase_add_test(tc, conflicts_name_the_op_and_the_current_object);
	tcase_add_test(tc, uid_is_checked);
	tcase_add_test(tc, checks_guard_without_writing);
	tcase_add_test(tc, one_revision_for_several_ops);
	tcase_add_test(tc, bad_calls_are_refused);
	tcase_add_test(tc, replies_come_to_the_loop_in_order);
	tcase_add_test(tc, close_commits_what_is_queued);
	suite_add_tcase(suite, tc);
	SRunner *r = srunner_create(suite);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
