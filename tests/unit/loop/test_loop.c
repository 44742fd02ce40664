/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

static atomic_int count;
static int order[64], order_n;

static void add_one(void *arg) { atomic_fetch_add(&count, 1); }
static void note(void *arg) { order[order_n++] = (int)(intptr_t)arg; }

START_TEST(messages_run_in_order) {
	struct loop *l;
	ck_assert_int_eq(loop_start("test", &l), 0);
	for (intptr_t i = 0; i < 50; i++) ck_assert_int_eq(loop_post(l, note, (void *)i), 0);
	loop_stop(l);
	ck_assert_int_eq(order_n, 50);
	for (int i = 0; i < 50; i++) ck_assert_int_eq(order[i], i);
}
END_TEST

static void *post_many(void *arg) {
	for (int i = 0; i < 10000; i++) ck_assert_int_eq(loop_post(arg, add_one, NULL), 0);
	return NULL;
}

START_TEST(many_threads_post) {
	struct loop *l;
	pthread_t t[4];
	ck_assert_int_eq(loop_start("test", &l), 0);
	for (size_t i = 0; i < ELEMENTSOF(t); i++) pthread_create(&t[i], NULL, post_many, l);
	for (size_t i = 0; i < ELEMENTSOF(t); i++) pthread_join(t[i], NULL);
	loop_stop(l);
	ck_assert_int_eq(atomic_load(&count), 40000);
}
END_TEST

static void post_again(void *arg) {
	struct loop *l = arg;
	note((void *)1);
	ck_assert_ptr_eq(loop_current(), l);
	ck_assert_int_eq(loop_post(l, note, (void *)2), 0);
}

static void hook(void *arg) { note(arg); }
static void hook_posts(void *arg) { ck_assert_int_eq(loop_post(arg, note, (void *)3), 0); }

static void add_hooks(void *arg) {
	loop_on_stop(arg, hook, (void *)11);
	loop_on_stop(arg, hook, (void *)12);
	loop_on_stop(arg, hook_posts, arg);
}

/* What was posted before the stop, the hooks, and what was posted meanwhile. */
START_TEST(stopping_runs_messages_then_hooks_last_first) {
	struct loop *l;
	ck_assert_int_eq(loop_start("test", &l), 0);
	loop_post(l, add_hooks, l);
	loop_post(l, post_again, l);
	loop_stop(l);
	static const int want[] = { 1, 12, 11, 2, 3 };
	ck_assert_int_eq(order_n, (int)ELEMENTSOF(want));
	ck_assert_int_eq(memcmp(order, want, sizeof(want)), 0);
	ck_assert_ptr_null(loop_current());
}
END_TEST

static void post_from_message(void *arg) {
	ck_assert_int_eq(loop_post(arg, add_one, NULL), 0);
}

START_TEST(an_owned_loop_is_run_by_its_caller) {
	struct loop *l;
	ck_assert_int_eq(loop_new(&l), 0);
	ck_assert_int_eq(loop_post(l, post_from_message, l), 0);
	ck_assert_int_eq(atomic_load(&count), 0);
	while (atomic_load(&count) == 0) loop_run(l, UV_RUN_ONCE);
	loop_post(l, add_one, NULL);
	loop_free(l);
	ck_assert_int_eq(atomic_load(&count), 2);
}
END_TEST

static void break_it(void *arg) {
	atomic_fetch_add(&count, 1);
	loop_break(arg);
}

START_TEST(break_ends_a_run) {
	struct loop *l;
	ck_assert_int_eq(loop_new(&l), 0);
	loop_post(l, break_it, l);
	loop_run(l, UV_RUN_DEFAULT);
	ck_assert_int_eq(atomic_load(&count), 1);
	loop_free(l);
}
END_TEST

static struct loop_timer *repeating;
static struct loop *timed;

static void on_repeat(void *arg) {
	if (atomic_fetch_add(&count, 1) == 2) {
		repeating = loop_timer_stop(repeating);
		loop_break(timed);
	}
}
static void on_once(void *arg) { note(arg); }
static void never(void *arg) { ck_abort_msg("a stopped timer fired"); }

START_TEST(timers_fire_repeat_and_stop) {
	ck_assert_int_eq(loop_new(&timed), 0);
	repeating = loop_timer_start(timed, 1, 1, on_repeat, NULL);
	ck_assert_ptr_nonnull(loop_timer_start(timed, 0, 0, on_once, (void *)7));
	struct loop_timer *stopped = loop_timer_start(timed, 1, 0, never, NULL);
	ck_assert_ptr_null(loop_timer_stop(stopped));
	ck_assert_ptr_null(loop_timer_stop(NULL));
	loop_run(timed, UV_RUN_DEFAULT);
	ck_assert_int_eq(atomic_load(&count), 3);
	ck_assert_int_eq(order_n, 1);
	loop_free(timed);
}
END_TEST

static void write_to_nobody(void *arg) {
	int *fds = arg;
	ck_assert_int_eq((int)write(fds[1], "x", 1), -1);
	ck_assert_int_eq(errno, EPIPE);
	atomic_fetch_add(&count, 1);
}

START_TEST(a_reader_that_left_is_an_error_not_a_signal) {
	int fds[2];
	struct loop *l;
	ck_assert_int_eq(pipe(fds), 0);
	close(fds[0]);
	ck_assert_int_eq(loop_start("test", &l), 0);
	loop_post(l, write_to_nobody, fds);
	loop_stop(l);
	ck_assert_int_eq(loop_new(&l), 0);
	loop_post(l, write_to_nobody, fds);
	while (atomic_load(&count) < 2) loop_run(l, UV_RUN_ONCE);
	loop_free(l);
	close(fds[1]);
	sigset_t s;
	pthread_sigmask(SIG_BLOCK, NULL, &s);
	ck_assert_int_eq(sigismember(&s, SIGPIPE), 0);
}
END_TEST

static void *stop_it(void *arg) {
	loop_stop(arg);
	return NULL;
}

START_TEST(posting_to_a_stopping_loop_keeps_or_refuses) {
	/* Whatever was accepted runs; what was refused does not. */
	struct loop *l;
	pthread_t t;
	int accepted = 0;
	ck_assert_int_eq(loop_start("test", &l), 0);
	for (int i = 0; i < 1000; i++) accepted += loop_post(l, add_one, NULL) == 0;
	pthread_create(&t, NULL, stop_it, l);
	pthread_join(t, NULL);
	ck_assert_int_eq(atomic_load(&count), accepted);
}
END_TEST

int main(void) {
	Suite *s = suite_create("loop");
	TCase *t = tcase_create("all");
	tcase_add_test(t, messages_run_in_order);
	tcase_add_test(t, many_threads_post);
	tcase_add_test(t, stopping_runs_messages_then_hooks_last_first);
	tcase_add_test(t, an_owned_loop_is_run_by_its_caller);
	tcase_add_test(t, break_ends_a_run);
	tcase_add_test(t, timers_fire_repeat_and_stop);
	tcase_add_test(t, a_reader_that_left_is_an_error_not_a_signal);
	tcase_add_test(t, posting_to_a_stopping_loop_keeps_or_refuses);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
