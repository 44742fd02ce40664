/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/fields.h"

#include <errno.h>

static int fault(const char **ret_msg, const char *msg) {
	if (ret_msg) *ret_msg = msg;
	return msg ? -EBADMSG : -ENOMEM;
}

/* Cuts at the next comma that no backslash guards. */
static struct slice cut_term(struct slice *rest) {
	struct slice s = *rest;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\') {
			i++;
		} else if (s.p[i] == ',') {
			*rest = slice_make(s.p + i + 1, s.n - i - 1);
			return slice_make(s.p, i);
		}
	}
	*rest = SLICE_NULL;
	return s;
}

/* Finds the first operator; the value stays escaped. */
static bool split_term(struct slice s, struct fields_term *ret) {
	static const struct { struct slice text; bool negated; } ops[] = {
		{ SLICE_LIT("!="), true }, { SLICE_LIT("=="), false }, { SLICE_LIT("="), false },
	};
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\') {
			i++;
			continue;
		}
		for (size_t k = 0; k < ELEMENTSOF(ops); k++) {
			if (!slice_starts(slice_make(s.p + i, s.n - i), ops[k].text)) continue;
			size_t at = i + ops[k].text.n;
			*ret = (struct fields_term){ slice_make(s.p, i), slice_make(s.p + at, s.n - at), ops[k].negated };
			return true;
		}
	}
	return false;
}

static size_t rune_len(struct slice s, size_t i) {
	size_t n = 1;
	while (i + n < s.n && ((unsigned char)s.p[i + n] & 0xc0) == 0x80 && n < 4) n++;
	return n;
}

static int unescape(struct arena *a, struct slice s, struct slice *ret, const char **ret_msg) {
	char *out = arena_alloc(a, s.n + 1), *q = out;
	if (!out) return -ENOMEM;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == ',' || c == '=') return fault(ret_msg, arena_printf(a, "invalid field selector: unescaped character in value: %d", c));
		if (c == '\\') {
			if (++i == s.n) return fault(ret_msg, "invalid field selector: invalid escape sequence: \\");
			c = s.p[i];
			if (c != '\\' && c != ',' && c != '=')
				return fault(ret_msg, arena_printf(a, "invalid field selector: invalid escape sequence: \\%.*s",
								   (int)rune_len(s, i), s.p + i));
		}
		*q++ = c;
	}
	*q = 0;
	*ret = slice_make(out, (size_t)(q - out));
	return 0;
}

static int by_text(const void *a, const void *b) { return slice_cmp(*(const struct slice *)a, *(const struct slice *)b); }

int fields_parse(struct arena *a, struct slice text, struct fields_selector *ret, const char **ret_msg) {
	size_t n = 1, used = 0;
	for (size_t i = 0; i < text.n; i++) n += text.p[i] == ',';
	if (n > FIELDS_TERMS_MAX) return fault(ret_msg, "invalid field selector: too many terms");
	struct slice *parts = arena_array(a, n, sizeof(*parts));
	struct fields_term *terms = arena_array(a, n, sizeof(*terms));
	if (!parts || !terms) return -ENOMEM;
	n = 0;
	for (struct slice rest = text; rest.p;) parts[n++] = cut_term(&rest);
	qsort(parts, n, sizeof(*parts), by_text);
	for (size_t i = 0; i < n; i++) {
		struct fields_term *t = &terms[used];
		if (parts[i].n == 0) continue;
		if (!split_term(parts[i], t))
			return fault(ret_msg, arena_printf(a, "invalid selector: '%.*s'; can't understand '%.*s'",
							   SLICE_FMT(text), SLICE_FMT(parts[i])));
		int r = unescape(a, t->value, &t->value, ret_msg);
		if (r < 0) return r;
		char *field = arena_slice_str(a, t->field);
		if (!field) return -ENOMEM;
		t->field.p = field;
		used++;
	}
	*ret = (struct fields_selector){ terms, used };
	return 0;
}

bool fields_match(const struct fields_selector *s, fields_lookup_fn lookup, const void *ctx) {
	for (size_t i = 0; i < s->n; i++)
		if (slice_eq(lookup(ctx, s->terms[i].field), s->terms[i].value) == s->terms[i].negated) return false;
	return true;
}

bool fields_exact(const struct fields_selector *s, const char *field, struct slice *ret) {
	for (size_t i = 0; i < s->n; i++) {
		if (s->terms[i].negated || !slice_eqs(s->terms[i].field, field)) continue;
		*ret = s->terms[i].value;
		return true;
	}
	return false;
}

int fields_format(struct buf *b, const struct fields_selector *s) {
	for (size_t i = 0; i < s->n; i++) {
		const struct fields_term *t = &s->terms[i];
		if (i) buf_putc(b, ',');
		buf_put_slice(b, t->field);
		buf_puts(b, t->negated ? "!=" : "=");
		for (size_t k = 0; k < t->value.n; k++) {
			if (strchr("\\,=", t->value.p[k]) && t->value.p[k]) buf_putc(b, '\\');
			buf_putc(b, t->value.p[k]);
		}
	}
	return b->err;
}
