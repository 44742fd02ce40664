/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a database: every row is checked against its checksum, all rows together against the totals. */
#include "store/engine/sqlite_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct slice column_slice(sqlite3_stmt *st, int i) {
	if (sqlite3_column_type(st, i) == SQLITE_NULL) return SLICE_NULL;
	const void *p = sqlite3_column_text(st, i);
	return slice_make(p ? p : "", (size_t)sqlite3_column_bytes(st, i));
}

static uint64_t column_u64(sqlite3_stmt *st, int i) { return (uint64_t)sqlite3_column_int64(st, i); }

int totals_read(sqlite3 *db, struct totals *ret, char identity[37], char *msg, size_t msg_size) {
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, "SELECT rv,oldest_rv,objects,digest,identity,crc FROM state WHERE one=1", -1, &st, NULL);
	if (rc == SQLITE_OK) rc = sqlite3_step(st);
	int r = 0;
	if (rc == SQLITE_ROW) {
		struct slice id = column_slice(st, 4);
		*ret = (struct totals){ column_u64(st, 0), column_u64(st, 1), column_u64(st, 2), column_u64(st, 3) };
		snprintf(identity, 37, "%.*s", SLICE_FMT(id));
		if (id.n != 36 || totals_crc(ret, identity) != (uint32_t)sqlite3_column_int64(st, 5)) r = -EUCLEAN;
	} else {
		r = rc == SQLITE_DONE ? -EUCLEAN : sqlite_err(db, sqlite3_extended_errcode(db), "cannot read the totals", msg, msg_size);
	}
	sqlite3_finalize(st);
	if (r == -EUCLEAN) snprintf(msg, msg_size, "the database's totals are damaged: restore a backup");
	return r;
}

/* ---- objects ---- */

struct object_sum { uint64_t objects, digest; };

static int load_row(struct engine_sqlite *q, sqlite3_stmt *st, const struct engine_load *to, struct object_sum *sum, char *msg, size_t msg_size) {
	uint64_t row = column_u64(st, 0), rv = column_u64(st, 1), create_rv = column_u64(st, 2);
	uint32_t crc = (uint32_t)sqlite3_column_int64(st, 3);
	struct store_key key = { column_slice(st, 4), column_slice(st, 5), column_slice(st, 6) };
	struct slice json = column_slice(st, 7);
	if (row_crc(row, rv, create_rv, &key, json) != crc || rv > q->now.rv) {
		snprintf(msg, msg_size, "the stored object %.100s%s%.*s/%.*s is damaged (row %llu): restore a backup", key.resource.p ? key.resource.p : "",
		         " ", (int)(key.ns.n < 100 ? key.ns.n : 100), key.ns.p ? key.ns.p : "", (int)(key.name.n < 100 ? key.name.n : 100),
		         key.name.p ? key.name.p : "", (unsigned long long)row);
		return -EUCLEAN;
	}
	struct blob *b = blob_new(json.p, json.n);
	if (!b) return -ENOMEM;
	sum->objects++;
	sum->digest += row_digest(row, crc);
	return to->object(to->ctx, &key, rv, create_rv, row, crc, b);
}

static int load_objects(struct engine_sqlite *q, const struct engine_load *to, char *msg, size_t msg_size) {
	sqlite3_stmt *st = NULL;
	struct object_sum sum = { 0 };
	int r = 0, rc = sqlite3_prepare_v2(q->db, "SELECT id,rv,create_rv,crc,resource,ns,name,json FROM objects ORDER BY id", -1, &st, NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(st);
		if (rc == SQLITE_ROW && (r = load_row(q, st, to, &sum, msg, msg_size)) < 0) break;
	}
	if (r == 0 && rc != SQLITE_DONE) r = sqlite_err(q->db, sqlite3_extended_errcode(q->db), "cannot read the objects", msg, msg_size);
	sqlite3_finalize(st);
	if (r) return r;
	if (sum.objects == q->now.objects && sum.digest == q->now.digest) return 0;
	snprintf(msg, msg_size, "the database holds %llu objects that do not match its totals (%llu objects): restore a backup",
	         (unsigned long long)sum.objects, (unsigned long long)q->now.objects);
	return -EUCLEAN;
}

/* ---- events ---- */

static void event_read(sqlite3_stmt *st, struct event_row *r, uint32_t *crc) {
	*r = (struct event_row){ .id = column_u64(st, 0), .kind = (enum store_event_kind)sqlite3_column_int(st, 1), .at = sqlite3_column_int64(st, 2),
		.key = { column_slice(st, 3), column_slice(st, 4), column_slice(st, 5) }, .create_rv = column_u64(st, 6), .row = column_u64(st, 7),
		.prev_rv = column_u64(st, 8), .last = column_slice(st, 10), .prev = column_slice(st, 11) };
	r->rv = r->id / EVENT_OPS;
	*crc = (uint32_t)sqlite3_column_int64(st, 9);
}

/* The kind decides which states a row has to hold. */
static bool event_whole(const struct event_row *r, uint32_t crc) {
	if (event_crc(r) != crc || r->kind < STORE_EV_ADDED || r->kind > STORE_EV_DELETED) return false;
	return (r->last.p != NULL) == (r->kind == STORE_EV_DELETED) && (r->prev.p != NULL) == (r->kind != STORE_EV_ADDED);
}

static int blob_of(struct slice s, struct blob **ret) {
	*ret = s.p ? blob_new(s.p, s.n) : NULL;
	return s.p && !*ret ? -ENOMEM : 0;
}

static int deliver(const struct engine_load *to, const struct event_row *r, int64_t now) {
	struct blob *last, *prev;
	if (blob_of(r->last, &last)) return -ENOMEM;
	if (blob_of(r->prev, &prev)) return blob_unref(last), -ENOMEM;
	int64_t age = now > r->at ? now - r->at : 0;
	return to->event(to->ctx, r->kind, &r->key, r->rv, r->create_rv, r->row, last, prev, r->prev_rv, age);
}

/* Newest first, as far back as the log is whole: *ret_oldest is the revision before the last one delivered. The log is only
 * history: damage in it costs watchers a new list, nothing else. */
static int load_events(struct engine_sqlite *q, const struct engine_load *to, uint64_t *ret_oldest, bool *ret_damaged) {
	sqlite3_stmt *st = NULL;
	int64_t now = env_now_sec(q->env);
	uint64_t next = q->now.rv, pos = 0; /* expected: the revision, and once its last row has been seen (pos > 0) the position in it */
	int r = 0, rc = sqlite3_prepare_v2(q->db, "SELECT id,kind,at,resource,ns,name,create_rv,row,prev_rv,crc,last,prev FROM events ORDER BY id DESC", -1, &st, NULL);
	while (rc == SQLITE_OK && next > q->now.oldest_rv && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct event_row row;
		uint32_t crc;
		event_read(st, &row, &crc);
		bool fits = row.rv == next && (pos == 0 || row.id % EVENT_OPS == pos - 1);
		r = fits && event_whole(&row, crc) ? deliver(to, &row, now) : -EUCLEAN;
		if (r) break;
		pos = row.id % EVENT_OPS;
		next -= pos == 0;
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	*ret_damaged = next > q->now.oldest_rv;
	*ret_oldest = next;
	return r == -EUCLEAN ? 0 : r;
}

/* A damaged log may have held revisions that clients have seen: none of them is given out again. A revision takes more than 64
 * bytes of log. Written down before the log is emptied, as only the log tells that it was damaged. */
static int skip_lost(struct engine_sqlite *q, char *msg, size_t msg_size) {
	q->now.rv += q->damage * (STORE_PAGE_BYTES / 64);
	q->now.oldest_rv = q->trimmed_rv = q->now.rv;
	totals_bind(q->st[ST_STATE], &q->now, q->identity);
	int r = sqlite_step_done(q, ST_STATE, "cannot write down that the log was damaged");
	if (r) snprintf(msg, msg_size, "%s", q->e.msg);
	return r;
}

/* Objects, then events. */
static int load_rows(struct engine_sqlite *q, const struct engine_load *to, uint64_t *ret_oldest, char *msg, size_t msg_size) {
	bool damaged = false;
	int r = load_objects(q, to, msg, msg_size);
	if (r) return r;
	q->trimmed_rv = q->now.oldest_rv;
	if (q->damage) {
		r = skip_lost(q, msg, msg_size);
		*ret_oldest = q->now.rv;
		return r;
	}
	r = load_events(q, to, ret_oldest, &damaged);
	if (r == 0 && damaged)
		snprintf(msg, msg_size, "the event log was damaged: watches can be resumed only from revision %llu on", (unsigned long long)*ret_oldest);
	return r;
}

int sqlite_load_rows(struct engine_sqlite *q, const struct engine_load *to, char *msg, size_t msg_size) {
	uint64_t oldest;
	return load_rows(q, to, &oldest, msg, msg_size);
}

int engine_sqlite_load(struct engine *e, const struct engine_load *to, struct engine_state *ret, char *msg, size_t msg_size) {
	struct engine_sqlite *q = CONTAINER_OF(e, struct engine_sqlite, e);
	uint64_t oldest = 0;
	int r = load_rows(q, to, &oldest, msg, msg_size);
	if (r) return r;
	*ret = (struct engine_state){ .rv = q->now.rv, .oldest_rv = oldest };
	memcpy(ret->identity, q->identity, sizeof(ret->identity));
	return sqlite_begin_log(q, msg, msg_size);
}
