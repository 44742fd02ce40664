/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at random moments under 64 outstanding writers, again and again on one database. The child tells every
 * acknowledged revision through a pipe. After each kill the parent opens the database and audits: nothing acknowledged is
 * lost, no transaction is half there, no revision is given out twice, and a watch resumed from where the last round's ended
 * turns the old state into the new one without gap or repetition.
 *
 * K8C_ROUNDS: kills (default 60). TMPDIR: where the database lies.
 */
#include "../../unit/store/help.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define OUTSTANDING 64
#define KEYS 200

/* One acknowledgement; small enough that a pipe writes it whole. */
struct ack {
	uint64_t rv;
	uint32_t key;
	uint32_t gone; /* deleted */
};

struct audit {
	uint64_t acked[KEYS];  /* newest acknowledged revision of the pair */
	bool gone[KEYS];
	uint64_t seen[KEYS];   /* what the watch says: revision, 0 when deleted */
	uint64_t max_acked, watch_rv, acks, kills;
};

/* ---- the child ---- */

static struct store *store;
static int ack_fd;
static unsigned seed;

struct slot { uint32_t key; bool gone; };
static void submit(struct slot *sl);

static void on_done(void *ctx, const struct store_result *res) {
	struct slot *sl = ctx;
	struct ack a = { res->rv, sl->key, sl->gone };
	if (res->err == 0 && write(ack_fd, &a, sizeof(a)) != sizeof(a)) _exit(3);
	if (res->err && res->err != -EEXIST && res->err != -ENOENT) _exit(4);
	submit(sl);
}

static void submit(struct slot *sl) {
	char a[16], b[16], value[512];
	sl->key = (uint32_t)rand_r(&seed) % KEYS;
	snprintf(a, sizeof(a), "p%03u-a", sl->key);
	snprintf(b, sizeof(b), "p%03u-b", sl->key);
	snprintf(value, sizeof(value), "%0*u", 1 + rand_r(&seed) % 500, 7);
	int dice = rand_r(&seed) % 10;
	enum store_op_kind kind = dice < 3 ? STORE_CREATE : dice < 8 ? STORE_UPDATE : STORE_DELETE;
	sl->gone = kind == STORE_DELETE;
	struct store_op ops[2] = { help_op(kind, help_key("/pods", "x", a), STORE_RV_ANY, value), help_op(kind, help_key("/pods", "x", b), STORE_RV_ANY, value) };
	if (store_txn(store, ops, 2, NULL, on_done, sl)) _exit(5);
}

static void child(const char *path, int fd, unsigned round) {
	static struct slot slots[OUTSTANDING];
	struct store_options o = { .sqlite_path = path, .env = &env_system, .index = help_index, .history_events = 50000 };
	const char *msg;
	seed = round * 7919 + 1;
	ack_fd = fd;
	if (store_open(&o, &store, &msg)) _exit(2);
	for (size_t i = 0; i < OUTSTANDING; i++) submit(&slots[i]);
	for (;;) pause();
}

/* ---- the parent ---- */

static void note(struct audit *au, const struct ack *a) {
	ck_assert_uint_lt(a->key, KEYS);
	ck_assert_msg(a->rv > au->acked[a->key], "revision %lu acknowledged twice", (unsigned long)a->rv);
	au->acked[a->key] = a->rv;
	au->gone[a->key] = a->gone;
	if (a->rv > au->max_acked) au->max_acked = a->rv;
	au->acks++;
}

static void one_life(struct audit *au, const char *path, unsigned round) {
	int p[2], status;
	struct ack a;
	uint64_t before = au->max_acked;
	ck_assert_int_eq(pipe(p), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) child(path, p[1], round);
	close(p[1]);
	unsigned s = round * 31 + 5;
	/* Some lives end while the database is being opened, most while it is written. */
	int acks = rand_r(&s) % 4 == 0 ? 0 : rand_r(&s) % 600;
	if (!acks) usleep((useconds_t)(rand_r(&s) % 20000));
	for (int i = 0; i < acks && read(p[0], &a, sizeof(a)) == sizeof(a); i++) {
		ck_assert_uint_gt(a.rv, before); /* never one that was given out before */
		note(au, &a);
	}
	kill(pid, SIGKILL);
	while (read(p[0], &a, sizeof(a)) == sizeof(a)) note(au, &a); /* sent before it died: acknowledged */
	close(p[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child ended by itself: %x", status);
	au->kills++;
}

static void audit_state(const struct audit *au, struct store_snapshot *sn) {
	for (unsigned k = 0; k < KEYS; k++) {
		char a[16], b[16];
		snprintf(a, sizeof(a), "p%03u-a", k);
		snprintf(b, sizeof(b), "p%03u-b", k);
		struct store_key ka = help_key("/pods", "x", a), kb = help_key("/pods", "x", b);
		struct store_obj *oa = store_get(sn, &ka), *ob = store_get(sn, &kb);
		ck_assert_msg(!oa == !ob, "half a transaction: %s", a);
		if (oa) ck_assert_uint_eq(oa->rv, ob->rv);
		uint64_t rv = oa ? oa->rv : 0;
		ck_assert_uint_eq(rv, au->seen[k]);
		/* Newer than acknowledged is fine (the acknowledgement did not get out), older or gone is a loss. A deletion seen by the watch
		 * without an acknowledgement is one that did not get out, too: audit_watch has seen its event. */
		if (rv) ck_assert_msg(rv >= au->acked[k] && !(rv == au->acked[k] && au->gone[k]), "%s: acknowledged %lu, found %lu", a, (unsigned long)au->acked[k], (unsigned long)rv);
	}
}

static void audit_watch(struct audit *au, struct store *s) {
	struct store_watch w;
	struct store_event *e;
	uint64_t deleted[KEYS] = { 0 };
	ck_assert_int_eq(store_watch_init(s, SLICE_LIT("/pods"), au->watch_rv, &w), 0);
	while (store_watch_next(&w, &e) == 1) {
		unsigned k = (unsigned)strtoul(e->obj->key.name.p + 1, NULL, 10);
		ck_assert_uint_ge(e->rv, au->watch_rv);
		if (e->obj->key.name.p[5] == 'b') {
			ck_assert_uint_eq(e->prev ? e->prev->rv : 0, au->seen[k]);
			au->seen[k] = e->kind == STORE_EV_DELETED ? 0 : e->rv;
			if (e->kind == STORE_EV_DELETED) deleted[k] = e->rv;
		}
		au->watch_rv = e->rv;
		store_event_unref(e);
	}
	for (unsigned k = 0; k < KEYS; k++)
		if (!au->seen[k] && au->acked[k] && !au->gone[k]) ck_assert_msg(deleted[k] > au->acked[k], "p%03u is gone though acknowledged", k);
}

static void audit_all(struct audit *au, const char *path) {
	struct store_options o = { .sqlite_path = path, .env = &env_system, .index = help_index, .history_events = 50000 };
	struct store *s = NULL;
	const char *msg;
	int r = store_open(&o, &s, &msg);
	ck_assert_msg(r == 0 && !msg[0], "%d %s", r, msg);
	ck_assert_uint_ge(store_rv(s), au->max_acked);
	audit_watch(au, s);
	ck_assert_uint_eq(au->watch_rv, store_rv(s));
	struct store_snapshot *sn = store_snapshot(s);
	audit_state(au, sn);
	store_snapshot_unref(sn);
	/* From here the state itself counts: unacknowledged writes that are there have become facts. */
	for (unsigned k = 0; k < KEYS; k++)
		if (!au->seen[k]) au->gone[k] = true;
	au->max_acked = store_rv(s);
	store_close(s);
}

START_TEST(nothing_acknowledged_is_lost) {
	const char *rounds = getenv("K8C_ROUNDS");
	static struct audit au;
	char *dir = help_dir();
	_cleanup_free_ char *path = help_path(dir, "db");
	au.watch_rv = 1;
	for (unsigned i = 0, n = rounds ? (unsigned)atoi(rounds) : 60; i < n; i++) {
		one_life(&au, path, i);
		audit_all(&au, path);
	}
	ck_assert_uint_gt(au.acks, 100);
	fprintf(stderr, "crash audit: %lu kills, %lu acknowledged, 0 lost\n", (unsigned long)au.kills, (unsigned long)au.acks);
	help_rmdir(dir);
}
END_TEST

int main(void) {
	Suite *suite = suite_create("store crash audit");
	TCase *tc = tcase_create("crash");
	tcase_set_timeout(tc, 3600);
	tcase_add_test(tc, nothing_acknowledged_is_lost);
	suite_add_tcase(suite, tc);
	SRunner *r = srunner_create(suite);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
