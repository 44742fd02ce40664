/* SPDX-License-Identifier: Apache-2.0 */
/* The store on a datastore that others write as well. */
#include "fake_remote.h"
#include "help.h"

#include <errno.h>
#include <semaphore.h>

static struct fake_remote *fake;
static struct store *store;
static struct loop *loop;
#define KEY(name) help_key("/things", "ns", name)

static void setup(void) {
	const char *msg;
	struct store_options o = { .remote = fake_remote_new(&fake), .env = &env_system, .index = help_index };
	ck_assert_int_eq(store_open(&o, &store, &msg), 0);
	ck_assert_int_eq(loop_start("test", &loop), 0);
}

static void teardown(void) {
	store_close(store);
	loop_stop(loop);
}

static const char *value_of(const char *name) {
	struct store_snapshot *sn = store_snapshot(store);
	struct store_key key = KEY(name);
	struct store_obj *o = store_get(sn, &key);
	const char *v = o ? help_value(o) : NULL;
	store_snapshot_unref(sn);
	return v;
}

/* A transaction that is not waited for. */
struct pending { sem_t done; int err; uint64_t rv; };

static void on_done(void *ctx, const struct store_result *res) {
	struct pending *p = ctx;
	p->err = res->err;
	p->rv = res->rv;
	sem_post(&p->done);
}

static void begin(struct pending *p, struct store_op op) {
	sem_init(&p->done, 0, 0);
	ck_assert_int_eq(store_txn(store, &op, 1, loop, on_done, p), 0);
}

static void end(struct pending *p) {
	while (sem_wait(&p->done) < 0) {}
	sem_destroy(&p->done);
}

static void on_sync(void *ctx, int err) {
	struct pending *p = ctx;
	p->err = err;
	p->rv = store_rv(store);
	sem_post(&p->done);
}

static void sync_begin(struct pending *p) {
	sem_init(&p->done, 0, 0);
	ck_assert_int_eq(store_sync(store, loop, on_sync, p), 1);
}

START_TEST(writes_have_the_remotes_revisions) {
	uint64_t rv = help_create(store, KEY("a"), "1");
	ck_assert_uint_eq(rv, 11);
	ck_assert_str_eq(value_of("a"), "1");
	ck_assert_uint_eq(help_update(store, KEY("a"), rv, "2"), 12);
	ck_assert_uint_eq(help_update(store, KEY("a"), STORE_RV_ANY, "3"), 13);
	ck_assert_str_eq(value_of("a"), "3");
	ck_assert_uint_eq(help_delete(store, KEY("a"), 13), 14);
	ck_assert_ptr_null(value_of("a"));
	ck_assert_uint_eq(store_rv(store), 14);
}
END_TEST

START_TEST(what_fails_here_is_not_asked_there) {
	uint64_t rv = help_create(store, KEY("a"), "1");
	int before = fake_txns(fake);
	ck_assert_int_eq(help_try(store, help_op(STORE_CREATE, KEY("a"), 0, "2")), -EEXIST);
	ck_assert_int_eq(help_try(store, help_op(STORE_UPDATE, KEY("a"), rv + 1, "2")), -ESTALE);
	ck_assert_int_eq(help_try(store, help_op(STORE_UPDATE, KEY("b"), STORE_RV_ANY, "2")), -ENOENT);
	ck_assert_int_eq(fake_txns(fake), before);
	ck_assert_str_eq(value_of("a"), "1");
}
END_TEST

START_TEST(an_answer_waits_for_the_stream) {
	struct pending p;
	fake_let_out(fake, 10);
	begin(&p, help_op(STORE_CREATE, KEY("a"), 0, "1"));
	while (fake_txns(fake) == 0) {}
	ck_assert_ptr_null(value_of("a"));
	ck_assert_int_eq(sem_trywait(&p.done), -1);
	fake_let_out(fake, 11);
	end(&p);
	ck_assert_int_eq(p.err, 0);
	ck_assert_uint_eq(p.rv, 11);
	ck_assert_str_eq(value_of("a"), "1");
}
END_TEST

/* Somebody else was faster, and this server had not heard of it. */
START_TEST(a_lost_race_is_told_with_the_winners_object) {
	uint64_t rv = help_create(store, KEY("a"), "1");
	fake_let_out(fake, rv);
	fake_write(fake, "a", "2");
	struct pending p;
	begin(&p, help_op(STORE_UPDATE, KEY("a"), rv, "3"));
	while (fake_txns(fake) < 2) {}
	fake_let_out(fake, UINT64_MAX);
	end(&p);
	ck_assert_int_eq(p.err, -ESTALE);
	ck_assert_str_eq(value_of("a"), "2");
}
END_TEST

START_TEST(a_name_taken_elsewhere_exists) {
	fake_let_out(fake, 10);
	fake_write(fake, "a", "1");
	struct pending p;
	begin(&p, help_op(STORE_CREATE, KEY("a"), 0, "2"));
	while (fake_txns(fake) < 1) {}
	fake_let_out(fake, UINT64_MAX);
	end(&p);
	ck_assert_int_eq(p.err, -EEXIST);
	ck_assert_str_eq(value_of("a"), "1");
}
END_TEST

/* The object was made anew meanwhile: a change of any revision of it finds the new one at the second attempt. */
START_TEST(an_unconditional_change_is_planned_anew) {
	help_create(store, KEY("a"), "1");
	fake_let_out(fake, 11);
	fake_write(fake, "a", NULL);
	fake_write(fake, "a", "2");
	struct pending p;
	begin(&p, help_op(STORE_UPDATE, KEY("a"), STORE_RV_ANY, "3"));
	while (fake_txns(fake) < 2) {}
	fake_let_out(fake, UINT64_MAX);
	end(&p);
	ck_assert_int_eq(p.err, 0);
	ck_assert_str_eq(value_of("a"), "3");
}
END_TEST

/* No answer is no success, whether the write was done or not; what was done is seen all the same. */
START_TEST(a_lost_answer_is_no_success) {
	fake_fail(fake, 1, -ENOLINK, _i == 0);
	ck_assert_int_eq(help_try(store, help_op(STORE_CREATE, KEY("a"), 0, "1")), -ENOLINK);
	help_create(store, KEY("b"), "1");
	if (_i == 0) ck_assert_str_eq(value_of("a"), "1");
	else ck_assert_ptr_null(value_of("a"));
}
END_TEST

START_TEST(a_fresh_read_waits_for_what_others_wrote) {
	fake_let_out(fake, 10);
	uint64_t rv = fake_write(fake, "a", "1");
	struct pending p;
	sync_begin(&p);
	ck_assert_uint_eq(store_rv(store), 10);
	fake_let_out(fake, rv);
	end(&p);
	ck_assert_int_eq(p.err, 0);
	ck_assert_uint_ge(p.rv, rv);
	ck_assert_str_eq(value_of("a"), "1");
}
END_TEST

START_TEST(a_fresh_read_without_a_quorum_fails) {
	struct pending p;
	fake_fail_reads(fake, -ENOLINK);
	sync_begin(&p);
	end(&p);
	ck_assert_int_eq(p.err, -ENOLINK);
	fake_fail_reads(fake, 0);
	sync_begin(&p);
	end(&p);
	ck_assert_int_eq(p.err, 0);
}
END_TEST

START_TEST(nobody_waits_for_a_stream_that_is_gone) {
	struct pending w, p;
	char msg[64];
	fake_let_out(fake, 10);
	begin(&w, help_op(STORE_CREATE, KEY("a"), 0, "1"));
	while (fake_txns(fake) == 0) {}
	sync_begin(&p);
	while (store_health(store, msg, sizeof(msg)) == 0) fake_health(fake, -ENOLINK);
	/* The question may come behind the bad news; it is answered at the next. */
	for (bool told = false; !told; told = sem_trywait(&p.done) == 0) fake_health(fake, -ENOLINK);
	end(&w);
	ck_assert_int_eq(w.err, -ENOLINK);
	ck_assert_int_eq(p.err, -ENOLINK);
	ck_assert_str_eq(msg, "gone");
	fake_health(fake, 0);
	fake_let_out(fake, UINT64_MAX);
	ck_assert_int_eq(store_health(store, msg, sizeof(msg)), 0);
	ck_assert_str_eq(value_of("a"), "1");
	sem_destroy(&p.done);
}
END_TEST

START_TEST(watchers_see_own_and_others_writes_in_order) {
	struct store_watch w;
	struct store_event *e;
	ck_assert_int_eq(store_watch_init(store, SLICE_LIT("/things"), store_rv(store), &w), 0);
	uint64_t rv = help_create(store, KEY("a"), "1");
	fake_write(fake, "b", "2");
	help_update(store, KEY("a"), rv, "3");
	fake_write(fake, "a", NULL);
	static const struct { enum store_event_kind kind; uint64_t rv; const char *value; } want[] = {
		{ STORE_EV_ADDED, 11, "1" }, { STORE_EV_ADDED, 12, "2" }, { STORE_EV_MODIFIED, 13, "3" }, { STORE_EV_DELETED, 14, "3" },
	};
	for (size_t i = 0; i < ELEMENTSOF(want); i++) {
		char rv_text[48];
		ck_assert_int_eq(store_watch_next(&w, &e), 1);
		ck_assert_int_eq(e->kind, want[i].kind);
		ck_assert_uint_eq(e->rv, want[i].rv);
		ck_assert_str_eq(help_value(e->obj), want[i].value);
		snprintf(rv_text, sizeof(rv_text), "\"resourceVersion\":\"%d\"", (int)want[i].rv);
		ck_assert_int_ge(slice_find(blob_slice(e->obj->json), slice_str(rv_text)), 0);
		store_event_unref(e);
	}
	ck_assert_int_eq(store_watch_next(&w, &e), 0);
}
END_TEST

START_TEST(missed_changes_end_the_watches) {
	struct store_watch w, later;
	struct store_event *e;
	struct store_snapshot *sn;
	uint64_t rv = help_create(store, KEY("a"), "1");
	ck_assert_int_eq(store_watch_init(store, SLICE_LIT("/things"), rv, &w), 0);
	fake_let_out(fake, rv);
	fake_write(fake, "a", NULL);
	fake_write(fake, "b", "2");
	fake_load_anew(fake);
	ck_assert_ptr_null(value_of("a"));
	ck_assert_str_eq(value_of("b"), "2");
	ck_assert_int_eq(store_watch_next(&w, &e), -ESTALE);
	ck_assert_int_eq(store_snapshot_at(store, rv, &sn), -ESTALE);
	ck_assert_int_eq(store_watch_init(store, SLICE_LIT("/things"), rv, &later), -ESTALE);
	ck_assert_int_eq(store_watch_init(store, SLICE_LIT("/things"), store_rv(store), &later), 0);
	fake_let_out(fake, UINT64_MAX);
	help_create(store, KEY("c"), "3");
	ck_assert_int_eq(store_watch_next(&later, &e), 1);
	ck_assert_str_eq(help_value(e->obj), "3");
	store_event_unref(e);
}
END_TEST

START_TEST(old_states_can_be_read_between_revisions_of_others) {
	struct store_snapshot *sn;
	struct store_key key = KEY("a");
	uint64_t rv = help_create(store, KEY("a"), "1");
	help_update(store, KEY("a"), rv, "2");
	ck_assert_int_eq(store_snapshot_at(store, rv, &sn), 0);
	ck_assert_str_eq(help_value(store_get(sn, &key)), "1");
	store_snapshot_unref(sn);
	ck_assert_int_eq(store_snapshot_at(store, rv + 5, &sn), -EAGAIN);
}
END_TEST

/* What is in flight when the store closes is answered. */
START_TEST(closing_answers_those_who_wait) {
	struct pending p;
	fake_let_out(fake, 10);
	begin(&p, help_op(STORE_CREATE, KEY("a"), 0, "1"));
	while (fake_txns(fake) == 0) {}
	store_close(store);
	end(&p);
	ck_assert_int_eq(p.err, -ESHUTDOWN);
	loop_stop(loop);
}
END_TEST

int main(void) {
	Suite *s = suite_create("store follow");
	TCase *t = tcase_create("all"), *closing = tcase_create("closing");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_checked_fixture(closing, setup, NULL);
	tcase_add_test(t, writes_have_the_remotes_revisions);
	tcase_add_test(t, what_fails_here_is_not_asked_there);
	tcase_add_test(t, an_answer_waits_for_the_stream);
	tcase_add_test(t, a_lost_race_is_told_with_the_winners_object);
	tcase_add_test(t, a_name_taken_elsewhere_exists);
	tcase_add_test(t, an_unconditional_change_is_planned_anew);
	tcase_add_loop_test(t, a_lost_answer_is_no_success, 0, 2);
	tcase_add_test(t, a_fresh_read_waits_for_what_others_wrote);
	tcase_add_test(t, a_fresh_read_without_a_quorum_fails);
	tcase_add_test(t, nobody_waits_for_a_stream_that_is_gone);
	tcase_add_test(t, watchers_see_own_and_others_writes_in_order);
	tcase_add_test(t, missed_changes_end_the_watches);
	tcase_add_test(t, old_states_can_be_read_between_revisions_of_others);
	tcase_add_test(closing, closing_answers_those_who_wait);
	suite_add_tcase(s, t);
	suite_add_tcase(s, closing);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
