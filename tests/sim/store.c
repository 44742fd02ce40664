/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store, its SQLite engine, writers and watchers on one thread and virtual time: who acts next, how long answers are on their
 * way (and so in which order they are heard), which writes and syncs fail, when the process is killed or the power goes, all comes
 * from one number. After every step: the newest root is the events' sum, every revision is one transaction, an answer is what the
 * state at its revision makes it, what was acknowledged is there after every restart, and a watcher that has drained its stream holds
 * exactly the state at its revision.
 *
 * K8C_SEEDS: how many (default 200). K8C_SEED: the first, or with K8C_SEEDS=1 the only one; a failure prints it.
 */
#include "../unit/store/help.h"
#include "../fault/store/vfs.h"
#include "store/impl.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define KEYS 6
#define WRITERS 8
#define WATCHERS 3
#define STEPS 500
#define REVISIONS 4096
#define HISTORY 48 /* events kept: watchers that sleep long are overtaken */

struct state { uint64_t rv[KEYS]; };

struct writer {
	uint64_t wake;       /* virtual time of the next act */
	bool waiting, heard; /* an answer is awaited; it is on its way */
	uint32_t id;         /* of the transaction, its value in the objects */
	struct op { enum store_op_kind kind; unsigned key; uint64_t expect; } op[2];
	unsigned n;
	uint64_t floor;      /* newest revision that anybody had heard of when it was asked for */
	int err;
	size_t failed;
	uint64_t rv;
};

struct watcher { uint64_t wake, rv; bool live; struct store_watch w; struct state mirror; };

static struct sim {
	uint64_t seed, random, now;
	struct store *s;
	char *dir, *cut, *path;
	struct writer writer[WRITERS];
	struct watcher watcher[WATCHERS];
	uint64_t commit_at, trouble_at;
	struct state at[REVISIONS]; /* by revision */
	uint32_t by[REVISIONS];     /* the transaction that made it */
	uint64_t rv;                /* revisions known */
	uint64_t heard_rv;          /* newest one in an answer that was heard */
	uint32_t next_id;
	bool stopped;               /* an answer was -EIO */
	struct { uint32_t id; unsigned n; struct op op[2]; } unknown[64]; /* transactions that got -EIO: there or not after a restart */
	unsigned n_unknown;
	bool full;                  /* faults that say so are armed */
} sim;

static struct { uint64_t acked, refused, unknown, full, restarts, cuts, relists, events; } sum;

#define must(cond, ...) do { if (!(cond)) broken(#cond, __LINE__, __VA_ARGS__); } while (0)

static void k8c_printf(3, 4) broken(const char *cond, int line, const char *fmt, ...) {
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "K8C_SEED=%lu at time %lu: %s (line %d: %s)\n", (unsigned long)sim.seed, (unsigned long)sim.now, text, line, cond);
	exit(1);
}

static uint64_t rnd(uint64_t below) {
	uint64_t x = (sim.random += 0x9e3779b97f4a7c15u);
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return (x ^ (x >> 31)) % below;
}

/* ---- the world of the store ---- */

/* Check's assertions, and with them help.h's folders, need a running test. */
static char *path_in(const char *dir, const char *name) {
	char *p = NULL;
	must(asprintf(&p, "%s/%s", dir, name) > 0, "no memory");
	return p;
}

static char *new_dir(void) {
	char *dir = path_in(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", "k8c-sim-XXXXXX");
	must(mkdtemp(dir) != NULL, "%s", dir);
	return dir;
}

static void drop_dir(char *dir) {
	static const char *const names[] = { "db", "db-wal", "db-shm", "db-journal", "db.lock", "db.reserve" };
	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		_cleanup_free_ char *p = path_in(dir, names[i]);
		(void)unlink(p);
	}
	must(rmdir(dir) == 0, "%s is not empty", dir);
	free(dir);
}

static int64_t env_wall(void *ctx) { return (int64_t)(1700000000 * NSEC_PER_SEC) + (int64_t)sim.now * 1000000; }
static uint64_t env_ticks(void *ctx) { return sim.now * 1000000; }
static int env_bytes(void *ctx, void *p, size_t n) {
	for (size_t i = 0; i < n; i++) ((unsigned char *)p)[i] = (unsigned char)rnd(256);
	return 0;
}
static const struct env env = { NULL, env_wall, env_ticks, env_bytes };

static struct store_key key_of(unsigned k, char buf[8]) {
	snprintf(buf, 8, "k%u", k);
	return help_key("/pods", "x", buf);
}

static unsigned key_number(const struct store_obj *o) { return (unsigned)(o->key.name.p[1] - '0'); }

/* ---- what is known, from the event stream ---- */

static const struct op *unknown_op(uint32_t id, unsigned key) {
	for (unsigned i = 0; i < sim.n_unknown; i++)
		for (unsigned n = 0; n < sim.unknown[i].n && sim.unknown[i].id == id; n++)
			if (sim.unknown[i].op[n].key == key) return &sim.unknown[i].op[n];
	return NULL;
}

/* One event into the state at its revision. */
static void learn(const struct store_event *e, bool restarted) {
	unsigned k = key_number(e->obj);
	uint32_t id = (uint32_t)strtoul(help_value(e->obj), NULL, 10);
	must(e->rv < REVISIONS, "too many revisions");
	must(e->rv == sim.rv || e->rv == sim.rv + 1, "revision %lu follows %lu", (unsigned long)e->rv, (unsigned long)sim.rv);
	if (e->rv > sim.rv) {
		sim.at[e->rv] = sim.at[sim.rv];
		sim.by[e->rv] = id;
		sim.rv = e->rv;
	}
	must(sim.by[e->rv] == id, "revision %lu is of two transactions, %u and %u", (unsigned long)e->rv, sim.by[e->rv], id);
	must(!restarted || unknown_op(id, k), "transaction %u was not under way, and is there after a restart", id);
	must((e->prev ? e->prev->rv : 0) == sim.at[e->rv].rv[k], "k%u: the event's state before is not what was there", k);
	must((e->kind == STORE_EV_ADDED) == (e->prev == NULL), "k%u: an event of the wrong kind", k);
	sim.at[e->rv].rv[k] = e->kind == STORE_EV_DELETED ? 0 : e->rv;
}

static void assert_state(const struct store_snapshot *sn, const struct state *want) {
	size_t n = 0;
	for (unsigned k = 0; k < KEYS; k++) {
		char buf[8];
		struct store_key key = key_of(k, buf);
		struct store_obj *o = store_get(sn, &key);
		must((o ? o->rv : 0) == want->rv[k], "k%u at revision %lu", k, (unsigned long)store_snapshot_rv(sn));
		n += o != NULL;
	}
	must(store_count(sn, SLICE_LIT("/pods"), SLICE_NULL) == n, "a count is wrong");
}

static void catch_up(bool restarted) {
	struct store_watch w;
	struct store_event *e;
	uint64_t last = 0;
	must(store_watch_init(sim.s, SLICE_LIT("/pods"), sim.rv, &w) == 0, "the newest events are not kept");
	for (; store_watch_next(&w, &e) == 1; store_event_unref(e)) {
		must(e->rv >= last, "events out of order");
		last = e->rv;
		learn(e, restarted);
	}
	must(store_watch_rv(&w) == sim.rv && store_rv(sim.s) == sim.rv, "the events do not lead to revision %lu", (unsigned long)store_rv(sim.s));
	struct store_snapshot *sn = store_snapshot(sim.s);
	assert_state(sn, &sim.at[sim.rv]);
	store_snapshot_unref(sn);
}

/* An old root is what it was, or said to be gone. */
static void look_back(void) {
	struct store_snapshot *sn;
	uint64_t rv = 1 + rnd(sim.rv + 2);
	struct store_stats st;
	store_stats(sim.s, &st);
	int r = store_snapshot_at(sim.s, rv, &sn);
	must(r == (rv > sim.rv ? -EAGAIN : rv < st.oldest_rv ? -ESTALE : 0), "the root of revision %lu: %d", (unsigned long)rv, r);
	if (r) return;
	assert_state(sn, &sim.at[rv]);
	store_snapshot_unref(sn);
}

/* ---- writers ---- */

static void on_done(void *ctx, const struct store_result *res) {
	struct writer *w = ctx;
	w->err = res->err;
	w->failed = res->failed;
	w->rv = res->rv;
	w->heard = true;
	w->wake = sim.now + rnd(40); /* others' answers may overtake it */
}

/* Whether an op can be at all, with this state before it. */
static int outcome_of(const struct op *op, const struct state *st) {
	uint64_t cur = st->rv[op->key];
	if (op->kind == STORE_CREATE || (op->kind == STORE_CHECK && op->expect == 0)) return cur ? -EEXIST : 0;
	if (!cur) return -ENOENT;
	return op->expect != STORE_RV_ANY && op->expect != cur ? -ESTALE : 0;
}

static void plan(struct writer *w) {
	static const enum store_op_kind kinds[] = { STORE_CREATE, STORE_CREATE, STORE_UPDATE, STORE_UPDATE, STORE_UPDATE, STORE_DELETE, STORE_CHECK };
	w->n = 1 + (unsigned)rnd(2);
	w->id = ++sim.next_id;
	for (unsigned i = 0; i < w->n; i++) {
		unsigned k = i ? (w->op[0].key + 1) % KEYS : (unsigned)rnd(KEYS);
		uint64_t known = sim.at[sim.rv - rnd(sim.rv < 4 ? sim.rv : 4)].rv[k]; /* what a client may have read a while ago */
		w->op[i] = (struct op){ kinds[rnd(ELEMENTSOF(kinds))], k, rnd(3) ? known : STORE_RV_ANY };
		if (w->op[i].kind != STORE_CHECK && w->op[i].expect == 0) w->op[i].expect = STORE_RV_ANY;
	}
}

static void submit(struct writer *w) {
	struct store_op ops[2];
	char buf[2][8], value[16];
	plan(w);
	snprintf(value, sizeof(value), "%u", w->id);
	for (unsigned i = 0; i < w->n; i++) ops[i] = help_op(w->op[i].kind, key_of(w->op[i].key, buf[i]), w->op[i].expect, value);
	w->floor = sim.heard_rv;
	w->waiting = true;
	w->heard = false;
	w->wake = UINT64_MAX;
	must(store_txn(sim.s, ops, w->n, NULL, on_done, w) == 0, "a transaction was not taken");
}

static bool writes(const struct writer *w) { return w->op[0].kind != STORE_CHECK || (w->n > 1 && w->op[1].kind != STORE_CHECK); }

static void judge_success(const struct writer *w) {
	must(w->rv >= w->floor, "revision %lu, though %lu was heard of before", (unsigned long)w->rv, (unsigned long)w->floor);
	must(w->rv <= sim.rv, "an answer from the future");
	if (writes(w)) {
		must(w->rv > w->floor && sim.by[w->rv] == w->id, "revision %lu was acknowledged to %u and is %u's", (unsigned long)w->rv, w->id, sim.by[w->rv]);
	}
	struct state before = sim.at[writes(w) ? w->rv - 1 : w->rv];
	for (unsigned i = 0; i < w->n; i++) {
		must(outcome_of(&w->op[i], &before) == 0, "transaction %u succeeded against its expectation", w->id);
		if (w->op[i].kind != STORE_CHECK) before.rv[w->op[i].key] = w->op[i].kind == STORE_DELETE ? 0 : w->rv;
	}
	must(memcmp(&before, &sim.at[w->rv], sizeof(before)) == 0, "transaction %u is half there", w->id);
	sum.acked++;
}

static void judge_refusal(const struct writer *w) {
	must(w->rv >= w->floor && w->rv <= sim.rv, "refused by the state at %lu", (unsigned long)w->rv);
	must(w->failed < w->n && outcome_of(&w->op[w->failed], &sim.at[w->rv]) == w->err, "transaction %u was refused (%d) without reason", w->id, w->err);
	sum.refused++;
}

/* Right after the commit, before the answer is heard. */
static void judge(const struct writer *w) {
	if (sim.stopped) must(w->err == -EIO, "an answer of %d after one of -EIO", w->err);
	if (w->err == 0) judge_success(w);
	else if (w->err == -EEXIST || w->err == -ESTALE || w->err == -ENOENT) judge_refusal(w);
	else if (w->err != -ENOSPC) must(w->err == -EIO && vfs_failures() > 0, "an answer of %d", w->err);
	else must(sim.full, "the disk was not full");
	sum.full += w->err == -ENOSPC;
}

static void remember_unknown(const struct writer *w) {
	must(sim.n_unknown < ELEMENTSOF(sim.unknown), "too many unknown transactions");
	sim.unknown[sim.n_unknown].id = w->id;
	sim.unknown[sim.n_unknown].n = w->n;
	memcpy(sim.unknown[sim.n_unknown++].op, w->op, sizeof(w->op));
	sum.unknown++;
}

static void commit(void) {
	bool fresh[WRITERS];
	for (unsigned i = 0; i < WRITERS; i++) fresh[i] = sim.writer[i].waiting && !sim.writer[i].heard;
	store_step(sim.s);
	catch_up(false);
	bool eio = false;
	for (unsigned i = 0; i < WRITERS; i++) {
		struct writer *w = &sim.writer[i];
		if (!fresh[i] || !w->heard) continue;
		judge(w);
		if (w->err == -EIO && !sim.stopped) remember_unknown(w);
		eio |= w->err == -EIO;
	}
	sim.stopped |= eio;
	must(!eio || store_health(sim.s, NULL, 0) == -EIO, "an I/O error leaves no trace");
	sim.commit_at = sim.now + 1 + rnd(30);
}

static void act(struct writer *w) {
	if (!w->waiting) return submit(w);
	w->waiting = false;
	if (w->err == 0 && w->rv > sim.heard_rv) sim.heard_rv = w->rv;
	w->wake = sim.now + rnd(50);
}

/* ---- watchers ---- */

static void list(struct watcher *w) {
	struct store_snapshot *sn = store_snapshot(sim.s);
	w->rv = store_snapshot_rv(sn);
	w->mirror = sim.at[w->rv];
	assert_state(sn, &w->mirror);
	store_snapshot_unref(sn);
	must(store_watch_init(sim.s, SLICE_LIT("/pods"), w->rv, &w->w) == 0, "a watch from a list just made");
	w->live = true;
	sum.relists++;
}

/* -ESTALE is only for what is gone. */
static void overtaken(struct watcher *w, uint64_t from) {
	struct store_stats st;
	store_stats(sim.s, &st);
	must(from < st.oldest_rv, "a watch from %lu is refused, the history reaches back to %lu", (unsigned long)from, (unsigned long)st.oldest_rv);
	list(w);
}

static void see(struct watcher *w, const struct store_event *e) {
	unsigned k = key_number(e->obj);
	must(e->rv >= w->rv && e->rv <= sim.rv, "an event of revision %lu after %lu", (unsigned long)e->rv, (unsigned long)w->rv);
	must((e->prev ? e->prev->rv : 0) == w->mirror.rv[k], "k%u: an event is missing or came twice", k);
	w->mirror.rv[k] = e->kind == STORE_EV_DELETED ? 0 : e->rv;
	w->rv = e->rv;
	sum.events++;
}

static void watch(struct watcher *w) {
	struct store_event *e;
	w->wake = sim.now + rnd(rnd(4) ? 60 : 2000);
	if (!w->live) {
		int r = store_watch_init(sim.s, SLICE_LIT("/pods"), w->rv, &w->w);
		must(r == 0 || r == -ESTALE, "a watch resumed: %d", r);
		w->live = r == 0;
		if (r) return overtaken(w, w->rv);
	}
	int r = 1;
	/* Never stops within a revision: a watch resumes behind a whole one. */
	for (uint64_t n = 1 + rnd(20); (n || store_watch_rv(&w->w) < w->rv) && (r = store_watch_next(&w->w, &e)) == 1; n -= n > 0) {
		see(w, e);
		store_event_unref(e);
	}
	must(r >= 0 || r == -ESTALE, "a watch ended: %d", r);
	if (r < 0) return overtaken(w, store_watch_rv(&w->w));
	if (r == 1) return;
	w->rv = store_watch_rv(&w->w);
	must(memcmp(&w->mirror, &sim.at[w->rv], sizeof(w->mirror)) == 0, "list and events do not make the state at %lu", (unsigned long)w->rv);
}

/* ---- trouble ---- */

static void open_store(void) {
	struct store_options o = { .sqlite_path = sim.path, .env = &env, .index = help_index, .history_events = HISTORY, .history_seconds = 20 };
	const char *msg;
	int r = store_open_stepped(&o, &sim.s, &msg);
	must(r == 0 && !msg[0], "opening: %d %s", r, msg);
}

static void copy(const char *from, const char *to) {
	char buf[65536];
	FILE *in = fopen(from, "re"), *out = in ? fopen(to, "we") : NULL;
	must(!in || out, "%s cannot be copied", from);
	for (size_t n; in && (n = fread(buf, 1, sizeof(buf), in)) > 0;) must(fwrite(buf, 1, n, out) == n, "%s is not written", to);
	if (out) must(fclose(out) == 0, "%s is not written", to);
	if (in) fclose(in);
}

/* What the cut has left is the disk; all of that is there for certain, and stays through the next cut. */
static void swap_dirs(void) {
	static const char *const names[] = { "db", "db-wal" };
	char *was = sim.dir;
	_cleanup_free_ char *lock = path_in(sim.dir, "db.lock"), *to = path_in(sim.cut, "db.lock");
	must(rename(lock, to) == 0, "the lock file");
	sim.dir = sim.cut;
	free(sim.path);
	sim.path = path_in(sim.dir, "db");
	drop_dir(was);
	sim.cut = new_dir();
	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		_cleanup_free_ char *from = path_in(sim.dir, names[i]), *copied = path_in(sim.cut, names[i]);
		copy(from, copied);
	}
	vfs_shadow(sim.cut);
}

/* Stops, cuts or kills; what was queued or under way may be there or not. */
static void restart(void) {
	uint64_t how = rnd(3);
	for (unsigned i = 0; i < WRITERS; i++) {
		struct writer *w = &sim.writer[i];
		if (w->waiting && !w->heard && how != 0) w->waiting = false, w->wake = sim.now + rnd(50);
	}
	if (how == 0) {
		commit(); /* what is queued */
		store_close(sim.s);
	} else {
		if (how == 2) vfs_shadow(NULL); /* from here on nothing reaches the disk */
		store_crash(sim.s);
	}
	vfs_disarm();
	if (how == 2) swap_dirs();
	sum.restarts++;
	sum.cuts += how == 2;
	open_store();
	catch_up(true);
	sim.n_unknown = 0;
	sim.stopped = sim.full = false;
	for (unsigned i = 0; i < WATCHERS; i++) sim.watcher[i].live = false;
}

static void trouble(void) {
	static const enum vfs_fault faults[] = { VFS_WRITE_EIO, VFS_SYNC_EIO, VFS_WRITE_FULL, VFS_SHORT };
	sim.trouble_at = sim.now + 100 + rnd(1500);
	if (sim.stopped || rnd(3) == 0) return restart();
	enum vfs_fault f = faults[rnd(ELEMENTSOF(faults))];
	sim.full = f == VFS_WRITE_FULL;
	vfs_arm(f, 1 + (long)rnd(40), 1 + (long)rnd(6));
}

/* ---- a life ---- */

static void step(void) {
	uint64_t *next = &sim.commit_at;
	if (sim.trouble_at < *next) next = &sim.trouble_at;
	for (unsigned i = 0; i < WRITERS; i++)
		if (sim.writer[i].wake < *next) next = &sim.writer[i].wake;
	for (unsigned i = 0; i < WATCHERS; i++)
		if (sim.watcher[i].wake < *next) next = &sim.watcher[i].wake;
	sim.now = *next;
	if (next == &sim.commit_at) commit();
	else if (next == &sim.trouble_at) trouble();
	for (unsigned i = 0; i < WRITERS; i++)
		if (next == &sim.writer[i].wake) act(&sim.writer[i]);
	for (unsigned i = 0; i < WATCHERS; i++)
		if (next == &sim.watcher[i].wake) watch(&sim.watcher[i]);
	if (rnd(8) == 0) look_back();
}

static void live(uint64_t seed) {
	memset(&sim, 0, sizeof(sim));
	sim.seed = sim.random = seed;
	sim.rv = 1;
	sim.now = 1000000;
	sim.commit_at = sim.now + rnd(30);
	sim.trouble_at = sim.now + rnd(1000);
	sim.dir = new_dir();
	sim.cut = new_dir();
	sim.path = path_in(sim.dir, "db");
	vfs_disarm();
	vfs_shadow(sim.cut);
	open_store();
	for (unsigned i = 0; i < WRITERS; i++) sim.writer[i].wake = sim.now + rnd(50);
	for (unsigned i = 0; i < WATCHERS; i++) sim.watcher[i] = (struct watcher){ .wake = sim.now + rnd(50), .rv = 1 };
	for (int i = 0; i < STEPS; i++) step();
	restart();
	for (unsigned i = 0; i < WATCHERS; i++)
		for (int n = 0; n < 10; n++) watch(&sim.watcher[i]); /* all of them arrive */
	vfs_shadow(NULL);
	store_close(sim.s);
	drop_dir(sim.dir);
	drop_dir(sim.cut);
	free(sim.path);
}

static uint64_t number(const char *name, uint64_t otherwise) {
	const char *v = getenv(name);
	return v ? strtoull(v, NULL, 10) : otherwise;
}

int main(void) {
	/* Thousands of databases are made: in memory, where there is such a folder. */
	if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
	vfs_install();
	uint64_t first = number("K8C_SEED", 1), n = number("K8C_SEEDS", 200);
	for (uint64_t seed = first; seed < first + n; seed++) live(seed);
	printf("%lu seeds: %lu transactions acknowledged, %lu refused, %lu unknown, %lu on a full disk; %lu restarts (%lu power cuts), %lu events, %lu lists\n",
	       (unsigned long)n, (unsigned long)sum.acked, (unsigned long)sum.refused, (unsigned long)sum.unknown, (unsigned long)sum.full,
	       (unsigned long)sum.restarts, (unsigned long)sum.cuts, (unsigned long)sum.events, (unsigned long)sum.relists);
	/* A good number of lives meets everything; a single one need not. */
	return n < 100 || (sum.acked && sum.refused && sum.unknown && sum.full && sum.cuts && sum.relists) ? EXIT_SUCCESS : EXIT_FAILURE;
}
