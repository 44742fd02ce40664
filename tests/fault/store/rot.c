/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damaged files: bits flipped all over the database and its log, the log cut off at every page and in between. Opening ends,
 * and either refuses with a sentence or serves exactly a state that was committed; what a damaged log has lost is said, and its
 * revisions are not given out again.
 *
 * K8C_STRIDE: bytes between two flips (default 23; 1 flips every byte, which takes many minutes).
 */
#include "../../unit/store/help.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define STEPS 60
#define KEYS 8

struct state { uint64_t rv[KEYS]; };

static struct state at[STEPS + 2]; /* by revision */
static uint64_t newest;
static char *dir, *path, *wal;

struct bytes { char *p; size_t n; };

static struct bytes read_all(const char *name) {
	struct bytes b = { malloc(4 << 20), 0 };
	FILE *f = fopen(name, "re");
	if (f) {
		b.n = fread(b.p, 1, 4 << 20, f);
		fclose(f);
	}
	return b;
}

static void write_all(const char *name, const char *p, size_t n) {
	FILE *f = fopen(name, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(p, 1, n, f), n);
	fclose(f);
}

static void forget(void) {
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
		char name[512];
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
}

static struct store_key key_of(unsigned i, char buf[8]) {
	snprintf(buf, 8, "p%u", i);
	return help_key("/pods", "default", buf);
}

static void write_some(struct store *s) {
	for (unsigned i = 0; i < STEPS; i++) {
		char buf[8];
		unsigned k = i * 5 % KEYS;
		struct state now = at[store_rv(s)];
		enum store_op_kind kind = !now.rv[k] ? STORE_CREATE : i % 9 == 0 ? STORE_DELETE : STORE_UPDATE;
		char value[1800];
		snprintf(value, sizeof(value), "%0*u", (int)(i % 6) * 300 + 10, i);
		struct store_op op = help_op(kind, key_of(k, buf), STORE_RV_ANY, value);
		_cleanup_outcome_ struct outcome o = help_txn(s, &op, 1);
		ck_assert_int_eq(o.err, 0);
		now.rv[k] = kind == STORE_DELETE ? 0 : o.rv;
		at[o.rv] = now;
		newest = o.rv;
	}
}

static bool matches(struct store_snapshot *sn, const struct state *st) {
	size_t n = 0;
	for (unsigned i = 0; i < KEYS; i++) {
		char buf[8];
		struct store_key k = key_of(i, buf);
		struct store_obj *o = store_get(sn, &k);
		if ((o ? o->rv : 0) != st->rv[i]) return false;
		n += o != NULL;
	}
	return store_count(sn, SLICE_LIT("/pods"), SLICE_NULL) == n;
}

static struct store *try_open(int *ret, const char **msg) {
	struct store_options o = { .sqlite_path = path, .env = &env_system, .index = help_index };
	struct store *s = NULL;
	*ret = store_open(&o, &s, msg);
	return s;
}

enum found { REFUSED, COMPLETE, EARLIER };

/* Opens what was damaged and judges. `loss_is_said`: the damage lies where it can be noticed. */
static enum found judge(const char *what, size_t off, bool loss_is_said) {
	const char *msg;
	int r;
	struct store *s = try_open(&r, &msg);
	if (!s) {
		ck_assert_msg(r == -EUCLEAN || r == -EIO, "%s at %zu: %d %s", what, off, r, msg);
		ck_assert_msg(strlen(msg) > 10, "%s at %zu: refused without a sentence", what, off);
		return REFUSED;
	}
	struct store_snapshot *sn = store_snapshot(s);
	uint64_t rv = newest;
	while (rv > 1 && !matches(sn, &at[rv])) rv--;
	ck_assert_msg(matches(sn, &at[rv]), "%s at %zu: a state that never was", what, off);
	if (rv < newest && loss_is_said) {
		ck_assert_msg(strlen(msg) > 10, "%s at %zu: lost %lu revisions silently", what, off, (unsigned long)(newest - rv));
		ck_assert_msg(store_snapshot_rv(sn) >= newest, "%s at %zu: revisions would be given out again", what, off);
	}
	store_snapshot_unref(sn);
	/* It can be written, and what is written is there afterwards. */
	uint64_t more = help_create(s, help_key("/more", "", "m"), "1");
	store_close(s);
	s = try_open(&r, &msg);
	ck_assert_msg(s != NULL, "%s at %zu: broken by the first write (%d %s)", what, off, r, msg);
	ck_assert_uint_eq(store_rv(s), more);
	store_close(s);
	return rv == newest ? COMPLETE : EARLIER;
}

/* A database with a part of its state still in the log, as a crash leaves it: copied while it is open. */
static void make(struct bytes *db, struct bytes *log) {
	struct store *s = help_open(path);
	write_some(s);
	*db = read_all(path);
	*log = read_all(wal);
	store_close(s);
}

static size_t stride(void) {
	const char *v = getenv("K8C_STRIDE");
	return v && atoi(v) > 0 ? (size_t)atoi(v) : 23;
}

static void begin(void) {
	dir = help_dir();
	path = help_path(dir, "db");
	wal = help_path(dir, "db-wal");
	memset(at, 0, sizeof(at));
}

static void end(void) {
	help_rmdir(dir);
	free(path);
	free(wal);
}

START_TEST(bits_of_the_database) {
	struct bytes db, log;
	size_t found[3] = { 0 };
	make(&db, &log);
	free(db.p);
	free(log.p);
	db = read_all(path); /* after a clean close all is in here */
	for (size_t off = 0; off < db.n; off += stride()) {
		forget();
		db.p[off] = (char)(db.p[off] ^ (1 << off % 8));
		write_all(path, db.p, db.n);
		found[judge("database bit", off, true)]++;
		db.p[off] = (char)(db.p[off] ^ (1 << off % 8));
	}
	ck_assert_uint_eq(found[EARLIER], 0);
	ck_assert_uint_gt(found[REFUSED], 100 * 23 / stride());
	free(db.p);
}
END_TEST

START_TEST(bits_of_the_log) {
	struct bytes db, log;
	size_t found[3] = { 0 };
	make(&db, &log);
	ck_assert_uint_gt(log.n, 100000);
	for (size_t off = 0; off < log.n; off += off < 56 ? 1 : stride() * 11) {
		forget();
		log.p[off] = (char)(log.p[off] ^ (1 << off % 8));
		write_all(path, db.p, db.n);
		write_all(wal, log.p, log.n);
		/* The last frame may as well have been cut by a kill: nothing tells the two apart. */
		found[judge("log bit", off, off < log.n - 24 - STORE_PAGE_BYTES)]++;
		log.p[off] = (char)(log.p[off] ^ (1 << off % 8));
	}
	ck_assert_uint_eq(found[REFUSED], 0);
	ck_assert_uint_gt(found[EARLIER], 100);
	free(db.p);
	free(log.p);
}
END_TEST

START_TEST(log_cut_off) {
	struct bytes db, log;
	size_t found[3] = { 0 };
	make(&db, &log);
	/* Four places in every frame, and the whole. */
	for (size_t n = 0, step = 8; step; n += step) {
		forget();
		write_all(path, db.p, db.n);
		write_all(wal, log.p, n);
		found[judge("log cut", n, false)]++;
		step = n < 32 ? 8 : (24 + STORE_PAGE_BYTES) / 4;
		if (n + step > log.n) step = log.n - n;
	}
	ck_assert_uint_eq(found[REFUSED], 0);
	ck_assert_uint_gt(found[EARLIER], STEPS / 2);
	ck_assert_uint_gt(found[COMPLETE], 0);
	free(db.p);
	free(log.p);
}
END_TEST

/* A kill between the writes of a frame's header and its page, in a log that is used again: behind the header stands an older page.
 * It was taken for damage, and every watch had to begin anew. */
START_TEST(a_frame_half_written_over_an_older_one_is_no_damage) {
	struct bytes db, log;
	struct store_watch w;
	const char *msg;
	int r;
	make(&db, &log);
	memset(log.p + log.n - STORE_PAGE_BYTES, 'o', STORE_PAGE_BYTES);
	forget();
	write_all(path, db.p, db.n);
	write_all(wal, log.p, log.n);
	struct store *s = try_open(&r, &msg);
	ck_assert_msg(s != NULL && !msg[0], "%d %s", r, msg);
	ck_assert_uint_eq(store_rv(s), newest - 1); /* the last commit's frame is the one */
	ck_assert_int_eq(store_watch_init(s, SLICE_LIT("/pods"), newest / 2, &w), 0);
	store_close(s);
	free(db.p);
	free(log.p);
}
END_TEST

START_TEST(database_cut_off) {
	struct bytes db, log;
	make(&db, &log);
	free(db.p);
	db = read_all(path);
	for (size_t n = 0; n < db.n; n += 512) {
		forget();
		write_all(path, db.p, n);
		enum found f = judge("database cut", n, true);
		/* The last page may be one that holds nothing. */
		ck_assert_msg(f == REFUSED || (f == COMPLETE && n + STORE_PAGE_BYTES > db.n), "cut to %zu bytes of %zu: %d", n, db.n, f);
	}
	free(db.p);
	free(log.p);
}
END_TEST

int main(void) {
	/* Thousands of databases are opened: in memory, where there is such a folder. */
	if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
	Suite *suite = suite_create("store damage");
	TCase *tc = tcase_create("rot");
	tcase_set_timeout(tc, 3600);
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, bits_of_the_database);
	tcase_add_test(tc, bits_of_the_log);
	tcase_add_test(tc, log_cut_off);
	tcase_add_test(tc, a_frame_half_written_over_an_older_one_is_no_damage);
	tcase_add_test(tc, database_cut_off);
	suite_add_tcase(suite, tc);
	SRunner *r = srunner_create(suite);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
