/* SPDX-License-Identifier: Apache-2.0 */
/* Writers, readers, readers of old revisions and watchers at once; made for ThreadSanitizer, checked without it too. */
#include "help.h"
#include "store/snapshot.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define WRITERS 4
#define READERS 3
#define WATCHERS 3
#define TXNS 1500
#define KEYS 30

static struct store *store;
static _Atomic int writers_left;
static _Atomic uint64_t last_rv;

/* Each transaction gives a pair of objects the same value: a reader who sees them differ has seen half a transaction. */
static void *writer(void *arg) {
	unsigned seed = (unsigned)(uintptr_t)arg;
	for (int i = 0; i < TXNS; i++) {
		char a[16], b[16], value[32];
		int k = rand_r(&seed) % KEYS;
		snprintf(a, sizeof(a), "p%02d-a", k);
		snprintf(b, sizeof(b), "p%02d-b", k);
		snprintf(value, sizeof(value), "%u", rand_r(&seed));
		enum store_op_kind kind = (enum store_op_kind)(rand_r(&seed) % 3);
		struct store_op ops[2] = { help_op(kind, help_key("/pods", "x", a), STORE_RV_ANY, value), help_op(kind, help_key("/pods", "x", b), STORE_RV_ANY, value) };
		_cleanup_outcome_ struct outcome o = help_txn(store, ops, 2);
		if (o.err == 0) {
			uint64_t seen = atomic_load(&last_rv);
			while (seen < o.rv && !atomic_compare_exchange_weak(&last_rv, &seen, o.rv)) {}
			ck_assert_uint_ge(store_rv(store), o.rv); /* one's own writes are seen */
		} else {
			ck_assert(o.err == -EEXIST || o.err == -ENOENT);
		}
	}
	atomic_fetch_sub(&writers_left, 1);
	return NULL;
}

static void check_pairs(struct store_snapshot *sn) {
	struct store_cursor c;
	struct store_obj *a, *b;
	size_t n = 0;
	store_scan(sn, SLICE_LIT("/pods"), SLICE_LIT("x"), NULL, &c);
	while ((a = store_next(&c))) {
		char value[64];
		b = store_next(&c);
		ck_assert_ptr_nonnull(b);
		snprintf(value, sizeof(value), "%s", help_value(a));
		ck_assert_str_eq(help_value(b), value);
		ck_assert_uint_eq(a->rv, b->rv);
		ck_assert_uint_le(a->rv, store_snapshot_rv(sn));
		n += 2;
	}
	ck_assert_uint_eq(store_count(sn, SLICE_LIT("/pods"), SLICE_NULL), n);
}

static void *reader(void *arg) {
	unsigned seed = (unsigned)(uintptr_t)arg;
	while (atomic_load(&writers_left)) {
		struct store_snapshot *sn = store_snapshot(store), *old = NULL;
		check_pairs(sn);
		uint64_t back = (uint64_t)rand_r(&seed) % 200, rv = store_snapshot_rv(sn);
		int r = rv > back ? store_snapshot_at(store, rv - back, &old) : -ESTALE;
		ck_assert(r == 0 || r == -ESTALE);
		if (old) {
			ck_assert_uint_eq(store_snapshot_rv(old), rv - back);
			check_pairs(old);
		}
		store_snapshot_unref(old);
		store_snapshot_unref(sn);
	}
	return NULL;
}

struct replica { uint64_t rv[KEYS][2]; };

static void follow(struct store_watch *w, struct replica *r) {
	struct store_event *e;
	int got;
	while ((got = store_watch_next(w, &e)) == 1) {
		int k = (e->obj->key.name.p[1] - '0') * 10 + e->obj->key.name.p[2] - '0', half = e->obj->key.name.p[4] - 'a';
		ck_assert_uint_eq(e->prev ? e->prev->rv : 0, r->rv[k][half]);
		r->rv[k][half] = e->kind == STORE_EV_DELETED ? 0 : e->rv;
		store_event_unref(e);
	}
	ck_assert_int_eq(got, 0);
}

/* Follows from the start and starts anew now and then from where it was; ends with the store's own state. */
static void *watcher(void *arg) {
	struct store_watch w;
	struct replica r = { 0 };
	ck_assert_int_eq(store_watch_init(store, SLICE_LIT("/pods"), 1, &w), 0);
	for (int i = 0; atomic_load(&writers_left); i++) {
		follow(&w, &r);
		if (i % 100 == 0) ck_assert_int_eq(store_watch_init(store, SLICE_LIT("/pods"), store_watch_rv(&w), &w), 0);
		usleep(200);
	}
	follow(&w, &r);
	ck_assert_uint_ge(store_watch_rv(&w), atomic_load(&last_rv));
	struct store_snapshot *sn = store_snapshot(store);
	for (int k = 0; k < KEYS * 2; k++) {
		char name[16];
		snprintf(name, sizeof(name), "p%02d-%c", k / 2, 'a' + k % 2);
		struct store_key key = help_key("/pods", "x", name);
		struct store_obj *o = store_get(sn, &key);
		ck_assert_uint_eq(o ? o->rv : 0, r.rv[k / 2][k % 2]);
	}
	store_snapshot_unref(sn);
	return NULL;
}

static void run(const char *path) {
	pthread_t t[WRITERS + READERS + WATCHERS];
	store = help_open(path);
	atomic_store(&writers_left, WRITERS);
	for (uintptr_t i = 0; i < ELEMENTSOF(t); i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, i < WRITERS ? writer : i < WRITERS + READERS ? reader : watcher, (void *)(i + 1)), 0);
	for (size_t i = 0; i < ELEMENTSOF(t); i++) pthread_join(t[i], NULL);
	store_close(store);
}

START_TEST(ephemeral) { run(NULL); }
END_TEST

START_TEST(durable) {
	char *dir = help_dir();
	_cleanup_free_ char *path = help_path(dir, "db");
	run(path);
	help_rmdir(dir);
}
END_TEST

/* Snapshots taken far more often than roots are published: the count of taken references must not overflow its 16 bits. */
static void *grabber(void *arg) {
	for (int i = 0; i < 60000; i++) {
		struct store_snapshot *sn[4];
		for (size_t k = 0; k < 4; k++) sn[k] = store_snapshot(store);
		for (size_t k = 0; k < 4; k++) store_snapshot_unref(sn[k]);
	}
	return NULL;
}

START_TEST(more_readers_than_the_word_can_count) {
	pthread_t t[3];
	store = help_open(NULL);
	help_create(store, help_key("/pods", "x", "p00-a"), "1");
	for (size_t i = 0; i < 3; i++) pthread_create(&t[i], NULL, grabber, NULL);
	for (int i = 0; i < 5; i++) {
		usleep(10000);
		help_update(store, help_key("/pods", "x", "p00-a"), STORE_RV_ANY, "2");
	}
	for (size_t i = 0; i < 3; i++) pthread_join(t[i], NULL);
	struct store_snapshot *kept[200];
	for (size_t i = 0; i < 200; i++) kept[i] = store_snapshot(store);
	store_close(store);
	struct store_key k = help_key("/pods", "x", "p00-a");
	ck_assert_ptr_nonnull(store_get(kept[0], &k)); /* valid beyond the store */
	for (size_t i = 0; i < 200; i++) store_snapshot_unref(kept[i]);
}
END_TEST

/* The taken references are counted in 16 bits of the published word: every one of 100,000 has to be accounted for. */
START_TEST(no_reference_is_miscounted) {
	store = help_open(NULL);
	uint64_t rv = help_create(store, help_key("/pods", "x", "p00-a"), "1");
	struct store_snapshot *kept = store_snapshot(store);
	for (int i = 0; i < 100000; i++) ck_assert_ptr_null(store_snapshot_unref(store_snapshot(store)));
	help_update(store, help_key("/pods", "x", "p00-a"), rv, "2");
	help_update(store, help_key("/pods", "x", "p00-a"), STORE_RV_ANY, "3");
	ck_assert_int_eq(atomic_load(&kept->refs), 1);
	store_snapshot_unref(kept);
	store_close(store);
}
END_TEST

int main(void) {
	Suite *suite = suite_create("store threads");
	TCase *tc = tcase_create("threads");
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, ephemeral);
	tcase_add_test(tc, durable);
	tcase_add_test(tc, no_reference_is_miscounted);
	tcase_add_test(tc, more_readers_than_the_word_can_count);
	suite_add_tcase(suite, tc);
	SRunner *r = srunner_create(suite);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
