/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that is really full: a small tmpfs, filled by the store itself and by a ballast file. Writes answer -ENOSPC, reads go
 * on, what was acknowledged stays, and when the ballast goes writes succeed again without anybody's help. Needs root.
 */
#include "../../unit/store/help.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#define VALUE 3000

static char *dir, *path, *ballast;

/* A mount namespace of its own: the mount goes with the process. */
static const char *mount_small(void) {
	if (geteuid() != 0) return "not root";
	if (unshare(CLONE_NEWNS) < 0) return "no mount namespaces";
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return "mounts cannot be made private";
	return mount("tmpfs", dir, "tmpfs", 0, "size=24m") < 0 ? "tmpfs cannot be mounted" : NULL;
}

static int create(struct store *s, int i) {
	char name[16], value[VALUE + 1];
	snprintf(name, sizeof(name), "p%d", i);
	snprintf(value, sizeof(value), "%0*d", VALUE, i);
	return help_try(s, help_op(STORE_CREATE, help_key("/pods", "x", name), 0, value));
}

static bool has(struct store *s, int i) {
	char name[16];
	snprintf(name, sizeof(name), "p%d", i);
	struct store_key k = help_key("/pods", "x", name);
	struct store_snapshot *sn = store_snapshot(s);
	bool there = store_get(sn, &k) != NULL;
	store_snapshot_unref(sn);
	return there;
}

static void fill_rest(void) {
	static char zero[4096];
	FILE *f = fopen(ballast, "we");
	ck_assert_ptr_nonnull(f);
	setbuf(f, NULL);
	while (fwrite(zero, 1, sizeof(zero), f) == sizeof(zero)) {}
	fclose(f);
}

static void check_all(struct store *s, int acked) {
	for (int i = 0; i < acked; i++) ck_assert_msg(has(s, i), "p%d was acknowledged and is gone", i);
}

START_TEST(full_and_free_again) {
	char msg[STORE_MSG_MAX];
	struct store *s = help_open(path);
	int acked = 0, full = 0;
	while (acked < 200) ck_assert_int_eq(create(s, acked++), 0);
	fill_rest();
	for (int i = 0; i < 2000 && full < 20; i++) {
		int r = create(s, acked);
		if (r == 0) acked++;
		else {
			ck_assert_int_eq(r, -ENOSPC);
			full++;
		}
	}
	ck_assert_int_eq(full, 20);
	ck_assert_int_eq(store_health(s, msg, sizeof(msg)), -ENOSPC);
	ck_assert(strstr(msg, "full") != NULL);
	ck_assert(!has(s, acked));
	check_all(s, acked);
	ck_assert_int_eq(unlink(ballast), 0);
	ck_assert_int_eq(create(s, acked++), 0); /* the very next one */
	ck_assert_int_eq(store_health(s, msg, sizeof(msg)), 0);
	store_close(s);
	s = help_open(path);
	check_all(s, acked);
	store_close(s);
}
END_TEST

static int delete(struct store *s, int i) {
	char name[16];
	snprintf(name, sizeof(name), "p%d", i);
	return help_try(s, help_op(STORE_DELETE, help_key("/pods", "x", name), STORE_RV_ANY, ""));
}

/* Whoever finds the disk full has to be able to delete, and not only a few objects. */
START_TEST(deletions_get_through) {
	struct store *s = help_open(path);
	int acked = 0, r;
	while (acked < 400) ck_assert_int_eq(create(s, acked++), 0);
	fill_rest();
	for (int i = 0; i < 3000 && (r = create(s, acked)) == 0; i++) acked++;
	/* Creating goes on failing and does not eat what deletions need. */
	for (int i = 0; i < 300; i++) ck_assert_int_eq(create(s, acked), -ENOSPC);
	for (int i = 0; i < 300; i++) ck_assert_msg((r = delete(s, i)) == 0, "deletion %d: %d", i, r);
	ck_assert(!has(s, 0) && has(s, 300));
	store_close(s);
	s = help_open(path);
	for (int i = 0; i < acked; i++) ck_assert_int_eq(has(s, i), i >= 300);
	store_close(s);
}
END_TEST

/* One batch of both kinds: the deletions pass, the creations fail, each with its own answer. */
START_TEST(mixed_batch_on_a_full_disk) {
	struct store *s = help_open(path);
	int acked = 0, r = 0;
	while (acked < 300) ck_assert_int_eq(create(s, acked++), 0);
	fill_rest();
	for (int i = 0; i < 3000 && (r = create(s, acked)) == 0; i++) acked++;
	ck_assert_int_eq(r, -ENOSPC);
	struct store_op ops[2] = { help_op(STORE_DELETE, help_key("/pods", "x", "p1"), STORE_RV_ANY, "last-state"), help_op(STORE_UPDATE, help_key("/pods", "x", "p2"), STORE_RV_ANY, "small") };
	_cleanup_outcome_ struct outcome o = help_txn(s, ops, 2);
	ck_assert_int_eq(o.err, 0);
	char want[64];
	snprintf(want, sizeof(want), "\"resourceVersion\":\"%llu\"}", (unsigned long long)o.rv);
	ck_assert_int_gt(slice_find(blob_slice(o.obj[1]->json), slice_str(want)), 0); /* the revision is in there once */
	ck_assert(slice_eqs(o.obj[1]->uid, "small"));
	store_close(s);
}
END_TEST

/* A restart while the disk is full has to serve reads. */
START_TEST(opened_on_a_full_disk) {
	struct store *s = help_open(path);
	int acked = 0;
	while (acked < 100) ck_assert_int_eq(create(s, acked++), 0);
	store_close(s);
	fill_rest();
	s = help_open(path);
	check_all(s, acked);
	ck_assert_int_eq(create(s, acked), -ENOSPC);
	ck_assert_int_eq(unlink(ballast), 0);
	ck_assert_int_eq(create(s, acked++), 0);
	store_close(s);
}
END_TEST

static void begin(void) { ck_assert_int_eq(mount("tmpfs", dir, "tmpfs", 0, "size=24m"), 0); }
static void end(void) { umount2(dir, MNT_DETACH); }

int main(void) {
	dir = strdup("/tmp/k8c-full-XXXXXX");
	if (!mkdtemp(dir)) return 1;
	path = malloc(strlen(dir) + 16);
	ballast = malloc(strlen(dir) + 16);
	sprintf(path, "%s/db", dir);
	sprintf(ballast, "%s/ballast", dir);
	const char *skip = mount_small();
	if (skip) {
		printf("skipped: %s\n", skip);
		rmdir(dir);
		return 77;
	}
	umount2(dir, MNT_DETACH);
	Suite *suite = suite_create("store on a full disk");
	TCase *tc = tcase_create("full");
	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, full_and_free_again);
	tcase_add_test(tc, deletions_get_through);
	tcase_add_test(tc, mixed_batch_on_a_full_disk);
	tcase_add_test(tc, opened_on_a_full_disk);
	suite_add_tcase(suite, tc);
	SRunner *r = srunner_create(suite);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	rmdir(dir);
	free(dir);
	free(path);
	free(ballast);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
