/* SPDX-License-Identifier: Apache-2.0 */
/* PATCH by JSON patch, JSON merge patch and strategic merge patch (apiserver's handlers/patch.go). */
#include "api/patch.h"

#include "api/convert.h"
#include "api/duplicates.h"
#include "api/internal.h"
#include "api/meta.h"
#include "api/names.h"
#include "api/verbs.h"
#include "codec/patch.h"
#include "schema/patch/golang_print.h"
#include "schema/patch/unstructured.h"

#include <errno.h>

enum patch_kind { PATCH_JSON, PATCH_MERGE, PATCH_STRATEGIC, PATCH_APPLY };
static const struct { const char *type; enum patch_kind kind; } kinds[] = {
	{ "application/json-patch+json", PATCH_JSON }, { "application/merge-patch+json", PATCH_MERGE },
	{ "application/strategic-merge-patch+json", PATCH_STRATEGIC }, { "application/apply-patch+yaml", PATCH_APPLY },
};

struct patch {
	enum patch_kind kind;
	yyjson_mut_doc *doc;
	const char **extra;      /* complaints about the patch itself: duplicate members, unknown members of operations */
	size_t n_extra;
};

const struct status *patch_check_name(struct request *r, const yyjson_mut_val *obj) {
	struct slice name = json_path_str(obj, "metadata.name");
	if (slice_eq(name, r->info.name)) return NULL;
	if (slice_empty(name))
		return status_bad_request(r->a, "the name of the object (%.*s based on URL) was undeterminable: name must be provided", SLICE_FMT(r->info.name));
	return status_bad_request(r->a, "the name of the object (%.*s) does not match the name on the URL (%.*s)", SLICE_FMT(name), SLICE_FMT(r->info.name));
}

/* ---- making the patched tree ---- */

/* The patched object in a document of its own, before decoding. */
static const struct status *patched(struct write *w, yyjson_mut_doc **ret) {
	const struct patch *p = w->ctx;
	yyjson_mut_doc *doc = json_doc(w->r->a);
	yyjson_mut_val *root = doc ? json_copy(doc, w->old) : NULL;
	yyjson_mut_val *patch = doc ? json_copy(doc, yyjson_mut_doc_get_root(p->doc)) : NULL;
	const char *msg = NULL;
	if (!root || !patch) return status_no_memory();
	yyjson_mut_doc_set_root(doc, root);
	int err;
	if (p->kind == PATCH_JSON) err = patch_json(w->r->a, doc, &root, patch, &msg);
	else if (p->kind == PATCH_MERGE) err = patch_merge(doc, &root, patch);
	else err = schema_strategic_merge(w->res->type, doc, root, patch, &msg);
	if (err == -EINVAL) return status_unprocessable(w->r->a);
	if (err == -EPROTO) return status_error(w->r->a, "%s", msg ? msg : "");
	if (err == -EBADMSG) return status_bad_request(w->r->a, "%s", msg ? msg : "");
	if (err) return status_no_memory();
	yyjson_mut_doc_set_root(doc, root);
	*ret = doc;
	return NULL;
}

/* ---- complaints ---- */

/* What the 422 shows as the patch: the patched object's text, or a strategic patch as Go prints a map. */
static const char *shown(struct write *w) {
	const struct patch *p = w->ctx;
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	yyjson_mut_doc *doc;
	if (p->kind == PATCH_STRATEGIC) golang_print(&b, yyjson_mut_doc_get_root(p->doc));
	else if (!patched(w, &doc)) json_write(&b, yyjson_mut_doc_get_root(doc));
	return buf_err(&b) ? "" : arena_strndup(w->r->a, b.p ? b.p : "", b.n);
}

static const struct status *invalid_patch(struct write *w, const char *why) {
	const char *value = shown(w);
	const char *body = value ? arena_printf(w->r->a, "Invalid value: %s: %s", status_quote(w->r->a, slice_str(value)), why) : NULL;
	return body ? status_invalid1(w->r->a, SLICE_NULL, SLICE_NULL, SLICE_NULL, "FieldValueInvalid", "patch", body) : status_no_memory();
}

static void put(struct buf *b, const char *text) {
	if (b->n) buf_puts(b, ", ");
	buf_puts(b, text);
}

static const struct status *notice(struct write *w, const struct schema_issues *is) {
	const struct patch *p = w->ctx;
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	const struct { const char **v; size_t n; } lists[] = { { p->extra, p->n_extra }, { is->unknown, is->n_unknown }, { is->duplicate, is->n_duplicate } };
	for (size_t i = 0; i < ELEMENTSOF(lists); i++)
		for (size_t k = 0; k < lists[i].n; k++) {
			if (w->opt.validation == FIELDS_WARN) request_warn(w->r, lists[i].v[k]);
			put(&b, lists[i].v[k]);
		}
	if (w->opt.validation != FIELDS_STRICT || !b.n) return NULL;
	return invalid_patch(w, arena_printf(w->r->a, "strict decoding error: %.*s", SLICE_FMT(buf_slice(&b))));
}

/* The object reads as another kind's: what that kind's decoder says of it, or that the two do not convert. */
static const struct status *other_kind(struct write *w, const struct schema_type *t) {
	struct arena *a = w->r->a;
	struct slice group = slice_str(w->res->storage_group), package = group.n ? slice_cut(&group, '.') : SLICE_LIT("core");
	struct schema_issues issues = { 0 };
	const char *msg = NULL;
	int err = schema_decode_tree(t, a, w->doc, &issues, &msg);
	if (err == 0)
		msg = arena_printf(a, "converting (%s) to (%.*s.%s): unknown conversion", schema_type_go(t), SLICE_FMT(package), w->res->kind);
	return (err == 0 || err == -EBADMSG) && msg ? invalid_patch(w, msg) : status_no_memory();
}

/* A patch may not turn the object into another kind's. */
static const struct status *check_kind(struct write *w) {
	struct arena *a = w->r->a;
	struct slice kind = json_path_str(w->obj, "kind"), version = json_path_str(w->obj, "apiVersion");
	const char *gv = api_version_of(a, w->res->group, w->res->version);
	if (!gv) return status_no_memory();
	if (w->res->is_custom) return NULL; /* validation sees to it */
	if (slice_eqs(kind, w->res->kind) && slice_eqs(version, gv)) return NULL;
	struct slice bare = version, group = slice_chr(version, '/') < 0 ? SLICE_NULL : slice_cut(&bare, '/');
	const struct schema_type *other = bare.n ? schema_type_of_kind(group, bare, kind) : NULL;
	if (other) return other_kind(w, other);
	return invalid_patch(w, arena_printf(a, "no kind %s is registered for version %s in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
					     status_quote(a, kind), status_quote(a, version)));
}

/* The patched object does not decode. A strategic patch is made on Go's maps, whose conversion has words of its own. */
static const struct status *unreadable(struct write *w, const char *why) {
	const struct patch *p = w->ctx;
	yyjson_mut_doc *doc;
	if (p->kind != PATCH_STRATEGIC || patched(w, &doc)) return invalid_patch(w, why);
	const char *told = NULL;
	int err = unstructured_mismatch(w->res->type, w->r->a, yyjson_mut_doc_get_root(doc), &told);
	return err < 0 ? status_no_memory() : invalid_patch(w, err ? told : why);
}

/* ---- one attempt ---- */

static const struct status *transform(struct write *w) {
	struct schema_issues issues = { 0 };
	const char *msg = NULL;
	const struct status *st = patched(w, &w->doc);
	if (st) return st;
	w->obj = yyjson_mut_doc_get_root(w->doc);
	if (!yyjson_mut_is_obj(w->obj)) return invalid_patch(w, "json: cannot unmarshal into an object");
	st = check_kind(w);
	if (st) return st;
	int err = schema_decode_tree(w->res->type, w->r->a, w->doc, &issues, &msg);
	if (err == -EBADMSG) return unreadable(w, msg ? msg : "");
	if (err) return status_no_memory();
	st = notice(w, &issues);
	if (!st) st = patch_check_name(w->r, w->obj);
	if (!st) st = meta_check_namespace(w->r->a, w->res, w->ns, w->doc, w->obj);
	if (st) return st;
	return schema_default(w->res->type, w->doc, w->obj) < 0 ? status_no_memory() : NULL;
}

static bool may_retry(struct write *w) { return true; }

/* ---- reading ---- */

static const struct status *check_operations(struct request *r, struct patch *p) {
	const char *msg = NULL;
	int err = patch_json_check(r->a, yyjson_mut_doc_get_root(p->doc), &msg);
	if (err == -EBADMSG) return status_bad_request(r->a, "error decoding patch: %s", msg);
	if (err == -E2BIG) return status_too_large(r->a, msg);
	return err ? status_no_memory() : NULL;
}

/* Strategic patches are decoded by another function of apiserver's, which says its errors plainly. */
static const char *intro(const struct patch *p) { return p->kind == PATCH_STRATEGIC ? "" : "error decoding patch: "; }

static const struct status *check_object(struct request *r, const struct patch *p) {
	yyjson_mut_val *root = yyjson_mut_doc_get_root(p->doc);
	if (yyjson_mut_is_obj(root)) return NULL;
	if (yyjson_mut_is_null(root)) return p->kind == PATCH_MERGE ? status_bad_request(r->a, "Invalid JSON Patch") : NULL;
	const char *what = yyjson_mut_is_arr(root) ? "array" : yyjson_mut_is_str(root) ? "string" : yyjson_mut_is_bool(root) ? "bool" : "number";
	return status_bad_request(r->a, "%sjson: cannot unmarshal %s into Go value of type map[string]interface {}", intro(p), what);
}

static const struct status *read_patch(struct request *r, struct patch *p, enum schema_field_mode mode) {
	struct json_error e;
	int err = json_parse(r->a, r->body, &p->doc, &e);
	if (err == -EBADMSG) return status_bad_request(r->a, "%s%s", intro(p), e.msg);
	if (err) return status_no_memory();
	const struct status *st = p->kind == PATCH_JSON ? check_operations(r, p) : check_object(r, p);
	if (st) return st;
	if (mode == FIELDS_IGNORE) return NULL;
	return duplicates_find(r->a, yyjson_mut_doc_get_root(p->doc), p->kind == PATCH_JSON, &p->extra, &p->n_extra) < 0 ? status_no_memory() : NULL;
}

static enum patch_kind kind_of(struct request *r) {
	struct slice t = media_strip(request_get_header(r, "content-type"));
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
		if (slice_eqs(t, kinds[i].type)) return kinds[i].kind;
	return PATCH_MERGE;
}

static const struct status *read_request(struct request *r, struct write *w, struct patch *p) {
	p->kind = kind_of(r);
	if (p->kind == PATCH_STRATEGIC && r->res->is_custom)
		return status_new(r->a, 415, "UnsupportedMediaType", "the body of the request was in an unknown format - accepted media types include: "
				  "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");
	const struct status *st = name_check(r);
	if (!st && r->x->body_too_large) st = status_too_large(r->a, "limit is 3145728");
	if (!st) st = options_write(r->a, &r->query, "PatchOptions", p->kind == PATCH_APPLY, &w->opt);
	if (!st && p->kind != PATCH_APPLY) st = read_patch(r, p, w->opt.validation);
	return st;
}

void patch_handle(struct request *r) {
	struct write *w = write_new(r);
	struct patch *p = arena_new_of(r->a, struct patch);
	const struct status *st = w && p ? read_request(r, w, p) : status_no_memory();
	if (st) {
		request_status(r, st);
		return;
	}
	w->op = WRITE_UPDATE;
	w->transform = transform;
	w->may_retry = may_retry;
	w->ctx = p;
	if (p->kind == PATCH_APPLY) apply_start(r, w);
	else write_start(w);
}
