/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_scan.h"
#include "base/limits.h"

#include <stdio.h>

/* Which container the innermost open bracket is. */
enum { IN_ARRAY, IN_VALUE };

struct scan {
	const unsigned char *p, *end, *start;
	struct arena *a;
	struct json_error *err;
	unsigned char state[JSON_DEPTH_MAX];
	size_t depth;
};

void json_quote_char(unsigned char c, char out[16]) {
	static const char named[] = "\a\b\t\n\v\f\r", letters[] = "abtnvfr";
	const char *n = c ? strchr(named, c) : NULL;
	if (c == '\'') snprintf(out, 16, "'\\''");
	else if (c == '\\') snprintf(out, 16, "'\\\\'");
	else if (n) snprintf(out, 16, "'\\%c'", letters[n - named]);
	else if (c < 0x20 || c == 0x7f) snprintf(out, 16, "'\\x%02x'", c);
	else if (c < 0x80) snprintf(out, 16, "'%c'", c);
	else if (c < 0xa1 || c == 0xad) snprintf(out, 16, "'\\u%04x'", c);
	else snprintf(out, 16, "'%c%c'", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
}

static bool fail(struct scan *s, const char *context) {
	char quoted[16];
	s->err->offset = (size_t)(s->p - s->start);
	if (s->p >= s->end) {
		s->err->msg = "unexpected end of JSON input";
		return false;
	}
	json_quote_char(*s->p, quoted);
	const char *m = arena_printf(s->a, "invalid character %s %s", quoted, context);
	s->err->msg = m ? m : "invalid character";
	return false;
}

static void blanks(struct scan *s) {
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r')) s->p++;
}

static bool at(const struct scan *s, unsigned char c) { return s->p < s->end && *s->p == c; }
static bool at_digit(const struct scan *s) { return s->p < s->end && *s->p >= '0' && *s->p <= '9'; }
static bool at_hex(const struct scan *s) {
	return at_digit(s) || (s->p < s->end && ((*s->p | 0x20) >= 'a' && (*s->p | 0x20) <= 'f'));
}

static bool scan_escape(struct scan *s) {
	s->p++;
	if (s->p >= s->end) return fail(s, "");
	if (*s->p != 'u') {
		if (!*s->p || !strchr("bfnrt\\/\"", *s->p)) return fail(s, "in string escape code");
		s->p++;
		return true;
	}
	s->p++;
	for (int i = 0; i < 4; i++, s->p++)
		if (!at_hex(s)) return fail(s, "in \\u hexadecimal character escape");
	return true;
}

/* At the opening quote; ends behind the closing one. */
static bool scan_string(struct scan *s) {
	for (s->p++; s->p < s->end && *s->p != '"';) {
		if (*s->p == '\\') {
			if (!scan_escape(s)) return false;
		} else if (*s->p < 0x20) {
			return fail(s, "in string literal");
		} else {
			s->p++;
		}
	}
	if (s->p >= s->end) return fail(s, "");
	s->p++;
	return true;
}

static void digits(struct scan *s) {
	while (at_digit(s)) s->p++;
}

static bool scan_number(struct scan *s) {
	if (at(s, '-')) s->p++;
	if (!at_digit(s)) return fail(s, "in numeric literal");
	if (at(s, '0')) s->p++;
	else digits(s);
	if (at(s, '.')) {
		s->p++;
		if (!at_digit(s)) return fail(s, "after decimal point in numeric literal");
		digits(s);
	}
	if (at(s, 'e') || at(s, 'E')) {
		s->p++;
		if (at(s, '+') || at(s, '-')) s->p++;
		if (!at_digit(s)) return fail(s, "in exponent of numeric literal");
		digits(s);
	}
	return true;
}

static bool scan_literal(struct scan *s, const char *word) {
	char context[48];
	for (const char *w = word; *w; w++, s->p++) {
		snprintf(context, sizeof(context), "in literal %s (expecting '%c')", word, *w);
		if (!at(s, (unsigned char)*w)) return fail(s, context);
	}
	return true;
}

static bool scan_scalar(struct scan *s) {
	if (s->p >= s->end) return fail(s, "");
	switch (*s->p) {
	case '"': return scan_string(s);
	case 't': return scan_literal(s, "true");
	case 'f': return scan_literal(s, "false");
	case 'n': return scan_literal(s, "null");
	default:
		if (*s->p == '-' || at_digit(s)) return scan_number(s);
		return fail(s, "looking for beginning of value");
	}
}

static bool scan_key(struct scan *s) {
	blanks(s);
	if (!at(s, '"')) return fail(s, "looking for beginning of object key string");
	if (!scan_string(s)) return false;
	blanks(s);
	if (!at(s, ':')) return fail(s, "after object key");
	s->p++;
	return true;
}

static bool open_bracket(struct scan *s, unsigned char state) {
	if (s->depth == JSON_DEPTH_MAX) {
		*s->err = (struct json_error){ (size_t)(s->p - s->start), "exceeded max depth" };
		return false;
	}
	s->state[s->depth++] = state;
	s->p++;
	blanks(s);
	return true;
}

/* Behind a value: closes brackets as they come and consumes the comma (and the next key). *ret_done: nothing is open. */
static bool after_value(struct scan *s, bool *ret_done) {
	for (;;) {
		blanks(s);
		if (s->depth == 0) {
			*ret_done = true;
			return s->p >= s->end || fail(s, "after top-level value");
		}
		bool object = s->state[s->depth - 1] == IN_VALUE;
		if (at(s, ',')) {
			s->p++;
			return !object || scan_key(s);
		}
		if (!at(s, object ? '}' : ']')) return fail(s, object ? "after object key:value pair" : "after array element");
		s->depth--;
		s->p++;
	}
}

/* A value's start: opens a bracket (and reads the first key) or takes a scalar. *ret_whole: the value is complete. */
static bool begin_value(struct scan *s, bool *ret_whole) {
	blanks(s);
	*ret_whole = true;
	bool object = at(s, '{');
	if (!object && !at(s, '[')) return scan_scalar(s);
	if (!open_bracket(s, object ? IN_VALUE : IN_ARRAY)) return false;
	if (at(s, object ? '}' : ']')) {
		s->depth--;
		s->p++;
		return true;
	}
	*ret_whole = false;
	return !object || scan_key(s);
}

bool json_scan(struct arena *a, struct slice text, struct json_error *err) {
	struct scan s = { .p = (const unsigned char *)(text.p ? text.p : ""), .a = a, .err = err };
	s.start = s.p;
	s.end = s.p + text.n;
	for (bool done = false, whole; !done;) {
		if (!begin_value(&s, &whole)) return false;
		if (whole && !after_value(&s, &done)) return false;
	}
	return true;
}
