/* SPDX-License-Identifier: Apache-2.0 */
/* What the remote's stream says becomes roots and events. */
#include "store/follow_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int64_t mono_sec(const struct store *s) { return (int64_t)(env_mono(s->opt.env) / NSEC_PER_SEC); }

static int object_of(const struct follow *f, const struct remote_change *c, struct store_obj **ret) {
	int r = obj_new(f->store->opt.index, f->store->opt.index_ctx, &c->key, c->json, ret);
	if (r < 0) return r;
	(*ret)->rv = c->rv;
	(*ret)->create_rv = c->create_rv;
	return 0;
}

/* ---- the whole state ---- */

static void follow_rewind(void *ctx) { follow_drop(ctx); }

static void load_begin(void *ctx) {
	struct follow *f = ctx;
	follow_drop(f);
	f->load = tree_edit(NULL);
	f->loading = true;
}

static int load_object(void *ctx, const struct remote_change *c) {
	struct follow *f = ctx;
	_cleanup_obj_ struct store_obj *o = NULL, *old = NULL;
	int r = object_of(f, c, &o);
	return r ? r : tree_put(&f->load, o, &old);
}

static uint64_t bytes_of(const struct store_snapshot *sn) {
	void *stack[2 * TREE_DEPTH_MAX];
	int depth = 0;
	uint64_t n = 0;
	struct tree_bound first = { .parts = 1, .tie = -1 };
	tree_seek(sn->root, &first, stack, &depth);
	for (const struct store_obj *o; (o = tree_step(stack, &depth));) n += obj_bytes(o);
	return n;
}

static void set_head(struct store *s, struct store_snapshot *sn) {
	struct store_snapshot *old = s->head;
	s->head = sn;
	published_set(&s->published, store_snapshot_ref(sn));
	store_snapshot_unref(old);
}

/* Watchers cannot be told what happened in between: they are behind the history and read the state anew. */
static int load_end(void *ctx, uint64_t rv, uint64_t identity) {
	struct follow *f = ctx;
	struct store *s = f->store;
	f->loading = false;
	struct store_snapshot *sn = snapshot_new(tree_take(&f->load), rv);
	if (!sn) return -ENOMEM;
	snprintf(s->identity, sizeof(s->identity), "00000000-0000-4000-8000-%012llx", (unsigned long long)(identity & 0xffffffffffffull));
	atomic_store(&s->objects, tree_count(sn->root));
	atomic_store(&s->bytes, bytes_of(sn));
	set_head(s, sn);
	history_gap(&s->history, sn);
	s->unheard = !listen_wake(s, rv);
	follow_opened(f, 0);
	follow_landed(f);
	follow_synced(f);
	return 0;
}

/* ---- changes ---- */

static int entry_room(struct follow *f) {
	if (f->n < f->cap) return 0;
	size_t cap = f->cap ? f->cap * 2 : 64;
	struct history_entry **e = realloc(f->entry, cap * sizeof(*e));
	if (!e) return -ENOMEM;
	f->entry = e;
	f->cap = cap;
	return 0;
}

void follow_drop(struct follow *f) {
	while (f->n) history_entry_free(f->entry[--f->n]);
	free(f->entry);
	f->entry = NULL;
	f->cap = 0;
	if (f->editing) tree_done(&f->tree);
	if (f->loading) tree_done(&f->load);
	f->editing = f->loading = false;
}

/* A deletion shows the last state with the deletion's revision. */
static int last_state(const struct follow *f, const struct remote_change *c, const struct store_obj *cur, struct store_obj **ret) {
	struct slice text = blob_slice(cur->json), digits = SLICE_LIT("\"resourceVersion\":\"");
	char was[32];
	snprintf(was, sizeof(was), "%.*s%llu\"", SLICE_FMT(digits), (unsigned long long)cur->rv);
	ptrdiff_t at = slice_find(text, slice_str(was));
	struct blob *copy = blob_new(text.p, text.n);
	if (!copy || at < 0) return blob_unref(copy), copy ? -EUCLEAN : -ENOMEM;
	struct remote_change last = { .key = c->key, .rv = cur->rv, .create_rv = cur->create_rv, .json = copy };
	int r = object_of(f, &last, ret);
	return r ? r : obj_set_rv(*ret, c->rv, (size_t)at + digits.n);
}

static int note(struct follow *f, enum store_event_kind kind, struct store_obj *o, struct store_obj *cur) {
	struct store_obj *old = NULL;
	int r = entry_room(f);
	if (r) return r;
	struct history_entry *e = history_prepare(&f->store->history, event_new(kind, o, cur), mono_sec(f->store));
	if (!e) return -ENOMEM;
	r = kind == STORE_EV_DELETED ? tree_remove(&f->tree, &o->key, &old) : tree_put(&f->tree, o, &old);
	if (r) return history_entry_free(e), r;
	store_obj_unref(old);
	f->entry[f->n++] = e;
	return 0;
}

static int change(void *ctx, const struct remote_change *c) {
	struct follow *f = ctx;
	_cleanup_obj_ struct store_obj *o = NULL, *cur = NULL;
	if (!f->editing) f->tree = tree_edit(f->store->head->root);
	f->editing = true;
	cur = store_obj_ref(tree_find(f->tree.root, &c->key));
	if (c->deleted && !cur) return 0;
	int r = c->deleted ? last_state(f, c, cur, &o) : object_of(f, c, &o);
	if (r) return r;
	return note(f, c->deleted ? STORE_EV_DELETED : cur ? STORE_EV_MODIFIED : STORE_EV_ADDED, o, cur);
}

/* ---- a revision is complete ---- */

static int publish(struct follow *f, uint64_t rv) {
	struct store *s = f->store;
	int r = history_reserve(&s->history, f->n);
	if (r) return r;
	struct store_snapshot *sn = snapshot_new(f->editing ? tree_take(&f->tree) : tree_node_ref(s->head->root), rv);
	f->editing = false;
	if (!sn) return -ENOMEM;
	set_head(s, sn);
	commit_count(s, f->entry, f->n);
	if (f->n) history_append(&s->history, f->entry, f->n, sn);
	else history_advance(&s->history, sn);
	f->n = 0;
	s->unheard = !listen_wake(s, rv);
	return 0;
}

static int reached(void *ctx, uint64_t rv) {
	struct follow *f = ctx;
	if (rv <= f->store->head->rv) return 0;
	int r = publish(f, rv);
	if (r) return r;
	follow_landed(f);
	follow_synced(f);
	return 0;
}

static void health(void *ctx, int err, const char *msg) {
	struct follow *f = ctx;
	commit_health(f->store, err ? -ENOLINK : 0, msg);
	if (err) follow_lost(f, -ENOLINK);
	/* What does not get better by waiting is not waited for. */
	if (err && err != -ENOLINK) follow_opened(f, err);
}

const struct remote_sink follow_sink = { load_begin, load_object, load_end, follow_rewind, change, reached, health };
