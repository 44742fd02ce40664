/* SPDX-License-Identifier: Apache-2.0 */
/* Scans, old revisions, watches and listeners of a running store. */
#include "help.h"

#include <errno.h>
#include <string.h>

#define KEYS 40
#define STEPS 2000

static struct store_key pod(const char *name) { return help_key("/pods", "default", name); }

static struct store *open_limits(uint64_t events, uint64_t seconds, const struct env *env) {
	struct store_options o = { .env = env, .index = help_index, .history_events = events, .history_seconds = seconds };
	struct store *s;
	const char *msg;
	ck_assert_int_eq(store_open(&o, &s, &msg), 0);
	return s;
}

/* ---- scans ---- */

static size_t scan_count(struct store_snapshot *sn, const char *resource, const char *ns, const struct store_key *after) {
	struct store_cursor c;
	size_t n = 0;
	store_scan(sn, slice_str(resource), slice_str(ns), after, &c);
	while (store_next(&c)) n++;
	ck_assert_ptr_null(store_next(&c));
	return n;
}

START_TEST(scans_keep_to_their_range) {
	struct store *s = help_open(NULL);
	static const char *const spaces[] = { "a", "a-b", "b" };
	for (int i = 0; i < 90; i++) {
		char name[8];
		snprintf(name, sizeof(name), "p%02d", i / 3);
		help_create(s, help_key("/pods", spaces[i % 3], name), "1");
		help_create(s, help_key("/podsx", spaces[i % 3], name), "1");
	}
	help_create(s, help_key("/nodes", "", "n1"), "1");
	struct store_snapshot *sn = store_snapshot(s);
	ck_assert_uint_eq(scan_count(sn, "/pods", "", NULL), 90);
	ck_assert_uint_eq(scan_count(sn, "/pods", "a", NULL), 30);
	ck_assert_uint_eq(scan_count(sn, "/nodes", "", NULL), 1);
	ck_assert_uint_eq(scan_count(sn, "/none", "", NULL), 0);
	ck_assert_uint_eq(store_count(sn, SLICE_LIT("/pods"), SLICE_NULL), 90);
	ck_assert_uint_eq(store_count(sn, SLICE_LIT("/pods"), SLICE_LIT("a-b")), 30);
	ck_assert_uint_eq(store_count(sn, SLICE_LIT("/podsx"), SLICE_LIT("c")), 0);
	struct store_key after = help_key("/pods", "a", "p09");
	ck_assert_uint_eq(scan_count(sn, "/pods", "a", &after), 20);
	ck_assert_uint_eq(scan_count(sn, "/pods", "", &after), 80);
	after = help_key("/pods", "a", "p09x"); /* deleted since the token was made */
	ck_assert_uint_eq(scan_count(sn, "/pods", "a", &after), 20);
	after = help_key("/nodes", "", "n1"); /* a token of another list */
	ck_assert_uint_eq(scan_count(sn, "/pods", "a", &after), 30);
	after = help_key("/zzz", "", "n1");
	ck_assert_uint_eq(scan_count(sn, "/pods", "a", &after), 0);
	store_snapshot_unref(sn);
	store_close(s);
}
END_TEST

/* ---- old revisions ---- */

struct model { uint64_t rv[KEYS]; };

static unsigned long rnd_state = 12345;
static unsigned rnd(unsigned below) {
	rnd_state = rnd_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(rnd_state >> 33) % below;
}

static void same(struct store_snapshot *sn, const struct model *m) {
	size_t n = 0;
	for (unsigned i = 0; i < KEYS; i++) {
		char name[8];
		snprintf(name, sizeof(name), "p%02u", i);
		struct store_key k = pod(name);
		struct store_obj *o = store_get(sn, &k);
		ck_assert_uint_eq(o ? o->rv : 0, m->rv[i]);
		n += o != NULL;
	}
	ck_assert_uint_eq(store_count(sn, SLICE_LIT("/pods"), SLICE_NULL), n);
}

/* One to three ops on random keys, in one revision. */
static uint64_t random_txn(struct store *s, struct model *m) {
	struct store_op ops[3];
	char name[3][8];
	unsigned n = 1 + rnd(3), at[3];
	for (unsigned i = 0; i < n; i++) {
		at[i] = rnd(KEYS / 3) + i * (KEYS / 3);
		snprintf(name[i], sizeof(name[i]), "p%02u", at[i]);
		enum store_op_kind kind = !m->rv[at[i]] ? STORE_CREATE : rnd(3) ? STORE_UPDATE : STORE_DELETE;
		ops[i] = help_op(kind, pod(name[i]), m->rv[at[i]], "v");
	}
	_cleanup_outcome_ struct outcome o = help_txn(s, ops, n);
	ck_assert_int_eq(o.err, 0);
	for (unsigned i = 0; i < n; i++) m->rv[at[i]] = ops[i].kind == STORE_DELETE ? 0 : o.rv;
	return o.rv;
}

static void every_revision(const char *path) {
	static struct model at[STEPS + 2];
	struct store *s = help_open(path);
	struct store_snapshot *sn;
	memset(at, 0, sizeof(at));
	uint64_t first = store_rv(s);
	ck_assert_uint_eq(first, 1);
	for (int i = 0; i < STEPS; i++) {
		struct model m = at[first + (uint64_t)i];
		uint64_t rv = random_txn(s, &m);
		ck_assert_uint_eq(rv, first + (uint64_t)i + 1);
		at[rv] = m;
	}
	for (int round = 0; round < (path ? 2 : 1); round++) {
		for (uint64_t rv = first; rv <= first + STEPS; rv++) {
			ck_assert_int_eq(store_snapshot_at(s, rv, &sn), 0);
			ck_assert_uint_eq(store_snapshot_rv(sn), rv);
			same(sn, &at[rv]);
			store_snapshot_unref(sn);
		}
		ck_assert_int_eq(store_snapshot_at(s, first + STEPS + 1, &sn), -EAGAIN);
		ck_assert_int_eq(store_snapshot_at(s, 0, &sn), -ESTALE);
		store_close(s);
		s = help_open(path);
	}
	store_close(s);
}

START_TEST(every_kept_revision_can_be_read) { every_revision(NULL); }
END_TEST

START_TEST(old_revisions_can_be_read_after_a_restart) {
	char *dir = help_dir();
	_cleanup_free_ char *p = help_path(dir, "db");
	every_revision(p);
	help_rmdir(dir);
}
END_TEST

/* ---- watches ---- */

START_TEST(watch_sees_every_event_in_order) {
	struct store *s = help_open(NULL);
	struct store_watch w;
	struct model m = { 0 };
	ck_assert_int_eq(store_watch_init(s, SLICE_LIT("/pods"), store_rv(s), &w), 0);
	uint64_t rv = 0;
	for (int i = 0; i < 500; i++) {
		rv = random_txn(s, &m);
		help_create(s, help_key("/other", "", "x"), "1");
		help_delete(s, help_key("/other", "", "x"), STORE_RV_ANY);
	}
	struct model seen = { 0 };
	struct store_event *e;
	uint64_t last = 0;
	while (store_watch_next(&w, &e) == 1) {
		unsigned i = (unsigned)atoi(e->obj->key.name.p + 1);
		ck_assert(slice_eqs(e->obj->key.resource, "/pods"));
		ck_assert_uint_ge(e->rv, last);
		ck_assert_uint_eq(e->prev ? e->prev->rv : 0, seen.rv[i]);
		ck_assert_int_eq(e->kind, e->prev ? (e->kind == STORE_EV_DELETED ? STORE_EV_DELETED : STORE_EV_MODIFIED) : STORE_EV_ADDED);
		ck_assert_uint_eq(e->obj->rv, e->rv);
		seen.rv[i] = e->kind == STORE_EV_DELETED ? 0 : e->rv;
		last = e->rv;
		store_event_unref(e);
	}
	ck_assert_uint_eq(last, rv);
	ck_assert_int_eq(memcmp(&seen, &m, sizeof(m)), 0);
	ck_assert_uint_eq(store_watch_rv(&w), store_rv(s)); /* bookmarks move with other resources too */
	store_close(s);
}
END_TEST

START_TEST(a_revision_counts_as_seen_with_its_last_event) {
	struct store *s = help_open(NULL);
	struct store_watch w;
	struct store_event *e;
	ck_assert_int_eq(store_watch_init(s, SLICE_LIT("/pods"), store_rv(s), &w), 0);
	struct store_op ops[2] = { help_op(STORE_CREATE, pod("a"), 0, "1"), help_op(STORE_CREATE, pod("b"), 0, "1") };
	_cleanup_outcome_ struct outcome o = help_txn(s, ops, 2);
	ck_assert_int_eq(store_watch_next(&w, &e), 1);
	store_event_unref(e);
	ck_assert_uint_eq(store_watch_rv(&w), o.rv - 1); /* resuming here repeats a, but does not lose b */
	ck_assert_int_eq(store_watch_next(&w, &e), 1);
	ck_assert(slice_eqs(e->obj->key.name, "b"));
	store_event_unref(e);
	ck_assert_uint_eq(store_watch_rv(&w), o.rv);
	store_close(s);
}
END_TEST

START_TEST(watch_starts_behind_its_revision) {
	struct store *s = help_open(NULL);
	struct store_watch w;
	struct store_event *e;
	uint64_t a = help_create(s, pod("a"), "1"), b = help_create(s, pod("b"), "1");
	ck_assert_int_eq(store_watch_init(s, SLICE_LIT("/pods"), a, &w), 0);
	ck_assert_int_eq(store_watch_next(&w, &e), 1);
	ck_assert_uint_eq(e->rv, b);
	store_event_unref(e);
	ck_assert_int_eq(store_watch_next(&w, &e), 0);
	/* a revision that has not come yet: events up to it are not shown */
	ck_assert_int_eq(store_watch_init(s, SLICE_LIT("/pods"), b + 1, &w), 0);
	help_create(s, pod("c"), "1");
	uint64_t d = help_create(s, pod("d"), "1");
	ck_assert_int_eq(store_watch_next(&w, &e), 1);
	ck_assert_uint_eq(e->rv, d);
	store_event_unref(e);
	store_close(s);
}
END_TEST

START_TEST(too_old_is_said_and_overtaken_too) {
	struct store *s = open_limits(100, 0, &env_system);
	struct store_watch slow, quiet;
	struct store_event *e;
	struct store_snapshot *sn;
	uint64_t start = help_create(s, help_key("/quiet", "", "q"), "1");
	ck_assert_int_eq(store_watch_init(s, SLICE_LIT("/pods"), start, &slow), 0);
	ck_assert_int_eq(store_watch_init(s, SLICE_LIT("/quiet"), start, &quiet), 0);
	uint64_t rv = help_create(s, pod("a"), "1");
	for (int i = 0; i < 300; i++) rv = help_update(s, pod("a"), rv, "2");
	help_create(s, pod("b"), "1"); /* the one before has been trimmed by now */
	ck_assert_int_eq(store_watch_next(&slow, &e), -ESTALE);
	ck_assert_int_eq(store_watch_next(&slow, &e), -ESTALE);
	ck_assert_int_eq(store_watch_init(s, SLICE_LIT("/pods"), start, &slow), -ESTALE);
	ck_assert_int_eq(store_watch_init(s, SLICE_LIT("/pods"), rv, &slow), 0);
	/* a resource nothing has happened to has lost nothing */
	ck_assert_int_eq(store_watch_next(&quiet, &e), 0);
	ck_assert_int_eq(store_watch_init(s, SLICE_LIT("/quiet"), start, &quiet), 0);
	ck_assert_int_eq(store_snapshot_at(s, start, &sn), -ESTALE);
	ck_assert_int_eq(store_snapshot_at(s, rv - 10, &sn), 0);
	store_snapshot_unref(sn);
	struct store_stats st;
	store_stats(s, &st);
	ck_assert_uint_le(st.events, 101);
	store_close(s);
}
END_TEST

static _Atomic uint64_t fake_ns;
static uint64_t fake_mono(void *ctx) { return atomic_load(&fake_ns); }
static int64_t fake_now(void *ctx) { return (int64_t)atomic_load(&fake_ns); }
static int fake_random(void *ctx, void *p, size_t n) { return env_system.random(NULL, p, n); }

START_TEST(history_ages) {
	const struct env env = { NULL, fake_now, fake_mono, fake_random };
	atomic_store(&fake_ns, 1000 * NSEC_PER_SEC);
	struct store *s = open_limits(0, 60, &env);
	struct store_snapshot *sn;
	uint64_t rv = help_create(s, pod("a"), "1");
	atomic_fetch_add(&fake_ns, 50 * NSEC_PER_SEC);
	uint64_t rv2 = help_update(s, pod("a"), rv, "2");
	ck_assert_int_eq(store_snapshot_at(s, rv - 1, &sn), 0);
	store_snapshot_unref(sn);
	atomic_fetch_add(&fake_ns, 20 * NSEC_PER_SEC);
	help_create(s, pod("b"), "1");
	help_create(s, pod("c"), "1");
	ck_assert_int_eq(store_snapshot_at(s, rv - 1, &sn), -ESTALE);
	ck_assert_int_eq(store_snapshot_at(s, rv, &sn), 0);
	struct store_key k = pod("a");
	ck_assert_uint_eq(store_get(sn, &k)->rv, rv);
	store_snapshot_unref(sn);
	ck_assert_uint_gt(rv2, rv);
	store_close(s);
}
END_TEST

/* ---- listeners ---- */

struct heard { int calls; uint64_t rv; };

static void on_rv(void *ctx, uint64_t rv) {
	struct heard *h = ctx;
	h->calls++;
	ck_assert_uint_ge(rv, h->rv);
	h->rv = rv;
}

START_TEST(listeners_are_told_and_not_flooded) {
	struct store *s = help_open(NULL);
	struct loop *l;
	struct heard h = { 0 };
	struct store_listener *li;
	ck_assert_int_eq(loop_new(&l), 0);
	ck_assert_int_eq(store_listen(s, l, on_rv, &h, &li), 0);
	uint64_t rv = 0;
	for (int i = 0; i < 100; i++) {
		rv = help_create(s, pod("a"), "1");
		rv = help_delete(s, pod("a"), rv);
	}
	while (h.rv < rv) loop_run(l, UV_RUN_ONCE);
	ck_assert_int_le(h.calls, 2); /* all while the loop was not running: one message, perhaps one more */
	help_create(s, pod("b"), "1");
	store_unlisten(li);
	int before = h.calls;
	loop_run(l, UV_RUN_NOWAIT);
	ck_assert_int_eq(h.calls, before);
	loop_free(l);
	store_close(s);
}
END_TEST

int main(void) {
	Suite *suite = suite_create("store history");
	TCase *tc = tcase_create("history");
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, scans_keep_to_their_range);
	tcase_add_test(tc, every_kept_revision_can_be_read);
	tcase_add_test(tc, old_revisions_can_be_read_after_a_restart);
	tcase_add_test(tc, watch_sees_every_event_in_order);
	tcase_add_test(tc, a_revision_counts_as_seen_with_its_last_event);
	tcase_add_test(tc, watch_starts_behind_its_revision);
	tcase_add_test(tc, too_old_is_said_and_overtaken_too);
	tcase_add_test(tc, history_ages);
	tcase_add_test(tc, listeners_are_told_and_not_flooded);
	suite_add_tcase(suite, tc);
	SRunner *r = srunner_create(suite);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
