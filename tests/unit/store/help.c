/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <dirent.h>
#include <errno.h>
#include <semaphore.h>
#include <string.h>

void outcome_done(struct outcome *o) {
	for (size_t i = 0; i < o->n; i++) o->obj[i] = store_obj_unref(o->obj[i]);
}

struct blob *help_json(const char *value, const char *label, size_t *ret_at) {
	static const char head[] = "{\"metadata\":{\"resourceVersion\":\"";
	char text[4096];
	int n = snprintf(text, sizeof(text), "%s\"},\"v\":\"%s\",\"a\":\"%s\"}", head, value, label ? label : "");
	*ret_at = sizeof(head) - 1;
	return blob_new(text, (size_t)n);
}

struct store_key help_key(const char *resource, const char *ns, const char *name) {
	return (struct store_key){ slice_str(resource), slice_str(ns), slice_str(name) };
}

struct store_op help_op(enum store_op_kind kind, struct store_key key, uint64_t expect, const char *value) {
	struct store_op op = { .kind = kind, .key = key, .expect_rv = expect };
	if (kind != STORE_CHECK) op.json = help_json(value ? value : "", "x", &op.rv_at);
	return op;
}

struct waiting {
	struct outcome out;
	sem_t sem;
};

static void on_done(void *ctx, const struct store_result *res) {
	struct waiting *w = ctx;
	w->out.err = res->err;
	w->out.failed = res->failed;
	w->out.rv = res->rv;
	w->out.n = res->n_objs;
	for (size_t i = 0; i < res->n_objs; i++) w->out.obj[i] = store_obj_ref(res->objs[i]);
	sem_post(&w->sem);
}

struct outcome help_txn(struct store *s, const struct store_op *ops, size_t n) {
	struct waiting w = { 0 };
	sem_init(&w.sem, 0, 0);
	int r = store_txn(s, ops, n, NULL, on_done, &w);
	if (r) w.out.err = r;
	else while (sem_wait(&w.sem) < 0 && errno == EINTR) {}
	sem_destroy(&w.sem);
	return w.out;
}

static uint64_t must(struct store *s, struct store_op op) {
	_cleanup_outcome_ struct outcome o = help_txn(s, &op, 1);
	ck_assert_int_eq(o.err, 0);
	return o.rv;
}

uint64_t help_create(struct store *s, struct store_key key, const char *value) { return must(s, help_op(STORE_CREATE, key, 0, value)); }
uint64_t help_update(struct store *s, struct store_key key, uint64_t expect, const char *value) {
	return must(s, help_op(STORE_UPDATE, key, expect, value));
}
uint64_t help_delete(struct store *s, struct store_key key, uint64_t expect) { return must(s, help_op(STORE_DELETE, key, expect, "gone")); }

int help_try(struct store *s, struct store_op op) {
	_cleanup_outcome_ struct outcome o = help_txn(s, &op, 1);
	return o.err;
}

static struct slice member(struct slice json, const char *name) {
	char find[16];
	int n = snprintf(find, sizeof(find), "\"%s\":\"", name);
	ptrdiff_t at = slice_find(json, slice_make(find, (size_t)n));
	if (at < 0) return SLICE_NULL;
	struct slice rest = slice_from(json, (size_t)at + (size_t)n);
	return slice_cut(&rest, '"');
}

const char *help_value(const struct store_obj *o) {
	static _Thread_local char text[4096];
	struct slice v = member(blob_slice(o->json), "v");
	snprintf(text, sizeof(text), "%.*s", SLICE_FMT(v));
	return text;
}

int help_index(void *ctx, const struct store_key *key, struct slice json, const struct store_index_sink *sink) {
	struct slice v = member(json, "v"), a = member(json, "a");
	char copy[64];
	snprintf(copy, sizeof(copy), "%.*s", SLICE_FMT(slice_upto(v, 60)));
	sink->uid(sink->ctx, v);
	sink->label(sink->ctx, SLICE_LIT("z"), slice_str(copy));
	sink->label(sink->ctx, SLICE_LIT("a"), a);
	sink->field(sink->ctx, SLICE_LIT("v"), v);
	return 0;
}

struct store *help_open(const char *path) {
	struct store_options o = { .sqlite_path = path, .env = &env_system, .index = help_index };
	struct store *s = NULL;
	const char *msg;
	int r = store_open(&o, &s, &msg);
	ck_assert_msg(r == 0, "store_open: %d %s", r, msg);
	return s;
}

char *help_dir(void) {
	const char *base = getenv("TMPDIR");
	char *dir = NULL;
	ck_assert_int_gt(asprintf(&dir, "%s/k8c-store-XXXXXX", base ? base : "/tmp"), 0);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	return dir;
}

void help_rmdir(char *dir) {
	DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));) {
		_cleanup_free_ char *p = help_path(dir, e->d_name);
		if (e->d_name[0] != '.') unlink(p);
	}
	if (d) closedir(d);
	rmdir(dir);
	free(dir);
}

char *help_path(const char *dir, const char *name) {
	char *p = NULL;
	ck_assert_int_gt(asprintf(&p, "%s/%s", dir, name), 0);
	return p;
}
