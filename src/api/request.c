/* SPDX-License-Identifier: Apache-2.0 */
#include "api/request.h"

#include "api/convert.h"
#include "api/encode.h"
#include "api/internal.h"
#include "api/metrics.h"
#include "api/names.h"
#include "api/table.h"

#include <errno.h>
#include <stdio.h>

struct request *request_new(struct api_loop *al, struct exchange *x) {
	struct request *r = arena_new_of(x->arena, struct request);
	if (!r) return NULL;
	*r = (struct request){ .api = al->api, .al = al, .x = x, .a = x->arena, .body = x->body, .started = env_mono(al->api->env),
			       .now = env_now(al->api->env) };
	list_init(&r->inflight);
	char id[37];
	struct slice given = request_get_header(r, "audit-id");
	if (slice_empty(given) && env_uuid(al->api->env, id) == 0) given = slice_make(id, 36);
	if (request_header(r, "audit-id", given) < 0) return NULL;
	if (request_header(r, "cache-control", SLICE_LIT("no-cache, private")) < 0) return NULL;
	return r;
}

int request_header(struct request *r, const char *name, struct slice value) {
	for (size_t i = 0; i < r->headers.n; i++) {
		if (!slice_eqs(r->headers.v[i].name, name) || !strcmp(name, "warning")) continue;
		r->headers.v[i].value = arena_slice_dup(r->a, value);
		return r->headers.v[i].value.p ? 0 : -ENOMEM;
	}
	return http_headers_add(r->a, &r->headers, slice_str(name), value);
}

/* ---- warnings ---- */

void request_warn(struct request *r, const char *text) {
	if (!text || !*text || r->n_warnings >= WARNINGS_MAX) return;
	for (size_t i = 0; i < r->n_warnings; i++)
		if (!strcmp(r->warnings[i], text)) return;
	const char **v = arena_realloc(r->a, r->warnings, r->n_warnings * sizeof(*v), (r->n_warnings + 1) * sizeof(*v));
	if (!v) return;
	r->warnings = v;
	r->warnings[r->n_warnings++] = text;
}

/* `299 - "text"`: quoted-string of RFC 7230, control characters dropped (k8s.io/apimachinery/pkg/util/net NewWarningHeader). */
static void put_warning(struct request *r, const char *text, size_t max) {
	_cleanup_buf_ struct buf b = BUF_INIT(HEADER_BYTES_MAX);
	size_t n = strlen(text);
	while (n > max || (n < strlen(text) && ((unsigned char)text[n] & 0xc0) == 0x80)) n = n > max ? max : n - 1;
	buf_puts(&b, "299 - \"");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c < 0x20 && c != '\t') continue;
		if (c == '"' || c == '\\') buf_putc(&b, '\\');
		buf_putc(&b, (char)c);
	}
	buf_putc(&b, '"');
	if (!buf_err(&b)) (void)http_headers_add(r->a, &r->headers, SLICE_LIT("warning"), buf_slice(&b));
}

static void put_warnings(struct request *r) {
	size_t total = 0;
	for (size_t i = 0; i < r->n_warnings; i++) total += strlen(r->warnings[i]);
	for (size_t i = 0; i < r->n_warnings; i++)
		put_warning(r, r->warnings[i], total <= WARNINGS_TOTAL_BYTES ? SIZE_MAX : WARNING_TRUNCATED_BYTES);
	r->n_warnings = 0;
}

/* ---- answers ---- */

/* What every answer does first: headers complete, out of the list of those that wait. */
static void begin(struct request *r, int code, const char *content_type) {
	put_warnings(r);
	if (content_type) (void)request_header(r, "content-type", slice_str(content_type));
	request_settle(r, code);
}

static void respond(struct request *r, int code, const char *content_type, const struct body_part *parts, size_t n) {
	begin(r, code, content_type);
	exchange_respond(r->x, code, &r->headers, parts, n);
}

static size_t parts_size(const struct body_part *parts, size_t n) {
	size_t total = 0;
	for (size_t i = 0; i < n; i++) total += parts[i].bytes.n;
	return total;
}

static int gzip_parts(struct request *r, const struct body_part *parts, size_t n, struct body_part *ret) {
	_cleanup_buf_ struct buf plain = BUF_INIT(RESPONSE_BYTES_MAX), packed = BUF_INIT(RESPONSE_BYTES_MAX);
	struct slice in = n == 1 ? parts[0].bytes : SLICE_NULL;
	for (size_t i = 0; n > 1 && i < n; i++) buf_put_slice(&plain, parts[i].bytes);
	if (n > 1) in = buf_slice(&plain);
	if (buf_err(&plain) || encode_gzip(in, &packed) < 0) return -ENOMEM;
	struct blob *blob = blob_new(packed.p, packed.n);
	if (!blob) return -ENOMEM;
	*ret = (struct body_part){ .blob = blob, .bytes = blob_slice(blob) };
	return 0;
}

/* Beside a `vary` that is about something else. */
static void put_vary(struct request *r) {
	for (size_t i = 0; i < r->headers.n; i++)
		if (slice_eqs(r->headers.v[i].name, "vary") && slice_eqs(r->headers.v[i].value, "Accept-Encoding")) return;
	(void)http_headers_add(r->a, &r->headers, SLICE_LIT("vary"), SLICE_LIT("Accept-Encoding"));
}

/* Parts with content encoding as negotiated. Consumes the parts' blobs. */
static void respond_parts(struct request *r, int code, const char *content_type, const struct body_part *parts, size_t n) {
	struct body_part packed;
	if (!r->out.gzip || parts_size(parts, n) <= GZIP_MIN_BYTES || gzip_parts(r, parts, n, &packed) < 0) {
		respond(r, code, content_type, parts, n);
		return;
	}
	for (size_t i = 0; i < n; i++) blob_unref(parts[i].blob);
	(void)request_header(r, "content-encoding", SLICE_LIT("gzip"));
	put_vary(r);
	respond(r, code, content_type, &packed, 1);
}

void request_bytes(struct request *r, int code, const char *content_type, struct slice body) {
	struct body_part part = { .bytes = body };
	respond_parts(r, code, content_type, &part, 1);
}

void request_buf(struct request *r, int code, const char *content_type, struct buf *b) {
	struct blob *blob = buf_err(b) ? NULL : blob_new(b->p, b->n);
	if (!blob) {
		request_status(r, status_no_memory());
		return;
	}
	struct body_part part = { .blob = blob, .bytes = blob_slice(blob) };
	respond_parts(r, code, content_type, &part, 1);
}

void request_blob(struct request *r, int code, const char *content_type, struct blob *blob, const char *coding) {
	struct body_part part = { .blob = blob, .bytes = blob_slice(blob) };
	if (!coding) {
		respond_parts(r, code, content_type, &part, 1);
		return;
	}
	(void)request_header(r, "content-encoding", slice_str(coding));
	put_vary(r);
	respond(r, code, content_type, &part, 1);
}

/* ---- Status ---- */

static int status_proto(struct request *r, struct slice json, struct buf *b) {
	yyjson_mut_doc *doc;
	struct json_error e;
	const struct schema_type *t = schema_type_of_kind(SLICE_NULL, SLICE_LIT("v1"), SLICE_LIT("Status"));
	int err = t ? json_parse(r->a, json, &doc, &e) : -ENOENT;
	return err ? err : schema_encode_proto_envelope(t, SLICE_LIT("v1"), SLICE_LIT("Status"), yyjson_mut_doc_get_root(doc), b);
}

static void status_headers(struct request *r, const struct status *st) {
	if (st->nosniff) (void)request_header(r, "x-content-type-options", SLICE_LIT("nosniff"));
	if (st->retry_after <= 0) return;
	char n[16];
	snprintf(n, sizeof(n), "%d", st->retry_after);
	(void)request_header(r, "retry-after", slice_str(n));
}

/* In the form the client takes; where it takes none of them, as indented JSON (responsewriters.WriteRawJSON). */
static void status_object(struct request *r, const struct status *st, struct slice json) {
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	struct negotiated n = { .pretty = r->out.pretty };
	if (negotiate_accept(request_get_header(r, "accept"), NEGOTIATE_PLAIN, &n) < 0) n = (struct negotiated){ .media = MEDIA_JSON, .pretty = true };
	int err = n.media == MEDIA_PROTO ? status_proto(r, json, &b) : encode_text(r->a, &n, json, &b);
	if (err) buf_clear(&b), buf_put_slice(&b, json), n.media = MEDIA_JSON;
	request_buf(r, st->code, media_type(n.media), &b);
}

void request_status(struct request *r, const struct status *st) {
	static const char plain[] = "text/plain; charset=utf-8";
	_cleanup_buf_ struct buf json = BUF_INIT(RESPONSE_BYTES_MAX);
	status_headers(r, st);
	if (st->form == STATUS_TEXT) {
		request_bytes(r, st->code, plain, slice_str(st->message));
		return;
	}
	if (status_write(st, &json) < 0) {
		buf_clear(&json);
		if (st == status_no_memory()) request_bytes(r, 500, plain, SLICE_LIT("out of memory\n"));
		else request_status(r, status_no_memory());
		return;
	}
	if (st->form == STATUS_BARE) request_buf(r, st->code, plain, &json);
	else status_object(r, st, buf_slice(&json));
}

/* ---- objects ---- */

void request_tree(struct request *r, int code, const struct schema_type *type, yyjson_mut_doc *doc, yyjson_mut_val *root) {
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	int err = encode_tree(r->a, &r->out, type, root, &b);
	if (err) request_status(r, status_internal(r->a, "%s", strerror(-err)));
	else request_buf(r, code, media_type(r->out.media), &b);
}

static int row_of_form(struct request *r, const struct table_form *form, enum table_object what, yyjson_mut_val *obj, struct slice json, struct buf *b) {
	buf_puts(b, "{\"cells\":");
	int err = form->cells(obj, r->now / NSEC_PER_SEC, b);
	return err ? err : table_put_object(what, &r->out, json, b);
}

static int table_of_one(struct request *r, const struct table_form *form, struct slice json, struct buf *b) {
	enum table_object what;
	if (table_include(query_get(&r->query, "includeObject"), &what) < 0) return -EINVAL;
	yyjson_mut_doc *doc;
	struct json_error e;
	int err = json_parse(r->a, json, &doc, &e);
	if (err) return err;
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	struct slice rv = json_path_str(root, "metadata.resourceVersion");
	table_put_head(b, &r->out);
	if (slice_empty(rv)) buf_puts(b, "{},");
	else buf_printf(b, "{\"resourceVersion\":\"%.*s\"},", SLICE_FMT(rv));
	if (form) table_put_columns(b, form->columns, form->n_columns);
	else table_put_columns(b, r->res->columns, r->res->n_columns);
	buf_puts(b, ",\"rows\":[");
	if (form) err = row_of_form(r, form, what, root, json, b);
	else err = table_put_row(r->a, r->res, what, &r->out, r->now / NSEC_PER_SEC, json, b);
	buf_puts(b, "]}");
	return err ? err : buf_err(b);
}

static const struct status *include_object_bad(struct request *r) {
	return status_bad_request(r->a, "Unable to convert to Table as requested: includeObject: Invalid value: %s: must be 'Metadata', 'Object', 'None', or empty",
				  status_quote(r->a, query_get(&r->query, "includeObject")));
}

/* An object as JSON text in one of the transformed forms; `form`: NULL for objects of r->res. */
static void object_transformed(struct request *r, int code, const struct table_form *form, struct slice json) {
	_cleanup_buf_ struct buf text = BUF_INIT(RESPONSE_BYTES_MAX), b = BUF_INIT(RESPONSE_BYTES_MAX);
	int err;
	if (r->out.as == AS_METADATA_LIST) {
		request_status(r, status_new(r->a, 406, "NotAcceptable", arena_printf(r->a, "you requested PartialObjectMetadataList, but the requested object is not a list (%s)", name_go_type(r->a, r->res, false))));
		return;
	}
	if (r->out.as == AS_METADATA && r->out.media == MEDIA_PROTO) {
		err = encode_partial_proto(r->a, &r->out, json, &b);
	} else {
		err = r->out.as == AS_TABLE ? table_of_one(r, form, json, &text) : encode_partial(&r->out, json, &text);
		if (!err) err = encode_text(r->a, &r->out, buf_slice(&text), &b);
	}
	if (err == -EINVAL) request_status(r, include_object_bad(r));
	else if (err) request_status(r, status_internal(r->a, "%s", strerror(-err)));
	else request_buf(r, code, media_type(r->out.media), &b);
}

static void object_proto(struct request *r, int code, struct store_obj *o) {
	struct blob *blob = encode_stored_proto(r->a, r->res, o);
	if (!blob) {
		request_status(r, status_no_memory());
		return;
	}
	struct body_part part = { .blob = blob, .bytes = blob_slice(blob) };
	respond_parts(r, code, media_type(MEDIA_PROTO), &part, 1);
}

static void object_json(struct request *r, int code, struct store_obj *o, struct slice json) {
	bool own = json.p == o->json->p;
	if (r->out.media == MEDIA_JSON && !r->out.pretty) {
		struct body_part parts[] = { { .blob = own ? blob_ref(o->json) : NULL, .bytes = json }, { .bytes = SLICE_LIT("\n") } };
		respond_parts(r, code, media_type(MEDIA_JSON), parts, 2);
		return;
	}
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	int err = encode_text(r->a, &r->out, json, &b);
	if (err) request_status(r, status_internal(r->a, "%s", strerror(-err)));
	else request_buf(r, code, media_type(r->out.media), &b);
}

void request_object(struct request *r, int code, struct store_obj *o) {
	if (r->out.media == MEDIA_PROTO && r->out.as == AS_OBJECT && !r->res->is_custom) {
		object_proto(r, code, o);
		return;
	}
	struct slice json = encode_stored_json(r->a, r->res, o);
	if (slice_empty(json)) request_status(r, status_internal(r->a, "the stored object cannot be read"));
	else if (r->out.as != AS_OBJECT) object_transformed(r, code, NULL, json);
	else object_json(r, code, o, json);
}

void request_object_tree(struct request *r, int code, yyjson_mut_doc *doc, yyjson_mut_val *obj) {
	if (r->out.as == AS_OBJECT) {
		request_tree(r, code, r->res->type, doc, obj);
		return;
	}
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	if (schema_encode_json(r->res->type, obj, &b) < 0) request_status(r, status_no_memory());
	else object_transformed(r, code, NULL, buf_slice(&b));
}

void request_form_tree(struct request *r, int code, const struct schema_type *type, const struct table_form *form, yyjson_mut_doc *doc, yyjson_mut_val *obj) {
	if (r->out.as == AS_OBJECT) {
		request_tree(r, code, type, doc, obj);
		return;
	}
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	if (schema_encode_json(type, obj, &b) < 0) request_status(r, status_no_memory());
	else object_transformed(r, code, form, buf_slice(&b));
}

void request_source(struct request *r, int code, const char *content_type, struct body_source body) {
	begin(r, code, content_type);
	exchange_respond_source(r->x, code, &r->headers, -1, body);
}

void request_relayed(struct request *r, int code, int64_t length, struct body_source body) {
	begin(r, code, NULL);
	exchange_respond_source(r->x, code, &r->headers, length, body);
}

void request_upgrade(struct request *r, int code, const struct stream_handler *h, void *ctx, struct stream **ret) {
	begin(r, code, NULL);
	exchange_upgrade(r->x, code, &r->headers, h, ctx, ret);
}

/* ---- reading ---- */

struct store_key request_key(struct arena *a, const struct schema_resource *res, struct slice ns, struct slice name) {
	const char *path = arena_printf(a, "%s/%s", res->storage_group, res->storage_resource);
	return (struct store_key){ .resource = slice_str(path ? path : ""), .ns = res->namespaced ? ns : SLICE_NULL, .name = name };
}

struct status_target request_target(const struct request *r) {
	if (!r->res) return (struct status_target){ r->info.group, r->info.resource, r->info.name };
	return (struct status_target){ slice_str(r->res->group), slice_str(r->res->resource), r->info.name };
}

yyjson_mut_doc *request_parse(struct arena *a, const struct schema_resource *res, const struct store_obj *o) {
	yyjson_mut_doc *doc;
	if (convert_parse(res, a, blob_slice(o->json), &doc) < 0) return NULL;
	return convert_read(res, a, doc) < 0 ? NULL : doc;
}
