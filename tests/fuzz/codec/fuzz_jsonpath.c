/* SPDX-License-Identifier: Apache-2.0 */
/* A template, run on an object with a bit of everything. */
#include "codec/jsonpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const char object[] =
		"{\"a\":{\"b\":[1,2.5,\"x\",null,true,{\"c\":[[],{}]}]},\"list\":[{\"n\":\"p\",\"v\":1},{\"n\":\"q\"}]}";
	_cleanup_arena_ struct arena *a = arena_new((size_t)64 << 20);
	_cleanup_buf_ struct buf out = BUF_INIT(1u << 20);
	struct slice text = slice_make(data, size);
	struct jsonpath *p;
	yyjson_mut_doc *doc;
	const yyjson_mut_val **v;
	size_t n;
	const char *msg;
	if (json_parse(a, slice_str(object), &doc, NULL) < 0) abort();
	(void)jsonpath_parse_relaxed(a, text, &p, &msg);
	if (jsonpath_parse(a, text, &p, &msg) < 0) return 0;
	(void)jsonpath_print(p, a, doc->root, JSONPATH_ALLOW_MISSING, &out, &msg);
	(void)jsonpath_find(p, a, doc->root, 0, &v, &n, &msg);
	return 0;
}
