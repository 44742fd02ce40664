/* SPDX-License-Identifier: Apache-2.0 */
/* The scale subresource: an autoscaling/v1 Scale made of a workload, and written back to its spec.replicas. */
#include "api/convert.h"
#include "api/internal.h"
#include "api/patch.h"
#include "api/scale_table.h"
#include "api/subresource.h"
#include "api/write.h"
#include "codec/labels.h"
#include "codec/patch.h"
#include "schema/crd.h"

#include <errno.h>

#define SCALE_VERSION "autoscaling/v1"

struct scaling {
	yyjson_mut_doc *doc;           /* the body: a Scale (PUT), or a patch of one */
	int kind;                      /* of the patch: 0 merge or strategic, 1 JSON patch; -1 PUT */
};

/* ---- where a workload has its numbers ---- */

struct scale_paths { const char *spec, *status, *selector; };

static const char *without_dot(const char *path) { return path && *path == '.' ? path + 1 : path; }

static struct scale_paths paths_of(const struct schema_resource *res) {
	const struct schema_custom *c = schema_custom_of(res);
	if (!c) return (struct scale_paths){ "spec.replicas", "status.replicas", "spec.selector" };
	return (struct scale_paths){ without_dot(c->scale_spec), without_dot(c->scale_status), without_dot(c->scale_selector) };
}

static bool set_at(struct arena *a, yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *path, int64_t n) {
	const char *dot = strrchr(path, '.');
	char *parent = dot ? arena_strndup(a, path, (size_t)(dot - path)) : NULL;
	yyjson_mut_val *at = parent ? json_ensure_obj(doc, obj, parent) : NULL;
	return at && json_set_int(doc, at, dot + 1, n);
}

/* ---- from the workload ---- */

static bool put_selector(struct arena *a, yyjson_mut_doc *doc, yyjson_mut_val *status, const yyjson_mut_val *selector) {
	_cleanup_buf_ struct buf b = BUF_INIT(REQUEST_BODY_MAX);
	struct labels_selector s;
	const char *msg;
	if (json_is_string(selector)) return !json_str(selector).n || json_set_str(doc, status, "selector", json_str(selector));
	bool structured = json_get(selector, "matchLabels") || json_get(selector, "matchExpressions");
	int err = structured ? labels_from_object(a, selector, &s, &msg) : labels_from_map(a, selector, &s);
	if (err || labels_format(&b, &s) < 0) return err == -EBADMSG;
	return !b.n || json_set_str(doc, status, "selector", buf_slice(&b));
}

static yyjson_mut_val *make_scale(struct arena *a, const struct schema_resource *res, yyjson_mut_doc *doc, const yyjson_mut_val *obj) {
	struct scale_paths at = paths_of(res);
	static const char *const kept[] = { "name", "namespace", "uid", "resourceVersion", "creationTimestamp" };
	yyjson_mut_val *s = yyjson_mut_obj(doc), *meta = json_ensure_obj(doc, s, "metadata"), *spec = json_ensure_obj(doc, s, "spec"),
		       *status = json_ensure_obj(doc, s, "status");
	bool ok = status && json_set_str(doc, s, "kind", SLICE_LIT("Scale")) && json_set_str(doc, s, "apiVersion", SLICE_LIT(SCALE_VERSION));
	for (size_t i = 0; ok && i < ELEMENTSOF(kept); i++) {
		yyjson_mut_val *v = json_get(json_get(obj, "metadata"), kept[i]);
		if (v) ok = json_set(doc, meta, kept[i], json_copy(doc, v));
	}
	int64_t want = json_path_int(obj, at.spec, 0);
	if (ok && want) ok = json_set_int(doc, spec, "replicas", want);
	ok = ok && json_set_int(doc, status, "replicas", json_path_int(obj, at.status, 0));
	return ok && (!at.selector || put_selector(a, doc, status, json_path(obj, at.selector))) ? s : NULL;
}

static void answer(struct request *r, int code, const yyjson_mut_val *obj) {
	yyjson_mut_doc *doc = json_doc(r->a);
	yyjson_mut_val *s = doc ? make_scale(r->a, r->res, doc, obj) : NULL;
	if (s) request_form_tree(r, code, schema_type_of_kind(SLICE_LIT("autoscaling"), SLICE_LIT("v1"), SLICE_LIT("Scale")),
				 r->res->is_custom ? &scale_table_custom : &scale_table, doc, s);
	else request_status(r, status_no_memory());
}

static void get(struct request *r) {
	struct store_snapshot *snap = store_snapshot(r->api->store);
	struct store_key key = request_key(r->a, r->res, r->info.ns, r->info.name);
	struct store_obj *o = snap ? store_get(snap, &key) : NULL;
	yyjson_mut_doc *doc = o ? request_parse(r->a, r->res, o) : NULL;
	store_snapshot_unref(snap);
	if (!o) request_status(r, status_not_found(r->a, slice_str(r->res->group), slice_str(r->res->resource), r->info.name));
	else if (!doc) request_status(r, status_no_memory());
	else answer(r, 200, yyjson_mut_doc_get_root(doc));
}

/* ---- back to the workload ---- */

static const struct status *take_scale(struct write *w, const yyjson_mut_val *scale) {
	struct arena *a = w->r->a;
	int64_t n = json_path_int(scale, "spec.replicas", 0);
	struct slice rv = json_path_str(scale, "metadata.resourceVersion");
	if (n < 0)
		return status_invalid1(a, SLICE_LIT("autoscaling"), SLICE_LIT("Scale"), w->name, "FieldValueInvalid", "spec.replicas",
				       arena_printf(a, "Invalid value: %lld: must be greater than or equal to 0", (long long)n));
	yyjson_mut_val *meta = json_ensure_obj(w->doc, w->obj, "metadata");
	if (!meta || !set_at(a, w->doc, w->obj, paths_of(w->res).spec, n)) return status_no_memory();
	/* A Scale that names no revision is one of whatever the workload is now. */
	return !rv.n || json_set_str(w->doc, meta, "resourceVersion", rv) ? NULL : status_no_memory();
}

static const struct status *patch_scale(struct write *w, const struct scaling *c, yyjson_mut_doc *doc, yyjson_mut_val **scale) {
	yyjson_mut_val *patch = json_copy(doc, yyjson_mut_doc_get_root(c->doc));
	const char *msg = NULL;
	if (!patch) return status_no_memory();
	int err = c->kind == 1 ? patch_json(w->r->a, doc, scale, patch, &msg) : patch_merge(doc, scale, patch);
	if (err) return err == -EINVAL ? status_unprocessable(w->r->a) : status_no_memory();
	yyjson_mut_doc_set_root(doc, *scale);
	const struct schema_type *t = schema_type_of_kind(SLICE_LIT("autoscaling"), SLICE_LIT("v1"), SLICE_LIT("Scale"));
	err = schema_decode_tree(t, w->r->a, doc, NULL, &msg);
	if (err == -EBADMSG) return status_bad_request(w->r->a, "%s", msg ? msg : "");
	*scale = yyjson_mut_doc_get_root(doc);
	return err ? status_no_memory() : patch_check_name(w->r, *scale);
}

static const struct status *transform(struct write *w) {
	const struct scaling *c = w->ctx;
	w->doc = json_doc(w->r->a);
	w->obj = w->doc ? json_copy(w->doc, w->old) : NULL;
	if (!w->obj) return status_no_memory();
	yyjson_mut_doc_set_root(w->doc, w->obj);
	if (c->kind < 0) return take_scale(w, yyjson_mut_doc_get_root(c->doc));
	yyjson_mut_doc *doc = json_doc(w->r->a);
	yyjson_mut_val *scale = doc ? make_scale(w->r->a, w->res, doc, w->old) : NULL;
	const struct status *st = scale ? patch_scale(w, c, doc, &scale) : status_no_memory();
	return st ? st : take_scale(w, scale);
}

/* Admission is about the Scale, as the client is. */
static const struct status *shows(struct write *w) {
	struct arena *a = w->r->a;
	yyjson_mut_doc *doc = json_doc(a), *old = json_doc(a);
	w->ad.sub = w->managed_as;
	w->ad.doc = doc;
	w->ad.obj = doc ? make_scale(a, w->res, doc, w->obj) : NULL;
	w->ad.old = old ? make_scale(a, w->res, old, w->old) : NULL;
	return w->ad.obj && w->ad.old ? NULL : status_no_memory();
}

static const struct status *takes(struct write *w) { return take_scale(w, w->ad.obj); }

static bool may_retry(struct write *w) {
	const struct scaling *c = w->ctx;
	return c->kind >= 0 || slice_empty(json_path_str(yyjson_mut_doc_get_root(c->doc), "metadata.resourceVersion"));
}

static void done(struct write *w, const struct status *st) {
	if (st) {
		request_status(w->r, st);
		return;
	}
	yyjson_mut_doc *doc = w->result ? request_parse(w->r->a, w->res, w->result) : w->doc;
	if (doc) answer(w->r, 200, w->result ? yyjson_mut_doc_get_root(doc) : w->obj);
	else request_status(w->r, status_no_memory());
}

static const struct status *read_body(struct request *r, struct write *w, struct scaling *c) {
	const struct schema_type *t = schema_type_of_kind(SLICE_LIT("autoscaling"), SLICE_LIT("v1"), SLICE_LIT("Scale"));
	bool patch = slice_eqs(r->info.verb, "patch");
	struct json_error e;
	const struct status *st = options_write(r->a, &r->query, patch ? "PatchOptions" : "UpdateOptions", false, &w->opt);
	if (st) return st;
	if (!patch) {
		c->kind = -1;
		st = request_decode(r, t, "autoscaling", "v1", "Scale", w->opt.validation, &c->doc);
		return st ? st : patch_check_name(r, yyjson_mut_doc_get_root(c->doc));
	}
	c->kind = slice_eqs(media_strip(request_get_header(r, "content-type")), "application/json-patch+json");
	int err = json_parse(r->a, r->body, &c->doc, &e);
	return err == -EBADMSG ? status_bad_request(r->a, "error decoding patch: %s", e.msg) : err ? status_no_memory() : NULL;
}

static void put(struct request *r) {
	struct write *w = write_new(r);
	struct scaling *c = arena_new_of(r->a, struct scaling);
	const struct status *st = w && c ? read_body(r, w, c) : status_no_memory();
	if (st) {
		request_status(r, st);
		return;
	}
	w->op = WRITE_UPDATE;
	w->sub = NULL; /* it is the workload that changes, by its own rules */
	w->managed_as = r->sub;
	w->shows = shows;
	w->takes = takes;
	w->transform = transform;
	w->may_retry = may_retry;
	w->done = done;
	w->ctx = c;
	write_start(w);
}

void scale_handle(struct request *r) {
	if (slice_eqs(r->info.verb, "get")) get(r);
	else put(r);
}

#define SCALE_VERBS (VERB_GET | VERB_UPDATE | VERB_PATCH)
const struct subresource_handler scale_handlers[] = {
	{ "", "replicationcontrollers", "scale", SCALE_VERBS, scale_handle, false },
	{ "apps", "deployments", "scale", SCALE_VERBS, scale_handle, false },
	{ "apps", "replicasets", "scale", SCALE_VERBS, scale_handle, false },
	{ "apps", "statefulsets", "scale", SCALE_VERBS, scale_handle, false },
	{ 0 },
};
