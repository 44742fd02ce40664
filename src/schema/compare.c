/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/compare.h"
#include "schema/fieldpath.h"

#include "base/limits.h"

#define COMPARE_TEXT_MAX (8u * REQUEST_BODY_MAX)

static const struct schema_type *type_at(const struct schema_type *t, const struct fieldpath *f) {
	for (size_t i = 0; t && i < f->n; i++) {
		const struct schema_field *field = t->kind == SCHEMA_OBJECT ? schema_field_find(t, f->v[i].name, NULL) : NULL;
		t = field ? field->type : NULL;
	}
	return t;
}

/* A struct member nobody set encodes like one that is empty; anything else absent is an empty text. */
static int encode(const struct schema_type *t, const yyjson_mut_val *v, struct buf *b) {
	bool nothing = !v || (t->kind != SCHEMA_OBJECT && fieldpath_is_empty(v));
	if (nothing && t->kind != SCHEMA_OBJECT) return 0;
	return schema_encode_json(t, v, b);
}

int compare_values(const struct schema_type *t, const yyjson_mut_val *a, const yyjson_mut_val *b) {
	_cleanup_buf_ struct buf x = BUF_INIT(COMPARE_TEXT_MAX), y = BUF_INIT(COMPARE_TEXT_MAX);
	if (!t) return a && b ? !json_equal(a, b) : a != b;
	int r = encode(t, a, &x);
	if (r == 0) r = encode(t, b, &y);
	return r < 0 ? r : !slice_eq(buf_slice(&x), buf_slice(&y));
}

int compare_at(const struct schema_type *t, const yyjson_mut_val *a, const yyjson_mut_val *b, const char *path) {
	struct fieldpath f = fieldpath_parse(slice_str(path), NULL);
	return compare_values(type_at(t, &f), fieldpath_get(a, path), fieldpath_get(b, path));
}
