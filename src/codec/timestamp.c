/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/timestamp.h"

#include <errno.h>
#include <stdio.h>

#define SECONDS_PER_DAY 86400

/* ---- calendar (Howard Hinnant's civil-days arithmetic: years begin in March) ---- */

int64_t timestamp_days(int64_t y, unsigned m, unsigned d) {
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * ((int64_t)m + (m > 2 ? -3 : 9)) + 2) / 5 + (int64_t)d - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

void timestamp_civil(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day) {
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t doe = days - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	*ret_day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	*ret_month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	*ret_year = yoe + era * 400 + (*ret_month <= 2);
}

/* ---- format ---- */

struct broken { int64_t year; unsigned month, day, hour, minute, second; int64_t days; };

static struct broken broken_down(int64_t sec) {
	struct broken t;
	int64_t rest = sec % SECONDS_PER_DAY;
	t.days = sec / SECONDS_PER_DAY - (rest < 0);
	if (rest < 0) rest += SECONDS_PER_DAY;
	timestamp_civil(t.days, &t.year, &t.month, &t.day);
	t.hour = (unsigned)(rest / 3600);
	t.minute = (unsigned)(rest / 60 % 60);
	t.second = (unsigned)(rest % 60);
	return t;
}

void timestamp_format(int64_t sec, char out[TIMESTAMP_TEXT]) {
	struct broken t = broken_down(sec);
	snprintf(out, TIMESTAMP_TEXT, "%04lld-%02u-%02uT%02u:%02u:%02uZ", (long long)t.year, t.month, t.day, t.hour, t.minute, t.second);
}

void timestamp_format_micro(struct timestamp ts, char out[TIMESTAMP_TEXT]) {
	struct broken t = broken_down(ts.sec);
	snprintf(out, TIMESTAMP_TEXT, "%04lld-%02u-%02uT%02u:%02u:%02u.%06uZ", (long long)t.year, t.month, t.day, t.hour,
		 t.minute, t.second, (unsigned)(ts.nsec / 1000));
}

void timestamp_format_http(int64_t sec, char out[TIMESTAMP_TEXT]) {
	static const char days[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct broken t = broken_down(sec);
	snprintf(out, TIMESTAMP_TEXT, "%s, %02u %s %04lld %02u:%02u:%02u GMT", days[((t.days % 7) + 7) % 7], t.day, months[t.month - 1],
		 (long long)t.year, t.hour, t.minute, t.second);
}

/* ---- parse: a walk along Go's layout, element by element ---- */

enum element { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, MICROS, ZONE, DASH, TEE, COLON, N_ELEMENTS };
static const char *const element_text[N_ELEMENTS] = { "2006", "01", "02", "15", "04", "05", ".000000", "Z07:00", "-", "T", ":" };
static const enum element layout_seconds[] = { YEAR, DASH, MONTH, DASH, DAY, TEE, HOUR, COLON, MINUTE, COLON, SECOND, ZONE };
static const enum element layout_micro[] = {
	YEAR, DASH, MONTH, DASH, DAY, TEE, HOUR, COLON, MINUTE, COLON, SECOND, MICROS, ZONE
};

struct parse {
	struct slice rest;
	int v[N_ELEMENTS];
	uint32_t nsec;
	int offset;        /* seconds east */
	bool fraction_free; /* the layout has no fraction of its own: one may follow the seconds */
	const char *range; /* what is out of range */
};

static bool digit(struct slice s, size_t i) { return i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; }

static bool take(struct parse *p, size_t min, size_t max, int *ret) {
	size_t n = 0;
	int v = 0;
	while (n < max && digit(p->rest, n)) v = v * 10 + (p->rest.p[n++] - '0');
	if (n < min) return false;
	*ret = v;
	p->rest = slice_make(p->rest.p + n, p->rest.n - n);
	return true;
}

/* Digits behind the point, any number of them; beyond nine they do not count. */
static void take_fraction(struct parse *p) {
	size_t n = 1;
	uint32_t v = 0, scale = 1000000000;
	for (; digit(p->rest, n); n++)
		if (scale > 1) v = v * 10 + (uint32_t)(p->rest.p[n] - '0'), scale /= 10;
	p->nsec = v * scale;
	p->rest = slice_make(p->rest.p + n, p->rest.n - n);
}

static bool point(struct slice s) { return s.n && (s.p[0] == '.' || s.p[0] == ','); }

static bool take_zone(struct parse *p) {
	struct slice s = p->rest;
	if (s.n && s.p[0] == 'Z') {
		p->rest = slice_make(s.p + 1, s.n - 1);
		return true;
	}
	if (s.n < 6 || s.p[3] != ':' || (s.p[0] != '+' && s.p[0] != '-')) return false;
	if (!digit(s, 1) || !digit(s, 2) || !digit(s, 4) || !digit(s, 5)) return false;
	int hour = (s.p[1] - '0') * 10 + s.p[2] - '0', minute = (s.p[4] - '0') * 10 + s.p[5] - '0';
	if (hour > 24) p->range = "time zone offset hour";
	else if (minute > 60) p->range = "time zone offset minute";
	p->offset = (hour * 60 + minute) * 60 * (s.p[0] == '-' ? -1 : 1);
	p->rest = slice_make(s.p + 6, s.n - 6);
	return true;
}

static bool take_micros(struct parse *p) {
	for (size_t i = 1; i <= 6; i++)
		if (!digit(p->rest, i)) return false;
	if (!point(p->rest)) return false;
	for (size_t i = 1; i <= 6; i++) p->nsec = p->nsec * 10 + (uint32_t)(p->rest.p[i] - '0');
	p->nsec *= 1000;
	p->rest = slice_make(p->rest.p + 7, p->rest.n - 7);
	return true;
}

static bool take_element(struct parse *p, enum element e) {
	bool ok;
	switch (e) {
	case YEAR: return take(p, 4, 4, &p->v[YEAR]);
	case MONTH:
		ok = take(p, 2, 2, &p->v[MONTH]);
		if (ok && (p->v[MONTH] < 1 || p->v[MONTH] > 12)) p->range = "month";
		return ok;
	case DAY: return take(p, 2, 2, &p->v[DAY]);
	case HOUR:
		ok = take(p, 1, 2, &p->v[HOUR]);
		if (ok && p->v[HOUR] > 23) p->range = "hour";
		return ok;
	case MINUTE:
	case SECOND:
		ok = take(p, 2, 2, &p->v[e]);
		if (ok && p->v[e] > 59) p->range = e == MINUTE ? "minute" : "second";
		if (ok && e == SECOND && p->fraction_free && point(p->rest) && digit(p->rest, 1)) take_fraction(p);
		return ok;
	case MICROS: return take_micros(p);
	case ZONE: return take_zone(p);
	default:
		if (!p->rest.n || p->rest.p[0] != element_text[e][0]) return false;
		p->rest = slice_make(p->rest.p + 1, p->rest.n - 1);
		return true;
	}
}

static unsigned month_days(int64_t year, unsigned month) {
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

/* time's own quoting. */
static const char *quoted(struct arena *a, struct slice s) {
	char *out = arena_alloc(a, s.n * 4 + 3), *q = out;
	if (!out) return "\"\"";
	*q++ = '"';
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c >= 0x80 || c < 0x20) q += snprintf(q, 5, "\\x%02x", c);
		else {
			if (c == '"' || c == '\\') *q++ = '\\';
			*q++ = (char)c;
		}
	}
	*q++ = '"';
	*q = 0;
	return out;
}

static int fault(struct arena *a, const char **ret_msg, const char *msg) {
	if (!msg) return -ENOMEM;
	if (ret_msg) *ret_msg = msg;
	return -EBADMSG;
}

static int parse(struct arena *a, struct slice text, const enum element *layout, size_t n, const char *layout_text,
		 struct timestamp *ret, const char **ret_msg) {
	struct parse p = { .rest = text, .fraction_free = n == ELEMENTSOF(layout_seconds) };
	for (size_t i = 0; i < n; i++) {
		struct slice hold = p.rest;
		bool ok = take_element(&p, layout[i]);
		if (p.range) return fault(a, ret_msg, arena_printf(a, "parsing time %s: %s out of range", quoted(a, text), p.range));
		if (!ok)
			return fault(a, ret_msg, arena_printf(a, "parsing time %s as \"%s\": cannot parse %s as \"%s\"", quoted(a, text), layout_text,
							      quoted(a, hold), element_text[layout[i]]));
	}
	if (p.rest.n) return fault(a, ret_msg, arena_printf(a, "parsing time %s: extra text: %s", quoted(a, text), quoted(a, p.rest)));
	if (p.v[DAY] < 1 || (unsigned)p.v[DAY] > month_days(p.v[YEAR], (unsigned)p.v[MONTH]))
		return fault(a, ret_msg, arena_printf(a, "parsing time %s: day out of range", quoted(a, text)));
	ret->sec = timestamp_days(p.v[YEAR], (unsigned)p.v[MONTH], (unsigned)p.v[DAY]) * SECONDS_PER_DAY + p.v[HOUR] * 3600 +
		   p.v[MINUTE] * 60 + p.v[SECOND] - p.offset;
	ret->nsec = p.nsec;
	return 0;
}

int timestamp_parse(struct arena *a, struct slice text, struct timestamp *ret, const char **ret_msg) {
	return parse(a, text, layout_seconds, ELEMENTSOF(layout_seconds), "2006-01-02T15:04:05Z07:00", ret, ret_msg);
}

int timestamp_parse_micro(struct arena *a, struct slice text, struct timestamp *ret, const char **ret_msg) {
	return parse(a, text, layout_micro, ELEMENTSOF(layout_micro), "2006-01-02T15:04:05.000000Z07:00", ret, ret_msg);
}
