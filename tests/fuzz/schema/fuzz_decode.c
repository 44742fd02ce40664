/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any JSON as any kind: decoding, defaults, preparation, cells and both encodings must hold; what was encoded decodes again
 * to the same text.
 */
#include "schema/schema.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void encode(const struct schema_type *t, const yyjson_mut_val *v, struct buf *b) {
	if (schema_encode_json(t, v, b) < 0) abort();
}

static void again(struct arena *a, const struct schema_type *t, struct slice text) {
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 26);
	yyjson_mut_doc *doc;
	struct json_error err;
	if (json_parse(a, text, &doc, &err) < 0 || schema_decode_tree(t, a, doc, NULL, NULL) < 0) abort();
	encode(t, yyjson_mut_doc_get_root(doc), &b);
	if (!slice_eq(text, buf_slice(&b))) abort();
}

/* The first byte chooses the resource. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf json = BUF_INIT(1u << 26), proto = BUF_INIT(1u << 26), cells = BUF_INIT(1u << 26);
	struct schema_issues issues;
	struct json_error err;
	const char *msg;
	yyjson_mut_doc *doc, *old;
	if (!a || n < 1) return 0;
	const struct schema_resource *r = schema_builtin(p[0] % schema_builtin_count());
	if (json_parse(a, slice_make(p + 1, n - 1), &doc, &err) < 0 || json_parse(a, slice_make(p + 1, n - 1), &old, &err) < 0)
		return 0;
	if (schema_decode_tree(r->type, a, doc, &issues, &msg) < 0 || schema_decode_tree(r->type, a, old, NULL, &msg) < 0)
		return 0;
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	encode(r->type, root, &json);
	again(a, r->type, buf_slice(&json));
	(void)schema_encode_proto(r->type, root, &proto);
	(void)schema_default(r->type, doc, root);
	(void)schema_prepare_create(r, doc, root);
	(void)schema_prepare_update(r, NULL, doc, root, yyjson_mut_doc_get_root(old));
	for (size_t i = 0; i < r->n_subresources; i++)
		(void)schema_prepare_update(r, r->subresources + i, doc, root, yyjson_mut_doc_get_root(old));
	(void)schema_table_cells(r, root, 1700000000, &cells);
	return 0;
}
