/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/quantity.h"

#include <errno.h>
#include <stdio.h>

#define NANO_DIGITS 9
#define NANO ((__int128)1000000000)
#define QUANTITY_MAX ((__int128)(((unsigned __int128)1 << 127) - 1))
#define BINARY_CAP ((__int128)INT64_MAX * NANO)
/* Digits behind the point that still count in units of 10^-9 after multiplying by 2^60; further ones only round. */
#define FRACTION_DIGITS 27
#define INT64_DIGITS 18

static const struct { const char *text; int base, exponent; } suffixes[] = {
	{ "n", 10, -9 }, { "u", 10, -6 }, { "m", 10, -3 }, { "", 10, 0 },   { "k", 10, 3 },  { "M", 10, 6 },
	{ "G", 10, 9 },	 { "T", 10, 12 }, { "P", 10, 15 }, { "E", 10, 18 }, { "Ki", 2, 10 }, { "Mi", 2, 20 },
	{ "Gi", 2, 30 }, { "Ti", 2, 40 }, { "Pi", 2, 50 }, { "Ei", 2, 60 },
};

/* ---- parse ---- */

struct parts {
	bool negative;
	struct slice num, denom, suffix;
	int base, exponent;
	enum quantity_format format;
};

static size_t digits(struct slice s, size_t i) {
	while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9') i++;
	return i;
}

static int split(struct slice s, struct parts *p) {
	size_t i = 0, start;
	if (s.n && (s.p[0] == '-' || s.p[0] == '+')) p->negative = s.p[i++] == '-';
	while (i < s.n && s.p[i] == '0') i++;
	start = i;
	i = digits(s, i);
	p->num = slice_make(s.p + start, i - start);
	p->denom = slice_make(s.p + i, 0);
	if (i < s.n && s.p[i] == '.') {
		start = ++i;
		i = digits(s, i);
		p->denom = slice_make(s.p + start, i - start);
	}
	start = i;
	while (i < s.n && s.p[i] && strchr("eEinumkKMGTP", s.p[i])) i++;
	if (i < s.n && (s.p[i] == '-' || s.p[i] == '+')) i++;
	i = digits(s, i);
	p->suffix = slice_make(s.p + start, s.n - start);
	return i == s.n ? 0 : -EBADMSG;
}

static int interpret(struct parts *p) {
	int64_t e;
	for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
		if (slice_eqs(p->suffix, suffixes[i].text)) {
			p->base = suffixes[i].base;
			p->exponent = suffixes[i].exponent;
			p->format = p->base == 2 ? QUANTITY_BINARY_SI : QUANTITY_DECIMAL_SI;
			return 0;
		}
	if (p->suffix.n < 2 || (p->suffix.p[0] | 0x20) != 'e') return -EBADMSG;
	if (slice_int(slice_from(p->suffix, 1), INT64_MIN, INT64_MAX, &e) < 0) return -EBADMSG;
	p->base = 10;
	p->exponent = (int)(e > 1000000 ? 1000000 : e < -1000000 ? -1000000 : e);
	p->format = QUANTITY_DECIMAL_EXPONENT;
	return 0;
}

static __int128 times(__int128 v, int by) {
	__int128 r;
	return __builtin_mul_overflow(v, (__int128)by, &r) ? QUANTITY_MAX : r;
}
static __int128 plus(__int128 a, __int128 b) {
	__int128 r;
	if (!__builtin_add_overflow(a, b, &r)) return r;
	return a > 0 ? QUANTITY_MAX : -QUANTITY_MAX;
}

/* All digits as one number times 10^shift; what falls off the end rounds up. */
static __int128 decimal_nano(const struct parts *p) {
	__int128 v = 0;
	bool rest = false;
	long total = (long)(p->num.n + p->denom.n), shift = (long)p->exponent - (long)p->denom.n + NANO_DIGITS;
	long keep = shift < 0 ? total + shift : total;
	for (long i = 0; i < total; i++) {
		char c = i < (long)p->num.n ? p->num.p[i] : p->denom.p[i - (long)p->num.n];
		if (i >= keep) rest |= c != '0';
		else v = v == QUANTITY_MAX ? v : plus(times(v, 10), c - '0');
	}
	for (; shift > 0 && v && v != QUANTITY_MAX; shift--) v = times(v, 10);
	return rest && v != QUANTITY_MAX ? v + 1 : v;
}

/* (num + denom / 10^n) * 2^exponent: whole part and fraction by themselves, so that nothing overflows before the cap. */
static __int128 binary_nano(const struct parts *p) {
	unsigned __int128 frac = 0, one = 1;
	__int128 whole = 0;
	bool rest = false;
	for (size_t i = 0; i < p->num.n; i++) whole = whole == QUANTITY_MAX ? whole : plus(times(whole, 10), p->num.p[i] - '0');
	for (size_t i = 0; i < p->denom.n; i++) {
		if (i >= FRACTION_DIGITS) rest |= p->denom.p[i] != '0';
		else frac = frac * 10 + (unsigned)(p->denom.p[i] - '0'), one *= 10;
	}
	for (int i = 0; i < p->exponent + NANO_DIGITS; i++) {
		int by = i < p->exponent ? 2 : 10;
		frac *= (unsigned)by;
		whole = times(whole, by);
		if (whole != QUANTITY_MAX) whole = plus(whole, (__int128)(frac / one));
		frac %= one;
	}
	if ((rest || frac) && whole < BINARY_CAP) whole++;
	return whole > BINARY_CAP ? BINARY_CAP : whole;
}

static bool ends_in_zeros(const struct parts *p) {
	size_t zeros = 0, total = p->num.n + p->denom.n;
	for (; zeros < 3 && zeros < total; zeros++) {
		size_t i = total - 1 - zeros;
		if ((i < p->num.n ? p->num.p[i] : p->denom.p[i - p->num.n]) != '0') return false;
	}
	return zeros == 3;
}

/* Upstream's fast path keeps the text of what looks canonical to it. */
static bool is_verbatim(const struct parts *p, __int128 nano) {
	size_t len = (p->num.n ? p->num.n : 1) + p->denom.n;
	if (p->format == QUANTITY_BINARY_SI) {
		if (p->denom.n || (long)len > 15 - 1 - (long)((float)p->exponent * 3 / 10)) return false;
		return (((nano / NANO) >> p->exponent) & 7) != 0;
	}
	long scale = (long)p->exponent - (long)p->denom.n;
	if (len > INT64_DIGITS || scale < -NANO_DIGITS) return false;
	return scale % 3 == 0 && p->num.n && !ends_in_zeros(p);
}

int quantity_parse(struct slice text, struct quantity *ret, const char **ret_msg) {
	struct parts p = { .negative = false };
	const char *msg = NULL;
	if (text.n == 0 || split(text, &p) < 0) msg = QUANTITY_ERR_FORMAT;
	else if (interpret(&p) < 0) msg = QUANTITY_ERR_SUFFIX;
	if (msg) {
		if (ret_msg) *ret_msg = msg;
		return -EBADMSG;
	}
	__int128 v = p.base == 2 ? binary_nano(&p) : decimal_nano(&p);
	bool verbatim = is_verbatim(&p, v);
	if (p.format == QUANTITY_BINARY_SI && v > 0 && v < NANO) p.format = QUANTITY_DECIMAL_SI;
	*ret = (struct quantity){ p.negative ? -v : v, p.format, verbatim };
	return 0;
}

/* ---- format ---- */

static char *put_u128(char *end, unsigned __int128 v) {
	*--end = 0;
	do {
		*--end = (char)('0' + (int)(v % 10));
		v /= 10;
	} while (v);
	return end;
}

static const char *suffix_for(int base, int exponent) {
	for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
		if (suffixes[i].base == base && suffixes[i].exponent == exponent) return suffixes[i].text;
	return "";
}

static void format_decimal(unsigned __int128 mag, bool exponent_form, bool neg, char out[QUANTITY_TEXT]) {
	char digits_buf[48];
	int e = -NANO_DIGITS, max = exponent_form ? 1000 : 18;
	while (mag % 1000 == 0 && e < max) mag /= 1000, e += 3;
	const char *d = put_u128(digits_buf + sizeof(digits_buf), mag);
	if (!exponent_form) snprintf(out, QUANTITY_TEXT, "%s%s%s", neg ? "-" : "", d, suffix_for(10, e));
	else if (e) snprintf(out, QUANTITY_TEXT, "%s%se%d", neg ? "-" : "", d, e);
	else snprintf(out, QUANTITY_TEXT, "%s%s", neg ? "-" : "", d);
}

void quantity_format(struct quantity q, char out[QUANTITY_TEXT]) {
	char digits_buf[48];
	bool neg = q.nano < 0;
	unsigned __int128 mag = neg ? -(unsigned __int128)q.nano : (unsigned __int128)q.nano;
	if (mag == 0) {
		memcpy(out, "0", 2);
		return;
	}
	if (q.format != QUANTITY_BINARY_SI || mag < 1024 * (unsigned __int128)NANO || mag % (unsigned __int128)NANO) {
		format_decimal(mag, q.format == QUANTITY_DECIMAL_EXPONENT, neg, out);
		return;
	}
	int e = 0;
	for (mag /= (unsigned __int128)NANO; mag % 1024 == 0 && e < 60; e += 10) mag /= 1024;
	const char *d = put_u128(digits_buf + sizeof(digits_buf), mag);
	snprintf(out, QUANTITY_TEXT, "%s%s%s", neg ? "-" : "", d, e ? suffix_for(2, e) : "");
}

/* ---- arithmetic ---- */

int quantity_cmp(struct quantity a, struct quantity b) { return (a.nano > b.nano) - (a.nano < b.nano); }

struct quantity quantity_add(struct quantity a, struct quantity b) {
	return (struct quantity){ plus(a.nano, b.nano), a.nano ? a.format : b.format, false };
}

struct quantity quantity_neg(struct quantity a) { return (struct quantity){ -a.nano, a.format, false }; }
struct quantity quantity_sub(struct quantity a, struct quantity b) { return quantity_add(a, quantity_neg(b)); }

/* Away from zero, within int64. */
static int64_t scaled(struct quantity q, __int128 one) {
	__int128 v = q.nano / one;
	if (q.nano % one) v += q.nano > 0 ? 1 : -1;
	return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

int64_t quantity_value(struct quantity q) { return scaled(q, NANO); }
int64_t quantity_milli(struct quantity q) { return scaled(q, NANO / 1000); }
struct quantity quantity_from_int(int64_t v, enum quantity_format f) { return (struct quantity){ v * NANO, f, false }; }
struct quantity quantity_from_milli(int64_t v, enum quantity_format f) {
	return (struct quantity){ v * (NANO / 1000), f, false };
}
bool quantity_is_whole(struct quantity q) { return q.nano % NANO == 0; }

struct quantity quantity_round_milli(struct quantity q) {
	__int128 one = NANO / 1000, v = q.nano / one;
	if (q.nano % one) v += q.nano > 0 ? 1 : -1;
	return (struct quantity){ v * one, q.format, false };
}
