/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi/gnostic.h"
#include "schema/openapi.h"
#include "schema/protobuf.h"

#include <errno.h>

/* Messages inside of one another; what lies deeper is left out. A schema's member takes three. */
#define DEPTH_MAX 400u
#define BYTES_MAX (256u * 1024u * 1024u)

int gnostic_only(const yyjson_mut_val *v) { return v ? 0 : -1; }
int gnostic_reference(const yyjson_mut_val *v) { return json_get(v, "$ref") ? 1 : 0; }
int gnostic_boolean(const yyjson_mut_val *v) { return json_is_bool(v) ? 1 : 0; }

static void put_message(struct buf *b, const struct gnostic_message *m, const yyjson_mut_val *v, unsigned depth);

static double number(const yyjson_mut_val *v) { return yyjson_mut_get_num((yyjson_mut_val *)(uintptr_t)v); }
static uint64_t integer(const yyjson_mut_val *v) { return yyjson_mut_get_uint((yyjson_mut_val *)(uintptr_t)v); }
static bool boolean(const yyjson_mut_val *v) { return yyjson_mut_get_bool((yyjson_mut_val *)(uintptr_t)v); }

/* Any { yaml = 2 }: JSON is YAML. */
static void put_any(struct buf *b, uint32_t tag, const yyjson_mut_val *v) {
	size_t any = proto_begin(b, tag), text = proto_begin(b, 2);
	json_write(b, v);
	proto_end(b, text);
	proto_end(b, any);
}

static void put_nested(struct buf *b, uint32_t tag, const struct gnostic_message *m, const yyjson_mut_val *v, unsigned depth) {
	size_t begin = proto_begin(b, tag);
	put_message(b, m, v, depth + 1);
	proto_end(b, begin);
}

static void put_member(struct buf *b, const struct gnostic_member *m, const yyjson_mut_val *v, unsigned depth) {
	yyjson_mut_val *x;
	switch ((enum gnostic_kind)m->kind) {
	case GNOSTIC_STRING: proto_put_bytes(b, m->tag, json_str(v)); break;
	case GNOSTIC_BOOL: proto_put_uint(b, m->tag, boolean(v)); break;
	case GNOSTIC_INT: proto_put_uint(b, m->tag, integer(v)); break;
	case GNOSTIC_DOUBLE: proto_put_double(b, m->tag, number(v)); break;
	case GNOSTIC_ANY: put_any(b, m->tag, v); break;
	case GNOSTIC_MESSAGE: put_nested(b, m->tag, m->message, v, depth); break;
	case GNOSTIC_STRINGS:
		json_each(v, x) proto_put_bytes(b, m->tag, json_str(x));
		break;
	case GNOSTIC_ANYS:
		json_each(v, x) put_any(b, m->tag, x);
		break;
	case GNOSTIC_MESSAGES:
		json_each(v, x) put_nested(b, m->tag, m->message, x, depth);
		break;
	}
}

static const struct gnostic_member *member_of(const struct gnostic_message *m, struct slice name) {
	for (size_t i = 0; i < m->n; i++)
		if (slice_eqs(name, m->members[i].name)) return &m->members[i];
	return NULL;
}

/* { name = 1, value = 2 } */
static void put_named(struct buf *b, const struct gnostic_message *m, struct slice name, const yyjson_mut_val *v, unsigned depth) {
	bool extension = m->extensions && slice_starts(name, SLICE_LIT("x-"));
	if (!extension && !m->rest) return;
	size_t begin = proto_begin(b, extension ? m->extensions : m->rest);
	proto_put_bytes(b, 1, name);
	if (extension) put_any(b, 2, v);
	else put_nested(b, 2, m->rest_message, v, depth);
	proto_end(b, begin);
}

static void put_message(struct buf *b, const struct gnostic_message *m, const yyjson_mut_val *v, unsigned depth) {
	yyjson_mut_val *key, *value;
	size_t i, n;
	if (depth > DEPTH_MAX) return;
	if (m->choose) {
		int at = m->choose(v);
		if (at >= 0) put_member(b, &m->members[at], v, depth);
		return;
	}
	yyjson_mut_obj_foreach((yyjson_mut_val *)(uintptr_t)v, i, n, key, value) {
		struct slice name = json_str(key);
		const struct gnostic_member *member = member_of(m, name);
		if (member) put_member(b, member, value, depth);
		else put_named(b, m, name, value, depth);
	}
}

int schema_openapi_proto(enum openapi_version version, struct slice json, struct buf *out) {
	_cleanup_arena_ struct arena *a = arena_new(BYTES_MAX);
	yyjson_mut_doc *doc;
	struct json_error error;
	int e = a ? json_parse(a, json, &doc, &error) : -ENOMEM;
	if (e < 0) return e;
	const yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	if (!yyjson_mut_is_obj((yyjson_mut_val *)(uintptr_t)root)) return -EBADMSG;
	put_message(out, version == OPENAPI_V2 ? &gnostic_v2 : &gnostic_v3, root, 0);
	return buf_err(out);
}
