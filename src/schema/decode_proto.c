/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protobuf to a typed tree: first a tree as JSON would have given it, which schema_decode_tree then normalises like any
 * other (zero values out, quantities canonical, limits checked).
 */
#include "schema/protobuf.h"
#include "schema/table.h"

#include "codec/base64.h"
#include "codec/timestamp.h"

#include <errno.h>

struct in {
	struct arena *a;
	yyjson_mut_doc *doc;
	const char *msg;
	bool nomem;
};

static void message(struct in *in, const struct schema_type *t, struct slice bytes, yyjson_mut_val *obj, unsigned depth);

static bool failed(const struct in *in) { return in->msg || in->nomem; }

static void fail(struct in *in, const char *msg) {
	if (!msg) in->nomem = true;
	else if (!in->msg) in->msg = msg;
}

/* Out of memory unless v; v all the same. */
static yyjson_mut_val *got(struct in *in, yyjson_mut_val *v) {
	if (!v) in->nomem = true;
	return v;
}

/* The next field of a message, or false at its end or when something is wrong with it. */
static bool next(struct in *in, struct slice *bytes, struct proto_field *f) {
	const char *msg = "unexpected EOF";
	int r = failed(in) ? 0 : proto_next(bytes, f, &msg);
	if (r < 0) fail(in, msg);
	return r > 0;
}

static yyjson_mut_val *text_val(struct in *in, struct slice s) {
	struct slice copy = arena_slice_dup(in->a, s);
	return got(in, copy.p ? yyjson_mut_strn(in->doc, copy.p, copy.n) : NULL);
}

static yyjson_mut_val *bytes_val(struct in *in, struct slice s) {
	_cleanup_buf_ struct buf b = BUF_INIT(s.n * 2 + 8);
	if (base64_encode(&b, BASE64_STD, s) < 0) return got(in, NULL);
	return text_val(in, buf_slice(&b));
}

static yyjson_mut_val *time_val(struct in *in, const struct schema_type *t, struct slice bytes) {
	struct proto_field f;
	int64_t sec = 0, nsec = 0;
	bool any = false;
	while (next(in, &bytes, &f)) {
		if (f.wire != PROTO_VARINT) continue;
		any = true;
		if (f.tag == 1) sec = (int64_t)f.varint;
		if (f.tag == 2) nsec = (int32_t)f.varint;
	}
	if (!any) return got(in, yyjson_mut_null(in->doc));
	sec += nsec / 1000000000 - (nsec % 1000000000 < 0);
	nsec = (nsec % 1000000000 + 1000000000) % 1000000000;
	char out[TIMESTAMP_TEXT];
	if (t->special == SPECIAL_MICRO_TIME) timestamp_format_micro((struct timestamp){ sec, (uint32_t)nsec }, out);
	else timestamp_format(sec, out);
	return text_val(in, slice_str(out));
}

static yyjson_mut_val *int_or_string_val(struct in *in, struct slice bytes) {
	struct proto_field f;
	struct slice text = SLICE_NULL;
	uint64_t type = 0;
	int32_t number = 0;
	while (next(in, &bytes, &f)) {
		if (f.tag == 1 && f.wire == PROTO_VARINT) type = f.varint;
		if (f.tag == 2 && f.wire == PROTO_VARINT) number = (int32_t)f.varint;
		if (f.tag == 3 && f.wire == PROTO_BYTES) text = f.bytes;
	}
	return type ? text_val(in, text) : got(in, yyjson_mut_sint(in->doc, number));
}

/* The bytes of field 1, which is all of Quantity and of the types that hold raw JSON. */
static bool first_field(struct in *in, struct slice bytes, struct slice *ret) {
	struct proto_field f;
	bool any = false;
	while (next(in, &bytes, &f)) {
		if (f.tag != 1 || f.wire != PROTO_BYTES) continue;
		*ret = f.bytes;
		any = true;
	}
	return any;
}

static yyjson_mut_val *any_val(struct in *in, struct slice bytes) {
	struct slice raw;
	if (!first_field(in, bytes, &raw) || !raw.n) return got(in, yyjson_mut_null(in->doc));
	yyjson_mut_doc *doc;
	struct json_error err;
	int r = json_parse(in->a, raw, &doc, &err);
	if (r < 0) {
		fail(in, r == -EBADMSG ? err.msg : NULL);
		return NULL;
	}
	return yyjson_mut_doc_get_root(doc);
}

static yyjson_mut_val *object_val(struct in *in, const struct schema_type *t, struct slice bytes, unsigned depth) {
	yyjson_mut_val *obj = got(in, yyjson_mut_obj(in->doc));
	if (obj) message(in, t, bytes, obj, depth + 1);
	return obj;
}

static yyjson_mut_val *schema_or_val(struct in *in, const struct schema_type *t, struct slice bytes, unsigned depth) {
	struct proto_field f;
	yyjson_mut_val *schema = NULL, *list = NULL, *x;
	uint64_t allows = 0;
	bool or_bool = t->special == SPECIAL_SCHEMA_OR_BOOL;
	while (next(in, &bytes, &f)) {
		if (or_bool && f.tag == 1 && f.wire == PROTO_VARINT) {
			allows = f.varint;
		} else if (f.wire == PROTO_BYTES && f.tag == (or_bool ? 2 : 1)) {
			schema = object_val(in, t->item, f.bytes, depth);
		} else if (f.wire == PROTO_BYTES && f.tag == 2) {
			if (!list) list = got(in, yyjson_mut_arr(in->doc));
			x = t->special == SPECIAL_SCHEMA_OR_ARRAY ? object_val(in, t->item, f.bytes, depth)
								  : text_val(in, f.bytes);
			if (list && x) yyjson_mut_arr_append(list, x);
		}
	}
	if (schema) return schema;
	if (list) return list;
	return got(in, or_bool ? yyjson_mut_bool(in->doc, allows) : yyjson_mut_null(in->doc));
}

static yyjson_mut_val *special_val(struct in *in, const struct schema_type *t, struct slice bytes, unsigned depth) {
	struct slice text = SLICE_LIT("0");
	switch (t->special) {
	case SPECIAL_QUANTITY: first_field(in, bytes, &text); return text_val(in, text.n ? text : SLICE_LIT("0"));
	case SPECIAL_TIME:
	case SPECIAL_MICRO_TIME: return time_val(in, t, bytes);
	case SPECIAL_INT_OR_STRING: return int_or_string_val(in, bytes);
	case SPECIAL_ANY: return any_val(in, bytes);
	default: return schema_or_val(in, t, bytes, depth);
	}
}

static enum proto_wire wire_of(const struct schema_type *t) {
	switch (t->kind) {
	case SCHEMA_BOOL:
	case SCHEMA_INT32:
	case SCHEMA_INT64: return PROTO_VARINT;
	case SCHEMA_DOUBLE: return PROTO_FIXED64;
	case SCHEMA_LIST: return t->flags & TYPE_MESSAGE_LIST ? PROTO_BYTES : wire_of(t->item);
	default: return PROTO_BYTES;
	}
}

static yyjson_mut_val *message_list_val(struct in *in, const struct schema_type *t, struct slice bytes) {
	struct proto_field f;
	yyjson_mut_val *list = got(in, yyjson_mut_arr(in->doc)), *x;
	while (list && next(in, &bytes, &f)) {
		if (f.tag != 1 || f.wire != PROTO_BYTES) continue;
		if ((x = text_val(in, f.bytes))) yyjson_mut_arr_append(list, x);
	}
	return list;
}

static double double_of(uint64_t bits) {
	double v;
	memcpy(&v, &bits, sizeof(v));
	return v;
}

static yyjson_mut_val *one_val(struct in *in, const struct schema_type *t, const struct proto_field *f, unsigned depth) {
	switch (t->kind) {
	case SCHEMA_STRING: return text_val(in, f->bytes);
	case SCHEMA_BYTES: return bytes_val(in, f->bytes);
	case SCHEMA_BOOL: return got(in, yyjson_mut_bool(in->doc, f->varint != 0));
	case SCHEMA_INT32: return got(in, yyjson_mut_sint(in->doc, (int32_t)f->varint));
	case SCHEMA_INT64: return got(in, yyjson_mut_sint(in->doc, (int64_t)f->varint));
	case SCHEMA_DOUBLE: return got(in, yyjson_mut_real(in->doc, double_of(f->varint)));
	case SCHEMA_OBJECT: return object_val(in, t, f->bytes, depth);
	case SCHEMA_LIST: return message_list_val(in, t, f->bytes);
	case SCHEMA_SPECIAL: return special_val(in, t, f->bytes, depth);
	default: return NULL;
	}
}

static void map_entry(struct in *in, const struct schema_type *t, struct slice bytes, yyjson_mut_val *map, unsigned depth) {
	struct proto_field f, value = { 0 };
	struct slice key = SLICE_NULL;
	while (next(in, &bytes, &f)) {
		if (f.tag == 1 && f.wire == PROTO_BYTES) key = f.bytes;
		if (f.tag == 2 && f.wire == wire_of(t->item)) value = f;
	}
	yyjson_mut_val *k = text_val(in, key), *v = failed(in) ? NULL : one_val(in, t->item, &value, depth);
	if (k && v) yyjson_mut_obj_add(map, k, v);
}

/* The container of a list or map member, made on its first element. */
static yyjson_mut_val *container(struct in *in, const struct schema_field *f, yyjson_mut_val *obj, yyjson_mut_val **slot) {
	if (*slot) return *slot;
	*slot = got(in, f->type->kind == SCHEMA_MAP ? yyjson_mut_obj(in->doc) : yyjson_mut_arr(in->doc));
	if (*slot) yyjson_mut_obj_add(obj, yyjson_mut_strn(in->doc, f->name, f->name_len), *slot);
	return *slot;
}

static void member(struct in *in, const struct schema_field *f, const struct proto_field *pf, yyjson_mut_val *obj,
		   yyjson_mut_val **slot, unsigned depth) {
	const struct schema_type *t = f->type;
	yyjson_mut_val *c, *v;
	if (t->kind == SCHEMA_MAP) {
		if ((c = container(in, f, obj, slot))) map_entry(in, t, pf->bytes, c, depth);
	} else if (t->kind == SCHEMA_LIST && !(t->flags & TYPE_MESSAGE_LIST)) {
		c = container(in, f, obj, slot);
		if (c && (v = one_val(in, t->item, pf, depth))) yyjson_mut_arr_append(c, v);
	} else if (t->kind == SCHEMA_OBJECT && *slot) {
		message(in, t, pf->bytes, *slot, depth + 1); /* a message in two pieces is merged */
	} else if ((v = one_val(in, t, pf, depth))) {
		*slot = v;
		yyjson_mut_obj_add(obj, yyjson_mut_strn(in->doc, f->name, f->name_len), v);
	}
}

static const struct schema_proto *proto_of(const struct schema_type *t, uint32_t tag) {
	for (size_t i = 0; i < t->n_protos; i++)
		if (t->protos[i].tag == tag) return t->protos + i;
	return NULL;
}

static void message(struct in *in, const struct schema_type *t, struct slice bytes, yyjson_mut_val *obj, unsigned depth) {
	struct proto_field pf;
	yyjson_mut_val *slot[SCHEMA_FIELDS_MAX] = { NULL };
	if (depth > SCHEMA_DEPTH_MAX) fail(in, "exceeded max depth");
	while (next(in, &bytes, &pf)) {
		const struct schema_proto *p = proto_of(t, pf.tag);
		if (!p) continue;
		enum proto_wire want = p->inlined ? PROTO_BYTES : wire_of(t->fields[p->field].type);
		if (pf.wire != want) {
			fail(in, arena_printf(in->a, "proto: wrong wireType = %d for field %s", (int)pf.wire,
					      p->inlined ? p->inlined->name : t->fields[p->field].name));
		} else if (p->inlined) {
			message(in, p->inlined, pf.bytes, obj, depth + 1);
		} else {
			member(in, t->fields + p->field, &pf, obj, slot + p->field, depth);
		}
	}
}

int schema_decode_proto(const struct schema_type *t, struct arena *a, struct slice msg, yyjson_mut_doc **ret,
			const char **ret_msg) {
	struct in in = { .a = a, .doc = json_doc(a) };
	yyjson_mut_val *root = in.doc ? yyjson_mut_obj(in.doc) : NULL;
	if (!root) return -ENOMEM;
	yyjson_mut_doc_set_root(in.doc, root);
	message(&in, t, msg, root, 0);
	if (in.nomem) return -ENOMEM;
	if (in.msg) {
		if (ret_msg) *ret_msg = in.msg;
		return -EBADMSG;
	}
	int r = schema_decode_tree(t, a, in.doc, NULL, ret_msg);
	if (r < 0) return r;
	*ret = in.doc;
	return 0;
}

static int bad_envelope(struct arena *a, const char **ret_msg, const char *msg) {
	if (!msg) return -ENOMEM;
	if (ret_msg) *ret_msg = msg;
	return -EBADMSG;
}

static void type_meta(struct slice bytes, struct schema_envelope *e) {
	struct proto_field f;
	while (proto_next(&bytes, &f, NULL) > 0) {
		if (f.wire != PROTO_BYTES) continue;
		if (f.tag == 1) e->api_version = f.bytes;
		if (f.tag == 2) e->kind = f.bytes;
	}
}

int schema_envelope_parse(struct slice bytes, struct schema_envelope *ret, struct arena *a, const char **ret_msg) {
	static const char prefix[] = { 'k', '8', 's', 0 };
	struct schema_envelope e = { 0 };
	struct proto_field f;
	const char *msg = NULL;
	int r;
	if (!slice_starts(bytes, slice_make(prefix, sizeof(prefix))))
		return bad_envelope(a, ret_msg,
				    "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
	bytes = slice_from(bytes, sizeof(prefix));
	while ((r = proto_next(&bytes, &f, &msg)) > 0) {
		if (f.wire != PROTO_BYTES) continue;
		if (f.tag == 1) type_meta(f.bytes, &e);
		if (f.tag == 2) e.raw = f.bytes;
		if (f.tag == 3) e.content_encoding = f.bytes;
		if (f.tag == 4) e.content_type = f.bytes;
	}
	if (r < 0) return bad_envelope(a, ret_msg, msg);
	*ret = e;
	return 0;
}
