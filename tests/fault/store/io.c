/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every write and every sync of a short life fails once, one after the other (as SQLite tests itself): an I/O error stops
 * writing for good and is never retried, a full disk does not, nothing acknowledged is ever lost; the same with the power cut
 * at every sync.
 */
#include "../../unit/store/help.h"
#include "vfs.h"

#include <errno.h>
#include <string.h>

#define WRITES 40
#define NTH_MAX 400

static struct store_key pod(int i, char buf[16]) {
	snprintf(buf, 16, "p%02d", i % 10);
	return help_key("/pods", "default", buf);
}

/* The revision acknowledged last for each of the ten keys (0: deleted or never there), and whether something unknown came after. */
struct known { uint64_t rv[10]; bool unsure[10]; uint64_t max; };

static int write_one(struct store *s, struct known *k, int i) {
	char name[16];
	enum store_op_kind kind = k->rv[i % 10] == 0 ? STORE_CREATE : i % 7 == 0 ? STORE_DELETE : STORE_UPDATE;
	struct store_op op = help_op(kind, pod(i, name), STORE_RV_ANY, "some value that takes a bit of room");
	_cleanup_outcome_ struct outcome o = help_txn(s, &op, 1);
	if (o.err == 0) {
		k->rv[i % 10] = kind == STORE_DELETE ? 0 : o.rv;
		k->max = o.rv;
	} else if (o.err == -EIO) {
		k->unsure[i % 10] = true;
	}
	return o.err;
}

/* The running store and the one opened again have to agree with what was acknowledged. */
static void check(struct store *s, const struct known *k) {
	struct store_snapshot *sn = store_snapshot(s);
	ck_assert_uint_ge(store_snapshot_rv(sn), k->max);
	for (int i = 0; i < 10; i++) {
		char name[16];
		struct store_key key = pod(i, name);
		struct store_obj *o = store_get(sn, &key);
		uint64_t rv = o ? o->rv : 0;
		ck_assert_msg(rv == k->rv[i] || (k->unsure[i] && (rv == 0 || rv > k->max)), "key %d: acknowledged %lu, found %lu", i, (unsigned long)k->rv[i], (unsigned long)rv);
	}
	store_snapshot_unref(sn);
}

static struct store *try_open(const char *path, int *ret) {
	struct store_options o = { .sqlite_path = path, .env = &env_system, .index = help_index };
	struct store *s = NULL;
	const char *msg;
	*ret = store_open(&o, &s, &msg);
	if (*ret < 0) ck_assert_msg(strlen(msg) > 10, "an error without a sentence");
	return s;
}

/* One life with a fault at the nth call. Returns false when the life was too short for it. */
static bool life(enum vfs_fault fault, long nth, long times) {
	char *dir = help_dir();
	_cleanup_free_ char *path = help_path(dir, "db");
	struct known k = { 0 };
	int r, failed = 0;
	vfs_arm(fault, nth, times);
	struct store *s = try_open(path, &r);
	if (!s) ck_assert_int_ne(r, 0);
	for (int i = 0; s && i < WRITES; i++) {
		r = write_one(s, &k, i);
		bool full = fault == VFS_WRITE_FULL;
		if (failed && !full) ck_assert_int_eq(r, -EIO); /* never tried again */
		if (r) ck_assert_int_eq(r, full ? -ENOSPC : -EIO);
		if (r && store_health(s, NULL, 0) == 0) ck_abort_msg("a failed write leaves no trace");
		failed += r != 0;
		check(s, &k); /* reads go on */
	}
	bool struck = vfs_failures() > 0;
	vfs_disarm();
	if (s && fault == VFS_WRITE_FULL) ck_assert_int_eq(write_one(s, &k, WRITES), 0); /* room again: it goes on by itself */
	if (s) {
		if (fault == VFS_WRITE_FULL) ck_assert_int_eq(store_health(s, NULL, 0), 0);
		store_close(s);
	}
	s = try_open(path, &r);
	ck_assert_msg(s != NULL, "fault at call %ld: the database cannot be opened any more (%d)", nth, r);
	check(s, &k);
	memset(k.unsure, 0, sizeof(k.unsure));
	store_close(s);
	help_rmdir(dir);
	return struck;
}

static void every_call(enum vfs_fault fault, long times) {
	long nth = 1;
	while (nth < NTH_MAX && life(fault, nth, times)) nth += nth < 60 ? 1 : 7;
	ck_assert_int_gt(nth, 20); /* that many faults were met */
}

START_TEST(write_error_once) { every_call(VFS_WRITE_EIO, 1); }
END_TEST
START_TEST(write_error_for_good) { every_call(VFS_WRITE_EIO, 0); }
END_TEST
START_TEST(short_write) { every_call(VFS_SHORT, 1); }
END_TEST
START_TEST(sync_error_once) { every_call(VFS_SYNC_EIO, 1); }
END_TEST
START_TEST(disk_full_once) { every_call(VFS_WRITE_FULL, 1); }
END_TEST
START_TEST(disk_full_for_a_while) { every_call(VFS_WRITE_FULL, 30); }
END_TEST

/* After every single write the power fails: only what was synced is there. */
START_TEST(power_cut_after_every_write) {
	for (int stop = 1; stop <= WRITES; stop++) {
		char *dir = help_dir(), *after = help_dir();
		_cleanup_free_ char *path = help_path(dir, "db"), *path2 = help_path(after, "db"), *lock2 = help_path(after, "db.lock");
		struct known k = { 0 };
		int r;
		vfs_shadow(after);
		struct store *s = try_open(path, &r);
		ck_assert_ptr_nonnull(s);
		for (int i = 0; i < stop; i++) ck_assert_int_eq(write_one(s, &k, i), 0);
		vfs_shadow(NULL); /* the cut: closing writes nothing there any more */
		store_close(s);
		s = try_open(path2, &r);
		ck_assert_msg(s != NULL, "after %d writes: %d", stop, r);
		check(s, &k);
		store_close(s);
		help_rmdir(dir);
		help_rmdir(after);
	}
}
END_TEST

int main(void) {
	vfs_install();
	Suite *suite = suite_create("store I/O faults");
	TCase *tc = tcase_create("io");
	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, write_error_once);
	tcase_add_test(tc, write_error_for_good);
	tcase_add_test(tc, short_write);
	tcase_add_test(tc, sync_error_once);
	tcase_add_test(tc, disk_full_once);
	tcase_add_test(tc, disk_full_for_a_while);
	tcase_add_test(tc, power_cut_after_every_write);
	suite_add_tcase(suite, tc);
	SRunner *r = srunner_create(suite);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
