/* SPDX-License-Identifier: Apache-2.0 */
/* Backup and restore of a database file. */
#include "store/engine/sqlite_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define BUSY_ROUNDS 50
#define BUSY_WAIT_MS 20

static void db_closep(sqlite3 **db) { sqlite3_close(*db); }
#define _cleanup_db_ _cleanup_(db_closep)

static int open_db(const char *path, int flags, sqlite3 **ret, char *msg, size_t msg_size) {
	int rc = sqlite3_open_v2(path, ret, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_extended_result_codes(*ret, 1);
		sqlite3_busy_timeout(*ret, STORE_BUSY_MS);
		return 0;
	}
	char what[256];
	snprintf(what, sizeof(what), "cannot open %.200s", path);
	return sqlite_err(*ret, *ret ? sqlite3_extended_errcode(*ret) : rc, what, msg, msg_size);
}

/* All pages in one read transaction: consistent, while a server goes on writing. */
static int copy_pages(sqlite3 *from, sqlite3 *to, char *msg, size_t msg_size) {
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	if (!b) return sqlite_err(to, sqlite3_extended_errcode(to), "cannot copy the database", msg, msg_size);
	int rc = sqlite3_backup_step(b, -1);
	for (int i = 0; i < BUSY_ROUNDS && (rc == SQLITE_BUSY || rc == SQLITE_LOCKED); i++) {
		sqlite3_sleep(BUSY_WAIT_MS);
		rc = sqlite3_backup_step(b, -1);
	}
	sqlite3_backup_finish(b);
	if (rc == SQLITE_DONE) return 0;
	return sqlite_err((rc & 0xff) == SQLITE_CORRUPT ? from : to, rc, "cannot copy the database", msg, msg_size);
}

/* Copies into a new file of mode 0600 that is complete by itself (no log beside it). */
static int copy_file(const char *from, const char *to, char *msg, size_t msg_size) {
	_cleanup_db_ sqlite3 *src = NULL, *dst = NULL;
	_cleanup_close_ int fd = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 ? -errno : 0;
	if (r) return snprintf(msg, msg_size, "cannot create %s: %s", to, strerror(-r)), r;
	r = open_db(from, SQLITE_OPEN_READWRITE, &src, msg, msg_size);
	if (r == 0) r = open_db(to, SQLITE_OPEN_READWRITE, &dst, msg, msg_size);
	if (r == 0) r = copy_pages(src, dst, msg, msg_size);
	if (r == 0) r = sqlite_run(dst, "PRAGMA journal_mode=DELETE", "cannot finish the copy", msg, msg_size);
	if (r == 0 && fsync(fd) < 0) r = -errno;
	return r;
}

static int drop_events(void *ctx, enum store_event_kind kind, const struct store_key *key, uint64_t rv, uint64_t create_rv, uint64_t row,
                       struct blob *last, struct blob *prev, uint64_t prev_rv, int64_t age) {
	blob_unref(last);
	blob_unref(prev);
	return 0;
}

static int drop_object(void *ctx, const struct store_key *key, uint64_t rv, uint64_t create_rv, uint64_t row, uint32_t crc, struct blob *json) {
	blob_unref(json);
	return 0;
}

/* Structure, every row and the totals. */
static int verify(struct engine_sqlite *q, const char *path, char *msg, size_t msg_size) {
	static const struct engine_load nowhere = { NULL, drop_object, drop_events };
	int64_t app = 0, version = 0;
	int r = sqlite_number(q->db, "PRAGMA application_id", &app);
	if (r == 0) r = sqlite_number(q->db, "PRAGMA user_version", &version);
	if (r || app != DB_APP_ID || version != DB_SCHEMA)
		return snprintf(msg, msg_size, "%s is not a k8c database of this version", path), -EUCLEAN;
	r = sqlite_quick_check(q->db, msg, msg_size);
	if (r == 0) r = totals_read(q->db, &q->now, q->identity, msg, msg_size);
	return r ? r : sqlite_load_rows(q, &nowhere, msg, msg_size);
}

/* The revision of the database at `path`, 0 when it cannot be read. */
static uint64_t revision_of(const char *path) {
	_cleanup_db_ sqlite3 *db = NULL;
	char ignored[STORE_MSG_MAX], identity[37];
	struct totals t = { 0 };
	if (access(path, F_OK) < 0 || open_db(path, SQLITE_OPEN_READWRITE, &db, ignored, sizeof(ignored))) return 0;
	return totals_read(db, &t, identity, ignored, sizeof(ignored)) ? 0 : t.rv;
}

/* Leaves the old file without a log, as SQLite would take it for the new file's: its content is moved into the old file, and
 * where that cannot be done it is put aside. */
static void retire(const char *to) {
	char ignored[STORE_MSG_MAX];
	_cleanup_free_ char *wal = NULL, *aside = NULL, *shm = NULL;
	sqlite3 *db = NULL;
	if (access(to, F_OK) == 0 && open_db(to, SQLITE_OPEN_READWRITE, &db, ignored, sizeof(ignored)) == 0)
		(void)sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_close(db);
	if (asprintf(&wal, "%s-wal", to) < 0) wal = NULL;
	if (asprintf(&aside, "%s-wal.damaged", to) < 0) aside = NULL;
	if (asprintf(&shm, "%s-shm", to) < 0) shm = NULL;
	if (wal && aside) (void)rename(wal, aside);
	if (shm) (void)unlink(shm);
}

/* New identity, no history, revisions beyond all that were given out. */
static int raise_rv(struct engine_sqlite *q, uint64_t old_rv, char *msg, size_t msg_size) {
	sqlite3_stmt *st = NULL;
	uint64_t rv = q->now.rv > old_rv ? q->now.rv : old_rv;
	q->now.rv = q->now.oldest_rv = rv + STORE_RESTORE_RV_GAP;
	int r = env_uuid(&env_system, q->identity);
	if (r == 0) r = sqlite_run(q->db, "DELETE FROM events", "cannot write the restored database", msg, msg_size);
	if (r) return r;
	int rc = sqlite3_prepare_v2(q->db, "UPDATE state SET rv=?1,oldest_rv=?2,objects=?3,digest=?4,identity=?5,crc=?6", -1, &st, NULL);
	if (rc == SQLITE_OK) {
		totals_bind(st, &q->now, q->identity);
		rc = sqlite3_step(st);
	}
	if (rc != SQLITE_DONE) r = sqlite_err(q->db, rc, "cannot write the restored database", msg, msg_size);
	sqlite3_finalize(st);
	return r;
}

static int restore_into(const char *from, const char *part, const char *to, char *msg, size_t msg_size) {
	struct engine_sqlite q = { .env = &env_system };
	int r = copy_file(from, part, msg, msg_size);
	if (r == 0) r = open_db(part, SQLITE_OPEN_READWRITE, &q.db, msg, msg_size);
	if (r == 0) r = verify(&q, from, msg, msg_size);
	if (r == 0) r = raise_rv(&q, revision_of(to), msg, msg_size);
	sqlite3_close(q.db);
	if (r) return r;
	retire(to);
	if (rename(part, to) < 0) r = -errno;
	if (r == 0) r = sync_dir(to);
	if (r) snprintf(msg, msg_size, "cannot put the restored database in place: %s", strerror(-r));
	return r;
}

int engine_sqlite_backup(const char *from, const char *to, char *msg, size_t msg_size) {
	_cleanup_free_ char *part = NULL;
	if (asprintf(&part, "%s.part", to) < 0) return part = NULL, -ENOMEM;
	int r = copy_file(from, part, msg, msg_size);
	if (r == 0 && rename(part, to) < 0) r = -errno;
	if (r == 0) r = sync_dir(to);
	if (r) (void)unlink(part);
	if (r && !msg[0]) snprintf(msg, msg_size, "cannot write %s: %s", to, strerror(-r));
	return r;
}

int engine_sqlite_restore(const char *from, const char *to, char *msg, size_t msg_size) {
	_cleanup_free_ char *part = NULL;
	_cleanup_close_ int lock = lock_take(to, msg, msg_size);
	if (lock < 0) return lock;
	if (asprintf(&part, "%s.part", to) < 0) return part = NULL, -ENOMEM;
	int r = restore_into(from, part, to, msg, msg_size);
	if (r) (void)unlink(part);
	return r;
}
