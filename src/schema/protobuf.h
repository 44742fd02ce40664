/* SPDX-License-Identifier: Apache-2.0 */
/* The protobuf wire format (protobuf.dev/programming-guides/encoding), no more of it than Kubernetes uses. */
#pragma once

#include "base/buf.h"

enum proto_wire { PROTO_VARINT = 0, PROTO_FIXED64 = 1, PROTO_BYTES = 2, PROTO_GROUP = 3, PROTO_GROUP_END = 4, PROTO_FIXED32 = 5 };

/* Nesting of groups that skipping an unknown field follows. */
#define PROTO_GROUPS_MAX 64

struct proto_field {
	uint32_t tag;
	enum proto_wire wire;
	uint64_t varint; /* also the bits of fixed ones */
	struct slice bytes;
};

/* Reads one field off the front of *in. 1; 0 at the end; -EBADMSG with *ret_msg (gogo's words). Groups are skipped. */
int proto_next(struct slice *in, struct proto_field *ret, const char **ret_msg);

void proto_put_varint(struct buf *b, uint64_t v);
void proto_put_tag(struct buf *b, uint32_t tag, enum proto_wire wire);
void proto_put_bytes(struct buf *b, uint32_t tag, struct slice bytes);
void proto_put_uint(struct buf *b, uint32_t tag, uint64_t v);
void proto_put_double(struct buf *b, uint32_t tag, double v);
/* A nested message: what is appended between the two calls becomes its body. */
size_t proto_begin(struct buf *b, uint32_t tag);
void proto_end(struct buf *b, size_t begin);
