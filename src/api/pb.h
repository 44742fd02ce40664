/* SPDX-License-Identifier: Apache-2.0 */
/* The few protobuf pieces that are put together from encoded parts: lists, watch frames, the k8s envelope. Appends to a
 * buffer, whose error sticks. Pure. */
#pragma once

#include "base/buf.h"

void pb_varint(struct buf *b, uint64_t v);
/* Tag and varint. */
void pb_uint(struct buf *b, unsigned field, uint64_t v);
/* Tag, length, bytes. */
void pb_bytes(struct buf *b, unsigned field, struct slice v);
/* `k8s\0` + runtime.Unknown around a message. */
void pb_envelope(struct buf *b, const char *api_version, const char *kind, struct slice raw);
