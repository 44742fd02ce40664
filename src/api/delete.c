/* SPDX-License-Identifier: Apache-2.0 */
#include "api/delete.h"

#include "api/grace.h"
#include "api/hooks.h"
#include "api/internal.h"
#include "api/names.h"
#include "api/stored.h"
#include "api/verbs.h"

#include <errno.h>
#include <stdio.h>

static void attempt(struct deletion *d);

static void release(void *p) {
	struct deletion *d = p;
	store_snapshot_unref(d->snap);
	store_obj_unref(d->result);
	for (size_t i = 0; i < d->ad.n_also; i++) blob_unref(d->ad.also[i].json);
}

struct deletion *deletion_new(struct request *r) {
	struct deletion *d = arena_new_of(r->a, struct deletion);
	if (!d || arena_defer(r->a, release, d) < 0) return NULL;
	d->r = r;
	d->res = r->res;
	d->ns = r->res->namespaced ? r->info.ns : SLICE_NULL;
	d->name = r->info.name;
	return d;
}

static struct slice group_of(const struct deletion *d) { return slice_str(d->res->group); }
static struct slice resource_of(const struct deletion *d) { return slice_str(d->res->resource); }

static void again(struct deletion *d) {
	if (++d->tries > WRITE_SPLICE_RETRIES_MAX) d->done(d, status_stale(d->r->a, group_of(d), resource_of(d), d->name));
	else attempt(d);
}

static void set_result(struct deletion *d, struct store_obj *o) {
	store_obj_ref(o);
	store_obj_unref(d->result);
	d->result = o;
}

/* ---- preconditions ---- */

static const struct status *check_preconditions(struct deletion *d) {
	struct arena *a = d->r->a;
	const char *why = NULL;
	char rv[24];
	int n = snprintf(rv, sizeof(rv), "%llu", (unsigned long long)d->cur->rv);
	if (d->opt.uid.p && !slice_eq(d->opt.uid, d->cur->uid))
		why = arena_printf(a, "the UID in the precondition (%.*s) does not match the UID in record (%.*s). The object might have been deleted and then recreated",
				   SLICE_FMT(d->opt.uid), SLICE_FMT(d->cur->uid));
	else if (d->opt.rv.p && !slice_eq(d->opt.rv, slice_make(rv, (size_t)n)))
		why = arena_printf(a, "the ResourceVersion in the precondition (%.*s) does not match the ResourceVersion in record (%s). The object might have been modified",
				   SLICE_FMT(d->opt.rv), rv);
	return why ? status_conflict(a, group_of(d), slice_str(d->res->kind), d->name, why) : NULL;
}

/* ---- transactions ---- */

/* Somebody else removed what this deletion had marked (an agent is woken by the mark): it is deleted, as was asked. */
static bool gone_since_marked(const struct deletion *d, const struct status *st) { return d->marked && st && st->code == 404; }

static void removed(struct request *r, void *ctx, const struct store_result *res) {
	struct deletion *d = ctx;
	if (res->err == -ESTALE || res->err == -ENOENT) {
		again(d);
		return;
	}
	d->deleted = true;
	if (!res->err) set_result(d, res->objs[0]);
	d->done(d, res->err ? status_of_store(r->a, res->err) : NULL);
}

/* `last` is the state to go, with the revision `rv`; its blob is consumed. */
static void remove_object(struct deletion *d, const struct store_obj *last) {
	struct store_op ops[STORE_TXN_MAX] = { { .kind = STORE_DELETE, .key = request_key(d->r->a, d->res, d->ns, d->name), .expect_rv = last->rv } };
	size_t n = 1;
	ops[0].json = stored_unversioned(last->json, &ops[0].rv_at);
	if (!ops[0].json) {
		d->done(d, status_no_memory());
		return;
	}
	for (size_t i = 0; i < d->ad.n_also && n < STORE_TXN_MAX; i++) ops[n++] = d->ad.also[i];
	d->ad.n_also = 0;
	n += hooks_with_delete(d->r, d->res, d->snap, last, ops + n, STORE_TXN_MAX - n);
	const struct status *st = request_txn(d->r, ops, n, removed, d);
	if (st) d->done(d, st);
}

static void marked(struct request *r, void *ctx, const struct store_result *res, bool then_remove) {
	struct deletion *d = ctx;
	if (res->err == -ESTALE || res->err == -ENOENT) {
		again(d);
	} else if (res->err) {
		d->done(d, status_of_store(r->a, res->err));
	} else {
		set_result(d, res->objs[0]);
		d->marked = true;
		if (then_remove) remove_object(d, d->result);
		else d->done(d, NULL);
	}
}
static void marked_stays(struct request *r, void *ctx, const struct store_result *res) { marked(r, ctx, res, false); }
static void marked_goes(struct request *r, void *ctx, const struct store_result *res) { marked(r, ctx, res, true); }

static void update_object(struct deletion *d, bool then_remove) {
	struct store_op op = { .kind = STORE_UPDATE, .key = request_key(d->r->a, d->res, d->ns, d->name), .expect_rv = d->cur->rv };
	const struct status *st = stored_encode(d->r->a, d->res, d->doc, d->obj, &op.json, &op.rv_at);
	if (!st) st = request_txn(d->r, &op, 1, then_remove ? marked_goes : marked_stays, d);
	if (st) d->done(d, st);
}

/* ---- one attempt ---- */

static enum grace_outcome outcome(struct deletion *d) {
	bool is_namespace = !*d->res->group && !strcmp(d->res->resource, "namespaces");
	bool is_definition = !strcmp(d->res->group, "apiextensions.k8s.io") && !strcmp(d->res->resource, "customresourcedefinitions");
	if (is_definition) return grace_apply_definition(d);
	return is_namespace ? grace_apply_namespace(d) : grace_apply(d);
}

static void admitted(struct admit *ad, const struct status *st) {
	struct deletion *d = ad->ctx;
	if (st) {
		d->done(d, st);
		return;
	}
	enum grace_outcome g = outcome(d);
	set_result(d, d->cur);
	d->deleted = g == GRACE_NOW || g == GRACE_UPDATE_NOW;
	d->pending = g == GRACE_PENDING;
	if (g == GRACE_NO_MEMORY) d->done(d, status_no_memory());
	else if (g == GRACE_PENDING || d->opt.dry_run) d->done(d, NULL);
	else if (g == GRACE_NOW) remove_object(d, d->cur);
	else update_object(d, g == GRACE_UPDATE_NOW);
}

static void mutated(struct admit *ad, const struct status *st) {
	ad->done = admitted;
	if (st) admitted(ad, st);
	else admit_run(ad, true);
}

static const struct status *load(struct deletion *d) {
	d->snap = store_snapshot_unref(d->snap);
	d->snap = store_snapshot(d->r->api->store);
	if (!d->snap) return status_no_memory();
	struct store_key key = request_key(d->r->a, d->res, d->ns, d->name);
	d->cur = store_get(d->snap, &key);
	if (!d->cur) return status_not_found(d->r->a, group_of(d), resource_of(d), d->name);
	const struct status *st = check_preconditions(d);
	if (st) return st;
	d->doc = request_parse(d->r->a, d->res, d->cur);
	d->obj = d->doc ? yyjson_mut_doc_get_root(d->doc) : NULL;
	return d->obj ? NULL : status_internal(d->r->a, "the stored object cannot be read");
}

static void attempt(struct deletion *d) {
	const struct status *st = load(d);
	if (gone_since_marked(d, st)) {
		d->deleted = true;
		d->done(d, NULL);
		return;
	}
	if (st) {
		d->done(d, st);
		return;
	}
	for (size_t i = 0; i < d->ad.n_also; i++) blob_unref(d->ad.also[i].json);
	d->ad = (struct admit){ .r = d->r, .op = ADMIT_DELETE, .res = d->res, .ns = d->ns, .name = d->name, .doc = d->doc, .old = d->obj,
				.snap = d->snap, .dry_run = d->opt.dry_run, .delete_options = &d->opt, .done = mutated, .ctx = d };
	admit_run(&d->ad, false);
}

void deletion_start(struct deletion *d) { attempt(d); }

/* ---- options and answer ---- */

static const struct status *body_error(struct request *r, const struct status *st) {
	/* DELETE's decoder says its errors plainly, without the wrapping that creates have. */
	struct slice m = slice_str(st->message), head = SLICE_LIT("the object provided is unrecognized (must be of type DeleteOptions): ");
	static const struct slice mid = SLICE_LIT(" cannot be handled as a DeleteOptions: ");
	ptrdiff_t at = slice_find(m, mid);
	if (st->code != 400) return st;
	if (at >= 0) m = slice_from(m, (size_t)at + mid.n);
	if (slice_starts(m, head)) {
		m = slice_from(m, head.n);
		while (m.n && m.p[m.n - 1] != '(') m.n--;
		m.n = m.n >= 2 ? m.n - 2 : m.n;
	}
	return status_error(r->a, "%.*s", SLICE_FMT(m));
}

const struct status *deletion_options(struct request *r, struct delete_options *ret) {
	if (r->x->body_too_large) return status_too_large(r->a, "limit is 3145728");
	if (slice_empty(r->body)) return options_delete(r->a, &r->query, NULL, ret);
	const struct schema_type *t = schema_type_of_kind(SLICE_LIT("meta.k8s.io"), SLICE_LIT("v1"), SLICE_LIT("DeleteOptions"));
	yyjson_mut_doc *doc;
	const struct status *st = t ? request_decode(r, t, "meta.k8s.io", "v1", "DeleteOptions", FIELDS_IGNORE, &doc) : status_no_memory();
	if (st) return body_error(r, st);
	return options_delete(r->a, &r->query, yyjson_mut_doc_get_root(doc), ret);
}

void deletion_answer(struct deletion *d, const struct status *st) {
	struct request *r = d->r;
	if (st) {
		request_status(r, st);
		return;
	}
	bool object = d->res->strategy->delete_returns_object || !(d->deleted || d->pending);
	int code = !d->deleted && d->opt.has_orphan && !d->opt.orphan ? 202 : 200;
	if (!object) {
		request_status(r, status_deleted(r->a, group_of(d), resource_of(d), d->name, d->result->uid));
	} else if (d->opt.dry_run && !d->pending) {
		request_object_tree(r, code, d->doc, d->obj);
	} else {
		request_object(r, code, d->result);
	}
}

void delete_handle(struct request *r) {
	struct deletion *d = deletion_new(r);
	const struct status *st = d ? deletion_options(r, &d->opt) : status_no_memory();
	if (!st) st = name_check(r);
	if (st) {
		request_status(r, st);
		return;
	}
	d->done = deletion_answer;
	deletion_start(d);
}
