/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of complaints. Source: apimachinery's field.Error (ErrorBody) as of v1.34. */
#include "schema/validate/scope.h"
#include "base/limits.h"

#include <errno.h>

/* Order of KINDS in tools/schemac_rules/source.py. */
static const struct {
	const char *reason, *text;
	bool shows_value;
} kinds[] = {
	{ "FieldValueNotFound", "Not found", true },
	{ "FieldValueRequired", "Required value", false },
	{ "FieldValueDuplicate", "Duplicate value", true },
	{ "FieldValueInvalid", "Invalid value", true },
	{ "FieldValueNotSupported", "Unsupported value", true },
	{ "FieldValueForbidden", "Forbidden", false },
	{ "FieldValueTooLong", "Too long", false },
	{ "FieldValueTooMany", "Too many", true },
	{ "InternalError", "Internal error", false },
	{ "FieldValueTypeInvalid", "Invalid value", true },
};

static const struct { char c; const char *text; } escapes[] = {
	{ '\a', "\\a" }, { '\b', "\\b" }, { '\f', "\\f" }, { '\n', "\\n" }, { '\r', "\\r" }, { '\t', "\\t" }, { '\v', "\\v" },
	{ '"', "\\\"" }, { '\\', "\\\\" },
};

static const char *escape_of(char c) {
	for (size_t i = 0; i < ELEMENTSOF(escapes); i++)
		if (escapes[i].c == c) return escapes[i].text;
	return NULL;
}

/* Go's %q. Text is UTF-8 already; what is not printable in ASCII and U+0080 to U+009F are escaped. */
static void quote(struct slice s, struct buf *b) {
	buf_putc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		const char *e = escape_of((char)c);
		if (e) {
			buf_puts(b, e);
		} else if (c < 0x20 || c == 0x7f) {
			buf_printf(b, "\\x%02x", c);
		} else if (c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0) {
			buf_printf(b, "\\u%04x", (unsigned char)s.p[++i]);
		} else {
			buf_putc(b, (char)c);
		}
	}
	buf_putc(b, '"');
}

static void put_nil(unsigned hint, struct slice shape, struct buf *b) {
	if (hint & (RULE_HINT_PTR | RULE_HINT_LIST)) buf_puts(b, "null");
	else if (hint & RULE_HINT_INT) buf_putc(b, '0');
	else if (hint & RULE_HINT_BOOL) buf_puts(b, "false");
	else if (shape.n) rule_shape(shape, &RV_NONE, b);
	else buf_puts(b, "\"\"");
}

static void put_struct(const struct rule_value *v, struct buf *b) {
	buf_putc(b, '{');
	for (uint32_t i = 0; i + 1 < v->n; i += 2) {
		if (i) buf_putc(b, ',');
		json_write_string(b, rv_slice(&v->list[i]));
		buf_putc(b, ':');
		if (v->list[i + 1].kind == RV_STR) json_write_string(b, rv_slice(&v->list[i + 1]));
		else if (v->list[i + 1].kind == RV_NIL) buf_puts(b, "null");
		else rv_text(&v->list[i + 1], b);
	}
	buf_putc(b, '}');
}

static void put_list(const struct rule_value *v, struct slice shape, struct buf *b) {
	struct rv_cursor c = { 0 };
	struct rule_value k, item;
	buf_putc(b, '[');
	while (rv_next(v, &c, &k, &item)) {
		if (c.i > 1) buf_putc(b, ',');
		if (item.kind == RV_STRUCT) put_struct(&item, b);
		else if (item.kind == RV_STR) json_write_string(b, rv_slice(&item));
		else if (shape.n) rule_shape(shape, &item, b);
		else rv_text(&item, b);
	}
	buf_putc(b, ']');
}

static void put_value(const struct rule_value *v, unsigned hint, struct slice shape, struct buf *b) {
	switch (v->kind) {
	case RV_NIL:
		put_nil(hint, shape, b);
		break;
	case RV_STR:
		quote(rv_slice(v), b);
		break;
	case RV_LIST:
	case RV_SET:
		put_list(v, shape, b);
		break;
	case RV_STRUCT:
		put_struct(v, b);
		break;
	case RV_NODE:
		if (yyjson_mut_is_arr((yyjson_mut_val *)v->node)) put_list(v, shape, b);
		else if (shape.n && !(hint & RULE_HINT_LIST)) rule_shape(shape, v, b);
		else json_write(b, v->node);
		break;
	default:
		rv_text(v, b);
	}
}

const char *rule_message(struct rule_scope *s, unsigned kind, const struct rule_value *value, unsigned hint,
	struct slice shape, struct slice detail) {
	_cleanup_buf_ struct buf b = BUF_INIT(2 * REQUEST_BODY_MAX);
	buf_puts(&b, kinds[kind].text);
	if (kinds[kind].shows_value) {
		buf_puts(&b, ": ");
		put_value(value, hint, shape, &b);
	}
	if (detail.n) {
		buf_puts(&b, ": ");
		buf_put_slice(&b, detail);
	}
	return b.err ? NULL : arena_strndup(s->arena, b.p, b.n);
}

void rule_complain(struct rule_scope *s, unsigned kind, const char *field, const char *body) {
	if (s->errors->n < RULE_ERRORS_MAX && schema_errors_add(s->arena, s->errors, kinds[kind].reason, field, body))
		s->err = -ENOMEM;
}

void rule_warn(struct rule_scope *s, struct slice field, struct slice text) {
	struct schema_warnings *w = s->warnings;
	if (!w || w->n >= RULE_ERRORS_MAX) return;
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 4;
		const char **v = arena_array(s->arena, cap, sizeof(*v));
		if (v && w->n) memcpy(v, w->v, w->n * sizeof(*v));
		if (v) w->v = v;
		w->cap = v ? cap : w->cap;
	}
	const char *line = w->n < w->cap ? arena_printf(s->arena, "%.*s%s%.*s", SLICE_FMT(field), field.n ? ": " : "",
		SLICE_FMT(text)) : NULL;
	if (line) w->v[w->n++] = line;
	else s->err = -ENOMEM;
}

int schema_errors_add(struct arena *a, struct schema_errors *e, const char *type, const char *field, const char *body) {
	if (e->n == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 8;
		struct schema_error *v = arena_array(a, cap, sizeof(*v));
		if (!v) return -ENOMEM;
		if (e->n) memcpy(v, e->v, e->n * sizeof(*v));
		e->v = v;
		e->cap = cap;
	}
	e->v[e->n++] = (struct schema_error){ .type = type, .field = field, .body = body };
	return 0;
}
