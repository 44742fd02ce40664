/* SPDX-License-Identifier: Apache-2.0 */
/* What a database keeps over a restart, who may open it, copies of it, and its size. */
#include "help.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static struct store_key pod(const char *name) { return help_key("/pods", "default", name); }
static char *dir, *path;

static void begin(void) {
	dir = help_dir();
	path = help_path(dir, "db");
}

static void end(void) {
	help_rmdir(dir);
	free(path);
}

static int open_err(const char *p, const char **msg) {
	struct store_options o = { .sqlite_path = p, .env = &env_system, .index = help_index };
	struct store *s = NULL;
	int r = store_open(&o, &s, msg);
	if (r == 0) store_close(s);
	return r;
}

static char *value_of(struct store *s, const char *name, char buf[64]) {
	struct store_snapshot *sn = store_snapshot(s);
	struct store_key k = pod(name);
	struct store_obj *o = store_get(sn, &k);
	snprintf(buf, 64, "%s", o ? help_value(o) : "");
	store_snapshot_unref(sn);
	return buf;
}

START_TEST(state_and_identity_survive) {
	char buf[64], id[37];
	struct store *s = help_open(path);
	snprintf(id, sizeof(id), "%s", store_identity(s));
	ck_assert_uint_eq(strlen(id), 36);
	uint64_t rv = help_create(s, pod("a"), "1");
	rv = help_update(s, pod("a"), rv, "2");
	help_create(s, pod("b"), "1");
	help_delete(s, pod("b"), STORE_RV_ANY);
	uint64_t last = store_rv(s);
	store_close(s);
	s = help_open(path);
	ck_assert_str_eq(store_identity(s), id);
	ck_assert_uint_eq(store_rv(s), last);
	ck_assert_str_eq(value_of(s, "a", buf), "2");
	ck_assert_str_eq(value_of(s, "b", buf), "");
	struct store_snapshot *sn = store_snapshot(s);
	struct store_key k = pod("a");
	struct store_obj *o = store_get(sn, &k);
	ck_assert_uint_eq(o->rv, rv);
	ck_assert_uint_eq(o->create_rv, rv - 1);
	ck_assert(slice_eqs(o->labels[1].value, "2")); /* indexed anew */
	store_snapshot_unref(sn);
	ck_assert_uint_eq(help_update(s, pod("a"), rv, "3"), last + 1); /* revisions go on */
	store_close(s);
	struct stat st;
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(a_watch_resumes_over_a_restart) {
	struct store *s = help_open(path);
	struct store_watch w;
	struct store_event *e;
	uint64_t rv = help_create(s, pod("a"), "1"), from = rv;
	help_update(s, pod("a"), rv, "2");
	help_create(s, pod("b"), "1");
	help_delete(s, pod("b"), STORE_RV_ANY);
	store_close(s);
	s = help_open(path);
	rv = help_create(s, pod("c"), "1");
	ck_assert_int_eq(store_watch_init(s, SLICE_LIT("/pods"), from, &w), 0);
	static const struct { enum store_event_kind kind; const char *name, *value, *before; } want[] = {
		{ STORE_EV_MODIFIED, "a", "2", "1" }, { STORE_EV_ADDED, "b", "1", NULL }, { STORE_EV_DELETED, "b", "gone", "1" }, { STORE_EV_ADDED, "c", "1", NULL },
	};
	for (size_t i = 0; i < ELEMENTSOF(want); i++) {
		ck_assert_int_eq(store_watch_next(&w, &e), 1);
		ck_assert_uint_eq(e->rv, from + 1 + i);
		ck_assert_int_eq(e->kind, want[i].kind);
		ck_assert(slice_eqs(e->obj->key.name, want[i].name));
		ck_assert_str_eq(help_value(e->obj), want[i].value);
		ck_assert_int_eq(e->prev != NULL, want[i].before != NULL);
		if (e->prev) ck_assert_str_eq(help_value(e->prev), want[i].before);
		store_event_unref(e);
	}
	ck_assert_int_eq(store_watch_next(&w, &e), 0);
	store_close(s);
}
END_TEST

START_TEST(one_server_per_database) {
	const char *msg;
	struct store *s = help_open(path);
	ck_assert_int_eq(open_err(path, &msg), -EBUSY);
	ck_assert(strstr(msg, "in use") != NULL);
	ck_assert_int_eq(store_restore(path, path, &msg), -EBUSY);
	store_close(s);
	ck_assert_int_eq(open_err(path, &msg), 0);
	ck_assert_str_eq(msg, "");
}
END_TEST

static void put_file(const char *name, const void *p, size_t n) {
	FILE *f = fopen(name, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(p, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(foreign_and_emptied_files_are_refused) {
	const char *msg;
	static char noise[8192];
	memset(noise, 'x', sizeof(noise));
	put_file(path, noise, sizeof(noise));
	ck_assert_int_eq(open_err(path, &msg), -EUCLEAN);
	ck_assert_uint_gt(strlen(msg), 10);
	ck_assert_int_eq(unlink(path), 0);
	struct store *s = help_open(path);
	help_create(s, pod("a"), "1");
	store_close(s);
	ck_assert_int_eq(truncate(path, 0), 0); /* not taken for a new one */
	ck_assert_int_eq(open_err(path, &msg), -EUCLEAN);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(open_err(path, &msg), 0); /* the user's way to begin anew */
	_cleanup_free_ char *missing = help_path(dir, "no/such/db");
	ck_assert_int_eq(open_err(missing, &msg), -ENOENT);
}
END_TEST

START_TEST(backup_while_writing_and_restore) {
	const char *msg;
	char buf[64], id[37];
	_cleanup_free_ char *copy = help_path(dir, "copy");
	struct store *s = help_open(path);
	snprintf(id, sizeof(id), "%s", store_identity(s));
	for (int i = 0; i < 300; i++) {
		char name[8];
		snprintf(name, sizeof(name), "p%d", i);
		help_create(s, pod(name), "old");
		if (i == 150) ck_assert_msg(store_backup(s, copy, &msg) == 0, "%s", msg);
	}
	uint64_t rv = help_update(s, pod("p1"), STORE_RV_ANY, "new");
	store_close(s);
	ck_assert_msg(store_restore(copy, path, &msg) == 0, "%s", msg);
	s = help_open(path);
	ck_assert_str_eq(value_of(s, "p1", buf), "old");
	ck_assert_str_eq(value_of(s, "p150", buf), "old");
	ck_assert_str_eq(value_of(s, "p151", buf), "");
	ck_assert_uint_gt(store_rv(s), rv); /* no revision is given out twice */
	ck_assert_str_ne(store_identity(s), id);
	struct store_watch w;
	ck_assert_int_eq(store_watch_init(s, SLICE_LIT("/pods"), rv, &w), -ESTALE); /* clients list anew */
	help_create(s, pod("p151"), "again");
	store_close(s);
}
END_TEST

START_TEST(a_damaged_backup_does_not_replace_anything) {
	const char *msg;
	char buf[64];
	_cleanup_free_ char *copy = help_path(dir, "copy");
	struct store *s = help_open(path);
	help_create(s, pod("a"), "here");
	ck_assert_int_eq(store_backup(s, copy, &msg), 0);
	store_close(s);
	FILE *f = fopen(copy, "r+e");
	static char all[256 * 1024];
	size_t n = fread(all, 1, sizeof(all), f);
	char *at = memmem(all, n, "\"v\":\"here\"", 10);
	ck_assert_ptr_nonnull(at);
	fseek(f, at - all + 5, SEEK_SET);
	fputc('H', f);
	fclose(f);
	ck_assert_int_eq(store_restore(copy, path, &msg), -EUCLEAN);
	ck_assert(strstr(msg, "damaged") != NULL);
	s = help_open(path);
	ck_assert_str_eq(value_of(s, "a", buf), "here");
	store_close(s);
}
END_TEST

START_TEST(ephemeral_has_no_backup) {
	const char *msg;
	struct store *s = help_open(NULL);
	ck_assert_int_eq(store_backup(s, path, &msg), -EOPNOTSUPP);
	ck_assert_uint_eq(strlen(store_identity(s)), 36);
	store_close(s);
}
END_TEST

static void ignore(void *ctx, const struct store_result *res) {
	if (res->err) ++*(_Atomic int *)ctx;
}

static off_t size_of(const char *name) {
	struct stat st;
	return stat(name, &st) == 0 ? st.st_size : 0;
}

/* Lease renewals for a long time: neither the database nor its log grows with uptime. K8C_UPDATES: how many (default 40,000). */
START_TEST(many_updates_keep_the_files_small) {
	struct store_options o = { .sqlite_path = path, .env = &env_system, .index = help_index, .history_events = 1000 };
	_cleanup_free_ char *wal = help_path(dir, "db-wal");
	const char *many = getenv("K8C_UPDATES"), *msg;
	struct store *s;
	_Atomic int failed = 0;
	off_t biggest = 0, biggest_wal = 0;
	ck_assert_int_eq(store_open(&o, &s, &msg), 0);
	for (int i = 0; i < 20; i++) {
		char name[8];
		snprintf(name, sizeof(name), "l%d", i);
		help_create(s, pod(name), "0");
	}
	for (int i = 0, n = many ? atoi(many) : 40000; i < n; i++) {
		char name[8];
		snprintf(name, sizeof(name), "l%d", i % 20);
		struct store_op op = help_op(STORE_UPDATE, pod(name), STORE_RV_ANY, "0123456789012345678901234567890123456789");
		while (store_txn(s, &op, 1, NULL, ignore, &failed) == -EBUSY) {
			usleep(1000);
			op = help_op(STORE_UPDATE, pod(name), STORE_RV_ANY, "0123456789012345678901234567890123456789");
		}
		if (i % 1000 == 0) {
			if (size_of(path) > biggest) biggest = size_of(path);
			if (size_of(wal) > biggest_wal) biggest_wal = size_of(wal);
		}
	}
	store_close(s);
	ck_assert_int_eq(failed, 0);
	ck_assert_int_gt(biggest_wal, 0);
	ck_assert_int_lt(biggest, 8 * 1024 * 1024);
	ck_assert_int_lt(biggest_wal, 32 * 1024 * 1024);
	if (many) fprintf(stderr, "%s updates: database %ld KiB, log %ld KiB at most\n", many, (long)biggest / 1024, (long)biggest_wal / 1024);
}
END_TEST

int main(void) {
	Suite *suite = suite_create("store durability");
	TCase *tc = tcase_create("durable");
	tcase_set_timeout(tc, 240);
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, state_and_identity_survive);
	tcase_add_test(tc, a_watch_resumes_over_a_restart);
	tcase_add_test(tc, one_server_per_database);
	tcase_add_test(tc, foreign_and_emptied_files_are_refused);
	tcase_add_test(tc, backup_while_writing_and_restore);
	tcase_add_test(tc, a_damaged_backup_does_not_replace_anything);
	tcase_add_test(tc, ephemeral_has_no_backup);
	tcase_add_test(tc, many_updates_keep_the_files_small);
	suite_add_tcase(suite, tc);
	SRunner *r = srunner_create(suite);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
