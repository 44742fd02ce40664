/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON as an OpenAPI document (schemas of custom kinds come from users) to protobuf: what is written is a well-formed message. */
#include "schema/openapi.h"
#include "schema/protobuf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 26);
	struct proto_field f;
	const char *msg;
	int e = 0;
	if (n < 1 || schema_openapi_proto(p[0] & 1 ? OPENAPI_V3 : OPENAPI_V2, slice_make(p + 1, n - 1), &b) < 0) return 0;
	struct slice rest = buf_slice(&b);
	while ((e = proto_next(&rest, &f, &msg)) == 1) continue;
	if (e < 0) abort();
	return 0;
}
