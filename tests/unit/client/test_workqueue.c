/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "client/workqueue.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

static struct loop *loop;
static struct workqueue *q;
static struct buf journal;
static int result;
static void (*during)(struct slice key);

static int work(void *ctx, struct slice key) {
	buf_printf(&journal, "%.*s ", SLICE_FMT(key));
	if (during) during(key);
	return result;
}

static void setup(void) {
	struct workqueue_options o = { .work = work, .parallel = 2 };
	loop_new(&loop);
	o.loop = loop;
	journal = BUF_INIT(1 << 16);
	result = 0;
	during = NULL;
	ck_assert_int_eq(workqueue_new(&o, &q), 0);
}
static void teardown(void) {
	workqueue_free(q);
	loop_free(loop);
	buf_done(&journal);
}
static void turn(int n) {
	while (n--) loop_run(loop, UV_RUN_NOWAIT);
}
static void check(const char *want) {
	buf_putc(&journal, 0);
	ck_assert_str_eq(journal.p, want);
	buf_clear(&journal);
}

START_TEST(keys_wait_once_in_order) {
	workqueue_add(q, SLICE_LIT("b"));
	workqueue_add_name(q, SLICE_LIT("ns"), SLICE_LIT("a"));
	workqueue_add(q, SLICE_LIT("b"));
	ck_assert_uint_eq(workqueue_len(q), 2);
	turn(5);
	check("b ns/a ");
	ck_assert_uint_eq(workqueue_len(q), 0);
}
END_TEST

static void add_again(struct slice key) {
	during = NULL;
	workqueue_add(q, key);
}

START_TEST(a_key_added_during_its_work_comes_again) {
	during = add_again;
	workqueue_add(q, SLICE_LIT("a"));
	turn(5);
	check("a a ");
}
END_TEST

START_TEST(failures_come_back_later) {
	result = -EIO;
	workqueue_add(q, SLICE_LIT("a"));
	turn(2);
	check("a ");
	ck_assert_uint_eq(workqueue_len(q), 1);
	result = 0;
	for (int i = 0; i < 100 && workqueue_len(q); i++) loop_run(loop, UV_RUN_ONCE);
	check("a ");
	ck_assert_uint_eq(workqueue_len(q), 0);
}
END_TEST

START_TEST(unfinished_work_holds_a_place) {
	result = 1;
	workqueue_add(q, SLICE_LIT("a"));
	workqueue_add(q, SLICE_LIT("b"));
	workqueue_add(q, SLICE_LIT("c"));
	turn(5);
	check("a b ");
	workqueue_add(q, SLICE_LIT("a"));
	turn(2);
	buf_putc(&journal, 'x');
	check("x");
	result = 0;
	workqueue_done(q, SLICE_LIT("a"), 0);
	turn(5);
	check("c a ");
	workqueue_done(q, SLICE_LIT("b"), 0);
	workqueue_done(q, SLICE_LIT("nobody"), 0);
	ck_assert_uint_eq(workqueue_len(q), 0);
}
END_TEST

START_TEST(pause_and_delay) {
	workqueue_pause(q, true);
	workqueue_add(q, SLICE_LIT("a"));
	workqueue_add_after(q, SLICE_LIT("later"), 1000000);
	turn(3);
	ck_assert_uint_eq(journal.n, 0);
	workqueue_pause(q, false);
	turn(3);
	check("a ");
	ck_assert_uint_eq(workqueue_len(q), 1);
	workqueue_add_after(q, SLICE_LIT("later"), 1);
	for (int i = 0; i < 100 && workqueue_len(q); i++) loop_run(loop, UV_RUN_ONCE);
	check("later ");
}
END_TEST

START_TEST(keys_are_split) {
	struct slice ns, name;
	workqueue_split(SLICE_LIT("a/b"), &ns, &name);
	ck_assert(slice_eqs(ns, "a") && slice_eqs(name, "b"));
	workqueue_split(SLICE_LIT("b"), &ns, &name);
	ck_assert(ns.n == 0 && slice_eqs(name, "b"));
}
END_TEST

int main(void) {
	Suite *s = suite_create("client/workqueue");
	TCase *t = tcase_create("workqueue");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, keys_wait_once_in_order);
	tcase_add_test(t, a_key_added_during_its_work_comes_again);
	tcase_add_test(t, failures_come_back_later);
	tcase_add_test(t, unfinished_work_holds_a_place);
	tcase_add_test(t, pause_and_delay);
	tcase_add_test(t, keys_are_split);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
