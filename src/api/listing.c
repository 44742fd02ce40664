/* SPDX-License-Identifier: Apache-2.0 */
#include "api/listing.h"

#include "api/continue.h"
#include "api/convert.h"
#include "api/encode.h"
#include "api/limits.h"
#include "api/pb.h"

#include <errno.h>
#include <stdio.h>

/* ---- which objects ---- */

static struct store_obj *next_match(struct listing *l) {
	struct store_obj *o;
	while ((o = store_next(&l->cursor)))
		if (selector_match(&l->sel, o)) return o;
	return NULL;
}

static void rewind_to(struct listing *l, const struct store_key *after) { store_scan(l->snap, l->resource, l->ns, after, &l->cursor); }

static int set_token(struct listing *l, const struct store_obj *last, struct store_cursor rest, bool tell_remaining) {
	bool across = l->res->namespaced && slice_empty(l->ns);
	l->token = continue_format(l->r->a, (int64_t)l->rv, across, last->key.ns, last->key.name);
	if (!l->token) return -ENOMEM;
	if (!tell_remaining || !l->sel.everything) return 0;
	for (l->remaining = 0; store_next(&rest); l->remaining++);
	return 0;
}

int listing_page(struct listing *l, const struct store_key *after, uint64_t limit, bool tell_remaining) {
	l->remaining = -1;
	l->left = UINT64_MAX;
	rewind_to(l, after);
	if (!limit) return 0;
	struct store_obj *last = NULL, *o;
	uint64_t n = 0;
	while (n < limit && (o = next_match(l))) last = o, n++;
	struct store_cursor rest = l->cursor;
	bool more = n == limit && store_next(&l->cursor);
	int err = more ? set_token(l, last, rest, tell_remaining) : 0;
	l->left = n;
	rewind_to(l, after);
	return err;
}

/* ---- JSON forms ---- */

static void put_list_meta(struct listing *l, struct buf *b) {
	buf_printf(b, "{\"resourceVersion\":\"%llu\"", (unsigned long long)l->rv);
	/* Unstructured lists always say how to go on. */
	if (!l->token && l->res->is_custom && l->out.as == AS_OBJECT) buf_puts(b, ",\"continue\":\"\"");
	if (l->token) buf_printf(b, ",\"continue\":\"%s\"", l->token);
	if (l->remaining >= 0) buf_printf(b, ",\"remainingItemCount\":%lld", (long long)l->remaining);
	buf_putc(b, '}');
}

static void put_head(struct listing *l, struct buf *b) {
	const struct schema_resource *res = l->res;
	if (l->out.as == AS_TABLE) {
		table_put_head(b, &l->out);
		put_list_meta(l, b);
		buf_putc(b, ',');
		table_put_columns(b, res->columns, res->n_columns);
		buf_puts(b, ",\"rows\":[");
		return;
	}
	if (l->out.as == AS_OBJECT)
		buf_printf(b, "{\"kind\":\"%s\",\"apiVersion\":\"%s%s%s\",\"metadata\":", res->list_kind, res->group, *res->group ? "/" : "", res->version);
	else
		buf_printf(b, "{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"meta.k8s.io/%s\",\"metadata\":", l->out.v1beta1 ? "v1beta1" : "v1");
	put_list_meta(l, b);
	buf_puts(b, ",\"items\":");
	if (l->out.as == AS_OBJECT) buf_putc(b, '[');
}

/* The object's text without its leading kind and apiVersion, which the list says once for all. */
static void put_bare(const struct schema_resource *res, struct slice json, struct buf *b) {
	char prefix[512];
	int n = snprintf(prefix, sizeof(prefix), "{\"kind\":\"%s\",\"apiVersion\":\"%s%s%s\",", res->kind, res->group, *res->group ? "/" : "", res->version);
	if (res->is_custom || n < 0 || (size_t)n >= sizeof(prefix) || !slice_starts(json, slice_make(prefix, (size_t)n))) {
		buf_put_slice(b, json);
		return;
	}
	buf_putc(b, '{');
	buf_put_slice(b, slice_from(json, (size_t)n));
}

int listing_item(const struct listing *l, struct arena *a, struct store_obj *o, struct buf *out) {
	struct slice json = encode_stored_json(a, l->res, o);
	if (slice_empty(json)) return -ENOMEM;
	switch (l->out.as) {
	case AS_TABLE: return table_put_row(a, l->res, l->include, &l->out, l->r->now / NSEC_PER_SEC, json, out);
	case AS_METADATA:
	case AS_METADATA_LIST: return encode_partial(&l->out, json, out);
	default: put_bare(l->res, json, out); return buf_err(out);
	}
}

static bool needs_scratch(const struct listing *l) { return l->out.as == AS_TABLE || !convert_reads_bytes(l->res); }

static int put_item(struct listing *l, struct store_obj *o, struct buf *out) {
	_cleanup_arena_ struct arena *a = needs_scratch(l) ? arena_new(0) : NULL;
	if (needs_scratch(l) && !a) return -ENOMEM;
	/* A list of metadata opens its items with the first one: without any they are null, as upstream prints them. */
	bool metadata = l->out.as == AS_METADATA || l->out.as == AS_METADATA_LIST;
	if (l->first_done || metadata) buf_putc(out, l->first_done ? ',' : '[');
	l->first_done = true;
	return listing_item(l, a, o, out);
}

static void put_foot(const struct listing *l, struct buf *out) {
	bool metadata = l->out.as == AS_METADATA || l->out.as == AS_METADATA_LIST;
	buf_puts(out, metadata && !l->first_done ? "null}" : "]}");
}

int listing_pull(struct listing *l, struct buf *out, size_t room) {
	size_t start = out->n;
	if (!l->head_done) put_head(l, out);
	l->head_done = true;
	while (out->n - start < room || room == 0) {
		struct store_obj *o = l->left ? next_match(l) : NULL;
		if (!o) {
			put_foot(l, out);
			return buf_err(out) ? buf_err(out) : PULL_END;
		}
		l->left--;
		int err = put_item(l, o, out);
		if (err) return err;
	}
	return buf_err(out) ? buf_err(out) : PULL_MORE;
}

/* ---- protobuf ---- */

static void put_proto_meta(struct listing *l, struct buf *b) {
	struct buf m = BUF_INIT(64 * KIB);
	char rv[24];
	int n = snprintf(rv, sizeof(rv), "%llu", (unsigned long long)l->rv);
	pb_bytes(&m, 1, SLICE_NULL);
	pb_bytes(&m, 2, slice_make(rv, (size_t)n));
	pb_bytes(&m, 3, slice_str(l->token));
	if (l->remaining >= 0) pb_uint(&m, 4, (uint64_t)l->remaining);
	pb_bytes(b, 1, buf_slice(&m));
	if (buf_err(&m)) b->err = buf_err(&m);
	buf_done(&m);
}

/* The bare message inside an envelope, as the list's item. */
static int put_raw(struct arena *a, struct slice envelope, struct buf *out) {
	struct schema_envelope e;
	const char *msg;
	int err = schema_envelope_parse(envelope, &e, a, &msg);
	if (!err) pb_bytes(out, 2, e.raw);
	return err;
}

static int put_proto_item(struct listing *l, struct store_obj *o, struct buf *out) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	if (!a) return -ENOMEM;
	if (l->out.as == AS_OBJECT) {
		_cleanup_blob_ struct blob *blob = encode_stored_proto(a, l->res, o);
		return blob ? put_raw(a, blob_slice(blob), out) : -ENOMEM;
	}
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	int err = encode_partial_proto(a, &l->out, encode_stored_json(a, l->res, o), &b);
	return err ? err : put_raw(a, buf_slice(&b), out);
}

int listing_proto(struct listing *l, struct buf *out) {
	_cleanup_buf_ struct buf list = BUF_INIT(RESPONSE_BYTES_MAX);
	struct store_obj *o;
	put_proto_meta(l, &list);
	while (l->left && (o = next_match(l))) {
		l->left--;
		int err = put_proto_item(l, o, &list);
		if (err) return err;
	}
	if (buf_err(&list)) return buf_err(&list);
	bool object = l->out.as == AS_OBJECT;
	const char *version = object ? api_version_of(l->r->a, l->res->group, l->res->version) : l->out.v1beta1 ? "meta.k8s.io/v1beta1" : "meta.k8s.io/v1";
	if (!version) return -ENOMEM;
	pb_envelope(out, version, object ? l->res->list_kind : "PartialObjectMetadataList", buf_slice(&list));
	return buf_err(out);
}
