/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/yaml_resolve.h"

#include <errno.h>
#include <math.h>

#define NUMBER_TEXT_MAX 400

static const struct { const char *text; struct yaml_scalar value; } words[] = {
	{ "y", { YAML_BOOL, .b = true } },
	{ "Y", { YAML_BOOL, .b = true } },
	{ "yes", { YAML_BOOL, .b = true } },
	{ "Yes", { YAML_BOOL, .b = true } },
	{ "YES", { YAML_BOOL, .b = true } },
	{ "true", { YAML_BOOL, .b = true } },
	{ "True", { YAML_BOOL, .b = true } },
	{ "TRUE", { YAML_BOOL, .b = true } },
	{ "on", { YAML_BOOL, .b = true } },
	{ "On", { YAML_BOOL, .b = true } },
	{ "ON", { YAML_BOOL, .b = true } },
	{ "n", { YAML_BOOL } },
	{ "N", { YAML_BOOL } },
	{ "no", { YAML_BOOL } },
	{ "No", { YAML_BOOL } },
	{ "NO", { YAML_BOOL } },
	{ "false", { YAML_BOOL } },
	{ "False", { YAML_BOOL } },
	{ "FALSE", { YAML_BOOL } },
	{ "off", { YAML_BOOL } },
	{ "Off", { YAML_BOOL } },
	{ "OFF", { YAML_BOOL } },
	{ "", { YAML_NULL } },
	{ "~", { YAML_NULL } },
	{ "null", { YAML_NULL } },
	{ "Null", { YAML_NULL } },
	{ "NULL", { YAML_NULL } },
	{ ".nan", { YAML_FLOAT, .d = NAN } },
	{ ".NaN", { YAML_FLOAT, .d = NAN } },
	{ ".NAN", { YAML_FLOAT, .d = NAN } },
	{ ".inf", { YAML_FLOAT, .d = INFINITY } },
	{ ".Inf", { YAML_FLOAT, .d = INFINITY } },
	{ ".INF", { YAML_FLOAT, .d = INFINITY } },
	{ "+.inf", { YAML_FLOAT, .d = INFINITY } },
	{ "+.Inf", { YAML_FLOAT, .d = INFINITY } },
	{ "+.INF", { YAML_FLOAT, .d = INFINITY } },
	{ "-.inf", { YAML_FLOAT, .d = -INFINITY } },
	{ "-.Inf", { YAML_FLOAT, .d = -INFINITY } },
	{ "-.INF", { YAML_FLOAT, .d = -INFINITY } },
};

const char *yaml_kind_tag(enum yaml_kind k) {
	static const char *const tags[] = { "!!str",   "!!bool",      "!!null",	 "!!int",   "!!int",
					    "!!float", "!!timestamp", "!!merge", "!!binary" };
	return tags[k];
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* ---- timestamps: 2006-1-2, with T15:4:5.9Z07:00 or a blank and no zone ---- */

static bool take(struct slice *s, size_t min, size_t max, int lo, int hi, int *ret) {
	size_t n = 0;
	int v = 0;
	while (n < max && n < s->n && is_digit(s->p[n])) v = v * 10 + (s->p[n++] - '0');
	if (n < min || v < lo || v > hi) return false;
	*s = slice_make(s->p + n, s->n - n);
	*ret = v;
	return true;
}

static bool take_char(struct slice *s, char c) {
	if (!s->n || *s->p != c) return false;
	*s = slice_make(s->p + 1, s->n - 1);
	return true;
}

static bool take_fraction(struct slice *s) {
	size_t n = 1;
	if (!s->n || (*s->p != '.' && *s->p != ',') || s->n < 2 || !is_digit(s->p[1])) return true;
	while (n < s->n && is_digit(s->p[n])) n++;
	*s = slice_make(s->p + n, s->n - n);
	return true;
}

static bool take_zone(struct slice *s) {
	int v;
	if (take_char(s, 'Z')) return true;
	if (!take_char(s, '+') && !take_char(s, '-')) return false;
	return take(s, 2, 2, 0, 24, &v) && take_char(s, ':') && take(s, 2, 2, 0, 60, &v);
}

static int days_in(int year, int month) {
	static const signed char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

static bool is_timestamp(struct slice s) {
	int year, month, day, v;
	if (!take(&s, 4, 4, 0, 9999, &year) || !take_char(&s, '-') || !take(&s, 1, 2, 1, 12, &month) || !take_char(&s, '-') ||
	    !take(&s, 1, 2, 1, 31, &day) || day > days_in(year, month))
		return false;
	if (!s.n) return true;
	bool zone = !take_char(&s, ' ');
	if (zone && !take_char(&s, 'T') && !take_char(&s, 't')) return false;
	if (!take(&s, 1, 2, 0, 23, &v) || !take_char(&s, ':') || !take(&s, 1, 2, 0, 59, &v) || !take_char(&s, ':') ||
	    !take(&s, 1, 2, 0, 59, &v))
		return false;
	return take_fraction(&s) && (!zone || take_zone(&s)) && !s.n;
}

/* ---- numbers ---- */

static int digit_value(char c) {
	if (is_digit(c)) return c - '0';
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : 99;
}

/* Go's base 0: 0x, 0o, 0b, a leading 0 for octal, else decimal. 0, -EINVAL, -ERANGE. */
static int parse_magnitude(const char *p, uint64_t *ret) {
	unsigned base = 10;
	uint64_t v = 0;
	if (p[0] == '0' && p[1]) {
		char c = (char)(p[1] | 0x20);
		base = c == 'x' && p[2] ? 16 : c == 'b' && p[2] ? 2 : 8;
		p += base != 8 || (c == 'o' && p[2]) ? 2 : 1;
	}
	if (!*p) return -EINVAL;
	int r = 0;
	for (; *p; p++) {
		unsigned d = (unsigned)digit_value(*p);
		if (d >= base) return -EINVAL;
		if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v)) r = -ERANGE;
	}
	*ret = v;
	return r;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool float_style(const char *p) {
	size_t whole = 0, frac = 0;
	if (*p == '-' || *p == '+') p++;
	while (is_digit(*p)) p++, whole++;
	if (*p == '.')
		for (p++; is_digit(*p); p++) frac++;
	if (!whole && !frac) return false;
	if ((*p | 0x20) == 'e') {
		p++;
		if (*p == '-' || *p == '+') p++;
		if (!is_digit(*p)) return false;
		while (is_digit(*p)) p++;
	}
	return !*p;
}

static bool resolve_integer(const char *p, struct yaml_scalar *ret) {
	bool neg = *p == '-', sign = neg || *p == '+';
	uint64_t u;
	if (parse_magnitude(p + sign, &u) < 0) return false;
	if (neg && u <= 1ull << 63) *ret = (struct yaml_scalar){ YAML_INT, .i = (int64_t)(0 - u) };
	else if (!neg && u <= INT64_MAX) *ret = (struct yaml_scalar){ YAML_INT, .i = (int64_t)u };
	else if (!sign) *ret = (struct yaml_scalar){ YAML_UINT, .u = u };
	else return false;
	return true;
}

static bool resolve_number(struct slice s, struct yaml_scalar *ret) {
	char text[NUMBER_TEXT_MAX], *q = text;
	if (s.n >= sizeof(text)) return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!s.p[i]) return false;
		if (s.p[i] != '_' || s.p[0] == '.') *q++ = s.p[i];
	}
	*q = 0;
	if (s.p[0] != '.' && resolve_integer(text, ret)) return true;
	if (!float_style(text)) return false;
	double d = strtod(text, NULL);
	if (!isfinite(d)) return false;
	*ret = (struct yaml_scalar){ YAML_FLOAT, .d = d };
	return true;
}

struct yaml_scalar yaml_resolve(struct slice s) {
	struct yaml_scalar v = { YAML_STR };
	char c = s.n ? *s.p : 0;
	if (s.n && !(is_digit(c) || strchr("+-.yYnNtTfFoO~<", c))) return v;
	for (size_t i = 0; i < ELEMENTSOF(words) && s.n <= 5; i++)
		if (slice_eqs(s, words[i].text)) return words[i].value;
	if (slice_eqs(s, "<<")) v.kind = YAML_MERGE;
	else if (is_digit(c) && is_timestamp(s)) v.kind = YAML_TIMESTAMP;
	else if (is_digit(c) || c == '-' || c == '+' || c == '.') (void)resolve_number(s, &v);
	return v;
}

/* [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)? */
bool yaml_is_base60(struct slice s) {
	size_t i = 0, groups = 0;
	if (i < s.n && (s.p[i] == '-' || s.p[i] == '+')) i++;
	if (i >= s.n || !is_digit(s.p[i])) return false;
	while (i < s.n && (is_digit(s.p[i]) || s.p[i] == '_')) i++;
	while (i + 1 < s.n && s.p[i] == ':' && is_digit(s.p[i + 1])) {
		bool two = i + 2 < s.n && is_digit(s.p[i + 2]);
		if (two && s.p[i + 1] > '5') return false;
		i += two ? 3 : 2;
		groups++;
	}
	if (i < s.n && s.p[i] == '.')
		for (i++; i < s.n && (is_digit(s.p[i]) || s.p[i] == '_');) i++;
	return groups && i == s.n;
}
