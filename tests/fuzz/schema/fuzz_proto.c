/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as protobuf of any kind; what decodes must encode, and decode again to the same. */
#include "schema/schema.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf json = BUF_INIT(1u << 26), once = BUF_INIT(1u << 26), twice = BUF_INIT(1u << 26);
	struct schema_envelope e;
	const char *msg;
	yyjson_mut_doc *doc;
	if (!a || n < 1) return 0;
	const struct schema_resource *r = schema_builtin(p[0] % schema_builtin_count());
	struct slice bytes = slice_make(p + 1, n - 1);
	if (schema_envelope_parse(bytes, &e, a, &msg) == 0) {
		struct slice version = e.api_version,
			     group = slice_chr(version, '/') >= 0 ? slice_cut(&version, '/') : SLICE_NULL;
		const struct schema_resource *named = schema_find_kind(group, version, e.kind);
		if (named) r = named;
		bytes = e.raw;
	}
	if (schema_decode_proto(r->type, a, bytes, &doc, &msg) < 0) return 0;
	(void)schema_encode_json(r->type, yyjson_mut_doc_get_root(doc), &json);
	if (schema_encode_proto(r->type, yyjson_mut_doc_get_root(doc), &once) < 0) return 0;
	if (schema_decode_proto(r->type, a, buf_slice(&once), &doc, &msg) < 0) abort();
	if (schema_encode_proto(r->type, yyjson_mut_doc_get_root(doc), &twice) < 0 ||
	    !slice_eq(buf_slice(&once), buf_slice(&twice)))
		abort();
	return 0;
}
