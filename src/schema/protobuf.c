/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/protobuf.h"

#include <errno.h>

#define VARINT_MAX 10

static int fail(const char **ret_msg, const char *msg) {
	if (ret_msg) *ret_msg = msg;
	return -EBADMSG;
}

static int get_varint(struct slice *in, uint64_t *ret, const char **ret_msg) {
	uint64_t v = 0;
	for (unsigned i = 0; i < VARINT_MAX; i++) {
		if (i >= in->n) return fail(ret_msg, "unexpected EOF");
		uint8_t c = (uint8_t)in->p[i];
		v |= (uint64_t)(c & 0x7f) << (7 * i);
		if (c < 0x80) {
			*in = slice_from(*in, i + 1);
			*ret = v;
			return 0;
		}
	}
	return fail(ret_msg, "proto: integer overflow");
}

static int get_fixed(struct slice *in, size_t n, uint64_t *ret, const char **ret_msg) {
	if (in->n < n) return fail(ret_msg, "unexpected EOF");
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++) v |= (uint64_t)(uint8_t)in->p[i] << (8 * i);
	*in = slice_from(*in, n);
	*ret = v;
	return 0;
}

/* Everything of a field but the contents of a group. */
static int get_field(struct slice *in, struct proto_field *f, const char **ret_msg) {
	uint64_t key;
	int r = get_varint(in, &key, ret_msg);
	if (r < 0) return r;
	*f = (struct proto_field){ .tag = (uint32_t)(key >> 3), .wire = key & 7 };
	if (key >> 3 == 0 || key >> 3 > UINT32_MAX >> 3) return fail(ret_msg, "proto: illegal tag 0 (wire type 0)");
	switch (f->wire) {
	case PROTO_VARINT: return get_varint(in, &f->varint, ret_msg);
	case PROTO_FIXED64: return get_fixed(in, 8, &f->varint, ret_msg);
	case PROTO_FIXED32: return get_fixed(in, 4, &f->varint, ret_msg);
	case PROTO_BYTES:
		r = get_varint(in, &f->varint, ret_msg);
		if (r < 0) return r;
		if (f->varint > INT64_MAX) return fail(ret_msg, "proto: negative length found during unmarshaling");
		if (f->varint > in->n) return fail(ret_msg, "unexpected EOF");
		f->bytes = slice_make(in->p, f->varint);
		*in = slice_from(*in, f->varint);
		return 0;
	case PROTO_GROUP:
	case PROTO_GROUP_END: return 0;
	default: return fail(ret_msg, "proto: illegal wireType");
	}
}

int proto_next(struct slice *in, struct proto_field *ret, const char **ret_msg) {
	unsigned groups = 0;
	while (in->n) {
		int r = get_field(in, ret, ret_msg);
		if (r < 0) return r;
		if (ret->wire == PROTO_GROUP && ++groups > PROTO_GROUPS_MAX)
			return fail(ret_msg, "proto: groups nested too deep");
		if (ret->wire == PROTO_GROUP_END && groups-- == 0) return fail(ret_msg, "proto: unexpected end of group");
		if (!groups && ret->wire != PROTO_GROUP_END) return 1;
	}
	return groups ? fail(ret_msg, "unexpected EOF") : 0;
}

static size_t encode_varint(uint8_t out[VARINT_MAX], uint64_t v) {
	size_t n = 0;
	for (; v >= 0x80; v >>= 7) out[n++] = (uint8_t)(v | 0x80);
	out[n++] = (uint8_t)v;
	return n;
}

void proto_put_varint(struct buf *b, uint64_t v) {
	uint8_t out[VARINT_MAX];
	buf_put(b, out, encode_varint(out, v));
}

void proto_put_tag(struct buf *b, uint32_t tag, enum proto_wire wire) { proto_put_varint(b, (uint64_t)tag << 3 | wire); }

void proto_put_bytes(struct buf *b, uint32_t tag, struct slice bytes) {
	proto_put_tag(b, tag, PROTO_BYTES);
	proto_put_varint(b, bytes.n);
	buf_put_slice(b, bytes);
}

void proto_put_uint(struct buf *b, uint32_t tag, uint64_t v) {
	proto_put_tag(b, tag, PROTO_VARINT);
	proto_put_varint(b, v);
}

void proto_put_double(struct buf *b, uint32_t tag, double v) {
	uint64_t bits;
	uint8_t out[8];
	memcpy(&bits, &v, sizeof(bits));
	for (int i = 0; i < 8; i++) out[i] = (uint8_t)(bits >> (8 * i));
	proto_put_tag(b, tag, PROTO_FIXED64);
	buf_put(b, out, sizeof(out));
}

size_t proto_begin(struct buf *b, uint32_t tag) {
	proto_put_tag(b, tag, PROTO_BYTES);
	return b->n;
}

/* The length is known only now: the body moves up to make room for it. */
void proto_end(struct buf *b, size_t begin) {
	if (buf_err(b)) return;
	uint8_t len[VARINT_MAX];
	size_t body = b->n - begin, n = encode_varint(len, body);
	if (buf_put(b, len, n) < 0) return;
	memmove(b->p + begin + n, b->p + begin, body);
	memcpy(b->p + begin, len, n);
}
