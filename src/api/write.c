/* SPDX-License-Identifier: Apache-2.0 */
#include "api/convert.h"
#include "api/write.h"

#include "api/hooks.h"
#include "api/internal.h"
#include "api/managed.h"
#include "api/meta.h"
#include "api/names.h"
#include "api/stored.h"

#include <errno.h>
#include <stdio.h>

static void attempt(struct write *w);

static void release(void *p) {
	struct write *w = p;
	store_snapshot_unref(w->snap);
	store_obj_unref(w->result);
	for (size_t i = 0; i < w->ad.n_also; i++) blob_unref(w->ad.also[i].json);
}

struct write *write_new(struct request *r) {
	struct write *w = arena_new_of(r->a, struct write);
	if (!w || arena_defer(r->a, release, w) < 0) return NULL;
	w->r = r;
	w->res = r->res;
	w->sub = r->sub;
	w->ns = r->res->namespaced ? r->info.ns : SLICE_NULL;
	w->name = r->info.name;
	w->done = write_answer;
	return w;
}

void write_answer(struct write *w, const struct status *st) {
	struct request *r = w->r;
	int code = w->created ? 201 : 200;
	if (st) request_status(r, st);
	else if (w->result) request_object(r, code, w->result);
	else request_object_tree(r, code, w->doc, w->obj);
}

static void finish(struct write *w, const struct status *st) { w->done(w, st); }

static struct slice group_of(const struct write *w) { return slice_str(w->res->group); }
static struct slice resource_of(const struct write *w) { return slice_str(w->res->resource); }

static void drop_also(struct write *w) {
	for (size_t i = 0; i < w->ad.n_also; i++) blob_unref(w->ad.also[i].json);
	w->ad.n_also = 0;
}

/* ---- the transaction ---- */

static void again(struct write *w) {
	if (++w->tries > WRITE_SPLICE_RETRIES_MAX) finish(w, status_stale(w->r->a, group_of(w), resource_of(w), w->name));
	else attempt(w);
}

static const struct status *name_taken(struct write *w, const struct store_obj *there) {
	struct arena *a = w->r->a;
	yyjson_mut_doc *doc = there ? request_parse(a, w->res, there) : NULL;
	const struct status *st = status_already_exists(a, group_of(w), resource_of(w), w->name);
	if (!doc || !json_path(yyjson_mut_doc_get_root(doc), "metadata.deletionTimestamp")) return st;
	struct status *dying = arena_new_of(a, struct status);
	if (!dying) return status_no_memory();
	*dying = *st;
	dying->message = arena_printf(a, "object is being deleted: %s", st->message);
	return dying;
}

static void exists(struct write *w, const struct store_obj *there) {
	if (w->upsert) again(w);
	else if (w->generated && ++w->name_tries < GENERATE_NAME_TRIES) attempt(w);
	else if (json_path_str(w->obj, "metadata.generateName").n) finish(w, status_name_exhausted(w->r->a, group_of(w), resource_of(w), w->name));
	else finish(w, name_taken(w, there));
}

static void lost_race(struct write *w) {
	bool retry = w->may_retry ? w->may_retry(w) : w->expect_rv == 0;
	if (retry) again(w);
	else finish(w, status_stale(w->r->a, group_of(w), resource_of(w), w->name));
}

static void committed(struct request *r, void *ctx, const struct store_result *res) {
	struct write *w = ctx;
	if (res->err == 0) {
		/* What a deletion leaves is the caller's object, not the store's last one. */
		if (!w->deletes) w->result = store_obj_ref(res->objs[0]);
		finish(w, NULL);
	} else if (res->failed > 0 && (res->err == -ESTALE || res->err == -ENOENT || res->err == -EEXIST)) {
		again(w);
	} else if (res->err == -EEXIST) {
		exists(w, res->n_objs ? res->objs[res->failed] : NULL);
	} else if (res->err == -ESTALE) {
		lost_race(w);
	} else if (res->err == -ENOENT) {
		again(w);
	} else {
		finish(w, status_of_store(r->a, res->err));
	}
}

/* The namespace a new object goes into has to be the one that admission saw. */
static size_t add_namespace_check(struct write *w, size_t n) {
	struct store_key key = { .resource = SLICE_LIT("/namespaces"), .name = w->ns };
	struct store_obj *ns = w->ns.n ? store_get(w->snap, &key) : NULL;
	if (!ns || n >= STORE_TXN_MAX) return n;
	w->ops[n] = (struct store_op){ .kind = STORE_CHECK, .key = key, .expect_rv = STORE_RV_ANY, .expect_uid = ns->uid };
	return n + 1;
}

static void commit(struct write *w, struct blob *json, size_t rv_at) {
	size_t n = 1;
	w->ops[0] = (struct store_op){ .kind = w->created ? STORE_CREATE : w->deletes ? STORE_DELETE : STORE_UPDATE,
				       .key = request_key(w->r->a, w->res, w->ns, w->name), .json = json, .rv_at = rv_at };
	if (!w->created) w->ops[0].expect_rv = w->cur->rv;
	if (w->deletes) {
		/* The deletion shows the object as it lay there, its last finalizer included. */
		w->ops[0].json = stored_unversioned(w->cur->json, &w->ops[0].rv_at);
		blob_unref(json);
		if (!w->ops[0].json) {
			finish(w, status_no_memory());
			return;
		}
	}
	for (size_t i = 0; i < w->ad.n_also && n < STORE_TXN_MAX; i++) w->ops[n++] = w->ad.also[i];
	w->ad.n_also = 0;
	if (w->created) n = add_namespace_check(w, n);
	const struct status *st = request_txn(w->r, w->ops, n, committed, w);
	if (st) finish(w, st);
}

/* ---- the end of an attempt ---- */

static struct managed_write managed_write_of(const struct write *w) {
	return (struct managed_write){ .a = w->r->a, .res = w->res, .sub = w->managed_as ? w->managed_as : w->sub, .of_parent = w->managed_as, .doc = w->doc, .now_sec = w->r->now / NSEC_PER_SEC,
				       .manager = options_manager(w->r->a, w->opt.field_manager, request_get_header(w->r, "user-agent")) };
}

/* An update that changes nothing but the times of managedFields changes nothing. */
static const struct status *settle(struct write *w) {
	struct managed_write m = managed_write_of(w);
	return w->created ? NULL : managed_settle(&m, w->old, w->obj);
}

static bool same_as_stored(const struct write *w, const struct blob *json, size_t rv_at) {
	struct slice now = blob_slice(json), was = blob_slice(w->cur->json);
	if (was.n < rv_at || memcmp(was.p, now.p, rv_at) != 0) return false;
	size_t end = rv_at;
	while (end < was.n && was.p[end] != '"') end++;
	return slice_eq(slice_from(was, end), slice_from(now, rv_at));
}

static const struct status *refuse_rv_on_create(struct write *w) {
	uint64_t rv;
	struct slice text = json_path_str(w->obj, "metadata.resourceVersion");
	if (!w->created || slice_uint(text, UINT64_MAX, &rv) < 0 || rv == 0) return NULL;
	return status_error(w->r->a, "resourceVersion should not be set on objects to be created");
}

static void dry_end(struct write *w) {
	struct store_key key = request_key(w->r->a, w->res, w->ns, w->name);
	struct store_obj *there = w->created ? store_get(w->snap, &key) : NULL;
	drop_also(w);
	if (there) {
		exists(w, there);
		return;
	}
	if (w->created) json_del(json_get(w->obj, "metadata"), "resourceVersion");
	finish(w, NULL);
}

/* What is not stored is answered as if it had been: empty lists do not survive that. */
static const struct status *read_back(struct write *w, const struct blob *json) {
	struct slice text = arena_slice_dup(w->r->a, blob_slice(json)), rv = json_path_str(w->obj, "metadata.resourceVersion");
	yyjson_mut_doc *doc;
	if (!text.p || convert_parse(w->res, w->r->a, text, &doc) < 0) return status_no_memory();
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	if (convert_to_served(w->res, doc, root) < 0 || (rv.n && !json_set_str(doc, json_get(root, "metadata"), "resourceVersion", rv))) return status_no_memory();
	w->doc = doc;
	w->obj = root;
	return NULL;
}

static void validated(struct admit *ad, const struct status *st) {
	struct write *w = ad->ctx;
	struct blob *json = NULL;
	size_t rv_at = 0;
	if (!st && !w->opt.dry_run) st = refuse_rv_on_create(w);
	if (!st) st = settle(w);
	if (!st) st = stored_encode(w->r->a, w->res, w->doc, w->obj, &json, &rv_at);
	if (st) {
		blob_unref(json);
		drop_also(w);
		finish(w, st);
		return;
	}
	if (!w->created && !w->deletes && same_as_stored(w, json, rv_at)) {
		w->result = store_obj_ref(w->cur);
	} else if (!w->opt.dry_run) {
		commit(w, json, rv_at);
		return;
	}
	if (!w->result) st = read_back(w, json);
	blob_unref(json);
	if (w->result || st) drop_also(w), finish(w, st);
	else dry_end(w);
}

/* ---- strategy and validation ---- */

static const struct status *invalid(struct write *w, const struct schema_errors *errs) {
	/* The kind is that of the internal type: events of either group are core's. */
	struct slice kind = w->res->is_custom ? json_path_str(w->obj, "kind") : slice_str(w->res->kind);
	return status_invalid(w->r->a, slice_str(w->res->storage_group), kind, json_path_str(w->obj, "metadata.name"), errs);
}

static const struct status *validate(struct write *w) {
	struct schema_errors errs = { 0 };
	struct schema_warnings warnings = { 0 };
	if (w->skip_validation) return NULL;
	int err = schema_validate(w->res, w->sub, w->created ? SCHEMA_CREATE : SCHEMA_UPDATE, w->r->a, w->obj, w->created ? NULL : w->old, &errs, &warnings);
	if (err) return status_no_memory();
	if (errs.n) return invalid(w, &errs);
	for (size_t i = 0; i < warnings.n; i++) request_warn(w->r, warnings.v[i]);
	return NULL;
}

static const struct status *prepare_create(struct write *w) {
	const struct status *st = meta_before_create(w);
	if (st) return st;
	return schema_prepare_create(w->res, w->doc, w->obj) < 0 ? status_no_memory() : NULL;
}

static const struct status *prepare_update(struct write *w) {
	const struct status *st = meta_before_prepare_update(w);
	if (!st && schema_prepare_update(w->res, w->sub, w->doc, w->obj, w->old) < 0) st = status_no_memory();
	return st ? st : meta_before_update(w);
}

/* An update that names no revision is one of the newest. */
static const struct status *take_current_rv(struct write *w) {
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)w->cur->rv);
	bool ok = json_set_str(w->doc, json_get(w->obj, "metadata"), "resourceVersion", slice_make(text, (size_t)n));
	return ok ? NULL : status_no_memory();
}

/* Optimistic locking (registry store.go Update). */
static const struct status *check_rv(struct write *w) {
	struct slice text = json_path_str(w->obj, "metadata.resourceVersion");
	int err = slice_empty(text) ? 0 : slice_uint(text, UINT64_MAX, &w->expect_rv);
	if (err) return status_error(w->r->a, "strconv.ParseUint: parsing %s: %s", status_quote(w->r->a, text), err == -ERANGE ? "value out of range" : "invalid syntax");
	if (slice_empty(text)) w->expect_rv = 0;
	if (w->expect_rv == 0) {
		if (w->res->strategy->unconditional_update) return take_current_rv(w);
		return status_invalid1(w->r->a, group_of(w), resource_of(w), w->name, "FieldValueInvalid", "metadata.resourceVersion",
				       "Invalid value: 0: must be specified for an update");
	}
	return w->expect_rv == w->cur->rv ? NULL : status_stale(w->r->a, group_of(w), resource_of(w), w->name);
}

/* What webhooks may not do: move the object elsewhere (PUT's and PATCH's URL names it). */
static const struct status *check_place(struct write *w) {
	struct slice name = json_path_str(w->obj, "metadata.name");
	if (w->upsert && !slice_eq(name, w->name))
		return status_bad_request(w->r->a, "the name of the object (%.*s) does not match the name on the URL (%.*s)", SLICE_FMT(name), SLICE_FMT(w->name));
	return meta_check_namespace(w->r->a, w->res, w->ns, w->doc, w->obj);
}

/* The object may be another one since. */
static const struct status *take_mutated(struct write *w) {
	if (w->takes && !w->skip_admission) return w->takes(w);
	bool replaced = w->obj != w->ad.obj;
	w->doc = w->ad.doc;
	w->obj = w->ad.obj;
	const struct status *st = replaced ? check_place(w) : NULL;
	if (!st) meta_dedup_owners(w, true);
	return st;
}

static void mutated(struct admit *ad, const struct status *st) {
	struct write *w = ad->ctx;
	if (!st) st = take_mutated(w);
	if (!st && !w->created) st = check_rv(w);
	if (!st) st = hooks_before_commit(w);
	if (!st && !w->skip_prepare) st = w->created ? prepare_create(w) : prepare_update(w);
	if (!st) st = validate(w);
	if (st) {
		drop_also(w);
		finish(w, st);
		return;
	}
	w->deletes = !w->created && meta_finishes_deletion(w);
	w->ad.name = w->name;
	w->ad.done = validated;
	if (w->skip_admission) validated(&w->ad, NULL);
	else admit_run(&w->ad, true);
}

/* ---- the beginning of an attempt ---- */

static const struct status *manage(struct write *w) {
	struct managed_write m = managed_write_of(w);
	return w->apply ? NULL : managed_update(&m, w->created ? NULL : w->old, w->obj);
}

static void admit(struct write *w) {
	drop_also(w);
	w->ad = (struct admit){ .r = w->r, .op = w->created ? ADMIT_CREATE : ADMIT_UPDATE, .res = w->res, .sub = w->sub, .ns = w->ns,
				.name = json_path_str(w->obj, "metadata.name"), .doc = w->doc, .obj = w->obj, .old = w->created ? NULL : w->old,
				.snap = w->snap, .dry_run = w->opt.dry_run, .done = mutated, .ctx = w };
	const struct status *st = w->shows ? w->shows(w) : NULL;
	if (w->skip_admission || st) mutated(&w->ad, st);
	else admit_run(&w->ad, false);
}

/* The state to change, for updates. */
static const struct status *load(struct write *w) {
	w->snap = store_snapshot_unref(w->snap);
	w->snap = store_snapshot(w->r->api->store);
	if (!w->snap) return status_no_memory();
	w->cur = NULL;
	w->old = NULL;
	w->created = w->op == WRITE_CREATE;
	if (w->created) return NULL;
	struct store_key key = request_key(w->r->a, w->res, w->ns, w->name);
	w->cur = store_get(w->snap, &key);
	if (!w->cur) {
		w->created = w->upsert;
		return w->upsert ? NULL : status_not_found(w->r->a, group_of(w), resource_of(w), w->name);
	}
	w->old_doc = request_parse(w->r->a, w->res, w->cur);
	if (!w->old_doc) return status_internal(w->r->a, "the stored object cannot be read");
	w->old = yyjson_mut_doc_get_root(w->old_doc);
	return NULL;
}

static void attempt(struct write *w) {
	const struct status *st = load(w);
	if (!st) st = w->transform(w);
	if (!st) meta_dedup_owners(w, false);
	if (!st) st = manage(w);
	if (st) finish(w, st);
	else admit(w);
}

void write_start(struct write *w) { attempt(w); }
