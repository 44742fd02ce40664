/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON as FieldsV1; what decodes must encode, and decode again to the same. */
#include "schema/patch/fieldset.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int encode(struct fieldsets *f, const struct fieldset *s, struct buf *b) {
	yyjson_mut_doc *doc = json_doc(f->a);
	yyjson_mut_val *v = doc ? fieldset_encode(f, doc, s) : NULL;
	return v ? json_write(b, v) : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf once = BUF_INIT(1u << 26), twice = BUF_INIT(1u << 26);
	struct fieldsets f = { .a = a };
	const struct fieldset *s, *again;
	struct json_error e;
	yyjson_mut_doc *doc;
	if (!a || json_parse(a, slice_make(p, n), &doc, &e) < 0) return 0;
	if (fieldset_decode(&f, yyjson_mut_doc_get_root(doc), &s) < 0 || encode(&f, s, &once) < 0) return 0;
	if (json_parse(a, buf_slice(&once), &doc, &e) < 0) abort();
	if (fieldset_decode(&f, yyjson_mut_doc_get_root(doc), &again) < 0 || encode(&f, again, &twice) < 0) abort();
	if (!slice_eq(buf_slice(&once), buf_slice(&twice)) || fieldset_difference(&f, s, again)) abort();
	return 0;
}
