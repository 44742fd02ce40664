/* SPDX-License-Identifier: Apache-2.0 */
#include "api/review/review.h"
#include "api/internal.h"
#include "api/managed.h"
#include "api/meta.h"

#include <errno.h>

static const struct status *set_managed(struct review *rv) {
	struct request *r = rv->r;
	struct managed_write m = {
		.a = r->a, .res = r->res, .sub = r->sub, .doc = rv->doc, .now_sec = r->now / NSEC_PER_SEC,
		.manager = options_manager(r->a, rv->opt.field_manager, request_get_header(r, "user-agent")),
	};
	return rv->managed ? managed_update(&m, NULL, rv->obj) : NULL;
}

static const struct status *review_read(struct review *rv) {
	struct request *r = rv->r;
	const struct status *st = options_write(r->a, &r->query, "CreateOptions", false, &rv->opt);
	if (!st) st = request_decode(r, rv->type, rv->group, rv->version, rv->kind, rv->opt.validation, &rv->doc);
	if (st) return st;
	rv->obj = yyjson_mut_doc_get_root(rv->doc);
	if (schema_default(rv->type, rv->doc, rv->obj) < 0) return status_no_memory();
	if (r->res->namespaced) st = meta_check_namespace(r->a, r->res, r->info.ns, rv->doc, rv->obj);
	return st ? st : set_managed(rv);
}

static void snapshot_unref(void *sn) { store_snapshot_unref(sn); }

static void admitted(struct admit *ad, const struct status *st) {
	struct review *rv = ad->ctx;
	/* Nothing is stored that others would have to go with. */
	for (size_t i = 0; i < ad->n_also; i++) blob_unref(ad->also[i].json);
	ad->n_also = 0;
	if (st) request_status(rv->r, st);
	else rv->answer(rv);
}

static void mutated(struct admit *ad, const struct status *st) {
	struct review *rv = ad->ctx;
	rv->doc = ad->doc;
	rv->obj = ad->obj;
	ad->done = admitted;
	if (st) admitted(ad, st);
	else admit_run(ad, true);
}

void review_start(struct request *r, const struct schema_type *type, const char *group, const char *version, const char *kind, bool managed,
		  void (*answer)(struct review *rv)) {
	struct review *rv = arena_new_of(r->a, struct review);
	if (!rv) {
		request_status(r, status_no_memory());
		return;
	}
	*rv = (struct review){ .r = r, .type = type, .group = group, .version = version, .kind = kind, .managed = managed, .answer = answer };
	const struct status *st = review_read(rv);
	struct store_snapshot *snap = st ? NULL : store_snapshot(r->api->store);
	if (!st && (!snap || arena_defer(r->a, snapshot_unref, snap) < 0)) st = status_no_memory();
	if (st) {
		request_status(r, st);
		return;
	}
	rv->ad = (struct admit){
		.r = r, .op = ADMIT_CREATE, .res = r->res, .sub = r->sub, .ns = r->info.ns, .name = r->info.name, .doc = rv->doc, .obj = rv->obj, .snap = snap,
		.dry_run = rv->opt.dry_run, .done = mutated, .ctx = rv,
	};
	admit_run(&rv->ad, false);
}

const struct status *review_validate(struct review *rv, const char *kind) {
	struct schema_errors errs = { 0 };
	struct arena *a = rv->r->a;
	if (schema_validate(rv->r->res, rv->r->sub, SCHEMA_CREATE, a, rv->obj, NULL, &errs, NULL) < 0) return status_no_memory();
	return errs.n ? status_invalid(a, slice_str(rv->group), slice_str(kind), SLICE_NULL, &errs) : NULL;
}

void review_done(struct review *rv) { request_tree(rv->r, 201, rv->type, rv->doc, rv->obj); }

static bool set_strings(yyjson_mut_doc *doc, yyjson_mut_val *obj, struct slice name, const struct slice *v, size_t n) {
	yyjson_mut_val *list = yyjson_mut_arr(doc), *key = yyjson_mut_strncpy(doc, name.p, name.n);
	bool ok = list && key;
	for (size_t i = 0; ok && i < n; i++) ok = yyjson_mut_arr_append(list, yyjson_mut_strncpy(doc, v[i].p, v[i].n));
	return ok && yyjson_mut_obj_add(obj, key, list);
}

yyjson_mut_val *review_user_info(yyjson_mut_doc *doc, const struct access_user *u) {
	yyjson_mut_val *info = yyjson_mut_obj(doc), *extra = yyjson_mut_obj(doc);
	bool ok = info && extra && json_set_str(doc, info, "username", u->name);
	if (ok && !slice_empty(u->uid)) ok = json_set_str(doc, info, "uid", u->uid);
	if (ok && u->n_groups) ok = set_strings(doc, info, SLICE_LIT("groups"), u->groups, u->n_groups);
	for (size_t i = 0; ok && i < u->n_extra; i++) ok = set_strings(doc, extra, u->extra[i].key, u->extra[i].values, u->extra[i].n_values);
	if (ok && u->n_extra) ok = json_set(doc, info, "extra", extra);
	return ok ? info : NULL;
}

bool review_strings(struct arena *a, const yyjson_mut_val *list, const struct slice **ret, size_t *ret_n) {
	struct slice *v = arena_array(a, json_size(list) + 1, sizeof(*v));
	yyjson_mut_val *one;
	size_t n = 0;
	if (!v) return false;
	json_each(list, one) v[n++] = json_str(one);
	*ret = v;
	*ret_n = n;
	return true;
}
