/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/patch/unstructured.h"

#include "codec/base64.h"
#include "schema/table.h"

#include <errno.h>
#include <math.h>

/* Kinds of the Go values that JSON becomes. */
enum from { FROM_STRING, FROM_BOOL, FROM_INT, FROM_FLOAT, FROM_MAP, FROM_SLICE };
static const char *const from_words[] = { "string", "bool", "int64", "float64", "map", "slice" };

struct search {
	struct arena *a;
	const char *msg;
	bool no_memory;
};

static int look(struct search *s, const struct schema_type *t, yyjson_mut_val *v, unsigned depth);

static enum from from_of(yyjson_mut_val *v) {
	switch (yyjson_mut_get_type(v)) {
	case YYJSON_TYPE_STR: return FROM_STRING;
	case YYJSON_TYPE_BOOL: return FROM_BOOL;
	case YYJSON_TYPE_NUM:
		return yyjson_mut_is_real(v) || (yyjson_mut_is_uint(v) && yyjson_mut_get_uint(v) > INT64_MAX) ? FROM_FLOAT : FROM_INT;
	case YYJSON_TYPE_OBJ: return FROM_MAP;
	default: return FROM_SLICE;
	}
}

static int tell(struct search *s, const char *text) {
	s->msg = text;
	s->no_memory = !text;
	return 1;
}

/* ---- scalars ---- */

enum verdict { FITS, CONVERTS_NOT, NO_CONVERSION }; /* the last: Go has no conversion between the two kinds at all */

static enum verdict of_number(enum from f, yyjson_mut_val *v) {
	if (f == FROM_INT) return FITS;
	if (f != FROM_FLOAT) return NO_CONVERSION;
	double d = yyjson_mut_get_num(v);
	return d == trunc(d) ? FITS : CONVERTS_NOT;
}

static enum verdict of_scalar(const struct schema_type *t, enum from f, yyjson_mut_val *v) {
	switch (t->kind) {
	/* Go turns an integer into the string of that code point, which JSON never means. */
	case SCHEMA_STRING: return f == FROM_STRING ? FITS : f == FROM_INT ? CONVERTS_NOT : NO_CONVERSION;
	case SCHEMA_BOOL: return f == FROM_BOOL ? FITS : NO_CONVERSION;
	case SCHEMA_DOUBLE: return f == FROM_INT || f == FROM_FLOAT ? FITS : NO_CONVERSION;
	default: return of_number(f, v);
	}
}

static const char *kind_word(const struct schema_type *t) {
	static const char *const words[] = {
		[SCHEMA_STRING] = "string", [SCHEMA_BOOL] = "bool", [SCHEMA_INT32] = "int32", [SCHEMA_INT64] = "int64", [SCHEMA_DOUBLE] = "float64",
	};
	return words[t->kind];
}

static int look_scalar(struct search *s, const struct schema_type *t, yyjson_mut_val *v) {
	enum from f = from_of(v);
	switch (of_scalar(t, f, v)) {
	case CONVERTS_NOT: return tell(s, arena_printf(s->a, "cannot convert %s to %s", from_words[f], t->go));
	case NO_CONVERSION: return tell(s, arena_printf(s->a, "unrecognized type: %s", kind_word(t)));
	default: return 0;
	}
}

static int look_bytes(struct search *s, yyjson_mut_val *v) {
	enum from f = from_of(v);
	if (f == FROM_SLICE) return 0;
	if (f != FROM_STRING) return tell(s, arena_printf(s->a, "cannot restore slice from %s", from_words[f]));
	struct slice text = slice_make(yyjson_mut_get_str(v), yyjson_mut_get_len(v));
	_cleanup_buf_ struct buf bytes = BUF_INIT(base64_decoded_max(text.n) + 1);
	size_t at = 0;
	int r = base64_decode(&bytes, BASE64_STD, text, &at);
	if (r == -EBADMSG) return tell(s, arena_printf(s->a, "error decoding from json: illegal base64 data at input byte %zu", at));
	return r < 0 ? tell(s, NULL) : 0;
}

/* ---- containers ---- */

static int look_list(struct search *s, const struct schema_type *t, yyjson_mut_val *v, unsigned depth) {
	enum from f = from_of(v);
	yyjson_mut_val *one;
	if (f != FROM_SLICE) return tell(s, arena_printf(s->a, "cannot restore slice from %s", from_words[f]));
	json_each(v, one)
		if (look(s, t->item, one, depth + 1)) return 1;
	return 0;
}

static int look_map(struct search *s, const struct schema_type *t, yyjson_mut_val *v, unsigned depth) {
	enum from f = from_of(v);
	yyjson_mut_val *key, *one;
	size_t i, n;
	if (f != FROM_MAP) return tell(s, arena_printf(s->a, "cannot restore map from %s", from_words[f]));
	yyjson_mut_obj_foreach(v, i, n, key, one)
		if (look(s, t->item, one, depth + 1)) return 1;
	return 0;
}

static int look_object(struct search *s, const struct schema_type *t, yyjson_mut_val *v, unsigned depth) {
	enum from f = from_of(v);
	if (f != FROM_MAP) return tell(s, arena_printf(s->a, "cannot restore struct from: %s", from_words[f]));
	for (size_t i = 0; i < t->n_fields; i++) {
		const struct schema_field *x = t->fields + i;
		if (look(s, x->type, json_getn(v, slice_make(x->name, x->name_len)), depth + 1)) return 1;
	}
	return 0;
}

/* 1: told. */
static int look(struct search *s, const struct schema_type *t, yyjson_mut_val *v, unsigned depth) {
	if (!v || yyjson_mut_is_null(v) || depth > SCHEMA_DEPTH_MAX) return 0;
	switch (t->kind) {
	case SCHEMA_OBJECT: return look_object(s, t, v, depth);
	case SCHEMA_LIST: return look_list(s, t, v, depth);
	case SCHEMA_MAP: return look_map(s, t, v, depth);
	case SCHEMA_BYTES: return look_bytes(s, v);
	case SCHEMA_SPECIAL: return 0;
	default: return look_scalar(s, t, v);
	}
}

int unstructured_mismatch(const struct schema_type *t, struct arena *a, yyjson_mut_val *v, const char **ret_msg) {
	struct search s = { .a = a };
	int found = look(&s, t, v, 0);
	if (s.no_memory) return -ENOMEM;
	if (found) *ret_msg = s.msg;
	return found;
}
