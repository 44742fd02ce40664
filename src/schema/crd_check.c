/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/crd_check.h"
#include "schema/crd_pattern.h"

#include "codec/utf8.h"

#include <math.h>

#define TEXT_MAX (256u * 1024u)

const char *crd_json(struct crd_check *c, const yyjson_mut_val *v) {
	_cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);
	const char *s = json_write(&b, v) < 0 ? "" : arena_strndup(c->a, b.p, b.n);
	if (!s) c->nomem = true;
	return s ? s : "";
}

static const char *path_text(struct crd_check *c) {
	const char *s = buf_err(&c->path) ? NULL : arena_strndup(c->a, c->path.p ? c->path.p : "", c->path.n);
	if (!s) c->nomem = true;
	return s ? s : "";
}

const char *crd_field(struct crd_check *c) {
	const char *s = arena_printf(c->a, "%s%.*s", c->prefix, SLICE_FMT(buf_slice(&c->path)));
	if (!s) c->nomem = true;
	return s ? s : "";
}

void crd_complain(struct crd_check *c, const char *type, const char *field, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	const char *body = arena_vprintf(c->a, fmt, ap);
	va_end(ap);
	if (!field) field = crd_field(c);
	if (!body || schema_errors_add(c->a, c->errs, type, field, body) < 0) c->nomem = true;
}

void crd_invalid(struct crd_check *c, const yyjson_mut_val *v, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	const char *text = arena_vprintf(c->a, fmt, ap);
	va_end(ap);
	if (!text) c->nomem = true;
	else crd_complain(c, "FieldValueInvalid", NULL, "Invalid value: %s: %s in body %s", crd_json(c, v), path_text(c), text);
}

const char *crd_type_word(const yyjson_mut_val *cv) {
	yyjson_mut_val *v = (yyjson_mut_val *)cv;
	if (yyjson_mut_is_str(v)) return "string";
	if (yyjson_mut_is_bool(v)) return "boolean";
	if (yyjson_mut_is_arr(v)) return "array";
	if (yyjson_mut_is_obj(v)) return "object";
	if (!yyjson_mut_is_num(v)) return "null";
	return yyjson_mut_is_int(v) || trunc(yyjson_mut_get_num(v)) == yyjson_mut_get_num(v) ? "integer" : "number";
}

static void wrong_type(struct crd_check *c, const char *want, const char *got) {
	crd_complain(c, "FieldValueTypeInvalid", NULL, "Invalid value: \"%s\": %s in body must be of type %s: \"%s\"", got,
		     path_text(c), want, got);
}

static bool is_true(const yyjson_mut_val *schema, const char *name) { return yyjson_mut_is_true(json_get(schema, name)); }

bool crd_check_type(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *v) {
	struct slice want = json_path_str(schema, "type");
	const char *got = crd_type_word(v);
	if (is_true(schema, "x-kubernetes-int-or-string")) {
		if (!strcmp(got, "integer") || !strcmp(got, "string")) return true;
		wrong_type(c, "integer,string", got);
		return false;
	}
	if (!want.n) return true;
	if (!strcmp(got, "null") && is_true(schema, "nullable")) return false;
	if (slice_eqs(want, got) || (slice_eqs(want, "number") && !strcmp(got, "integer"))) return true;
	wrong_type(c, arena_slice_str(c->a, want), got);
	return false;
}

static void check_enum(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *v) {
	_cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);
	yyjson_mut_val *list = json_get(schema, "enum"), *x;
	size_t i, n;
	if (!yyjson_mut_is_arr(list)) return;
	yyjson_mut_arr_foreach(list, i, n, x) {
		if (json_equal(x, v)) return;
		if (i) buf_puts(&b, ", ");
		if (yyjson_mut_is_str(x)) json_write(&b, x);
		else buf_printf(&b, "\"%s\"", crd_json(c, x));
	}
	crd_complain(c, "FieldValueNotSupported", NULL, "Unsupported value: %s: supported values: %.*s", crd_json(c, v),
		     SLICE_FMT(buf_slice(&b)));
}

static size_t count_chars(struct slice s) {
	size_t n = 0;
	for (size_t i = 0, len; i < s.n; i += len ? len : 1, n++) len = utf8_len(s.p + i, s.n - i);
	return n;
}

/* The first fault of a string is the only one told. */
static void check_string(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *v) {
	struct slice text = json_str(v), pattern = json_path_str(schema, "pattern"), format = json_path_str(schema, "format");
	int64_t max = json_path_int(schema, "maxLength", INT64_MAX), min = json_path_int(schema, "minLength", 0),
		n = (int64_t)count_chars(text);
	if (n > max) {
		crd_complain(c, "FieldValueTooLong", NULL, "Too long: may not be more than %lld bytes", (long long)max);
	} else if (n < min) {
		crd_invalid(c, v, "should be at least %lld chars long", (long long)min);
	} else if (pattern.n && crd_pattern_match(c->a, pattern, text) == 0) {
		crd_invalid(c, v, "should match '%.*s'", SLICE_FMT(pattern));
	} else if (format.n && !crd_format_ok(format, text)) {
		crd_complain(c, "FieldValueTypeInvalid", NULL, "Invalid value: %s: %s in body must be of type %.*s: %s",
			     crd_json(c, v), path_text(c), SLICE_FMT(format), crd_json(c, v));
	}
}

static void check_number(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *v) {
	yyjson_mut_val *max = json_get(schema, "maximum"), *min = json_get(schema, "minimum"),
		       *of = json_get(schema, "multipleOf");
	double x = yyjson_mut_get_num((yyjson_mut_val *)v), step = of ? yyjson_mut_get_num(of) : 0;
	bool above = is_true(schema, "exclusiveMinimum"), below = is_true(schema, "exclusiveMaximum");
	if (step > 0 && fabs(x / step - round(x / step)) > 1e-9) crd_invalid(c, v, "should be a multiple of %s", crd_json(c, of));
	if (max && (below ? x >= yyjson_mut_get_num(max) : x > yyjson_mut_get_num(max)))
		crd_invalid(c, v, "should be less than %s%s", below ? "" : "or equal to ", crd_json(c, max));
	if (min && (above ? x <= yyjson_mut_get_num(min) : x < yyjson_mut_get_num(min)))
		crd_invalid(c, v, "should be greater than %s%s", above ? "" : "or equal to ", crd_json(c, min));
}

/* Numbers of elements or members. */
static void check_count(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *v, const char *least,
			const char *most, const char *what) {
	int64_t n = (int64_t)yyjson_mut_get_len((yyjson_mut_val *)v), min = json_path_int(schema, least, 0),
		max = json_path_int(schema, most, INT64_MAX);
	if (n < min)
		crd_complain(c, "FieldValueInvalid", NULL, "Invalid value: %lld: %s in body should have at least %lld %s",
			     (long long)n, path_text(c), (long long)min, what);
	if (n > max)
		crd_complain(c, "FieldValueTooMany", NULL, "Too many: %lld: must have at most %lld items", (long long)n,
			     (long long)max);
}

void crd_check_value(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *cv) {
	yyjson_mut_val *v = (yyjson_mut_val *)cv;
	check_enum(c, schema, v);
	if (yyjson_mut_is_str(v)) check_string(c, schema, v);
	if (yyjson_mut_is_num(v)) check_number(c, schema, v);
	if (yyjson_mut_is_arr(v)) check_count(c, schema, v, "minItems", "maxItems", "items");
	if (yyjson_mut_is_obj(v)) check_count(c, schema, v, "minProperties", "maxProperties", "properties");
}
