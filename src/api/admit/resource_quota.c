/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ResourceQuota: what a namespace's quotas allow. The new usage is written with the object in one transaction, so that no two
 * requests share the same room (apiserver's admission/plugin/resourcequota).
 */
#include "api/admit/plugins.h"
#include "api/stored.h"
#include "base/words.h"
#include "schema/quota/scope.h"

static int deny(const struct status **ret_st, const struct status *st) {
	*ret_st = st;
	return ADMIT_DENY;
}

static struct quota_kind kind_of(const struct admit *ad) { return (struct quota_kind){ slice_str(ad->res->group), slice_str(ad->res->resource) }; }

static bool handles(const struct admit *ad) {
	if (slice_empty(ad->ns) || strcmp(ad->res->resource, "events") == 0) return false;
	if (admit_is(ad, "", "pods", "resize")) return true;
	if (ad->sub) return false;
	return ad->op == ADMIT_CREATE || admit_is(ad, "", "services", NULL) || admit_is(ad, "", "persistentvolumeclaims", NULL);
}

/* What the write adds, without zeros and never less than nothing. */
static struct amounts delta_of(struct admit *ad, const yyjson_mut_val *quota_spec) {
	struct amounts now = quota_usage(ad->r->a, kind_of(ad), ad->obj), was = { .a = ad->r->a }, delta = { .a = ad->r->a };
	if (ad->op == ADMIT_UPDATE && quota_scopes_match(kind_of(ad), quota_spec, ad->old)) was = quota_usage(ad->r->a, kind_of(ad), ad->old);
	for (size_t i = 0; i < now.n; i++) {
		const struct quantity *before = amounts_get(&was, now.v[i].name);
		struct quantity q = before ? quantity_sub(now.v[i].q, *before) : now.v[i].q;
		if (quantity_sign(q) > 0) amounts_set(&delta, now.v[i].name, q);
	}
	delta.failed |= now.failed || was.failed;
	amounts_sort(&delta);
	return delta;
}

static void put(struct words *w, struct slice name, struct quantity q) {
	char text[QUANTITY_TEXT];
	quantity_format(q, text);
	words_add(w, slice_str(arena_printf(w->a, "%.*s=%s", SLICE_FMT(name), text)));
}

static const struct status *exceeded(struct admit *ad, struct slice quota, const struct amounts *delta, const struct amounts *used, const struct amounts *hard) {
	struct words asked = { .a = ad->r->a }, had = { .a = ad->r->a }, max = { .a = ad->r->a };
	for (size_t i = 0; i < delta->n; i++) {
		struct slice name = delta->v[i].name;
		const struct quantity *limit = amounts_get(hard, name), *u = amounts_get(used, name);
		if (!limit || !u || quantity_cmp(quantity_add(*u, delta->v[i].q), *limit) <= 0) continue;
		put(&asked, name, delta->v[i].q);
		put(&had, name, *u);
		put(&max, name, *limit);
	}
	if (!asked.n) return NULL;
	return admit_forbidden(ad, "exceeded quota: %.*s, requested: %s, used: %s, limited: %s", SLICE_FMT(quota), words_join(&asked, ","), words_join(&had, ","),
			       words_join(&max, ","));
}

/* Adds to status.used; false when nothing of it is counted. */
static bool add_used(struct admit *ad, yyjson_mut_doc *doc, yyjson_mut_val *quota, const struct amounts *delta, const struct amounts *used, bool *ret_ok) {
	yyjson_mut_val *into = json_ensure_obj(doc, quota, "status.used");
	bool any = false;
	*ret_ok = into != NULL;
	for (size_t i = 0; i < delta->n && *ret_ok; i++) {
		const struct quantity *u = amounts_get(used, delta->v[i].name);
		char text[QUANTITY_TEXT];
		if (!u) continue;
		quantity_format(quantity_add(*u, delta->v[i].q), text);
		*ret_ok = json_setn(doc, into, delta->v[i].name, yyjson_mut_strcpy(doc, text));
		any = true;
	}
	return any;
}

static const struct status *charge(struct admit *ad, const struct schema_resource *res, const struct store_obj *o, yyjson_mut_doc *doc, const struct amounts *delta,
				   const struct amounts *used) {
	struct store_op op = { .kind = STORE_UPDATE, .key = o->key, .expect_rv = o->rv };
	bool ok, any = add_used(ad, doc, yyjson_mut_doc_get_root(doc), delta, used, &ok);
	if (!ok) return status_no_memory();
	if (!any || ad->dry_run) return NULL;
	const struct status *st = stored_encode(ad->r->a, res, doc, yyjson_mut_doc_get_root(doc), &op.json, &op.rv_at);
	if (st) return st;
	return admit_also(ad, &op) < 0 ? status_internal(ad->r->a, "more resource quotas than one request can change") : NULL;
}

/* `status unknown for quota` until its controller has counted. */
static const struct status *uncounted(struct admit *ad, struct slice quota, const struct amounts *hard, const struct amounts *used) {
	struct words names = { .a = ad->r->a };
	bool unknown = false;
	for (size_t i = 0; i < hard->n; i++) {
		if (!quota_counts(kind_of(ad), hard->v[i].name)) continue;
		words_add(&names, hard->v[i].name);
		unknown |= !amounts_get(used, hard->v[i].name);
	}
	words_sort(&names);
	if (!unknown) return NULL;
	return admit_forbidden(ad, "status unknown for quota: %.*s, resources: %s", SLICE_FMT(quota), words_join(&names, ","));
}

static bool concerns(struct admit *ad, const struct amounts *hard, const yyjson_mut_val *quota) {
	for (size_t i = 0; i < hard->n; i++)
		if (quota_counts(kind_of(ad), hard->v[i].name)) return quota_scopes_match(kind_of(ad), json_get(quota, "spec"), ad->obj);
	return false;
}

static const struct status *check(struct admit *ad, const struct schema_resource *res, const struct store_obj *o) {
	struct arena *a = ad->r->a;
	yyjson_mut_doc *doc = request_parse(a, res, o);
	const yyjson_mut_val *quota = doc ? yyjson_mut_doc_get_root(doc) : NULL, *hard_list = json_path(quota, "status.hard");
	struct amounts hard = { .a = a }, used = { .a = a };
	if (!doc) return status_no_memory();
	amounts_add_list(&hard, hard_list);
	amounts_add_list(&used, json_path(quota, "status.used"));
	if (!concerns(ad, &hard, quota)) return NULL;
	if (strcmp(ad->res->resource, "pods") == 0) {
		const char *missing = quota_unspecified(a, hard_list, json_get(ad->obj, "spec"));
		if (missing) return admit_forbidden(ad, "failed quota: %.*s: %s", SLICE_FMT(o->key.name), missing);
	}
	const struct status *st = uncounted(ad, o->key.name, &hard, &used);
	struct amounts delta = delta_of(ad, json_get(quota, "spec"));
	if (!st && (delta.failed || hard.failed || used.failed)) st = status_no_memory();
	if (!st) st = exceeded(ad, o->key.name, &delta, &used, &hard);
	return st ? st : charge(ad, res, o, doc, &delta, &used);
}

static int validate(struct admit *ad, const struct status **ret_st) {
	const struct schema_resource *res = schema_find(SLICE_NULL, SLICE_LIT("v1"), SLICE_LIT("resourcequotas"));
	struct store_cursor cursor;
	struct store_obj *o;
	store_scan(ad->snap, SLICE_LIT("/resourcequotas"), ad->ns, NULL, &cursor);
	while ((o = store_next(&cursor))) {
		const struct status *st = check(ad, res, o);
		if (st) return deny(ret_st, st);
	}
	return ADMIT_OK;
}

const struct admit_plugin admit_resource_quota = {
	.name = "ResourceQuota",
	.ops = ADMIT_CREATE | ADMIT_UPDATE,
	.handles = handles,
	.validate = validate,
};
