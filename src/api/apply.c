/* SPDX-License-Identifier: Apache-2.0 */
/* PATCH by server-side apply (KEP-555; handlers/patch.go applyPatcher). */
#include "api/identity.h"
#include "api/internal.h"
#include "api/managed.h"
#include "api/meta.h"
#include "api/convert.h"
#include "api/patch.h"
#include "codec/yaml.h"

#include <errno.h>

struct application { yyjson_mut_doc *doc; };

static const struct status *read_yaml(struct request *r, struct write *w, yyjson_mut_doc **ret) {
	struct yaml_error e;
	const char *dups = NULL;
	int err = yaml_parse(r->a, r->body, 0, ret, &e);
	if (err == -EBADMSG) return status_bad_request(r->a, "error decoding YAML: error converting YAML to JSON: %s", e.msg);
	if (!err && w->opt.validation != FIELDS_IGNORE) err = yaml_duplicates(r->a, r->body, &dups);
	if (err) return status_no_memory();
	if (dups && w->opt.validation == FIELDS_STRICT)
		return status_bad_request(r->a, "error strict decoding YAML: error converting YAML to JSON: %s", dups);
	/* An empty document is an object that says nothing. */
	if (yyjson_mut_is_null(yyjson_mut_doc_get_root(*ret))) yyjson_mut_doc_set_root(*ret, yyjson_mut_obj(*ret));
	if (!yyjson_mut_is_obj(yyjson_mut_doc_get_root(*ret)))
		return status_bad_request(r->a, "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal into Go value of type map[string]interface {}");
	return NULL;
}

/* Named as Go prints a GroupVersionKind. */
static const struct status *not_this_type(struct request *r, struct slice kind, struct slice version) {
	bool grouped = slice_chr(version, '/') >= 0;
	return status_bad_request(r->a, "invalid object type: %s%.*s, Kind=%.*s", grouped ? "" : "/", SLICE_FMT(version), SLICE_FMT(kind));
}

static const struct status *check_patch(struct request *r, yyjson_mut_val *root) {
	const char *gv = api_version_of(r->a, r->res->group, r->res->version);
	struct slice name = json_path_str(root, "metadata.name"), kind = json_path_str(root, "kind"), version = json_path_str(root, "apiVersion");
	if (!gv) return status_no_memory();
	if (json_path(root, "metadata.managedFields")) return status_bad_request(r->a, "metadata.managedFields must be nil");
	if (!slice_eqs(kind, r->res->kind) || !slice_eqs(version, gv))
		return not_this_type(r, kind, version);
	if (name.n && !slice_eq(name, r->info.name))
		return status_bad_request(r->a, "the name of the object (%.*s) does not match the name on the URL (%.*s)", SLICE_FMT(name), SLICE_FMT(r->info.name));
	return NULL;
}

static const struct status *check_upsert(struct write *w) {
	struct request *r = w->r;
	struct access_attrs at = { .user = r->user, .is_resource = true, .verb = SLICE_LIT("create"), .ns = r->info.ns, .group = r->info.group,
				   .version = r->info.version, .resource = r->info.resource, .name = r->info.name };
	return identity_check(r, &at);
}

static const struct status *transform(struct write *w) {
	const struct application *ap = w->ctx;
	struct request *r = w->r;
	const struct status *st = w->created ? check_upsert(w) : NULL;
	if (st) return st;
	w->doc = json_doc(r->a);
	yyjson_mut_val *patch = w->doc ? json_copy(w->doc, yyjson_mut_doc_get_root(ap->doc)) : NULL;
	if (!patch) return status_no_memory();
	struct managed_write m = { .a = r->a, .res = w->res, .sub = w->sub, .doc = w->doc, .manager = w->opt.field_manager,
				   .now_sec = r->now / NSEC_PER_SEC, .force = w->opt.force };
	yyjson_mut_doc_set_root(w->doc, patch);
	st = managed_apply(&m, w->created ? NULL : w->old, patch, &w->obj);
	if (st) return st;
	yyjson_mut_doc_set_root(w->doc, w->obj);
	struct slice uid = json_path_str(w->obj, "metadata.uid");
	if (w->created && uid.n)
		return status_conflict(r->a, slice_str(r->res->group), slice_str(r->res->resource), r->info.name,
				       arena_printf(r->a, "uid mismatch: the provided object specified uid %.*s, and no existing object was found", SLICE_FMT(uid)));
	st = patch_check_name(r, w->obj);
	if (!st) st = meta_check_namespace(r->a, w->res, w->ns, w->doc, w->obj);
	if (st) return st;
	return schema_default(w->res->type, w->doc, w->obj) < 0 ? status_no_memory() : NULL;
}

static bool may_retry(struct write *w) { return true; }

void apply_start(struct request *r, struct write *w) {
	struct application *ap = arena_new_of(r->a, struct application);
	const struct status *st = ap ? read_yaml(r, w, &ap->doc) : status_no_memory();
	if (!st) st = check_patch(r, yyjson_mut_doc_get_root(ap->doc));
	if (st) {
		request_status(r, st);
		return;
	}
	w->upsert = !r->sub;
	w->apply = true;
	w->transform = transform;
	w->may_retry = may_retry;
	w->ctx = ap;
	write_start(w);
}
