/* SPDX-License-Identifier: Apache-2.0 */
#include "api/stored.h"

#include "api/convert.h"
#include "api/encode.h"
#include "api/limits.h"

#include <errno.h>

static int encode(const struct schema_resource *res, yyjson_mut_doc *doc, yyjson_mut_val *obj, struct buf *b, size_t *rv_at) {
	if (convert_is_identity(res)) return schema_encode_stored(res->type, obj, b, rv_at);
	yyjson_mut_val *copy = json_copy(doc, obj);
	if (!copy || convert_to_stored(res, doc, copy) < 0) return -ENOMEM;
	return schema_encode_stored(convert_storage_of(res)->type, copy, b, rv_at);
}

const struct status *stored_encode(struct arena *a, const struct schema_resource *res, yyjson_mut_doc *doc, yyjson_mut_val *obj, struct blob **ret, size_t *ret_rv_at) {
	_cleanup_buf_ struct buf b = BUF_INIT(2 * REQUEST_BODY_MAX);
	size_t rv_at = 0;
	int err = encode(res, doc, obj, &b, &rv_at);
	if (err == -E2BIG || (!err && b.n > OBJECT_BYTES_MAX)) return status_error(a, "etcdserver: request is too large");
	struct blob *blob = err ? NULL : blob_new(b.p, b.n);
	if (!blob) return status_no_memory();
	*ret = blob;
	*ret_rv_at = rv_at;
	return NULL;
}

struct blob *stored_unversioned(const struct blob *json, size_t *ret_rv_at) {
	static const struct slice key = SLICE_LIT("\"resourceVersion\":\"");
	struct slice all = blob_slice(json), meta = encode_metadata_of(all);
	ptrdiff_t at = slice_find(meta, key);
	if (at < 0) return NULL;
	size_t from = (size_t)(meta.p - all.p) + (size_t)at + key.n, to = from;
	while (to < all.n && all.p[to] != '"') to++;
	struct blob *b = blob_alloc(all.n - (to - from));
	if (!b) return NULL;
	memcpy(b->p, all.p, from);
	memcpy(b->p + from, all.p + to, all.n - to);
	b->p[b->n] = 0;
	*ret_rv_at = from;
	return b;
}

/* ---- index ---- */

static const struct schema_resource *resource_of(const struct store_key *key) {
	struct slice resource = key->resource, group = slice_cut(&resource, '/');
	return schema_find(group, SLICE_NULL, resource);
}

static void emit_labels(const yyjson_mut_val *labels, const struct store_index_sink *sink) {
	yyjson_mut_obj_iter it;
	yyjson_mut_val *k;
	if (!labels || !yyjson_mut_obj_iter_init((yyjson_mut_val *)(uintptr_t)labels, &it)) return;
	while ((k = yyjson_mut_obj_iter_next(&it))) sink->label(sink->ctx, json_str(k), json_str(yyjson_mut_obj_iter_get_val(k)));
}

static bool is_own_field(const char *label) { return strcmp(label, "metadata.name") != 0 && strcmp(label, "metadata.namespace") != 0; }

static bool needs_whole(const struct schema_resource *res) {
	for (const char *const *f = res ? res->field_labels : NULL; f && *f; f++)
		if (is_own_field(*f)) return true;
	return false;
}

static void emit_fields(const struct schema_resource *res, struct arena *a, const yyjson_mut_val *obj, const struct store_index_sink *sink) {
	for (const char *const *f = res->field_labels; f && *f; f++) {
		struct slice v;
		if (is_own_field(*f) && schema_field_label(res, obj, slice_str(*f), a, &v) == 0) sink->field(sink->ctx, slice_str(*f), v);
	}
}

/* Kinds whose selectors look at metadata only are not parsed beyond it. */
int stored_index(void *ctx, const struct store_key *key, struct slice json, const struct store_index_sink *sink) {
	const struct schema_resource *res = resource_of(key);
	bool whole = needs_whole(res);
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct slice text = whole ? json : encode_metadata_of(json);
	yyjson_mut_doc *doc;
	struct json_error e;
	if (!a) return -ENOMEM;
	if (slice_empty(text)) return 0;
	int err = json_parse(a, text, &doc, &e);
	if (err) return err;
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *meta = whole ? json_get(root, "metadata") : root;
	sink->uid(sink->ctx, json_path_str(meta, "uid"));
	emit_labels(json_get(meta, "labels"), sink);
	if (whole) emit_fields(res, a, root, sink);
	return 0;
}
