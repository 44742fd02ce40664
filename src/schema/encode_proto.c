/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protobuf as Kubernetes' generated code writes it: fields in order of their tags; members that are no pointers always
 * (zero or not), pointers and bytes when set, list elements and map entries (sorted by key) one by one.
 */
#include "schema/protobuf.h"
#include "schema/table.h"

#include "codec/base64.h"
#include "codec/timestamp.h"

#include <errno.h>

#define BYTES_VALUE_MAX (64u * 1024u * 1024u)

/* What times are parsed with; one arena per message encoded. */
struct out {
	struct buf *b;
	struct arena *a;
};

static void message(struct out *o, const struct schema_type *t, yyjson_mut_val *v);
static void put(struct out *o, uint32_t tag, const struct schema_type *t, yyjson_mut_val *v);

static struct slice text_of(yyjson_mut_val *v) { return slice_make(yyjson_mut_get_str(v), yyjson_mut_get_len(v)); }

static int64_t int_of(yyjson_mut_val *v) {
	return yyjson_mut_is_uint(v) ? (int64_t)yyjson_mut_get_uint(v) : yyjson_mut_get_sint(v);
}

static void put_base64(struct out *o, uint32_t tag, yyjson_mut_val *v) {
	_cleanup_buf_ struct buf raw = BUF_INIT(BYTES_VALUE_MAX);
	size_t at;
	if (base64_decode(&raw, BASE64_STD, text_of(v), &at) < 0) o->b->err = buf_err(&raw) ? buf_err(&raw) : -EINVAL;
	else proto_put_bytes(o->b, tag, buf_slice(&raw));
}

/* The body of a Time or MicroTime; a time nobody set is an empty message. */
static void time_body(struct out *o, const struct schema_type *t, yyjson_mut_val *v) {
	struct timestamp ts;
	bool micro = t->special == SPECIAL_MICRO_TIME;
	if (!yyjson_mut_is_str(v)) return;
	int r = micro ? timestamp_parse_micro(o->a, text_of(v), &ts, NULL) : timestamp_parse(o->a, text_of(v), &ts, NULL);
	if (r < 0) {
		o->b->err = r;
		return;
	}
	proto_put_uint(o->b, 1, (uint64_t)ts.sec);
	proto_put_uint(o->b, 2, micro ? ts.nsec / 1000 * 1000 : 0);
}

static void int_or_string_body(struct out *o, yyjson_mut_val *v) {
	bool is_string = yyjson_mut_is_str(v);
	proto_put_uint(o->b, 1, is_string);
	proto_put_uint(o->b, 2, !v || is_string ? 0 : (uint64_t)int_of(v));
	proto_put_bytes(o->b, 3, is_string ? text_of(v) : SLICE_NULL);
}

static void any_body(struct out *o, yyjson_mut_val *v) {
	if (!v || yyjson_mut_is_null(v)) return;
	size_t at = proto_begin(o->b, 1);
	json_write(o->b, v);
	proto_end(o->b, at);
}

/* JSONSchemaPropsOr...: one field holds the schema, another what else it may be. */
static void schema_or_body(struct out *o, const struct schema_type *t, yyjson_mut_val *v) {
	yyjson_mut_val *x;
	size_t i, n;
	bool or_bool = t->special == SPECIAL_SCHEMA_OR_BOOL;
	if (or_bool) proto_put_uint(o->b, 1, yyjson_mut_is_obj(v) || yyjson_mut_is_true(v));
	if (yyjson_mut_is_obj(v)) put(o, or_bool ? 2 : 1, t->item, v);
	yyjson_mut_arr_foreach(v, i, n, x) {
		if (t->special == SPECIAL_SCHEMA_OR_ARRAY) put(o, 2, t->item, x);
		else proto_put_bytes(o->b, 2, text_of(x));
	}
}

static void special_body(struct out *o, const struct schema_type *t, yyjson_mut_val *v) {
	switch (t->special) {
	case SPECIAL_QUANTITY: proto_put_bytes(o->b, 1, v ? text_of(v) : SLICE_LIT("0")); break;
	case SPECIAL_TIME:
	case SPECIAL_MICRO_TIME: time_body(o, t, v); break;
	case SPECIAL_INT_OR_STRING: int_or_string_body(o, v); break;
	case SPECIAL_ANY: any_body(o, v); break;
	default: schema_or_body(o, t, v);
	}
}

static int key_cmp(const void *a, const void *b) {
	return slice_cmp(text_of(*(yyjson_mut_val *const *)a), text_of(*(yyjson_mut_val *const *)b));
}

static void map_entries(struct out *o, uint32_t tag, const struct schema_type *t, yyjson_mut_val *v) {
	size_t n = yyjson_mut_obj_size(v), i, max;
	yyjson_mut_val **keys = arena_array(o->a, n, sizeof(*keys)), *k, *x;
	if (!keys && n) {
		o->b->err = -ENOMEM;
		return;
	}
	yyjson_mut_obj_foreach(v, i, max, k, x) keys[i] = k;
	if (n) qsort(keys, n, sizeof(*keys), key_cmp);
	for (i = 0; i < n; i++) {
		size_t at = proto_begin(o->b, tag);
		proto_put_bytes(o->b, 1, text_of(keys[i]));
		put(o, 2, t->item, keys[i]->next);
		proto_end(o->b, at);
	}
}

static void list_items(struct out *o, uint32_t tag, const struct schema_type *t, yyjson_mut_val *v) {
	yyjson_mut_val *x;
	size_t i, n;
	yyjson_mut_arr_foreach(v, i, n, x) put(o, tag, t->item, x);
}

/* One value under a tag; v NULL is the type's zero value. */
static void put(struct out *o, uint32_t tag, const struct schema_type *t, yyjson_mut_val *v) {
	size_t at;
	if (yyjson_mut_is_null(v)) v = NULL;
	switch (t->kind) {
	case SCHEMA_STRING: proto_put_bytes(o->b, tag, v ? text_of(v) : SLICE_NULL); return;
	case SCHEMA_BOOL: proto_put_uint(o->b, tag, yyjson_mut_is_true(v)); return;
	case SCHEMA_INT32:
	case SCHEMA_INT64: proto_put_uint(o->b, tag, v ? (uint64_t)int_of(v) : 0); return;
	case SCHEMA_DOUBLE: proto_put_double(o->b, tag, v ? yyjson_mut_get_num(v) : 0); return;
	case SCHEMA_BYTES: put_base64(o, tag, v); return;
	case SCHEMA_MAP: map_entries(o, tag, t, v); return;
	case SCHEMA_LIST:
		if (!(t->flags & TYPE_MESSAGE_LIST)) {
			list_items(o, tag, t, v);
			return;
		}
		at = proto_begin(o->b, tag);
		list_items(o, 1, t, v);
		break;
	case SCHEMA_OBJECT:
		at = proto_begin(o->b, tag);
		message(o, t, v);
		break;
	default: at = proto_begin(o->b, tag); special_body(o, t, v);
	}
	proto_end(o->b, at);
}

/* Whether a member that is absent from the tree is written all the same. */
static bool written_when_absent(const struct schema_field *f) {
	if (f->flags & FIELD_POINTER) return false;
	switch (f->type->kind) {
	case SCHEMA_LIST: return f->type->flags & TYPE_MESSAGE_LIST;
	case SCHEMA_MAP:
	case SCHEMA_BYTES: return false;
	default: return true;
	}
}

static void message(struct out *o, const struct schema_type *t, yyjson_mut_val *v) {
	for (size_t i = 0; i < t->n_protos && !buf_err(o->b); i++) {
		const struct schema_proto *p = t->protos + i;
		if (p->inlined) {
			size_t at = proto_begin(o->b, p->tag);
			message(o, p->inlined, v);
			proto_end(o->b, at);
			continue;
		}
		const struct schema_field *f = t->fields + p->field;
		yyjson_mut_val *x = v ? json_getn(v, slice_make(f->name, f->name_len)) : NULL;
		if (x && yyjson_mut_is_null(x)) x = NULL;
		if (x || written_when_absent(f)) put(o, p->tag, f->type, x);
	}
}

int schema_encode_proto(const struct schema_type *t, const yyjson_mut_val *root, struct buf *b) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	if (!a) return b->err = -ENOMEM;
	message(&(struct out){ .b = b, .a = a }, t, (yyjson_mut_val *)root);
	return buf_err(b);
}

int schema_encode_proto_envelope(const struct schema_type *t, struct slice api_version, struct slice kind,
				 const yyjson_mut_val *root, struct buf *b) {
	buf_put(b, "k8s", 4);
	size_t meta = proto_begin(b, 1);
	proto_put_bytes(b, 1, api_version);
	proto_put_bytes(b, 2, kind);
	proto_end(b, meta);
	size_t raw = proto_begin(b, 2);
	int r = schema_encode_proto(t, root, b);
	if (r < 0) return r;
	proto_end(b, raw);
	proto_put_bytes(b, 3, SLICE_NULL);
	proto_put_bytes(b, 4, SLICE_NULL);
	return buf_err(b);
}
