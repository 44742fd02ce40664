/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/duration.h"

#include <errno.h>
#include <stdio.h>

#define US 1000ll
#define MS (1000 * US)
#define SEC (1000 * MS)
#define MIN (60 * SEC)
#define HOUR (60 * MIN)

static const struct { const char *name; uint64_t ns; } units[] = {
	{ "ns", 1 }, { "us", US }, { "\xc2\xb5s", US }, { "\xce\xbcs", US }, { "ms", MS }, { "s", SEC }, { "m", MIN }, { "h", HOUR },
};

struct piece { uint64_t whole, frac; double scale; bool any; };

static bool digit(struct slice s) { return s.n && *s.p >= '0' && *s.p <= '9'; }
static void advance(struct slice *s, size_t n) { *s = slice_make(s->p + n, s->n - n); }

static bool take_number(struct slice *s, struct piece *p) {
	*p = (struct piece){ .scale = 1 };
	for (; digit(*s); advance(s, 1), p->any = true) {
		if (p->whole > (1ull << 63) / 10) return false;
		p->whole = p->whole * 10 + (uint64_t)(*s->p - '0');
		if (p->whole > 1ull << 63) return false;
	}
	if (!s->n || *s->p != '.') return p->any;
	bool overflow = false;
	for (advance(s, 1); digit(*s); advance(s, 1), p->any = true) {
		/* Digits beyond what fits carry no weight. */
		uint64_t v;
		if (overflow || p->frac > INT64_MAX / 10) {
			overflow = true;
			continue;
		}
		v = p->frac * 10 + (uint64_t)(*s->p - '0');
		if (v > 1ull << 63) overflow = true;
		else p->frac = v, p->scale *= 10;
	}
	return p->any;
}

static struct slice take_unit(struct slice *s) {
	size_t n = 0;
	while (n < s->n && s->p[n] != '.' && !(s->p[n] >= '0' && s->p[n] <= '9')) n++;
	struct slice u = slice_make(s->p, n);
	advance(s, n);
	return u;
}

static uint64_t unit_ns(struct slice u) {
	for (size_t i = 0; i < ELEMENTSOF(units); i++)
		if (slice_eqs(u, units[i].name)) return units[i].ns;
	return 0;
}

static int fault(struct arena *a, const char **ret_msg, const char *what, struct slice unit, struct slice text) {
	if (!ret_msg) return -EBADMSG;
	*ret_msg = unit.n ? arena_printf(a, "time: %s \"%.*s\" in duration \"%.*s\"", what, SLICE_FMT(unit), SLICE_FMT(text))
			  : arena_printf(a, "time: %s duration \"%.*s\"", what, SLICE_FMT(text));
	return *ret_msg ? -EBADMSG : -ENOMEM;
}

static bool add_piece(uint64_t *sum, const struct piece *p, uint64_t unit) {
	uint64_t v;
	if (__builtin_mul_overflow(p->whole, unit, &v) || v > 1ull << 63) return false;
	if (p->frac) v += (uint64_t)((double)p->frac * ((double)unit / p->scale));
	return v <= 1ull << 63 && !__builtin_add_overflow(*sum, v, sum) && *sum <= 1ull << 63;
}

int duration_parse(struct arena *a, struct slice text, int64_t *ret_ns, const char **ret_msg) {
	struct slice s = text;
	uint64_t sum = 0;
	bool neg = false;
	if (s.n && (*s.p == '-' || *s.p == '+')) {
		neg = *s.p == '-';
		advance(&s, 1);
	}
	if (slice_eqs(s, "0")) {
		*ret_ns = 0;
		return 0;
	}
	if (!s.n) return fault(a, ret_msg, "invalid", SLICE_NULL, text);
	while (s.n) {
		struct piece p;
		if (!take_number(&s, &p)) return fault(a, ret_msg, "invalid", SLICE_NULL, text);
		struct slice unit = take_unit(&s);
		if (!unit.n) return fault(a, ret_msg, "missing unit in", SLICE_NULL, text);
		uint64_t ns = unit_ns(unit);
		if (!ns) return fault(a, ret_msg, "unknown unit", unit, text);
		if (!add_piece(&sum, &p, ns)) return fault(a, ret_msg, "invalid", SLICE_NULL, text);
	}
	if (!neg && sum > INT64_MAX) return fault(a, ret_msg, "invalid", SLICE_NULL, text);
	*ret_ns = neg ? (int64_t)(0 - sum) : (int64_t)sum;
	return 0;
}

/* "1.5" from a value and the weight of one: no zeros at the end, no point without digits. */
static int put_decimal(char *out, size_t n, uint64_t v, uint64_t one) {
	char frac[12];
	uint64_t rest = v % one;
	int width = 0;
	for (uint64_t o = one; o > 1; o /= 10) width++;
	if (!rest) return snprintf(out, n, "%llu", (unsigned long long)(v / one));
	int k = snprintf(frac, sizeof(frac), "%0*llu", width, (unsigned long long)rest);
	while (k > 0 && frac[k - 1] == '0') frac[--k] = 0;
	return snprintf(out, n, "%llu.%s", (unsigned long long)(v / one), frac);
}

void duration_format(int64_t ns, char out[DURATION_TEXT]) {
	uint64_t u = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	char *p = out, *end = out + DURATION_TEXT;
	if (u == 0) {
		memcpy(out, "0s", 3);
		return;
	}
	if (ns < 0) *p++ = '-';
	if (u < (uint64_t)SEC) {
		uint64_t one = u < (uint64_t)US ? 1 : u < (uint64_t)MS ? (uint64_t)US : (uint64_t)MS;
		p += put_decimal(p, (size_t)(end - p), u, one);
		snprintf(p, (size_t)(end - p), "%s", one == 1 ? "ns" : one == (uint64_t)US ? "\xc2\xb5s" : "ms");
		return;
	}
	uint64_t h = u / (uint64_t)HOUR, m = u / (uint64_t)MIN % 60;
	if (h) p += snprintf(p, (size_t)(end - p), "%lluh", (unsigned long long)h);
	if (h || m) p += snprintf(p, (size_t)(end - p), "%llum", (unsigned long long)m);
	p += put_decimal(p, (size_t)(end - p), u % (uint64_t)MIN, (uint64_t)SEC);
	snprintf(p, (size_t)(end - p), "s");
}

/* One or two units: the second is left out when it is zero. */
static void put_two(char out[DURATION_TEXT], int64_t a, char ua, int64_t b, char ub) {
	if (b) snprintf(out, DURATION_TEXT, "%lld%c%lld%c", (long long)a, ua, (long long)b, ub);
	else snprintf(out, DURATION_TEXT, "%lld%c", (long long)a, ua);
}

void duration_human(int64_t ns, char out[DURATION_TEXT]) {
	int64_t s = ns / SEC, m = ns / MIN, h = ns / HOUR, d = h / 24;
	if (s < -1) snprintf(out, DURATION_TEXT, "<invalid>");
	else if (s < 0) snprintf(out, DURATION_TEXT, "0s");
	else if (s < 120) put_two(out, s, 's', 0, 0);
	else if (m < 10) put_two(out, m, 'm', s % 60, 's');
	else if (m < 180) put_two(out, m, 'm', 0, 0);
	else if (h < 8) put_two(out, h, 'h', m % 60, 'm');
	else if (h < 48) put_two(out, h, 'h', 0, 0);
	else if (d < 8) put_two(out, d, 'd', h % 24, 'h');
	else if (d < 365 * 2) put_two(out, d, 'd', 0, 0);
	else if (d < 365 * 8) put_two(out, d / 365, 'y', d % 365, 'd');
	else put_two(out, d / 365, 'y', 0, 0);
}

void duration_human_short(int64_t ns, char out[DURATION_TEXT]) {
	int64_t s = ns / SEC, m = ns / MIN, h = ns / HOUR;
	if (s < -1) snprintf(out, DURATION_TEXT, "<invalid>");
	else if (s < 0) snprintf(out, DURATION_TEXT, "0s");
	else if (s < 60) put_two(out, s, 's', 0, 0);
	else if (m < 60) put_two(out, m, 'm', 0, 0);
	else if (h < 24) put_two(out, h, 'h', 0, 0);
	else if (h < 24 * 365) put_two(out, h / 24, 'd', 0, 0);
	else put_two(out, h / 24 / 365, 'y', 0, 0);
}
