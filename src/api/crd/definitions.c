/* SPDX-License-Identifier: Apache-2.0 */
#include "api/crd/definitions.h"

#include "api/crd/approval.h"
#include "api/crd/finish.h"
#include "api/crd/names.h"
#include "api/internal.h"
#include "api/stored.h"
#include "api/watch.h"

#include <errno.h>
#include <pthread.h>

struct definitions {
	struct api *api;
	pthread_mutex_t lock;
	struct catalog *catalog;      /* under the lock: swapped as a whole */
	atomic_int refs;              /* the owner's, and one of a transaction under way */
	bool busy;                    /* a transaction is under way; the first loop's from here on */
	bool dirty;                   /* definitions changed since all were found in order */
	bool stopped;
};

/* ---- the catalog in force ---- */

static struct catalog *current(struct definitions *d) {
	pthread_mutex_lock(&d->lock);
	struct catalog *c = catalog_ref(d->catalog);
	pthread_mutex_unlock(&d->lock);
	return c;
}

static void swap(struct definitions *d, struct catalog *next) {
	pthread_mutex_lock(&d->lock);
	struct catalog *old = d->catalog;
	d->catalog = next;
	pthread_mutex_unlock(&d->lock);
	catalog_unref(old);
}

static void drop(void *p) { catalog_unref(p); }

const struct catalog *definitions_catalog(struct api *api, struct arena *a) {
	struct catalog *c = current(api->definitions);
	if (arena_defer(a, drop, c) == 0) return c;
	return catalog_unref(c);
}

bool definitions_serve(struct api *api, const struct schema_resource *res) {
	struct catalog *c = current(api->definitions);
	const struct schema_resource *now = catalog_find(c, slice_str(res->group), slice_str(res->version), slice_str(res->resource));
	catalog_unref(c);
	return now != NULL;
}

/* Same definitions, version by version? */
static bool is_current(const struct catalog *c, const struct store_snapshot *sn) {
	struct store_cursor cursor;
	struct store_obj *o;
	size_t i = 0;
	store_scan(sn, SLICE_LIT(CRD_RESOURCE), SLICE_NULL, NULL, &cursor);
	while ((o = store_next(&cursor))) {
		if (i == CATALOG_DEFINITIONS_MAX) break;
		if (i == c->n_definitions || c->definitions[i].object != o) return false;
		i++;
	}
	return i == c->n_definitions;
}

/* ---- status ---- */

static const struct schema_resource *crd_resource(void) {
	return schema_find(SLICE_LIT("apiextensions.k8s.io"), SLICE_LIT("v1"), SLICE_LIT("customresourcedefinitions"));
}

static void unref(struct definitions *d) {
	if (atomic_fetch_sub(&d->refs, 1) != 1) return;
	catalog_unref(d->catalog);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static void committed(void *ctx, const struct store_result *res) {
	struct definitions *d = ctx;
	d->busy = false;
	if (!d->stopped) definitions_advance(d);
	unref(d);
}

static void commit(struct definitions *d, struct store_op *ops, size_t n) {
	d->busy = true;
	atomic_fetch_add(&d->refs, 1);
	if (store_txn(d->api->store, ops, n, d->api->loops[0].loop, committed, d) == 0) return;
	d->busy = false;
	unref(d);
}

static bool write_definition(struct definitions *d, struct arena *a, const struct store_obj *o, yyjson_mut_doc *doc) {
	struct store_op op = { .kind = STORE_UPDATE, .key = o->key, .expect_rv = o->rv };
	if (stored_encode(a, crd_resource(), doc, yyjson_mut_doc_get_root(doc), &op.json, &op.rv_at)) return false;
	commit(d, &op, 1);
	return true;
}

static bool remove_finalizer(yyjson_mut_val *crd) {
	yyjson_mut_val *meta = json_get(crd, "metadata"), *f = json_get(meta, "finalizers");
	bool had = false;
	for (size_t i = 0; i < yyjson_mut_arr_size(f);) {
		bool it = slice_eqs(json_str(yyjson_mut_arr_get(f, i)), CRD_FINALIZER);
		if (it) yyjson_mut_arr_remove(f, i);
		else i++;
		had |= it;
	}
	if (had && yyjson_mut_arr_size(f) == 0) json_del(meta, "finalizers");
	return had;
}

static bool has_finalizer(const yyjson_mut_val *crd) {
	yyjson_mut_val *f;
	json_each(json_path(crd, "metadata.finalizers"), f)
		if (slice_eqs(json_str(f), CRD_FINALIZER)) return true;
	return false;
}

/* Instances first; when none is left, the definition's finalizer, and with the last one the definition. True: something is under way. */
static bool finish(struct definitions *d, struct arena *a, const struct store_snapshot *sn, const struct catalog_definition *def, yyjson_mut_doc *doc) {
	struct store_op ops[STORE_TXN_MAX];
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	const struct schema_resource *res = def->set ? schema_set_at(def->set, 0) : NULL;
	int marked = crd_condition_set(doc, root, "Terminating", true, "InstanceDeletionInProgress", "CustomResource deletion is in progress",
				       env_now_sec(d->api->env));
	if (marked > 0 && has_finalizer(root)) return write_definition(d, a, def->object, doc);
	if (!res) return false;
	struct store_key key = request_key(a, res, SLICE_NULL, SLICE_NULL);
	int n = finish_instances(a, sn, res, env_now_sec(d->api->env), ops);
	if (n > 0) commit(d, ops, (size_t)n);
	if (n || store_count(sn, key.resource, SLICE_NULL) || !remove_finalizer(root)) return n > 0;
	if (yyjson_mut_arr_size(json_path(root, "metadata.finalizers")) > 0) return write_definition(d, a, def->object, doc);
	ops[0] = (struct store_op){ .kind = STORE_DELETE, .key = def->object->key, .expect_rv = def->object->rv };
	ops[0].json = stored_unversioned(def->object->json, &ops[0].rv_at);
	if (ops[0].json) commit(d, ops, 1);
	return ops[0].json != NULL;
}

/* Every definition as a tree, in the catalog's order; NULL: out of memory. */
static yyjson_mut_val **parse_all(struct arena *a, const struct catalog *c, yyjson_mut_doc ***ret_docs) {
	yyjson_mut_val **v = arena_array(a, c->n_definitions + 1, sizeof(*v));
	yyjson_mut_doc **docs = arena_array(a, c->n_definitions + 1, sizeof(*docs));
	for (size_t i = 0; v && docs && i < c->n_definitions; i++) {
		docs[i] = request_parse(a, crd_resource(), c->definitions[i].object);
		if (!docs[i]) return NULL;
		v[i] = yyjson_mut_doc_get_root(docs[i]);
	}
	*ret_docs = docs;
	return docs ? v : NULL;
}

/* Names, being established, approval. True: something is under way. */
static bool settle(struct definitions *d, struct arena *a, yyjson_mut_doc *doc, const struct catalog *c, size_t i, yyjson_mut_val *const *v) {
	int64_t now = env_now_sec(d->api->env);
	int names = crd_names_update(a, doc, v[i], v, c->n_definitions, now), approval = crd_approval_update(a, doc, v[i], now);
	return names >= 0 && approval >= 0 && (names || approval) && write_definition(d, a, c->definitions[i].object, doc);
}

/* The first definition that needs something gets it; the rest follows when that is committed. */
static void reconcile(struct definitions *d, const struct store_snapshot *sn, const struct catalog *c) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	yyjson_mut_doc **docs;
	yyjson_mut_val **v = a ? parse_all(a, c, &docs) : NULL;
	for (size_t i = 0; v && i < c->n_definitions; i++) {
		const struct catalog_definition *def = &c->definitions[i];
		if (def->terminating ? finish(d, a, sn, def, docs[i]) : settle(d, a, docs[i], c, i, v))
			return;
	}
}

static bool any_terminating(const struct catalog *c) {
	for (size_t i = 0; i < c->n_definitions; i++)
		if (c->definitions[i].terminating) return true;
	return false;
}

static void wake(void *arg) { watch_wake_all(arg); }

/* Their watches of what is no longer served end. */
static void wake_other_loops(struct api *api) {
	for (size_t i = 1; i < api->n_loops; i++) (void)loop_post(api->loops[i].loop, wake, &api->loops[i]);
}

static bool refresh(struct definitions *d, const struct store_snapshot *sn) {
	struct catalog *next = NULL, *now = current(d);
	bool fresh = !is_current(now, sn) && catalog_new(sn, now, d->api->server_address, &next) == 0;
	catalog_unref(now);
	if (fresh) {
		swap(d, next);
		wake_other_loops(d->api);
	}
	return fresh;
}

void definitions_advance(struct definitions *d) {
	struct store_snapshot *sn = store_snapshot(d->api->store);
	if (!sn) return;
	d->dirty |= refresh(d, sn);
	struct catalog *c = current(d);
	if (!d->busy && (d->dirty || any_terminating(c))) {
		reconcile(d, sn, c);
		d->dirty = d->busy;
	}
	catalog_unref(c);
	store_snapshot_unref(sn);
}

/* ---- beginning and end ---- */

struct definitions *definitions_new(struct api *api) {
	struct definitions *d = calloc(1, sizeof(*d));
	struct store_snapshot *sn = d ? store_snapshot(api->store) : NULL;
	if (!sn || catalog_new(sn, NULL, api->server_address, &d->catalog) < 0) {
		store_snapshot_unref(sn);
		free(d);
		return NULL;
	}
	store_snapshot_unref(sn);
	d->api = api;
	d->refs = 1;
	d->dirty = true;
	pthread_mutex_init(&d->lock, NULL);
	return d;
}

void definitions_stop(struct definitions *d) { d->stopped = true; }

struct definitions *definitions_free(struct definitions *d) {
	if (d) unref(d);
	return NULL;
}
