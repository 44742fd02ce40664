/* SPDX-License-Identifier: Apache-2.0 */
#include "api/encode.h"

#include "api/convert.h"
#include "api/limits.h"
#include "codec/yaml.h"

#include <errno.h>
#include <zlib.h>

/* Slot of struct store_obj.alt that keeps the protobuf envelope. */
#define ALT_PROTO 0

int encode_text(struct arena *a, const struct negotiated *n, struct slice json, struct buf *b) {
	if (n->media == MEDIA_YAML) {
		yyjson_mut_doc *doc;
		struct json_error e;
		int err = json_parse(a, json, &doc, &e);
		return err ? err : yaml_write(b, yyjson_mut_doc_get_root(doc));
	}
	if (n->pretty) return json_pretty(b, json);
	buf_put_slice(b, json);
	return buf_putc(b, '\n');
}

int encode_tree(struct arena *a, const struct negotiated *n, const struct schema_type *type, const yyjson_mut_val *root, struct buf *b) {
	if (n->media == MEDIA_PROTO && type)
		return schema_encode_proto_envelope(type, json_path_str(root, "apiVersion"), json_path_str(root, "kind"), root, b);
	if (n->media != MEDIA_YAML && !n->pretty) {
		schema_encode_json(type, root, b);
		return buf_putc(b, '\n');
	}
	_cleanup_buf_ struct buf text = BUF_INIT(RESPONSE_BYTES_MAX);
	int err = schema_encode_json(type, root, &text);
	return err ? err : encode_text(a, n, buf_slice(&text), b);
}

/* ---- skipping through JSON text ---- */

/* Behind the string that begins at i. */
static size_t skip_string(struct slice s, size_t i) {
	for (i++; i < s.n && s.p[i] != '"'; i++)
		if (s.p[i] == '\\') i++;
	return i + 1;
}

/* Behind the value that begins at i. */
static size_t skip_value(struct slice s, size_t i) {
	size_t depth = 0;
	while (i < s.n) {
		char c = s.p[i];
		if (c == '"') {
			i = skip_string(s, i);
		} else if (c == '{' || c == '[') {
			depth++, i++;
		} else if (c == '}' || c == ']') {
			if (depth == 0) return i;
			depth--, i++;
		} else if (depth == 0 && (c == ',' || c == ':')) {
			return i;
		} else {
			i++;
			continue;
		}
		if (depth == 0) return i;
	}
	return i;
}

struct slice encode_metadata_of(struct slice json) {
	static const struct slice key = SLICE_LIT("\"metadata\":");
	size_t i = 1;
	while (i < json.n && json.p[i] == '"') {
		if (slice_starts(slice_from(json, i), key)) {
			size_t from = i + key.n, to = skip_value(json, from);
			return slice_make(json.p + from, to - from);
		}
		i = skip_string(json, i) + 1;
		i = skip_value(json, i) + 1;
	}
	return SLICE_NULL;
}

/* ---- stored objects ---- */

static yyjson_mut_val *served_tree(struct arena *a, const struct schema_resource *res, const struct store_obj *o) {
	yyjson_mut_doc *doc;
	if (convert_parse(res, a, blob_slice(o->json), &doc) < 0) return NULL;
	return convert_read(res, a, doc) < 0 ? NULL : yyjson_mut_doc_get_root(doc);
}

static void free_void(void *p) { free(p); }

/* A buffer's bytes, kept by the arena. */
static struct slice keep(struct arena *a, struct buf *b) {
	size_t n;
	char *p = buf_take(b, &n);
	return p && arena_defer(a, free_void, p) == 0 ? slice_make(p, n) : SLICE_NULL;
}

struct slice encode_stored_json(struct arena *a, const struct schema_resource *res, const struct store_obj *o) {
	if (convert_reads_bytes(res)) return blob_slice(o->json);
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	yyjson_mut_val *root = served_tree(a, res, o);
	if (!root || schema_encode_json(res->type, root, &b) < 0) return SLICE_NULL;
	return keep(a, &b);
}

static struct blob *make_proto(struct arena *a, const struct schema_resource *res, const struct store_obj *o) {
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	yyjson_mut_val *root = served_tree(a, res, o);
	const char *version = root ? api_version_of(a, res->group, res->version) : NULL;
	if (!version || schema_encode_proto_envelope(res->type, slice_str(version), slice_str(res->kind), root, &b) < 0) return NULL;
	return blob_new(b.p, b.n);
}

struct blob *encode_stored_proto(struct arena *a, const struct schema_resource *res, struct store_obj *o) {
	bool shared = convert_is_identity(res);
	struct blob *have = shared ? atomic_load(&o->alt[ALT_PROTO]) : NULL;
	if (have) return blob_ref(have);
	struct blob *made = make_proto(a, res, o);
	if (!made || !shared) return made;
	/* The object keeps one reference of whichever thread was first; losers keep theirs to themselves. */
	if (atomic_compare_exchange_strong(&o->alt[ALT_PROTO], &have, made)) return blob_ref(made);
	blob_unref(made);
	return blob_ref(have);
}

/* ---- PartialObjectMetadata ---- */

int encode_partial(const struct negotiated *n, struct slice json, struct buf *b) {
	struct slice meta = encode_metadata_of(json);
	buf_printf(b, "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/%s\",\"metadata\":", n->v1beta1 ? "v1beta1" : "v1");
	buf_put_slice(b, slice_empty(meta) ? SLICE_LIT("{}") : meta);
	return buf_putc(b, '}');
}

int encode_partial_proto(struct arena *a, const struct negotiated *n, struct slice json, struct buf *b) {
	_cleanup_buf_ struct buf text = BUF_INIT(RESPONSE_BYTES_MAX);
	yyjson_mut_doc *doc;
	struct json_error e;
	const char *version = n->v1beta1 ? "meta.k8s.io/v1beta1" : "meta.k8s.io/v1";
	int err = encode_partial(n, json, &text);
	if (!err) err = json_parse(a, buf_slice(&text), &doc, &e);
	if (err) return err;
	const struct schema_type *t = schema_type_of_kind(SLICE_LIT("meta.k8s.io"), SLICE_LIT("v1"), SLICE_LIT("PartialObjectMetadata"));
	return t ? schema_encode_proto_envelope(t, slice_str(version), SLICE_LIT("PartialObjectMetadata"), yyjson_mut_doc_get_root(doc), b) : -ENOENT;
}

/* ---- gzip ---- */

int encode_gzip(struct slice in, struct buf *out) {
	z_stream z = { 0 };
	if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return -ENOMEM;
	size_t bound = deflateBound(&z, (uLong)in.n);
	int err = buf_reserve(out, bound);
	if (!err) {
		z.next_in = (Bytef *)(uintptr_t)in.p;
		z.avail_in = (uInt)in.n;
		z.next_out = (Bytef *)out->p + out->n;
		z.avail_out = (uInt)bound;
		err = deflate(&z, Z_FINISH) == Z_STREAM_END ? 0 : -ENOMEM;
		if (!err) out->n += z.total_out;
	}
	deflateEnd(&z);
	return err;
}
