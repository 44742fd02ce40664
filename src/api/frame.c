/* SPDX-License-Identifier: Apache-2.0 */
#include "api/frame.h"

#include "api/convert.h"
#include "api/encode.h"
#include "api/limits.h"
#include "api/pb.h"

#include <errno.h>
#include <stdio.h>

/* Text of an object whose metadata.resourceVersion (the first of that name, behind uid) is another one. */
static struct slice with_rv(struct arena *a, struct slice json, uint64_t rv) {
	static const struct slice key = SLICE_LIT("\"resourceVersion\":\"");
	struct slice meta = encode_metadata_of(json);
	ptrdiff_t at = slice_find(meta, key);
	if (at < 0) return json;
	size_t from = (size_t)(meta.p - json.p) + (size_t)at + key.n, to = from;
	while (to < json.n && json.p[to] != '"') to++;
	const char *s = arena_printf(a, "%.*s%llu", (int)from, json.p, (unsigned long long)rv);
	if (!s) return SLICE_NULL;
	size_t head = strlen(s), tail = json.n - to;
	char *p = arena_alloc(a, head + tail + 1);
	if (!p) return SLICE_NULL;
	memcpy(p, s, head);
	memcpy(p + head, json.p + to, tail);
	p[head + tail] = 0;
	return slice_make(p, head + tail);
}

static int put_table(const struct listing *l, struct arena *a, struct slice json, bool *columns, struct buf *out) {
	struct slice rv = encode_metadata_of(json);
	yyjson_mut_doc *doc;
	struct json_error e;
	int err = json_parse(a, rv, &doc, &e);
	if (err) return err;
	table_put_head(out, &l->out);
	buf_printf(out, "{\"resourceVersion\":\"%.*s\"},", SLICE_FMT(json_path_str(yyjson_mut_doc_get_root(doc), "resourceVersion")));
	if (*columns) buf_puts(out, "\"columnDefinitions\":null");
	else table_put_columns(out, l->res->columns, l->res->n_columns);
	*columns = true;
	buf_puts(out, ",\"rows\":[");
	err = table_put_row(a, l->res, l->include, &l->out, l->r->now / NSEC_PER_SEC, json, out);
	buf_puts(out, "]}");
	return err;
}

static int put_json(const struct listing *l, struct arena *a, const char *type, struct slice json, bool *columns, struct buf *out) {
	int err = 0;
	buf_printf(out, "{\"type\":\"%s\",\"object\":", type);
	if (l->out.as == AS_TABLE) err = put_table(l, a, json, columns, out);
	else if (l->out.as == AS_OBJECT) buf_put_slice(out, json);
	else encode_partial(&l->out, json, out);
	buf_puts(out, "}\n");
	return err ? err : buf_err(out);
}

/* 4-byte length, then WatchEvent{1 type, 2 RawExtension{1 raw}}. */
static int put_proto_event(const char *type, struct slice envelope, struct buf *out) {
	_cleanup_buf_ struct buf ext = BUF_INIT(RESPONSE_BYTES_MAX), ev = BUF_INIT(RESPONSE_BYTES_MAX);
	pb_bytes(&ext, 1, envelope);
	pb_bytes(&ev, 1, slice_str(type));
	pb_bytes(&ev, 2, buf_slice(&ext));
	if (buf_err(&ext) || buf_err(&ev)) return -ENOMEM;
	unsigned char n[4] = { (unsigned char)(ev.n >> 24), (unsigned char)(ev.n >> 16), (unsigned char)(ev.n >> 8), (unsigned char)ev.n };
	buf_put(out, n, 4);
	return buf_put_slice(out, buf_slice(&ev));
}

static int put_proto(const struct listing *l, struct arena *a, const char *type, const struct schema_type *t, struct slice json, struct buf *out) {
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	yyjson_mut_doc *doc;
	struct json_error e;
	int err;
	if (l->out.as != AS_OBJECT && strcmp(type, "ERROR") != 0) {
		err = encode_partial_proto(a, &l->out, json, &b);
	} else {
		err = json_parse(a, json, &doc, &e);
		yyjson_mut_val *root = err ? NULL : yyjson_mut_doc_get_root(doc);
		if (!err) err = schema_encode_proto_envelope(t, json_path_str(root, "apiVersion"), json_path_str(root, "kind"), root, &b);
	}
	return err ? err : put_proto_event(type, buf_slice(&b), out);
}

int frame_object(const struct listing *l, struct arena *a, const char *type, struct store_obj *o, uint64_t rv, bool *columns, struct buf *out) {
	if (l->out.media == MEDIA_PROTO && l->out.as == AS_OBJECT && !rv) {
		_cleanup_blob_ struct blob *blob = encode_stored_proto(a, l->res, o);
		return blob ? put_proto_event(type, blob_slice(blob), out) : -ENOMEM;
	}
	struct slice json = encode_stored_json(a, l->res, o);
	if (rv) json = with_rv(a, json, rv);
	if (slice_empty(json)) return -ENOMEM;
	if (l->out.media == MEDIA_PROTO) return put_proto(l, a, type, l->res->type, json, out);
	return put_json(l, a, type, json, columns, out);
}

int frame_bookmark(const struct listing *l, struct arena *a, uint64_t rv, bool initial_end, bool *columns, struct buf *out) {
	const struct schema_resource *res = l->res;
	const char *annotation = initial_end ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "";
	_cleanup_buf_ struct buf b = BUF_INIT(64 * KIB);
	buf_printf(&b, "{\"kind\":\"%s\",\"apiVersion\":\"%s%s%s\",\"metadata\":{\"resourceVersion\":\"%llu\"%s}", res->kind, res->group, *res->group ? "/" : "",
		   res->version, (unsigned long long)rv, annotation);
	buf_putc(&b, '}');
	if (buf_err(&b)) return -ENOMEM;
	if (l->out.media == MEDIA_PROTO) return put_proto(l, a, "BOOKMARK", res->type, buf_slice(&b), out);
	if (l->out.as == AS_OBJECT && !res->is_custom) {
		/* Always-present members of the kind are there, too. */
		yyjson_mut_doc *doc;
		struct json_error e;
		int err = json_parse(a, buf_slice(&b), &doc, &e);
		buf_clear(&b);
		if (!err) err = schema_encode_json(res->type, yyjson_mut_doc_get_root(doc), &b);
		if (err) return err;
	}
	return put_json(l, a, "BOOKMARK", buf_slice(&b), columns, out);
}

int frame_error(const struct listing *l, struct arena *a, const struct status *st, struct buf *out) {
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	int err = status_write(st, &b);
	if (err) return err;
	if (l->out.media == MEDIA_PROTO)
		return put_proto(l, a, "ERROR", schema_type_of_kind(SLICE_NULL, SLICE_LIT("v1"), SLICE_LIT("Status")), buf_slice(&b), out);
	buf_puts(out, "{\"type\":\"ERROR\",\"object\":");
	buf_put_slice(out, buf_slice(&b));
	return buf_puts(out, "}\n");
}
