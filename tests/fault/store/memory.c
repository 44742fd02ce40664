/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of a short life fails once, one after the other: a call answers -ENOMEM or succeeds, nothing is half done,
 * nothing acknowledged is lost, and afterwards everything works again. The store's and its rooms' calls of malloc are wrapped by
 * the linker; SQLite's are not (it has been tested so by its makers).
 */
#include "../../unit/store/help.h"

#include <errno.h>
#include <string.h>

#define WRITES 12
#define KEYS 5
#define NTH_MAX 5000

static _Atomic long countdown, struck;
static atomic_bool armed; /* only while the store works: Check allocates through the same wrapper */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static bool fails(void) {
	if (!atomic_load(&armed) || atomic_load(&countdown) <= 0 || atomic_fetch_sub(&countdown, 1) != 1) return false;
	atomic_fetch_add(&struck, 1);
	return true;
}

void *__wrap_malloc(size_t n) { return fails() ? NULL : __real_malloc(n); }
void *__wrap_calloc(size_t n, size_t size) { return fails() ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *p, size_t n) { return fails() ? NULL : __real_realloc(p, n); }

static struct store_key key_of(int i, char buf[8]) {
	snprintf(buf, 8, "p%d", i);
	return help_key("/pods", "default", buf);
}

struct known { uint64_t rv[KEYS]; };

/* A creation, update or deletion of one key, and of the next in the same transaction. */
static int write_two(struct store *s, struct known *k, int i) {
	struct store_op ops[2];
	char buf[2][8];
	int at[2] = { i % KEYS, (i + 1) % KEYS };
	for (int n = 0; n < 2; n++) {
		enum store_op_kind kind = !k->rv[at[n]] ? STORE_CREATE : i % 4 == 3 ? STORE_DELETE : STORE_UPDATE;
		ops[n] = help_op(kind, key_of(at[n], buf[n]), k->rv[at[n]], "value");
	}
	atomic_store(&armed, true);
	_cleanup_outcome_ struct outcome o = help_txn(s, ops, 2);
	atomic_store(&armed, false);
	for (int n = 0; n < 2 && o.err == 0; n++) k->rv[at[n]] = ops[n].kind == STORE_DELETE ? 0 : o.rv;
	return o.err;
}

static void check(struct store *s, const struct known *k) {
	struct store_snapshot *sn = store_snapshot(s);
	size_t n = 0;
	for (int i = 0; i < KEYS; i++) {
		char buf[8];
		struct store_key key = key_of(i, buf);
		struct store_obj *o = store_get(sn, &key);
		ck_assert_uint_eq(o ? o->rv : 0, k->rv[i]);
		n += k->rv[i] != 0;
	}
	ck_assert_uint_eq(store_count(sn, SLICE_LIT("/pods"), SLICE_NULL), n);
	store_snapshot_unref(sn);
}

/* Follows the events from the beginning: they add up to the state. A gap is allowed only where it is said. */
static void check_watch(struct store *s, const struct known *k) {
	struct store_watch w;
	struct store_event *e;
	struct known seen = { 0 };
	int r = store_watch_init(s, SLICE_LIT("/pods"), 1, &w);
	if (r == -ESTALE || r == -ENOMEM) return;
	while ((r = store_watch_next(&w, &e)) == 1) {
		int i = e->obj->key.name.p[1] - '0';
		ck_assert_uint_eq(e->prev ? e->prev->rv : 0, seen.rv[i]);
		seen.rv[i] = e->kind == STORE_EV_DELETED ? 0 : e->rv;
		store_event_unref(e);
	}
	if (r == 0) ck_assert_int_eq(memcmp(&seen, k, sizeof(seen)), 0);
}

static void read_old(struct store *s) {
	struct store_snapshot *sn;
	for (uint64_t rv = 1; rv <= store_rv(s); rv++) {
		atomic_store(&armed, true);
		int r = store_snapshot_at(s, rv, &sn);
		atomic_store(&armed, false);
		ck_assert(r == 0 || r == -ENOMEM);
		if (r == 0) store_snapshot_unref(sn);
	}
}

static bool life(const char *path, long nth) {
	struct store_options o = { .sqlite_path = path, .env = &env_system, .index = help_index };
	struct store *s = NULL;
	struct known k = { 0 };
	const char *msg;
	atomic_store(&struck, 0);
	atomic_store(&countdown, nth);
	atomic_store(&armed, true);
	int r = store_open(&o, &s, &msg);
	atomic_store(&armed, false);
	ck_assert_msg(r == 0 || r == -ENOMEM, "allocation %ld: open answers %d %s", nth, r, msg);
	for (int i = 0; s && i < WRITES; i++) {
		r = write_two(s, &k, i);
		ck_assert_msg(r == 0 || r == -ENOMEM, "allocation %ld: a write answers %d", nth, r);
		check(s, &k);
	}
	if (s) read_old(s);
	bool was = atomic_load(&struck) > 0;
	atomic_store(&countdown, 0);
	if (s) {
		check_watch(s, &k);
		ck_assert_int_eq(write_two(s, &k, 1), 0);
		check(s, &k);
		ck_assert_int_eq(store_health(s, NULL, 0), 0);
		store_close(s);
	}
	if (!path) return was;
	ck_assert_int_eq(store_open(&o, &s, &msg), 0);
	check(s, &k);
	check_watch(s, &k);
	store_close(s);
	return was;
}

START_TEST(ephemeral) {
	long nth = 1;
	while (nth < NTH_MAX && life(NULL, nth)) nth++;
	ck_assert_int_gt(nth, 50);
}
END_TEST

START_TEST(durable) {
	long nth = 1;
	bool more = true;
	for (; nth < NTH_MAX && more; nth++) {
		char *dir = help_dir();
		_cleanup_free_ char *path = help_path(dir, "db");
		more = life(path, nth);
		help_rmdir(dir);
	}
	ck_assert_int_gt(nth, 50);
}
END_TEST

int main(void) {
	if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
	Suite *suite = suite_create("store without memory");
	TCase *tc = tcase_create("memory");
	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, ephemeral);
	tcase_add_test(tc, durable);
	suite_add_tcase(suite, tc);
	SRunner *r = srunner_create(suite);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
