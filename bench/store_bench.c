/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store by itself, beside a bare SQLite program that commits the same bytes in batches of the same size, in one run and
 * alternating: store_bench [folder]. Prints one line per figure: name, value, unit.
 */
#include "store/store.h"

#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define POD_BYTES 3200
#define OUTSTANDING 64
#define CREATES 10000
#define ROUNDS 3

static char pod[POD_BYTES + 1];
static size_t rv_at;

static void make_pod(void) {
	int n = snprintf(pod, sizeof(pod), "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"pod-000000\",\"namespace\":\"bench\","
	                 "\"uid\":\"8a1c51d6-1d0a-4b53-9a5c-2f7e5a4f0a11\",\"resourceVersion\":\"");
	rv_at = (size_t)n;
	n += snprintf(pod + n, sizeof(pod) - (size_t)n, "\",\"labels\":{\"app\":\"bench\",\"pod-template-hash\":\"7d4b9c\"}},\"pad\":\"");
	memset(pod + n, 'x', sizeof(pod) - 4 - (size_t)n);
	memcpy(pod + sizeof(pod) - 4, "\"}", 3);
}

static int index_pod(void *ctx, const struct store_key *key, struct slice json, const struct store_index_sink *sink) {
	ptrdiff_t at = slice_find(json, SLICE_LIT("\"uid\":\""));
	if (at > 0) sink->uid(sink->ctx, slice_make(json.p + at + 7, 36));
	sink->label(sink->ctx, SLICE_LIT("app"), SLICE_LIT("bench"));
	sink->label(sink->ctx, SLICE_LIT("pod-template-hash"), SLICE_LIT("7d4b9c"));
	sink->field(sink->ctx, SLICE_LIT("spec.nodeName"), SLICE_LIT("node-1"));
	sink->field(sink->ctx, SLICE_LIT("status.phase"), SLICE_LIT("Running"));
	return 0;
}

static double seconds(void) { return (double)env_mono(&env_system) / 1e9; }
static void show(const char *name, double v, const char *unit) { printf("%-44s %12.2f %s\n", name, v, unit); }

static struct store *open_store(const char *path) {
	struct store_options o = { .sqlite_path = path, .env = &env_system, .index = index_pod };
	struct store *s;
	const char *msg;
	int r = store_open(&o, &s, &msg);
	if (r == 0) return s;
	fprintf(stderr, "%s\n", msg);
	exit(1);
}

/* ---- 64 writers, each waiting for its answer ---- */

struct load {
	struct store *s;
	enum store_op_kind kind;
	_Atomic int next, done;
	int n, keys;
	sem_t end;
};

static void submit(struct load *l);

static void on_done(void *ctx, const struct store_result *res) {
	struct load *l = ctx;
	if (res->err) {
		fprintf(stderr, "write failed: %s\n", strerror(-res->err));
		exit(1);
	}
	submit(l);
	/* Last: the waiter's load is gone once it is told. */
	if (atomic_fetch_add(&l->done, 1) + 1 == l->n) sem_post(&l->end);
}

static void submit(struct load *l) {
	int i = atomic_fetch_add(&l->next, 1);
	char name[32];
	if (i >= l->n) return;
	size_t n = (size_t)snprintf(name, sizeof(name), "pod-%06d", i % l->keys);
	struct store_op op = { .kind = l->kind, .key = { SLICE_LIT("/pods"), SLICE_LIT("bench"), slice_make(name, n) }, .expect_rv = STORE_RV_ANY,
		.json = blob_new(pod, strlen(pod)), .rv_at = rv_at };
	if (store_txn(l->s, &op, 1, NULL, on_done, l)) exit(1);
}

static double run_load(struct store *s, enum store_op_kind kind, int n, int keys) {
	struct load l = { .s = s, .kind = kind, .n = n, .keys = keys };
	sem_init(&l.end, 0, 0);
	double t = seconds();
	for (int i = 0; i < OUTSTANDING; i++) submit(&l);
	sem_wait(&l.end);
	return n / (seconds() - t);
}

/* ---- the floor ---- */

static double bare(const char *path, int n) {
	sqlite3 *db;
	sqlite3_stmt *st;
	remove(path);
	if (sqlite3_open(path, &db) != SQLITE_OK) exit(1);
	sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE pods(id INTEGER PRIMARY KEY, name TEXT, json TEXT)", NULL, NULL, NULL);
	sqlite3_prepare_v2(db, "INSERT INTO pods(name,json) VALUES(?1,?2)", -1, &st, NULL);
	double t = seconds();
	for (int i = 0; i < n; i++) {
		char name[32];
		if (i % OUTSTANDING == 0) sqlite3_exec(db, i ? "COMMIT; BEGIN" : "BEGIN", NULL, NULL, NULL);
		snprintf(name, sizeof(name), "pod-%06d", i);
		sqlite3_bind_text(st, 1, name, -1, SQLITE_TRANSIENT);
		sqlite3_bind_text(st, 2, pod, (int)strlen(pod), SQLITE_STATIC);
		sqlite3_step(st);
		sqlite3_reset(st);
	}
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	double rate = n / (seconds() - t);
	sqlite3_finalize(st);
	sqlite3_close(db);
	remove(path);
	return rate;
}

/* ---- reading ---- */

static void read_ns(struct store *s, int keys) {
	struct store_key k = { SLICE_LIT("/pods"), SLICE_LIT("bench"), SLICE_NULL };
	size_t found = 0;
	int n = 2000000;
	double t = seconds();
	for (int i = 0; i < n; i++) store_snapshot_unref(store_snapshot(s));
	show("snapshot and unref", (seconds() - t) * 1e9 / n, "ns");
	n = 500000;
	t = seconds();
	for (int i = 0; i < n; i++) {
		char name[16] = "pod-000000";
		for (unsigned v = (unsigned)(i * 7919) % (unsigned)keys, at = 9; v; v /= 10) name[at--] = (char)('0' + v % 10);
		k.name = slice_make(name, 10);
		struct store_snapshot *sn = store_snapshot(s);
		found += store_get(sn, &k) != NULL;
		store_snapshot_unref(sn);
	}
	show("snapshot, get one, unref", (seconds() - t) * 1e9 / n, "ns");
	struct store_snapshot *sn = store_snapshot(s);
	struct store_cursor c;
	size_t objects = 0;
	t = seconds();
	for (int i = 0; i < 20; i++) {
		store_scan(sn, k.resource, SLICE_NULL, NULL, &c);
		while (store_next(&c)) objects++;
	}
	show("scan, per object", (seconds() - t) * 1e9 / (double)objects, "ns");
	t = seconds();
	for (int i = 0; i < 100000; i++) found += store_count(sn, k.resource, k.ns);
	show("count of a namespace", (seconds() - t) * 1e9 / 100000, "ns");
	uint64_t rv = store_snapshot_rv(sn), made = 0;
	store_snapshot_unref(sn);
	t = seconds();
	for (uint64_t i = 1; i < 2000 && i < rv; i += 3, made++) {
		struct store_snapshot *old;
		if (store_snapshot_at(s, rv - i, &old) == 0) store_snapshot_unref(old);
	}
	show("state of an old revision", (seconds() - t) * 1e6 / (double)made, "us");
	if (!found) exit(1);
}

static void memory_per_pod(void) {
	struct store *s = open_store(NULL);
	run_load(s, STORE_CREATE, 100, 100);
	struct mallinfo2 before = mallinfo2();
	struct load l = { .s = s, .kind = STORE_CREATE, .n = 20100, .keys = 1 << 20 };
	sem_init(&l.end, 0, 0);
	atomic_store(&l.next, 100);
	atomic_store(&l.done, 100);
	for (int i = 0; i < OUTSTANDING; i++) submit(&l);
	sem_wait(&l.end);
	struct mallinfo2 after = mallinfo2();
	show("memory per stored pod, with its event", (double)(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / 20000, "bytes");
	show("  of which JSON", (double)strlen(pod), "bytes");
	store_close(s);
}

int main(int argc, char **argv) {
	const char *dir = argc > 1 ? argv[1] : ".";
	char path[512], floor[512], cmd[1200];
	snprintf(path, sizeof(path), "%s/store-bench.db", dir);
	snprintf(floor, sizeof(floor), "%s/store-bench-floor.db", dir);
	snprintf(cmd, sizeof(cmd), "rm -f '%s'* '%s'*", path, floor);
	make_pod();
	mallopt(M_ARENA_MAX, 1);
	memory_per_pod();
	double ours = 0, theirs = 0;
	for (int i = 0; i < ROUNDS; i++) {
		if (system(cmd)) return 1;
		struct store *s = open_store(path);
		ours += run_load(s, STORE_CREATE, CREATES, CREATES) / ROUNDS;
		if (i == ROUNDS - 1) {
			struct store_stats st;
			store_stats(s, &st);
			show("transactions per commit", (double)st.txns / (double)st.commits, "");
			show("updates, 64 outstanding, durable", run_load(s, STORE_UPDATE, CREATES, 100), "/s");
			read_ns(s, CREATES);
		}
		store_close(s);
		theirs += bare(floor, CREATES) / ROUNDS;
	}
	show("creates, 64 outstanding, durable", ours, "/s");
	show("bare SQLite, batches of 64", theirs, "/s");
	show("creates against bare SQLite", ours / theirs, "x");
	double t = seconds();
	struct store *s = open_store(path);
	show("open with 10,000 pods", (seconds() - t) * 1e3, "ms");
	store_close(s);
	struct store *e = open_store(NULL);
	show("creates, 64 outstanding, ephemeral", run_load(e, STORE_CREATE, 5 * CREATES, 5 * CREATES), "/s");
	store_close(e);
	return getenv("STORE_BENCH_KEEP") || system(cmd) == 0 ? 0 : 1;
}
