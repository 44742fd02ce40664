/* SPDX-License-Identifier: Apache-2.0 */
/* PUT: an object's next state, or with create-on-update its first (apiserver's handlers/update.go). */
#include "api/identity.h"
#include "api/meta.h"
#include "api/names.h"
#include "api/verbs.h"
#include "api/write.h"

struct replacement { yyjson_mut_doc *doc; };

static const struct status *check_uid(struct write *w) {
	struct arena *a = w->r->a;
	struct slice want = json_path_str(w->obj, "metadata.uid"), have = json_path_str(w->old, "metadata.uid");
	if (!w->cur || slice_empty(want) || slice_eq(want, have)) return NULL;
	const char *why = arena_printf(a, "StorageError: invalid object, Code: 4, Key: /registry/%s/%.*s%s%.*s, ResourceVersion: 0, AdditionalErrorMsg: "
				       "Precondition failed: UID in precondition: %.*s, UID in object meta: %.*s",
				       w->res->storage_resource, SLICE_FMT(w->ns), w->ns.n ? "/" : "", SLICE_FMT(w->name), SLICE_FMT(want), SLICE_FMT(have));
	return status_conflict(a, slice_str(w->res->group), slice_str(w->res->resource), w->name, why);
}

/* Creating by PUT needs the right to create. */
static const struct status *check_upsert(struct write *w) {
	struct request *r = w->r;
	struct access_attrs at = { .user = r->user, .is_resource = true, .verb = SLICE_LIT("create"), .ns = r->info.ns, .group = r->info.group,
				   .version = r->info.version, .resource = r->info.resource, .name = r->info.name };
	return identity_check(r, &at);
}

static const struct status *transform(struct write *w) {
	const struct replacement *c = w->ctx;
	w->doc = json_doc(w->r->a);
	w->obj = w->doc ? json_copy(w->doc, yyjson_mut_doc_get_root(c->doc)) : NULL;
	if (!w->obj) return status_no_memory();
	yyjson_mut_doc_set_root(w->doc, w->obj);
	if (w->created) return check_upsert(w);
	return check_uid(w);
}

static const struct status *check_name(struct request *r, const yyjson_mut_val *root) {
	struct slice name = json_path_str(root, "metadata.name");
	if (slice_empty(name))
		return status_bad_request(r->a, "the name of the object (%.*s based on URL) was undeterminable: name must be provided", SLICE_FMT(r->info.name));
	if (slice_eq(name, r->info.name)) return NULL;
	return status_bad_request(r->a, "the name of the object (%.*s) does not match the name on the URL (%.*s)", SLICE_FMT(name), SLICE_FMT(r->info.name));
}

static const struct status *read_body(struct request *r, struct write *w, struct replacement *c) {
	if (negotiate_body(request_get_header(r, "content-type")) == MEDIA_NONE) return status_unsupported_body();
	if (r->x->body_too_large) return status_too_large(r->a, "limit is 3145728");
	const struct status *st = options_write(r->a, &r->query, "UpdateOptions", false, &w->opt);
	if (!st) st = request_decode(r, r->res->type, r->res->group, r->res->version, r->res->kind, w->opt.validation, &c->doc);
	if (st) return st;
	yyjson_mut_val *root = yyjson_mut_doc_get_root(c->doc);
	st = check_name(r, root);
	if (!st) st = meta_check_namespace(r->a, r->res, r->info.ns, c->doc, root);
	if (!st) st = name_check(r);
	if (st) return st;
	return schema_default(r->res->type, c->doc, root) < 0 ? status_no_memory() : NULL;
}

void update_handle(struct request *r) {
	struct write *w = write_new(r);
	struct replacement *c = arena_new_of(r->a, struct replacement);
	const struct status *st = w && c ? read_body(r, w, c) : status_no_memory();
	if (st) {
		request_status(r, st);
		return;
	}
	w->op = WRITE_UPDATE;
	w->upsert = r->res->strategy->create_on_update && !r->sub;
	w->transform = transform;
	w->ctx = c;
	write_start(w);
}
