/* SPDX-License-Identifier: Apache-2.0 */
#include "api/pb.h"

void pb_varint(struct buf *b, uint64_t v) {
	for (; v >= 0x80; v >>= 7) buf_putc(b, (char)(v | 0x80));
	buf_putc(b, (char)v);
}

void pb_uint(struct buf *b, unsigned field, uint64_t v) {
	pb_varint(b, field << 3);
	pb_varint(b, v);
}

void pb_bytes(struct buf *b, unsigned field, struct slice v) {
	pb_varint(b, field << 3 | 2);
	pb_varint(b, v.n);
	buf_put_slice(b, v);
}

void pb_envelope(struct buf *b, const char *api_version, const char *kind, struct slice raw) {
	struct buf meta = BUF_INIT(4096);
	pb_bytes(&meta, 1, slice_str(api_version));
	pb_bytes(&meta, 2, slice_str(kind));
	buf_put(b, "k8s", 4);
	pb_bytes(b, 1, buf_slice(&meta));
	pb_bytes(b, 2, raw);
	pb_bytes(b, 3, SLICE_NULL);
	pb_bytes(b, 4, SLICE_NULL);
	if (buf_err(&meta)) b->err = buf_err(&meta);
	buf_done(&meta);
}
