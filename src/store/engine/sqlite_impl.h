/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite engine's inside, for its own files. */
#pragma once

#include "store/engine.h"

#include <sqlite3.h>

#define DB_SCHEMA 1
#define DB_APP_ID 0x6b386331 /* "k8c1" */

/* Rows of the event log are numbered revision * EVENT_OPS + position in the revision. */
#define EVENT_OPS 16u

enum stmt { ST_BEGIN, ST_COMMIT, ST_INSERT, ST_UPDATE, ST_DELETE, ST_EVENT, ST_TRIM, ST_STATE, ST_MAX };

/* The one row that says what the tables have to hold. */
struct totals {
	uint64_t rv, oldest_rv;
	uint64_t objects;
	uint64_t digest; /* sum over the objects' rows, so that a lost or outdated row shows */
};

struct engine_sqlite {
	struct engine e;
	const struct env *env;
	sqlite3 *db;
	sqlite3_stmt *st[ST_MAX];
	struct totals now;
	uint64_t trimmed_rv;
	uint64_t damage;     /* frames a damaged log may have held */
	int wal_pages;       /* in the log since it was last moved */
	int lock_fd;
	char *reserve;       /* name of the file that keeps space back */
	bool reserved;
	unsigned since_reserve;
	char identity[37];
};

/* Maps SQLite's result to -errno and keeps a sentence in msg: "<what>: <SQLite's words>". */
int sqlite_err(sqlite3 *db, int rc, const char *what, char *msg, size_t msg_size);
/* Checksum of one object version or event: every field and the bytes. */
uint32_t row_crc(uint64_t row, uint64_t rv, uint64_t create_rv, const struct store_key *key, struct slice json);
uint64_t row_digest(uint64_t row, uint32_t crc);
uint32_t totals_crc(const struct totals *t, const char *identity);
struct event_row {
	uint64_t id, rv, create_rv, row, prev_rv;
	enum store_event_kind kind;
	int64_t at;
	struct store_key key;
	struct slice last, prev; /* NULL pointers: absent */
};
uint32_t event_crc(const struct event_row *r);
/* Reads the totals and identity. 0, -EUCLEAN, or as sqlite_err. */
int totals_read(sqlite3 *db, struct totals *ret, char identity[37], char *msg, size_t msg_size);
int totals_bind(sqlite3_stmt *st, const struct totals *t, const char *identity);
/* Delivers all rows of q->db, checked against q->now. */
int sqlite_load_rows(struct engine_sqlite *q, const struct engine_load *to, char *msg, size_t msg_size);
int engine_sqlite_load(struct engine *e, const struct engine_load *to, struct engine_state *ret, char *msg, size_t msg_size);
/* The lock file "<path>.lock": held while the database is in use. Returns the descriptor or -EBUSY / -errno. */
int lock_take(const char *path, char *msg, size_t msg_size);
/* fsync of the folder a file is in. */
int sync_dir(const char *path);
struct slice column_slice(sqlite3_stmt *st, int i);
/* Runs statements without results. */
int sqlite_run(sqlite3 *db, const char *sql, const char *what, char *msg, size_t msg_size);
/* Steps a prepared statement that returns no rows; the sentence goes to q->e.msg. */
int sqlite_step_done(struct engine_sqlite *q, enum stmt which, const char *what);
/* Moves what a crash left in the log into the database and starts an empty log. */
int sqlite_begin_log(struct engine_sqlite *q, char *msg, size_t msg_size);
int sqlite_quick_check(sqlite3 *db, char *msg, size_t msg_size);
/* The number a one-value query gives. */
int sqlite_number(sqlite3 *db, const char *sql, int64_t *ret);
