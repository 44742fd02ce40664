/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQLite engine: opening and committing. One row per live object, addressed by its row number (the store's tree is the
 * index, so the tables need none and creation only appends); a bounded log of events, each holding the state *before* it, as
 * the state after it is either live or in the next event of the key; one row of totals.
 */
#include "store/engine/sqlite_impl.h"
#include "store/engine/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <zlib.h>

/* The step from each schema version to the next. */
static const char *const migrations[DB_SCHEMA] = {
	"CREATE TABLE objects(id INTEGER PRIMARY KEY, resource TEXT NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL,"
	" rv INTEGER NOT NULL, create_rv INTEGER NOT NULL, crc INTEGER NOT NULL, json TEXT NOT NULL);"
	"CREATE TABLE events(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, at INTEGER NOT NULL, resource TEXT NOT NULL,"
	" ns TEXT NOT NULL, name TEXT NOT NULL, create_rv INTEGER NOT NULL, row INTEGER NOT NULL, prev_rv INTEGER NOT NULL,"
	" crc INTEGER NOT NULL, last TEXT, prev TEXT);"
	"CREATE TABLE state(one INTEGER PRIMARY KEY CHECK(one = 1), rv INTEGER NOT NULL, oldest_rv INTEGER NOT NULL,"
	" objects INTEGER NOT NULL, digest INTEGER NOT NULL, identity TEXT NOT NULL, crc INTEGER NOT NULL);",
};

static const char *const statements[ST_MAX] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_INSERT] = "INSERT INTO objects(id,rv,create_rv,crc,resource,ns,name,json) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
	[ST_UPDATE] = "UPDATE objects SET rv=?2,crc=?4,json=?8 WHERE id=?1",
	[ST_DELETE] = "DELETE FROM objects WHERE id=?1",
	[ST_EVENT] = "INSERT INTO events(id,kind,at,resource,ns,name,create_rv,row,prev_rv,crc,last,prev)"
	             " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
	[ST_TRIM] = "DELETE FROM events WHERE id < ?1",
	[ST_STATE] = "INSERT OR REPLACE INTO state(one,rv,oldest_rv,objects,digest,identity,crc) VALUES(1,?1,?2,?3,?4,?5,?6)",
};

/* ---- errors ---- */

static int errno_of(sqlite3 *db, int rc) {
	int sys = db ? sqlite3_system_errno(db) : 0;
	bool full = sys == ENOSPC || sys == EDQUOT;
	/* After a failed fsync nobody knows what is on the disk, whatever the reason was. */
	bool sync = rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC;
	switch (rc & 0xff) {
	case SQLITE_FULL: return -ENOSPC;
	case SQLITE_NOMEM: return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return -EBUSY;
	case SQLITE_READONLY: return -EROFS;
	case SQLITE_PERM:
	case SQLITE_AUTH: return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return -EUCLEAN;
	case SQLITE_CANTOPEN: return sys == EACCES || sys == EROFS || sys == ENOENT || sys == ENOSPC ? -sys : -EIO;
	case SQLITE_IOERR: return (rc & ~0xff) == (SQLITE_IOERR_NOMEM & ~0xff) ? -ENOMEM : full && !sync ? -ENOSPC : -EIO;
	default: return -EIO;
	}
}

int sqlite_err(sqlite3 *db, int rc, const char *what, char *msg, size_t msg_size) {
	int err = errno_of(db, rc), sys = db ? sqlite3_system_errno(db) : 0;
	const char *words = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
	bool io = (rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN;
	snprintf(msg, msg_size, "%s: %s%s%s", what, words, io && sys ? ": " : "", io && sys ? strerror(sys) : "");
	return err;
}

int sqlite_run(sqlite3 *db, const char *sql, const char *what, char *msg, size_t msg_size) {
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : sqlite_err(db, sqlite3_extended_errcode(db), what, msg, msg_size);
}

int sqlite_number(sqlite3 *db, const char *sql, int64_t *ret) {
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
	if (rc == SQLITE_OK) rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) *ret = sqlite3_column_int64(st, 0);
	int r = rc == SQLITE_ROW ? 0 : errno_of(db, sqlite3_extended_errcode(db));
	sqlite3_finalize(st);
	return r;
}

/* ---- checksums ---- */

static uint32_t crc_u64(uint32_t crc, uint64_t v) {
	unsigned char b[8];
	for (int i = 0; i < 8; i++) b[i] = (unsigned char)(v >> (8 * i));
	return (uint32_t)crc32(crc, b, sizeof(b));
}

/* The length goes in too, so that bytes cannot move from one field to the next. */
static uint32_t crc_slice(uint32_t crc, struct slice s) {
	crc = crc_u64(crc, s.n);
	return s.n ? (uint32_t)crc32(crc, (const unsigned char *)s.p, (uInt)s.n) : crc;
}

static uint32_t crc_key(uint32_t crc, const struct store_key *k) {
	return crc_slice(crc_slice(crc_slice(crc, k->resource), k->ns), k->name);
}

uint32_t row_crc(uint64_t row, uint64_t rv, uint64_t create_rv, const struct store_key *key, struct slice json) {
	uint32_t crc = crc_u64(crc_u64(crc_u64(0, row), rv), create_rv);
	return crc_slice(crc_key(crc, key), json);
}

uint64_t row_digest(uint64_t row, uint32_t crc) {
	uint64_t x = row * 0x9e3779b97f4a7c15u ^ ((uint64_t)crc << 32 | crc);
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

uint32_t totals_crc(const struct totals *t, const char *identity) {
	uint32_t crc = crc_u64(crc_u64(crc_u64(crc_u64(0, t->rv), t->oldest_rv), t->objects), t->digest);
	return crc_slice(crc, slice_str(identity));
}

uint32_t event_crc(const struct event_row *r) {
	uint32_t crc = crc_u64(crc_u64(crc_u64(0, r->id), (uint64_t)r->kind), (uint64_t)r->at);
	crc = crc_u64(crc_u64(crc_u64(crc, r->create_rv), r->row), r->prev_rv);
	return crc_slice(crc_slice(crc_key(crc, &r->key), r->last), r->prev);
}

/* ---- files ---- */

int sync_dir(const char *path) {
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	_cleanup_close_ int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (!dir) return -ENOMEM;
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int lock_take(const char *path, char *msg, size_t msg_size) {
	_cleanup_free_ char *name = NULL;
	if (asprintf(&name, "%s.lock", path) < 0) return name = NULL, -ENOMEM;
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
	if (r == 0) return fd;
	if (fd >= 0) close(fd);
	if (r == -EWOULDBLOCK) r = -EBUSY;
	if (r == -EBUSY) snprintf(msg, msg_size, "%s is in use by another process", path);
	else snprintf(msg, msg_size, "cannot lock %s: %s", name, strerror(-r));
	return r;
}

/* Whether the lock file remembers a finished database. */
static bool lock_marked(int fd) {
	struct stat st;
	return fstat(fd, &st) == 0 && st.st_size > 0;
}

static int lock_mark(int fd, const char *identity) {
	char now[40] = "";
	if (pread(fd, now, sizeof(now) - 1, 0) > 0 && strcmp(now, identity) == 0) return 0;
	if (pwrite(fd, identity, strlen(identity), 0) != (ssize_t)strlen(identity)) return -EIO;
	return fsync(fd) < 0 ? -errno : 0;
}

/* Makes the file with the right mode. An empty file that used to be a database is not taken for a new one. */
static int create_file(const char *path, int lock_fd, char *msg, size_t msg_size) {
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;
	if (fd >= 0) {
		if (ftruncate(lock_fd, 0) < 0) return -errno;
		return sync_dir(path);
	}
	if (errno != EEXIST || stat(path, &st) < 0) {
		int r = -errno;
		snprintf(msg, msg_size, "cannot create %s: %s", path, strerror(-r));
		return r;
	}
	if (st.st_size == 0 && lock_marked(lock_fd)) {
		snprintf(msg, msg_size, "%s is empty but held data before: restore a backup, or remove the file to begin anew", path);
		return -EUCLEAN;
	}
	return 0;
}

static int check_wal(struct engine_sqlite *q, const char *path, char *msg, size_t msg_size) {
	_cleanup_free_ char *name = NULL;
	struct wal_report rep;
	if (asprintf(&name, "%s-wal", path) < 0) return name = NULL, -ENOMEM;
	int r = wal_check(name, &rep);
	if (r < 0) return snprintf(msg, msg_size, "cannot read %s: %s", name, strerror(-r)), r;
	if (!rep.damaged) return 0;
	q->damage = rep.lost + 1;
	snprintf(msg, msg_size, "the log of %s was damaged at byte %llu: the state of the last commit before it is used, up to %llu log"
	         " pages written later are lost, and watches begin anew", path, (unsigned long long)rep.at, (unsigned long long)rep.lost);
	return 0;
}

/* ---- opening ---- */

static int migrate(struct engine_sqlite *q, char *msg, size_t msg_size) {
	int64_t version = 0, app = 0;
	int r = sqlite_number(q->db, "PRAGMA user_version", &version);
	if (r == 0) r = sqlite_number(q->db, "PRAGMA application_id", &app);
	if (r) return sqlite_err(q->db, sqlite3_extended_errcode(q->db), "cannot read the database", msg, msg_size);
	if (version > DB_SCHEMA || version < 0 || (version > 0 && app != DB_APP_ID)) {
		snprintf(msg, msg_size, version > 0 && app != DB_APP_ID ? "the file is not a k8c database"
		                                              : "the database was written by a newer version (schema %lld)", (long long)version);
		return -EUCLEAN;
	}
	if (version == 0 && lock_marked(q->lock_fd)) {
		snprintf(msg, msg_size, "the database has lost its tables: restore a backup, or remove the file to begin anew");
		return -EUCLEAN;
	}
	for (; version < DB_SCHEMA; version++) {
		char sql[2048];
		snprintf(sql, sizeof(sql), "BEGIN IMMEDIATE; %s PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
		         migrations[version], DB_APP_ID, (int)version + 1);
		r = sqlite_run(q->db, sql, "cannot prepare the database", msg, msg_size);
		if (r) return r;
	}
	return 0;
}

static bool is_empty(const char *path) {
	struct stat st;
	return stat(path, &st) == 0 && st.st_size == 0;
}

static int open_as(struct engine_sqlite *q, const char *path, const char *locking, char *msg, size_t msg_size) {
	/* They write, even where nothing changes: only into a new file. */
	static const char once[] = "PRAGMA auto_vacuum=INCREMENTAL;";
	char sql[640];
	int rc = sqlite3_open_v2(path, &q->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
	if (rc != SQLITE_OK) return sqlite_err(q->db, q->db ? sqlite3_extended_errcode(q->db) : rc, "cannot open the database", msg, msg_size);
	sqlite3_extended_result_codes(q->db, 1);
	sqlite3_busy_timeout(q->db, STORE_BUSY_MS);
	/* The engine moves the log itself, so that an error there is seen. */
	sqlite3_wal_autocheckpoint(q->db, 0);
	snprintf(sql, sizeof(sql),
	         "PRAGMA locking_mode=%s; PRAGMA page_size=%u;%s PRAGMA journal_mode=WAL;"
	         "PRAGMA synchronous=FULL; PRAGMA cache_size=-%u; PRAGMA journal_size_limit=%u; PRAGMA temp_store=MEMORY;"
	         "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; SELECT count(*) FROM sqlite_schema", locking, STORE_PAGE_BYTES, is_empty(path) ? once : "", STORE_CACHE_KIB, STORE_WAL_FILE_MAX);
	return sqlite_run(q->db, sql, "cannot set up the database", msg, msg_size);
}

/* On a full disk there is no room for the log's shared index: then it is kept in memory, so that reads can be served (and no
 * other process can make a backup until the next start). */
static int setup(struct engine_sqlite *q, const char *path, char *msg, size_t msg_size) {
	char first[STORE_MSG_MAX] = "";
	int r = open_as(q, path, "NORMAL", first, sizeof(first));
	if (r && r != -ENOSPC) snprintf(msg, msg_size, "%s", first);
	if (r != -ENOSPC) return r;
	sqlite3_close(q->db);
	q->db = NULL;
	return open_as(q, path, "EXCLUSIVE", msg, msg_size);
}

int sqlite_quick_check(sqlite3 *db, char *msg, size_t msg_size) {
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &st, NULL);
	if (rc == SQLITE_OK) rc = sqlite3_step(st);
	int r = 0;
	if (rc != SQLITE_ROW) r = sqlite_err(db, sqlite3_extended_errcode(db), "cannot check the database", msg, msg_size);
	else if (!slice_eqs(column_slice(st, 0), "ok")) {
		snprintf(msg, msg_size, "the database is damaged (%.*s): restore a backup", SLICE_FMT(column_slice(st, 0)));
		for (char *p = msg; (p = strchr(p, '\n'));) *p = ' '; /* SQLite puts a heading on a line of its own */
		r = -EUCLEAN;
	}
	sqlite3_finalize(st);
	return r;
}

/* Moves what a crash left in the log into the database and starts an empty log. A page of the log that was in the kernel's
 * memory only (its fsync had failed) thereby gets to the disk before anything is built on it. */
int sqlite_begin_log(struct engine_sqlite *q, char *msg, size_t msg_size) {
	int rc = sqlite3_wal_checkpoint_v2(q->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	/* A backup that is being read, or a full disk, keeps the log as it is: it is then moved later. */
	if (rc == SQLITE_OK || errno_of(q->db, rc) == -EBUSY || errno_of(q->db, rc) == -ENOSPC) return 0;
	return sqlite_err(q->db, rc, "cannot move the log into the database", msg, msg_size);
}

static int prepare(struct engine_sqlite *q, char *msg, size_t msg_size) {
	for (size_t i = 0; i < ST_MAX; i++) {
		int rc = sqlite3_prepare_v3(q->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &q->st[i], NULL);
		if (rc != SQLITE_OK) return sqlite_err(q->db, rc, "cannot prepare a statement", msg, msg_size);
	}
	return 0;
}

int sqlite_step_done(struct engine_sqlite *q, enum stmt which, const char *what) {
	int rc = sqlite3_step(q->st[which]);
	int r = rc == SQLITE_DONE ? 0 : sqlite_err(q->db, sqlite3_extended_errcode(q->db), what, q->e.msg, sizeof(q->e.msg));
	sqlite3_reset(q->st[which]);
	return r;
}

/* The totals of a new database, or those that are there. */
static int begin_state(struct engine_sqlite *q, char *msg, size_t msg_size) {
	int64_t rows = 0;
	int r = sqlite_number(q->db, "SELECT (SELECT count(*) FROM state) + EXISTS(SELECT 1 FROM objects)", &rows);
	if (r) return sqlite_err(q->db, sqlite3_extended_errcode(q->db), "cannot read the database", msg, msg_size);
	if (rows == 0 && !lock_marked(q->lock_fd)) {
		q->now = (struct totals){ .rv = 1, .oldest_rv = 1 };
		r = env_uuid(q->env, q->identity);
		if (r == 0) r = totals_bind(q->st[ST_STATE], &q->now, q->identity);
		if (r == 0) r = sqlite_step_done(q, ST_STATE, "cannot write the database");
		if (r) return snprintf(msg, msg_size, "%s", q->e.msg), r;
	}
	r = totals_read(q->db, &q->now, q->identity, msg, msg_size);
	return r ? r : lock_mark(q->lock_fd, q->identity);
}

static void sqlite_close(struct engine *e, bool failed) {
	struct engine_sqlite *q = CONTAINER_OF(e, struct engine_sqlite, e);
	for (size_t i = 0; i < ST_MAX; i++) sqlite3_finalize(q->st[i]);
	if (q->db && failed) sqlite3_db_config(q->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(q->db);
	if (q->lock_fd >= 0) close(q->lock_fd);
	free(q->reserve);
	free(q);
}

/* ---- committing ---- */

static void bind_text(sqlite3_stmt *st, int i, struct slice s) {
	if (s.p) sqlite3_bind_text64(st, i, s.p, s.n, SQLITE_STATIC, SQLITE_UTF8);
	else sqlite3_bind_null(st, i);
}

static struct slice not_null(struct slice s) { return s.p ? s : slice_make("", 0); }

static void bind_key(sqlite3_stmt *st, int i, const struct store_key *k) {
	bind_text(st, i, not_null(k->resource));
	bind_text(st, i + 1, not_null(k->ns));
	bind_text(st, i + 2, not_null(k->name));
}

int totals_bind(sqlite3_stmt *st, const struct totals *t, const char *identity) {
	sqlite3_bind_int64(st, 1, (int64_t)t->rv);
	sqlite3_bind_int64(st, 2, (int64_t)t->oldest_rv);
	sqlite3_bind_int64(st, 3, (int64_t)t->objects);
	sqlite3_bind_int64(st, 4, (int64_t)t->digest);
	bind_text(st, 5, slice_str(identity));
	sqlite3_bind_int64(st, 6, totals_crc(t, identity));
	return 0;
}

/* One object's row. The row has to be there exactly when it should. */
static int write_object(struct engine_sqlite *q, const struct store_event *ev) {
	static const enum stmt which[] = { [STORE_EV_ADDED] = ST_INSERT, [STORE_EV_MODIFIED] = ST_UPDATE, [STORE_EV_DELETED] = ST_DELETE };
	struct store_obj *o = ev->obj;
	sqlite3_stmt *st = q->st[which[ev->kind]];
	o->crc = row_crc(o->row, o->rv, o->create_rv, &o->key, blob_slice(o->json));
	sqlite3_bind_int64(st, 1, (int64_t)o->row);
	if (ev->kind != STORE_EV_DELETED) {
		sqlite3_bind_int64(st, 2, (int64_t)o->rv);
		sqlite3_bind_int64(st, 4, o->crc);
		bind_text(st, 8, blob_slice(o->json));
	}
	if (ev->kind == STORE_EV_ADDED) {
		sqlite3_bind_int64(st, 3, (int64_t)o->create_rv);
		bind_key(st, 5, &o->key);
	}
	int r = sqlite_step_done(q, which[ev->kind], "cannot write an object");
	if (r) return r;
	if (sqlite3_changes(q->db) != 1) return snprintf(q->e.msg, sizeof(q->e.msg), "the row of an object is missing in the database"), -EIO;
	if (ev->prev) q->now.digest -= row_digest(ev->prev->row, ev->prev->crc);
	if (ev->kind != STORE_EV_DELETED) q->now.digest += row_digest(o->row, o->crc);
	q->now.objects += (uint64_t)(ev->kind == STORE_EV_ADDED) - (uint64_t)(ev->kind == STORE_EV_DELETED);
	return 0;
}

static int write_event(struct engine_sqlite *q, const struct store_event *ev, uint64_t seq, int64_t now) {
	const struct store_obj *o = ev->obj;
	sqlite3_stmt *st = q->st[ST_EVENT];
	struct event_row r = { .id = ev->rv * EVENT_OPS + seq, .rv = ev->rv, .create_rv = o->create_rv, .row = o->row, .kind = ev->kind, .at = now, .key = o->key };
	if (ev->kind == STORE_EV_DELETED) r.last = blob_slice(o->json);
	if (ev->prev) {
		r.prev = blob_slice(ev->prev->json);
		r.prev_rv = ev->prev->rv;
	}
	const int64_t numbers[] = { (int64_t)r.id, (int64_t)r.kind, r.at };
	for (int i = 0; i < 3; i++) sqlite3_bind_int64(st, i + 1, numbers[i]);
	bind_key(st, 4, &r.key);
	const int64_t more[] = { (int64_t)r.create_rv, (int64_t)r.row, (int64_t)r.prev_rv, event_crc(&r) };
	for (int i = 0; i < 4; i++) sqlite3_bind_int64(st, 7 + i, more[i]);
	bind_text(st, 11, r.last);
	bind_text(st, 12, r.prev);
	return sqlite_step_done(q, ST_EVENT, "cannot write an event");
}

/* Rows of the event log are removed a good number at a time, not with every commit. */
static int trim(struct engine_sqlite *q, uint64_t oldest_rv) {
	if (oldest_rv < q->trimmed_rv + STORE_LOG_TRIM_ROWS) return 0;
	sqlite3_bind_int64(q->st[ST_TRIM], 1, (int64_t)((oldest_rv + 1) * EVENT_OPS));
	int r = sqlite_step_done(q, ST_TRIM, "cannot trim the event log");
	if (r == 0) q->now.oldest_rv = q->trimmed_rv = oldest_rv;
	return r;
}

static int write_batch(struct engine_sqlite *q, const struct engine_batch *b) {
	int r = 0;
	uint64_t seq = 0;
	for (size_t i = 0; i < b->n && r == 0; i++) {
		seq = i && b->ev[i - 1]->rv == b->ev[i]->rv ? seq + 1 : 0;
		r = write_object(q, b->ev[i]);
		if (r == 0) r = write_event(q, b->ev[i], seq, b->now);
	}
	if (r == 0) r = trim(q, b->oldest_rv);
	q->now.rv = b->rv;
	if (r == 0) r = totals_bind(q->st[ST_STATE], &q->now, q->identity);
	return r ? r : sqlite_step_done(q, ST_STATE, "cannot write the totals");
}

static int commit_once(struct engine_sqlite *q, const struct engine_batch *b) {
	struct totals before = q->now;
	uint64_t trimmed = q->trimmed_rv;
	int r = sqlite_step_done(q, ST_BEGIN, "cannot begin a commit");
	if (r == 0) r = write_batch(q, b);
	if (r == 0) r = sqlite_step_done(q, ST_COMMIT, "cannot commit");
	if (r == 0) return 0;
	q->now = before;
	q->trimmed_rv = trimmed;
	if (!sqlite3_get_autocommit(q->db)) sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);
	return r == -ENOSPC || r == -ENOMEM || r == -EBUSY ? r : -EIO;
}

/* ---- the reserve ---- */

/* Failing is no error: there is just no reserve then. */
static void reserve_take(struct engine_sqlite *q) {
	_cleanup_close_ int fd = open(q->reserve, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	q->since_reserve = 0;
	q->reserved = fd >= 0 && posix_fallocate(fd, 0, STORE_RESERVE_BYTES) == 0;
	if (fd >= 0 && !q->reserved) (void)unlink(q->reserve);
}

/* Gives up the reserve to move the log's pages into the database and to cut the log off, which mostly frees more than that took.
 * 0 or -EIO; that there is no room even for the move is found by the next attempt to commit. */
static int make_room(struct engine_sqlite *q) {
	if (q->reserved) (void)unlink(q->reserve);
	q->reserved = false;
	q->since_reserve = 0;
	q->wal_pages = 0;
	int rc = sqlite3_wal_checkpoint_v2(q->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc == SQLITE_OK) return 0;
	int r = sqlite_err(q->db, rc, "cannot move the log into the database", q->e.msg, sizeof(q->e.msg));
	return r == -ENOSPC || r == -EBUSY || r == -ENOMEM ? 0 : -EIO;
}

/* Nothing new is created on what is kept back for deletions. */
static int reserve_hold(struct engine_sqlite *q) {
	if (!q->reserved) reserve_take(q);
	if (q->reserved) return 0;
	snprintf(q->e.msg, sizeof(q->e.msg), "the disk is full: there are not %u MiB free beside the database", STORE_RESERVE_BYTES / MIB);
	return -ENOSPC;
}

static int sqlite_commit(struct engine *e, const struct engine_batch *b) {
	struct engine_sqlite *q = CONTAINER_OF(e, struct engine_sqlite, e);
	int r = b->urgent ? 0 : reserve_hold(q);
	if (r == 0) r = commit_once(q, b);
	if (r != -ENOSPC || (!b->urgent && !q->reserved)) return r;
	r = make_room(q);
	if (r == 0 && !b->urgent) r = reserve_hold(q);
	return r ? r : commit_once(q, b);
}

/* ---- housekeeping ---- */

static int on_wal(void *ctx, sqlite3 *db, const char *name, int pages) {
	((struct engine_sqlite *)ctx)->wal_pages = pages;
	return SQLITE_OK;
}

static int shrink(struct engine_sqlite *q) {
	int64_t free_pages = 0;
	char sql[64];
	if (sqlite_number(q->db, "PRAGMA freelist_count", &free_pages) || free_pages < (int64_t)STORE_FREE_PAGES) return 0;
	snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%u)", STORE_VACUUM_PAGES);
	return sqlite_run(q->db, sql, "cannot shrink the database", q->e.msg, sizeof(q->e.msg));
}

static int sqlite_upkeep(struct engine *e) {
	struct engine_sqlite *q = CONTAINER_OF(e, struct engine_sqlite, e);
	int left = 0, moved = 0;
	if (!q->reserved && ++q->since_reserve >= STORE_RESERVE_EVERY) reserve_take(q);
	if (q->wal_pages < (int)STORE_WAL_PAGES) return 0;
	int r = shrink(q);
	if (r == 0) {
		int rc = sqlite3_wal_checkpoint_v2(q->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &left, &moved);
		r = rc == SQLITE_OK ? 0 : sqlite_err(q->db, rc, "cannot move the log into the database", q->e.msg, sizeof(q->e.msg));
	}
	q->wal_pages = 0;
	return r == -EIO || r == -EUCLEAN ? -EIO : 0;
}

static const struct engine_ops sqlite_ops = { engine_sqlite_load, sqlite_commit, sqlite_upkeep, sqlite_close };

int engine_sqlite_open(const char *path, const struct env *env, struct engine **ret, char *msg, size_t msg_size) {
	struct engine_sqlite *q = calloc(1, sizeof(*q));
	if (!q) return -ENOMEM;
	q->e.ops = &sqlite_ops;
	q->env = env;
	q->lock_fd = asprintf(&q->reserve, "%s.reserve", path) < 0 ? (q->reserve = NULL, -ENOMEM) : lock_take(path, msg, msg_size);
	int r = q->lock_fd < 0 ? q->lock_fd : create_file(path, q->lock_fd, msg, msg_size);
	if (r == 0) r = check_wal(q, path, msg, msg_size);
	if (r == 0) r = setup(q, path, msg, msg_size);
	if (r == 0) r = migrate(q, msg, msg_size);
	if (r == 0) r = sqlite_quick_check(q->db, msg, msg_size);
	if (r == 0) r = prepare(q, msg, msg_size);
	if (r == 0) r = begin_state(q, msg, msg_size);
	if (r) return sqlite_close(&q->e, true), r;
	sqlite3_wal_hook(q->db, on_wal, q);
	reserve_take(q);
	*ret = &q->e;
	return 0;
}
