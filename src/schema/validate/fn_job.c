/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: completion indexes and schedules. Source: pkg/apis/batch/validation; the grammar of github.com/robfig/cron v3. */
#include "schema/validate/function.h"
#include "codec/duration.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <strings.h>

/* ---- indexes: "1,3-5,7" ---- */

struct interval {
	int64_t from, to;
};

/* Go's strconv.Atoi. */
static bool atoi_slice(struct slice s, int64_t *ret) {
	struct slice digits = s.n && (s.p[0] == '+' || s.p[0] == '-') ? slice_from(s, 1) : s;
	int64_t v;
	if (!digits.n || !isdigit((unsigned char)digits.p[0]) || slice_int(digits, 0, INT64_MAX, &v)) return false;
	*ret = s.p[0] == '-' ? -v : v;
	return true;
}

/* nil, or what is wrong with one number. */
static struct rule_value index_of(struct rule_scope *s, struct slice text, int64_t completions, int64_t *ret) {
	if (!atoi_slice(text, ret)) return rule_textf(s, "cannot convert string to integer for index: \"%.*s\"", SLICE_FMT(text));
	return *ret >= completions ? rule_textf(s, "too large index: \"%.*s\"", SLICE_FMT(text)) : RV_NONE;
}

static struct rule_value interval_of(struct rule_scope *s, struct slice text, int64_t completions, struct interval *ret) {
	struct slice rest = text, first = slice_cut(&rest, '-');
	if (slice_chr(rest, '-') >= 0)
		return rule_textf(s, "the fragment \"%.*s\" violates the requirement that an index interval can have at most two parts separated by '-'",
			SLICE_FMT(text));
	struct rule_value fault = index_of(s, first, completions, &ret->from);
	if (fault.kind != RV_NIL) return fault;
	ret->to = ret->from;
	if (!rest.p) return RV_NONE;
	fault = index_of(s, rest, completions, &ret->to);
	if (fault.kind == RV_NIL && ret->from >= ret->to)
		return rule_textf(s, "non-increasing order, previous: %" PRId64 ", current: %" PRId64, ret->from, ret->to);
	return fault;
}

/* Walks the intervals; *ret_total counts indexes. */
static struct rule_value indexes(struct rule_scope *s, struct slice text, int64_t completions, int64_t *ret_total) {
	int64_t last = -1;
	*ret_total = 0;
	for (struct slice rest = text; rest.p && text.n;) {
		struct interval v;
		struct rule_value fault = interval_of(s, slice_cut(&rest, ','), completions, &v);
		if (fault.kind != RV_NIL) return fault;
		if (*ret_total && last >= v.from)
			return rule_textf(s, "non-increasing order, previous: %" PRId64 ", current: %" PRId64, last, v.from);
		last = v.to;
		*ret_total += v.to - v.from + 1;
	}
	return RV_NONE;
}

RULE_DEF(indexesFault) {
	int64_t total;
	return indexes(s, rv_slice(a), rv_num(&a[1]), &total);
}

RULE_DEF(indexesCount) {
	int64_t total;
	struct rule_value fault = indexes(s, rv_slice(a), INT32_MAX, &total);
	return rv_int(fault.kind == RV_NIL ? total : 0);
}

/* The smallest index in both texts, or nil; both ascend. */
RULE_DEF(indexesOverlap) {
	struct slice x = rv_slice(a), y = rv_slice(&a[1]);
	struct interval u = { 0, -1 }, v = { 0, -1 };
	bool more_u = x.n > 0, more_v = y.n > 0;
	if (!more_u || !more_v) return RV_NONE;
	struct rule_value fault = interval_of(s, slice_cut(&x, ','), INT32_MAX, &u);
	struct rule_value other = interval_of(s, slice_cut(&y, ','), INT32_MAX, &v);
	while (fault.kind == RV_NIL && other.kind == RV_NIL) {
		int64_t from = u.from > v.from ? u.from : v.from, to = u.to < v.to ? u.to : v.to;
		if (from <= to) return rv_int(from);
		struct slice *behind = u.to < v.to ? &x : &y;
		if (!behind->p) return RV_NONE;
		if (behind == &x) fault = interval_of(s, slice_cut(&x, ','), INT32_MAX, &u);
		else other = interval_of(s, slice_cut(&y, ','), INT32_MAX, &v);
	}
	return RV_NONE;
}

RULE_DEF(isAscending) {
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	int64_t last = INT64_MIN;
	while (rv_next(a, &c, &k, &v)) {
		if (rv_num(&v) < last) return rv_bool(false);
		last = rv_num(&v);
	}
	return rv_bool(true);
}

/* ---- schedules ---- */

struct bounds {
	int64_t min, max;
	const char *const *names;
	int64_t first; /* number of the first name */
};

static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const days[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };
static const struct bounds fields[] = { { 0, 59, NULL, 0 }, { 0, 23, NULL, 0 }, { 1, 31, NULL, 0 }, { 1, 12, months, 1 },
	{ 0, 6, days, 0 } };
#define CRON_FIELDS 5

static struct rule_value cron_int(struct rule_scope *s, struct slice text, int64_t *ret) {
	if (!atoi_slice(text, ret))
		return rule_textf(s, "failed to parse int from %.*s: strconv.Atoi: parsing \"%.*s\": invalid syntax", SLICE_FMT(text),
			SLICE_FMT(text));
	return *ret < 0 ? rule_textf(s, "negative number (%" PRId64 ") not allowed: %.*s", *ret, SLICE_FMT(text)) : RV_NONE;
}

static struct rule_value cron_value(struct rule_scope *s, struct slice text, const struct bounds *b, int64_t *ret) {
	for (size_t i = 0; b->names && b->names[i]; i++)
		if (text.n == strlen(b->names[i]) && !strncasecmp(text.p, b->names[i], text.n)) {
			*ret = b->first + (int64_t)i;
			return RV_NONE;
		}
	return cron_int(s, text, ret);
}

/* "low-high" of a range; *ret_single: it was one value. */
static struct rule_value cron_limits(struct rule_scope *s, struct slice expr, struct slice range, const struct bounds *b,
	struct interval *ret, bool *ret_single) {
	struct slice high = range, low = slice_cut(&high, '-');
	*ret_single = !high.p;
	if (slice_eqs(low, "*") || slice_eqs(low, "?")) {
		*ret = (struct interval){ b->min, b->max };
		return RV_NONE;
	}
	struct rule_value fault = cron_value(s, low, b, &ret->from);
	if (fault.kind != RV_NIL) return fault;
	ret->to = ret->from;
	if (!high.p) return RV_NONE;
	if (slice_chr(high, '-') >= 0) return rule_textf(s, "too many hyphens: %.*s", SLICE_FMT(expr));
	return cron_value(s, high, b, &ret->to);
}

static struct rule_value cron_range(struct rule_scope *s, struct slice expr, const struct bounds *b) {
	struct slice step_text = expr, range = slice_cut(&step_text, '/');
	struct interval v = { 0, 0 };
	bool single;
	int64_t step = 1;
	struct rule_value fault = cron_limits(s, expr, range, b, &v, &single);
	if (fault.kind != RV_NIL) return fault;
	if (step_text.p) {
		if (slice_chr(step_text, '/') >= 0) return rule_textf(s, "too many slashes: %.*s", SLICE_FMT(expr));
		fault = cron_int(s, step_text, &step);
		if (fault.kind != RV_NIL) return fault;
		if (single) v.to = b->max;
	}
	if (v.from < b->min) return rule_textf(s, "beginning of range (%" PRId64 ") below minimum (%" PRId64 "): %.*s", v.from,
		b->min, SLICE_FMT(expr));
	if (v.to > b->max) return rule_textf(s, "end of range (%" PRId64 ") above maximum (%" PRId64 "): %.*s", v.to, b->max,
		SLICE_FMT(expr));
	if (v.from > v.to) return rule_textf(s, "beginning of range (%" PRId64 ") beyond end of range (%" PRId64 "): %.*s", v.from,
		v.to, SLICE_FMT(expr));
	return step == 0 ? rule_textf(s, "step of range should be a positive number: %.*s", SLICE_FMT(expr)) : RV_NONE;
}

static struct rule_value cron_field(struct rule_scope *s, struct slice text, const struct bounds *b) {
	while (text.p) {
		struct slice expr = slice_cut(&text, ',');
		struct rule_value fault = expr.n ? cron_range(s, expr, b) : RV_NONE;
		if (fault.kind != RV_NIL) return fault;
	}
	return RV_NONE;
}

static const char *const descriptors[] = { "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly" };

static struct rule_value cron_descriptor(struct rule_scope *s, struct slice text) {
	for (size_t i = 0; i < ELEMENTSOF(descriptors); i++)
		if (slice_eqs(text, descriptors[i])) return RV_NONE;
	if (!slice_starts(text, SLICE_LIT("@every "))) return rule_textf(s, "unrecognized descriptor: %.*s", SLICE_FMT(text));
	int64_t ns;
	const char *msg = "";
	if (duration_parse(s->arena, slice_from(text, strlen("@every ")), &ns, &msg) == 0) return RV_NONE;
	return rule_textf(s, "failed to parse duration %.*s: %s", SLICE_FMT(text), msg);
}

static bool is_time_zone(struct slice name) {
	char path[PATH_MAX];
	if (!name.n || slice_eqs(name, "UTC")) return true;
	if (name.p[0] == '/' || slice_find(name, SLICE_LIT("..")) >= 0 || slice_chr(name, '\\') >= 0) return false;
	/* A machine without the database cannot tell; then the form is all there is to judge. */
	if (access("/usr/share/zoneinfo", X_OK)) return true;
	int n = snprintf(path, sizeof(path), "/usr/share/zoneinfo/%.*s", SLICE_FMT(name));
	return n > 0 && (size_t)n < sizeof(path) && access(path, R_OK) == 0;
}
RULE_DEF(isTimeZone) { return rv_bool(is_time_zone(rv_slice(a))); }

/* nil, or what is wrong with the schedule. */
RULE_DEF(cronFault) {
	struct slice text = rv_slice(a), parts[CRON_FIELDS];
	if (slice_starts(text, SLICE_LIT("TZ=")) || slice_starts(text, SLICE_LIT("CRON_TZ="))) {
		ptrdiff_t space = slice_chr(text, ' '), eq = slice_chr(text, '=');
		if (space < 0) return rv_lit("unable to find a space after the time zone");
		struct slice zone = slice_make(text.p + eq + 1, (size_t)(space - eq - 1));
		if (!is_time_zone(zone)) return rule_textf(s, "provided bad location %.*s: unknown time zone %.*s", SLICE_FMT(zone),
			SLICE_FMT(zone));
		text = slice_trim(slice_from(text, (size_t)space));
	}
	if (slice_starts(text, SLICE_LIT("@"))) return cron_descriptor(s, text);
	struct rule_list all = RULE_LIST(s);
	size_t count = 0;
	for (size_t i = 0; i < text.n;) {
		while (i < text.n && isspace((unsigned char)text.p[i])) i++;
		size_t start = i;
		while (i < text.n && !isspace((unsigned char)text.p[i])) i++;
		if (i == start) break;
		if (count < CRON_FIELDS) parts[count] = slice_make(text.p + start, i - start);
		rule_list_add(&all, rv_str(slice_make(text.p + start, i - start)));
		count++;
	}
	if (count != CRON_FIELDS) {
		struct rule_value list = rule_list_done(&all);
		return rule_textf(s, "expected exactly 5 fields, found %zu: %.*s", count, SLICE_FMT(rule_text(s, &list)));
	}
	for (size_t i = 0; i < CRON_FIELDS; i++) {
		struct rule_value fault = cron_field(s, parts[i], &fields[i]);
		if (fault.kind != RV_NIL) return fault;
	}
	return RV_NONE;
}

/* ---- updates ---- */

/* What of a job's template an update may not change; a[1]: the job waits, so where its pods go may still change. */
RULE_DEF(jobTemplateRest) {
	if (!rv_true(&a[1])) return *a;
	struct rule_value spec = rv_member(a, SLICE_LIT("spec")), meta = rv_member(a, SLICE_LIT("metadata")),
		affinity = rv_member(&spec, SLICE_LIT("affinity"));
	struct rule_value meta_args[] = { meta, rv_lit("labels"), rv_lit("annotations") };
	struct rule_value spec_args[] = { spec, rv_lit("affinity"), rv_lit("nodeSelector"), rv_lit("tolerations"),
		rv_lit("schedulingGates") };
	struct rule_value affinity_args[] = { affinity, rv_lit("nodeAffinity") };
	struct rule_list l = RULE_LIST(s);
	rule_list_add(&l, rule_fn_without(s, meta_args, ELEMENTSOF(meta_args)));
	rule_list_add(&l, rule_fn_without(s, spec_args, ELEMENTSOF(spec_args)));
	rule_list_add(&l, rule_fn_without(s, affinity_args, ELEMENTSOF(affinity_args)));
	return rule_list_done(&l);
}
