/* SPDX-License-Identifier: Apache-2.0 */
#include "api/options.h"

#include "api/limits.h"
#include "codec/json.h"

#include <ctype.h>
#include <errno.h>

#define META_GROUP SLICE_LIT("meta.k8s.io")

/* strconv.ParseInt's and ParseUint's complaints. */
static const char *int_fault(struct arena *a, const char *fn, struct slice v, int err) {
	return arena_printf(a, "strconv.%s: parsing %s: %s", fn, status_quote(a, v), err == -ERANGE ? "value out of range" : "invalid syntax");
}

static const struct status *take_int(struct arena *a, const struct query *q, const char *key, int64_t *ret) {
	struct slice v = query_get(q, key), digits = v;
	if (slice_empty(v)) return NULL;
	if (digits.p[0] == '+' && digits.n > 1 && isdigit((unsigned char)digits.p[1])) digits = slice_from(digits, 1);
	int err = slice_int(digits, INT64_MIN, INT64_MAX, ret);
	return err ? status_bad_request(a, "%s", int_fault(a, "ParseInt", v, err)) : NULL;
}

const struct status *options_rv(struct arena *a, struct slice text, bool list, uint64_t *ret) {
	*ret = 0;
	if (slice_empty(text)) return NULL;
	int err = slice_uint(text, UINT64_MAX, ret);
	if (!err) return NULL;
	const char *m = arena_printf(a, "resourceVersion: Invalid value: %s: %s", status_quote(a, text), int_fault(a, "ParseUint", text, err));
	return list ? status_bad_request(a, "invalid resource version: %s", m) : status_error(a, "%s", m ? m : "");
}

/* ---- list and watch ---- */

static void forbid(struct arena *a, struct schema_errors *e, const char *field, const char *why) {
	schema_errors_add(a, e, "FieldValueForbidden", field, arena_printf(a, "Forbidden: %s", why));
}

static void check_match(struct arena *a, struct schema_errors *e, const struct list_options *o, struct slice match) {
	static const char field[] = "resourceVersionMatch";
	if (slice_empty(match)) return;
	if (!o->watch) {
		if (slice_empty(o->rv_text)) forbid(a, e, field, "resourceVersionMatch is forbidden unless resourceVersion is provided");
		if (!slice_empty(o->continue_token)) forbid(a, e, field, "resourceVersionMatch is forbidden when continue is provided");
	}
	if (!slice_eqs(match, "Exact") && !slice_eqs(match, "NotOlderThan"))
		schema_errors_add(a, e, "FieldValueNotSupported", field,
				  arena_printf(a, "Unsupported value: %s: supported values: \"Exact\", \"NotOlderThan\", \"\"", status_quote(a, match)));
	if (!o->watch && slice_eqs(match, "Exact") && slice_eqs(o->rv_text, "0"))
		forbid(a, e, field, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
}

/* apimachinery's validateWatchOptions with the feature WatchList on. */
static void check_watch(struct arena *a, struct schema_errors *e, const struct list_options *o, struct slice match) {
	static const char field[] = "resourceVersionMatch";
	if (!slice_empty(match) && !o->has_send_initial)
		forbid(a, e, field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
	if (o->has_send_initial && !slice_eqs(match, "NotOlderThan"))
		forbid(a, e, field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
	if (!slice_empty(match) && !slice_empty(o->continue_token))
		forbid(a, e, field, "resourceVersionMatch is forbidden when continue is provided");
	if (!slice_empty(match) && !slice_eqs(match, "NotOlderThan"))
		schema_errors_add(a, e, "FieldValueNotSupported", field,
				  arena_printf(a, "Unsupported value: %s: supported values: \"NotOlderThan\"", status_quote(a, match)));
}

static const struct status *check_list(struct arena *a, const struct list_options *o, struct slice match) {
	struct schema_errors e = { 0 };
	if (o->watch) {
		check_watch(a, &e, o, match);
	} else {
		check_match(a, &e, o, match);
		if (o->has_send_initial) forbid(a, &e, "sendInitialEvents", "sendInitialEvents is forbidden for list");
	}
	return e.n ? status_invalid(a, META_GROUP, SLICE_LIT("ListOptions"), SLICE_NULL, &e) : NULL;
}

const struct status *options_list(struct arena *a, const struct query *q, bool watch, struct list_options *ret) {
	struct list_options o = {
		.watch = watch, .timeout_seconds = -1,
		.label_selector = query_get(q, "labelSelector"), .field_selector = query_get(q, "fieldSelector"),
		.continue_token = query_get(q, "continue"), .rv_text = query_get(q, "resourceVersion"),
		.bookmarks = query_bool(q, "allowWatchBookmarks", false),
		.has_send_initial = query_get(q, "sendInitialEvents").p, .send_initial = query_bool(q, "sendInitialEvents", false),
	};
	struct slice match = query_get(q, "resourceVersionMatch");
	const struct status *st = take_int(a, q, "timeoutSeconds", &o.timeout_seconds);
	if (!st) st = take_int(a, q, "limit", &o.limit);
	if (!st) st = check_list(a, &o, match);
	if (st) return st;
	if (o.limit < 0) o.limit = 0;
	o.match = slice_eqs(match, "Exact") ? RV_MATCH_EXACT : slice_eqs(match, "NotOlderThan") ? RV_MATCH_NOT_OLDER : RV_MATCH_UNSET;
	if (!watch && !slice_empty(o.continue_token) && !slice_empty(o.rv_text) && !slice_eqs(o.rv_text, "0"))
		return status_bad_request(a, "specifying resource version is not allowed when using continue");
	st = options_rv(a, o.rv_text, !watch, &o.rv);
	if (!st) *ret = o;
	return st;
}

/* ---- writes ---- */

static void check_dry_run(struct arena *a, struct schema_errors *e, const struct slice *v, size_t n, bool *ret) {
	bool bad = false;
	for (size_t i = 0; i < n; i++) {
		bad |= !slice_eqs(v[i], "All");
		*ret = true;
	}
	if (!bad) return;
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	buf_puts(&b, "Unsupported value: [");
	for (size_t i = 0; i < n; i++) {
		if (i) buf_putc(&b, ',');
		json_write_string(&b, v[i]);
	}
	buf_puts(&b, "]: supported values: \"All\"");
	schema_errors_add(a, e, "FieldValueNotSupported", "dryRun", arena_strndup(a, b.p ? b.p : "", b.n));
}

static size_t query_values(struct arena *a, const struct query *q, const char *key, struct slice **ret) {
	size_t n = 0, it = 0;
	struct slice *v = arena_array(a, q->n + 1, sizeof(*v));
	while (v && query_next(q, key, &it, &v[n])) n++;
	*ret = v;
	return v ? n : 0;
}

static void check_validation(struct arena *a, struct schema_errors *e, struct slice v, enum schema_field_mode *ret) {
	static const struct { const char *name; enum schema_field_mode mode; } modes[] = {
		{ "", FIELDS_WARN }, { "Ignore", FIELDS_IGNORE }, { "Warn", FIELDS_WARN }, { "Strict", FIELDS_STRICT },
	};
	for (size_t i = 0; i < ELEMENTSOF(modes); i++) {
		if (!slice_eqs(v, modes[i].name)) continue;
		*ret = modes[i].mode;
		return;
	}
	schema_errors_add(a, e, "FieldValueNotSupported", "fieldValidation",
			  arena_printf(a, "Unsupported value: %s: supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"", status_quote(a, v)));
}

/* The first byte that is no printable character (Go's unicode.IsPrint within ASCII), or -1. */
static ptrdiff_t unprintable(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] == 0x7f) return (ptrdiff_t)i;
	return -1;
}

static void check_manager(struct arena *a, struct schema_errors *e, struct slice m, bool apply) {
	if (apply && slice_empty(m))
		schema_errors_add(a, e, "FieldValueRequired", "fieldManager", "Required value: is required for apply patch");
	if (m.n > FIELD_MANAGER_MAX)
		schema_errors_add(a, e, "FieldValueTooLong", "fieldManager", "Too long: may not be more than 128 bytes");
	ptrdiff_t at = unprintable(m);
	if (at >= 0)
		schema_errors_add(a, e, "FieldValueInvalid", "fieldManager",
				  arena_printf(a, "Invalid value: %s: invalid character U+%04X (at position %td)", status_quote(a, m), (unsigned)(unsigned char)m.p[at], at));
}

const struct status *options_write(struct arena *a, const struct query *q, const char *kind, bool apply, struct write_options *ret) {
	struct write_options o = { .field_manager = query_get(q, "fieldManager"), .force = query_bool(q, "force", false),
				   .has_force = query_get(q, "force").p, .validation = FIELDS_WARN };
	struct schema_errors e = { 0 };
	struct slice *dry;
	size_t n = query_values(a, q, "dryRun", &dry);
	bool patch = !strcmp(kind, "PatchOptions");
	if (patch && !apply && o.has_force)
		schema_errors_add(a, &e, "FieldValueForbidden", "force", "Forbidden: may not be specified for non-apply patch");
	check_manager(a, &e, o.field_manager, apply);
	check_dry_run(a, &e, dry, n, &o.dry_run);
	check_validation(a, &e, query_get(q, "fieldValidation"), &o.validation);
	if (e.n) return status_invalid(a, META_GROUP, slice_str(kind), SLICE_NULL, &e);
	*ret = o;
	return NULL;
}

/* ---- delete ---- */

static const char *const propagations[] = { [PROPAGATE_DEFAULT] = "", [PROPAGATE_ORPHAN] = "Orphan", [PROPAGATE_BACKGROUND] = "Background",
					    [PROPAGATE_FOREGROUND] = "Foreground" };

static void check_propagation(struct arena *a, struct schema_errors *e, struct slice policy, struct delete_options *o) {
	bool known = false;
	for (size_t i = 0; i < ELEMENTSOF(propagations); i++) {
		if (!slice_eqs(policy, propagations[i])) continue;
		o->propagation = (enum propagation)i;
		known = true;
	}
	if (policy.p && o->has_orphan)
		schema_errors_add(a, e, "FieldValueInvalid", "propagationPolicy",
				  arena_printf(a, "Invalid value: %s: orphanDependents and deletionPropagation cannot be both set", status_quote(a, policy)));
	if (policy.p && (!known || slice_empty(policy)))
		schema_errors_add(a, e, "FieldValueNotSupported", "propagationPolicy",
				  arena_printf(a, "Unsupported value: %s: supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"", status_quote(a, policy)));
	if (o->has_orphan) o->propagation = o->orphan ? PROPAGATE_ORPHAN : PROPAGATE_BACKGROUND;
}

static const struct status *finish_delete(struct arena *a, struct delete_options *o, struct slice policy, const struct slice *dry, size_t n_dry) {
	struct schema_errors e = { 0 };
	check_propagation(a, &e, policy, o);
	check_dry_run(a, &e, dry, n_dry, &o->dry_run);
	return e.n ? status_invalid(a, META_GROUP, SLICE_LIT("DeleteOptions"), SLICE_NULL, &e) : NULL;
}

static const struct status *delete_from_body(struct arena *a, const yyjson_mut_val *body, struct delete_options *o) {
	yyjson_mut_val *grace = json_get(body, "gracePeriodSeconds"), *orphan = json_get(body, "orphanDependents"), *dry = json_get(body, "dryRun");
	if (grace) o->grace = yyjson_mut_get_sint(grace);
	o->has_orphan = orphan != NULL;
	o->orphan = orphan && yyjson_mut_get_bool(orphan);
	o->uid = json_path_str(body, "preconditions.uid");
	o->rv = json_path_str(body, "preconditions.resourceVersion");
	size_t n = yyjson_mut_arr_size(dry), i = 0;
	struct slice *v = arena_array(a, n + 1, sizeof(*v));
	if (!v) return status_no_memory();
	for (; i < n; i++) v[i] = json_str(yyjson_mut_arr_get(dry, i));
	return finish_delete(a, o, json_path_str(body, "propagationPolicy"), v, n);
}

const struct status *options_delete(struct arena *a, const struct query *q, const yyjson_mut_val *body, struct delete_options *ret) {
	struct delete_options o = { .grace = -1 };
	const struct status *st = NULL;
	if (body) {
		st = delete_from_body(a, body, &o);
	} else {
		struct slice *dry;
		size_t n = query_values(a, q, "dryRun", &dry);
		st = take_int(a, q, "gracePeriodSeconds", &o.grace);
		o.has_orphan = query_get(q, "orphanDependents").p;
		o.orphan = query_bool(q, "orphanDependents", false);
		if (!st) st = finish_delete(a, &o, query_get(q, "propagationPolicy"), dry, n);
	}
	if (st) return st;
	/* Like upstream, a negative grace period means one second. */
	if ((body ? json_get(body, "gracePeriodSeconds") != NULL : query_get(q, "gracePeriodSeconds").n > 0) && o.grace < 0) o.grace = 1;
	*ret = o;
	return NULL;
}

struct slice options_manager(struct arena *a, struct slice field_manager, struct slice user_agent) {
	if (!slice_empty(field_manager)) return field_manager;
	struct slice s = slice_cut(&user_agent, '/');
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; out && i < s.n; i++)
		if (unprintable(slice_make(s.p + i, 1)) < 0) out[n++] = s.p[i];
	if (n > FIELD_MANAGER_MAX) n = FIELD_MANAGER_MAX;
	return slice_make(out, out ? n : 0);
}
