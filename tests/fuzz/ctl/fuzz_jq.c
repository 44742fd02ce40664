/* SPDX-License-Identifier: Apache-2.0 */
/* An expression up to the first newline, JSON behind it. */
#include "ctl/jq.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct slice rest = slice_make((const char *)data, size), expression = slice_cut(&rest, '\n');
	struct arena *a = arena_new((size_t)64 * 1024 * 1024);
	struct jq *q;
	yyjson_mut_doc *doc;
	yyjson_mut_val **v;
	const char *msg;
	size_t n;
	if (a && rest.p && jq_parse(a, expression, &q, &msg) == 0 && json_parse(a, rest, &doc, NULL) == 0) (void)jq_eval(q, a, doc->root, &v, &n, &msg);
	arena_free(a);
	return 0;
}
