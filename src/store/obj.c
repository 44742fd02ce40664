/* SPDX-License-Identifier: Apache-2.0 */
#include "store/obj.h"

#include <errno.h>
#include <string.h>

/* What the indexer says, gathered before the size of the object is known. */
struct gather {
	struct slice json;
	struct slice uid;
	struct store_pair *pairs; /* labels and fields mixed, told apart by is_label */
	bool *is_label;
	size_t n, cap, n_labels;
	size_t text; /* bytes that have to be copied into the object */
	char *uid_copy;
	int err;
};

static bool inside(struct slice whole, struct slice part) {
	return part.n && whole.n && part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

/* The indexer's strings live only as long as its call: those that are not bytes of the JSON are kept in a copy. */
static struct slice keep(struct gather *g, struct slice s) {
	if (!s.n) return SLICE_NULL;
	if (inside(g->json, s)) return s;
	char *p = malloc(s.n);
	if (!p) return g->err = -ENOMEM, SLICE_NULL;
	memcpy(p, s.p, s.n);
	g->text += s.n;
	return slice_make(p, s.n);
}

static void drop(const struct gather *g, struct slice s) {
	if (s.n && !inside(g->json, s)) free((char *)(uintptr_t)s.p);
}

static void gather_done(struct gather *g) {
	drop(g, g->uid);
	for (size_t i = 0; i < g->n; i++) {
		drop(g, g->pairs[i].key);
		drop(g, g->pairs[i].value);
	}
	free(g->pairs);
	free(g->is_label);
}

static int gather_grow(struct gather *g) {
	if (g->n < g->cap) return 0;
	if (g->n >= STORE_INDEX_PAIRS_MAX) return -E2BIG;
	size_t cap = g->cap ? g->cap * 2 : 16;
	struct store_pair *pairs = realloc(g->pairs, cap * sizeof(*pairs));
	if (pairs) g->pairs = pairs;
	bool *is_label = realloc(g->is_label, cap * sizeof(*is_label));
	if (is_label) g->is_label = is_label;
	if (!pairs || !is_label) return -ENOMEM;
	g->cap = cap;
	return 0;
}

static void gather_pair(struct gather *g, struct slice key, struct slice value, bool is_label) {
	if (g->err || (g->err = gather_grow(g))) return;
	g->is_label[g->n] = is_label;
	g->pairs[g->n].key = keep(g, key);
	g->pairs[g->n].value = keep(g, value);
	g->n++;
	g->n_labels += is_label;
}

static void on_uid(void *ctx, struct slice uid) {
	struct gather *g = ctx;
	drop(g, g->uid);
	if (g->uid.n && !inside(g->json, g->uid)) g->text -= g->uid.n;
	g->uid = keep(g, uid);
}

static void on_label(void *ctx, struct slice key, struct slice value) { gather_pair(ctx, key, value, true); }
static void on_field(void *ctx, struct slice key, struct slice value) { gather_pair(ctx, key, value, false); }

/* Moves a string into the object's own text, unless it is part of the JSON. */
static struct slice place(const struct gather *g, char **at, struct slice s) {
	if (!s.n) return SLICE_NULL;
	if (inside(g->json, s)) return s;
	memcpy(*at, s.p, s.n);
	struct slice r = slice_make(*at, s.n);
	*at += s.n;
	return r;
}

static int pair_cmp(const void *a, const void *b) {
	const struct store_pair *x = a, *y = b;
	return slice_cmp(x->key, y->key);
}

static struct store_obj *assemble(const struct gather *g, const struct store_key *key) {
	size_t n = sizeof(struct store_obj) + g->n * sizeof(struct store_pair) + g->text + key->resource.n + key->ns.n + key->name.n;
	struct store_obj *o = calloc(1, n);
	if (!o) return NULL;
	struct store_pair *labels = (struct store_pair *)(o + 1), *fields = labels + g->n_labels;
	char *at = (char *)(labels + g->n);
	atomic_init(&o->refs, 1);
	o->labels = labels;
	o->fields = fields;
	o->key.resource = place(&(struct gather){ 0 }, &at, key->resource);
	o->key.ns = place(&(struct gather){ 0 }, &at, key->ns);
	o->key.name = place(&(struct gather){ 0 }, &at, key->name);
	o->uid = place(g, &at, g->uid);
	for (size_t i = 0; i < g->n; i++) {
		struct store_pair *to = g->is_label[i] ? &labels[o->n_labels++] : &fields[o->n_fields++];
		to->key = place(g, &at, g->pairs[i].key);
		to->value = place(g, &at, g->pairs[i].value);
	}
	if (o->n_labels > 1) qsort(labels, o->n_labels, sizeof(*labels), pair_cmp);
	return o;
}

int obj_new(store_index_fn index, void *index_ctx, const struct store_key *key, struct blob *json, struct store_obj **ret) {
	_cleanup_blob_ struct blob *own = json;
	struct gather g = { .json = blob_slice(json) };
	struct store_index_sink sink = { &g, on_uid, on_label, on_field };
	int r = json && index ? index(index_ctx, key, g.json, &sink) : 0;
	if (r >= 0) r = g.err;
	struct store_obj *o = r < 0 ? NULL : assemble(&g, key);
	gather_done(&g);
	if (r < 0) return r;
	if (!o) return -ENOMEM;
	o->json = TAKE_PTR(own);
	*ret = o;
	return 0;
}

/* Where the revision's digits go: `old` bytes at `at` give way to `digits`. */
struct splice {
	const struct blob *from;
	struct blob *to;
	size_t at, old, digits;
};

/* A string of the old bytes, found again in the new ones. */
static struct slice moved(const struct splice *sp, struct slice s) {
	if (!inside(blob_slice(sp->from), s)) return s;
	size_t off = (size_t)(s.p - sp->from->p);
	return slice_make(sp->to->p + off + (off >= sp->at + sp->old ? sp->digits - sp->old : 0), s.n);
}

static void move_pairs(const struct splice *sp, const struct store_pair *p, size_t n) {
	struct store_pair *w = (struct store_pair *)(uintptr_t)p; /* the object's own memory, not shared yet */
	for (size_t i = 0; i < n; i++) {
		w[i].key = moved(sp, w[i].key);
		w[i].value = moved(sp, w[i].value);
	}
}

static size_t decimal(uint64_t v, char text[24]) {
	char back[24];
	size_t n = 0;
	do back[n++] = (char)('0' + v % 10);
	while ((v /= 10));
	for (size_t i = 0; i < n; i++) text[i] = back[n - 1 - i];
	return n;
}

int obj_set_rv(struct store_obj *o, uint64_t rv, size_t rv_at) {
	char text[24], before[24];
	struct blob *from = o->json;
	struct splice sp = { .from = from, .at = rv_at, .old = o->rv ? decimal(o->rv, before) : 0, .digits = decimal(rv, text) };
	struct blob *to = sp.to = blob_alloc(from->n - sp.old + sp.digits);
	if (!to) return -ENOMEM;
	memcpy(to->p, from->p, rv_at);
	memcpy(to->p + rv_at, text, sp.digits);
	memcpy(to->p + rv_at + sp.digits, from->p + rv_at + sp.old, from->n - rv_at - sp.old);
	o->uid = moved(&sp, o->uid);
	move_pairs(&sp, o->labels, o->n_labels);
	move_pairs(&sp, o->fields, o->n_fields);
	o->json = to;
	o->rv = rv;
	blob_unref(from);
	return 0;
}

size_t obj_bytes(const struct store_obj *o) {
	size_t pairs = (o->n_labels + o->n_fields) * sizeof(struct store_pair);
	return sizeof(*o) + pairs + o->key.resource.n + o->key.ns.n + o->key.name.n + (o->json ? sizeof(struct blob) + o->json->n : 0);
}

struct store_obj *store_obj_ref(struct store_obj *o) {
	if (o) atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
	return o;
}

struct store_obj *store_obj_unref(struct store_obj *o) {
	/* acq_rel: whatever other holders did with the object happens before it is freed. */
	if (!o || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1) return NULL;
	for (size_t i = 0; i < ELEMENTSOF(o->alt); i++) blob_unref(atomic_load_explicit(&o->alt[i], memory_order_relaxed));
	blob_unref(o->json);
	free(o);
	return NULL;
}
