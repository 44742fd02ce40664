/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_remote.h"

#include <check.h>
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>

#define KEYS 8
#define CHANGES 256

struct change { char name[16], json[256]; bool deleted; uint64_t rv, create_rv; };

struct fake_remote {
	struct remote remote;
	struct loop *loop;
	const struct remote_sink *sink;
	void *ctx;
	struct change change[CHANGES];
	size_t n, told;
	uint64_t rv, out;
	int fail_n, fail_err, fail_reads, txns;
	bool fail_after;
};

/* ---- on the loop ---- */

static struct change *find(struct fake_remote *f, const char *name) {
	for (size_t i = f->n; i-- > 0;)
		if (strcmp(f->change[i].name, name) == 0) return f->change[i].deleted ? NULL : &f->change[i];
	return NULL;
}

static struct remote_change shown(const struct change *c) {
	struct remote_change r = { .deleted = c->deleted, .key = { SLICE_LIT("/things"), SLICE_LIT("ns"), slice_str(c->name) }, .rv = c->rv, .create_rv = c->create_rv };
	if (!c->deleted) r.json = blob_new(c->json, strlen(c->json));
	return r;
}

static void tell(struct fake_remote *f) {
	for (; f->told < f->n && f->change[f->told].rv <= f->out; f->told++) {
		struct remote_change c = shown(&f->change[f->told]);
		ck_assert_int_eq(f->sink->change(f->ctx, &c), 0);
		bool last = f->told + 1 == f->n || f->change[f->told + 1].rv != c.rv;
		if (last) ck_assert_int_eq(f->sink->reached(f->ctx, c.rv), 0);
	}
	if (f->told == f->n && f->rv <= f->out) ck_assert_int_eq(f->sink->reached(f->ctx, f->rv), 0);
}

static void put(struct fake_remote *f, struct slice name, struct slice before, struct slice after, bool deleted) {
	char text[16];
	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(name));
	struct change *was = find(f, text), *c = &f->change[f->n++];
	ck_assert_uint_le(f->n, CHANGES);
	*c = (struct change){ .deleted = deleted, .rv = f->rv, .create_rv = was ? was->create_rv : f->rv };
	memcpy(c->name, text, sizeof(text));
	snprintf(c->json, sizeof(c->json), "%.*s%llu%.*s", SLICE_FMT(before), (unsigned long long)f->rv, SLICE_FMT(after));
}

static bool holds(struct fake_remote *f, const struct remote_cond *c) {
	char text[16];
	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(c->key.name));
	const struct change *now = find(f, text);
	if (c->kind == REMOTE_ABSENT) return !now;
	return now && (c->kind == REMOTE_CREATED ? now->create_rv : now->rv) == c->rv;
}

struct answer {
	struct fake_remote *f;
	void (*done)(void *, int, bool, uint64_t);
	void *ctx;
	int err;
	bool held;
	uint64_t rv;
};

static void answer(void *arg) {
	struct answer *a = arg;
	tell(a->f);
	a->done(a->ctx, a->err, a->held, a->rv);
	free(a);
}

static void answer_later(struct fake_remote *f, int err, bool held, void (*done)(void *, int, bool, uint64_t), void *ctx) {
	struct answer *a = malloc(sizeof(*a));
	*a = (struct answer){ f, done, ctx, err, held, f->rv };
	ck_assert_int_eq(loop_post(f->loop, answer, a), 0);
}

static int txn(struct remote *r, const struct remote_txn *t, void (*done)(void *, int, bool, uint64_t), void *ctx) {
	struct fake_remote *f = CONTAINER_OF(r, struct fake_remote, remote);
	bool fails = f->fail_n > 0, held = true;
	f->txns++;
	if (fails) f->fail_n--;
	for (size_t i = 0; i < t->n_cond; i++) held &= holds(f, &t->cond[i]);
	if (held && t->n_write && (!fails || f->fail_after)) f->rv++;
	for (size_t i = 0; held && i < t->n_write && (!fails || f->fail_after); i++) {
		const struct remote_write *w = &t->write[i];
		put(f, w->key.name, slice_upto(w->json, w->rv_at), slice_from(w->json, w->rv_at), w->deletes);
	}
	answer_later(f, fails ? f->fail_err : 0, held, done, ctx);
	return 0;
}

static int revision(struct remote *r, void (*done)(void *, int, bool, uint64_t), void *ctx) {
	struct fake_remote *f = CONTAINER_OF(r, struct fake_remote, remote);
	answer_later(f, f->fail_reads, true, done, ctx);
	return 0;
}

static void load(struct fake_remote *f) {
	f->sink->load_begin(f->ctx);
	for (size_t i = 0; i < f->n; i++) {
		if (find(f, f->change[i].name) != &f->change[i]) continue;
		struct remote_change c = shown(&f->change[i]);
		ck_assert_int_eq(f->sink->load_object(f->ctx, &c), 0);
	}
	f->told = f->n;
	ck_assert_int_eq(f->sink->load_end(f->ctx, f->rv, 7), 0);
}

static int start(struct remote *r, struct loop *l, const struct remote_sink *sink, void *ctx) {
	struct fake_remote *f = CONTAINER_OF(r, struct fake_remote, remote);
	f->loop = l;
	f->sink = sink;
	f->ctx = ctx;
	load(f);
	return 0;
}

static void stop(struct remote *r) {}
static void release(struct remote *r) { free(CONTAINER_OF(r, struct fake_remote, remote)); }
static void want(struct remote *r, uint64_t rv) {}

static const struct remote_ops ops = { start, stop, release, txn, revision, want };

struct remote *fake_remote_new(struct fake_remote **ret) {
	struct fake_remote *f = calloc(1, sizeof(*f));
	f->remote.ops = &ops;
	f->rv = 10;
	f->out = UINT64_MAX;
	*ret = f;
	return &f->remote;
}

/* ---- from the test ---- */

struct errand { void (*fn)(struct errand *); struct fake_remote *f; const char *name, *value; uint64_t rv; int n, err; bool flag; sem_t done; };

static void run(void *arg) {
	struct errand *e = arg;
	e->fn(e);
	sem_post(&e->done);
}

static void on_loop(struct errand *e) {
	sem_init(&e->done, 0, 0);
	ck_assert_int_eq(loop_post(e->f->loop, run, e), 0);
	while (sem_wait(&e->done) < 0) {}
	sem_destroy(&e->done);
}

static void do_let_out(struct errand *e) { e->f->out = e->rv, tell(e->f); }
static void do_write(struct errand *e) {
	char after[128];
	snprintf(after, sizeof(after), "\"},\"v\":\"%s\",\"a\":\"x\"}", e->value ? e->value : "");
	e->f->rv++;
	put(e->f, slice_str(e->name), SLICE_LIT("{\"metadata\":{\"resourceVersion\":\""), slice_str(after), !e->value);
	e->rv = e->f->rv;
	tell(e->f);
}
static void do_fail(struct errand *e) { e->f->fail_n = e->n, e->f->fail_err = e->err, e->f->fail_after = e->flag; }
static void do_fail_reads(struct errand *e) { e->f->fail_reads = e->err; }
static void do_health(struct errand *e) { e->f->sink->health(e->f->ctx, e->err, "gone"); }
static void do_load(struct errand *e) { load(e->f); }
static void do_txns(struct errand *e) { e->n = e->f->txns; }

void fake_let_out(struct fake_remote *f, uint64_t rv) { on_loop(&(struct errand){ .fn = do_let_out, .f = f, .rv = rv }); }
uint64_t fake_write(struct fake_remote *f, const char *name, const char *value) {
	struct errand e = { .fn = do_write, .f = f, .name = name, .value = value };
	on_loop(&e);
	return e.rv;
}
void fake_fail(struct fake_remote *f, int n, int err, bool after) { on_loop(&(struct errand){ .fn = do_fail, .f = f, .n = n, .err = err, .flag = after }); }
void fake_fail_reads(struct fake_remote *f, int err) { on_loop(&(struct errand){ .fn = do_fail_reads, .f = f, .err = err }); }
void fake_health(struct fake_remote *f, int err) { on_loop(&(struct errand){ .fn = do_health, .f = f, .err = err }); }
void fake_load_anew(struct fake_remote *f) { on_loop(&(struct errand){ .fn = do_load, .f = f }); }
int fake_txns(struct fake_remote *f) {
	struct errand e = { .fn = do_txns, .f = f };
	on_loop(&e);
	return e.n;
}
