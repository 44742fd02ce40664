/* SPDX-License-Identifier: Apache-2.0 */
/* Types whose JSON is not their Go struct: each has Go's UnmarshalJSON behaviour, error texts included. */
#include "schema/decode_ctx.h"

#include "codec/quantity.h"
#include "codec/timestamp.h"

#include <errno.h>

static struct slice str_of(yyjson_mut_val *v) { return slice_make(yyjson_mut_get_str(v), yyjson_mut_get_len(v)); }

static void set_text(struct decode *d, yyjson_mut_val *v, const char *text) {
	char *copy = arena_strdup(d->a, text);
	if (!copy) d->nomem = true;
	else yyjson_mut_set_str(v, copy);
}

static void special_quantity(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	struct quantity q;
	const char *msg = NULL;
	struct slice text = slice_str("{}"); /* neither an object nor an array nor a boolean parses */
	if (yyjson_mut_is_str(v)) text = str_of(v);
	else if (yyjson_mut_is_num(v)) text = slice_str(decode_number_text(d, v));
	if (d->nomem) return;
	if (quantity_parse(slice_trim(text), &q, &msg) < 0) {
		decode_hard(d, msg);
		return;
	}
	char out[QUANTITY_TEXT];
	quantity_format(q, out);
	if (!yyjson_mut_is_str(v) || !slice_eqs(text, out)) set_text(d, v, out);
}

static void special_time(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	if (!yyjson_mut_is_str(v)) {
		decode_mismatch(d, true, decode_word(v), "string", at);
		return;
	}
	bool micro = t->special == SPECIAL_MICRO_TIME;
	struct timestamp ts;
	const char *msg = NULL;
	char out[TIMESTAMP_TEXT];
	int r = micro ? timestamp_parse_micro(d->a, str_of(v), &ts, &msg) : timestamp_parse(d->a, str_of(v), &ts, &msg);
	if (r < 0) {
		decode_hard(d, r == -EBADMSG ? msg : NULL);
		return;
	}
	if (micro) timestamp_format_micro(ts, out);
	else timestamp_format(ts.sec, out);
	if (!slice_eqs(str_of(v), out)) set_text(d, v, out);
}

static void special_int_or_string(struct decode *d, const struct schema_type *t, yyjson_mut_val *v,
				  const struct decode_frame *at) {
	if (yyjson_mut_is_str(v)) return;
	if (!yyjson_mut_is_num(v)) {
		decode_mismatch(d, true, decode_word(v), "int32", at);
		return;
	}
	int64_t n = yyjson_mut_is_uint(v) && yyjson_mut_get_uint(v) > INT32_MAX ? INT64_MAX : yyjson_mut_get_sint(v);
	if (!yyjson_mut_is_real(v) && n >= INT32_MIN && n <= INT32_MAX) return;
	const char *number = decode_number_text(d, v);
	const char *what = number ? arena_printf(d->a, "number %s", number) : NULL;
	if (what) decode_mismatch(d, true, what, "int32", at);
	else d->nomem = true;
}

/* A value that a decoder of its own reads: what it finds unknown is nobody's business, and its errors name only what is below. */
static void nested(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	struct decode inner = { .a = d->a, .doc = d->doc };
	struct decode_frame root = { .depth = at->depth + 1 };
	decode_value(&inner, t, v, &root);
	if (inner.nomem) d->nomem = true;
	else if (inner.hard || inner.soft) decode_hard(d, inner.hard ? inner.hard : inner.soft);
}

static void nested_items(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	yyjson_mut_val *e;
	size_t i, n;
	yyjson_mut_arr_foreach(v, i, n, e) {
		if (yyjson_mut_is_null(e)) yyjson_mut_set_obj(e);
		else nested(d, t, e, at);
	}
}

static void special_schema_or_bool(struct decode *d, const struct schema_type *t, yyjson_mut_val *v,
				   const struct decode_frame *at) {
	if (yyjson_mut_is_bool(v)) return;
	if (yyjson_mut_is_obj(v)) nested(d, t->item, v, at);
	else decode_hard(d, "boolean or JSON schema expected");
}

static void special_schema_or_array(struct decode *d, const struct schema_type *t, yyjson_mut_val *v,
				    const struct decode_frame *at) {
	if (yyjson_mut_is_obj(v)) nested(d, t->item, v, at);
	else if (yyjson_mut_is_arr(v)) nested_items(d, t->item, v, at);
	else yyjson_mut_set_null(v);
}

static void special_schema_or_strings(struct decode *d, const struct schema_type *t, yyjson_mut_val *v,
				      const struct decode_frame *at) {
	if (yyjson_mut_is_obj(v)) {
		nested(d, t->item, v, at);
	} else if (yyjson_mut_is_arr(v)) {
		yyjson_mut_val *e;
		size_t i, n;
		yyjson_mut_arr_foreach(v, i, n, e) {
			if (yyjson_mut_is_null(e)) yyjson_mut_set_strn(e, "", 0);
			else if (!yyjson_mut_is_str(e))
				decode_mismatch(d, true, decode_word(e), "string", &(struct decode_frame){ 0 });
		}
	} else {
		yyjson_mut_set_null(v);
	}
}

static void special_any(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {}

typedef void special_fn(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at);

static special_fn *const specials[] = {
	[SPECIAL_ANY] = special_any,
	[SPECIAL_QUANTITY] = special_quantity,
	[SPECIAL_TIME] = special_time,
	[SPECIAL_MICRO_TIME] = special_time,
	[SPECIAL_INT_OR_STRING] = special_int_or_string,
	[SPECIAL_SCHEMA_OR_ARRAY] = special_schema_or_array,
	[SPECIAL_SCHEMA_OR_BOOL] = special_schema_or_bool,
	[SPECIAL_SCHEMA_OR_STRING_ARRAY] = special_schema_or_strings,
};

void decode_special(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	specials[t->special](d, t, v, at);
}
