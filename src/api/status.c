/* SPDX-License-Identifier: Apache-2.0 */
#include "api/status.h"

#include "api/limits.h"
#include "codec/json.h"

#include <errno.h>

static const struct status no_memory = {
	.code = 500, .reason = "InternalError", .message = "Internal error occurred: out of memory", .has_details = true,
};
static const struct status unknown_resource = {
	.code = 404, .reason = "NotFound", .message = "the server could not find the requested resource", .has_details = true,
};
static const struct status page_not_found = {
	.code = 404, .form = STATUS_TEXT, .message = "404 page not found\n", .nosniff = true,
};
static const struct status unauthorized = { .code = 401, .reason = "Unauthorized", .message = "Unauthorized" };
static const struct status method_not_allowed = {
	.code = 405, .reason = "MethodNotAllowed", .message = "the server does not allow this method on the requested resource",
	.has_details = true,
};
static const struct status not_acceptable_route = {
	.code = 406, .reason = "NotAcceptable", .has_details = true,
	.message = "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
		   "application/vnd.kubernetes.protobuf",
};
static const struct status not_acceptable_route_watch = {
	.code = 406, .reason = "NotAcceptable", .has_details = true,
	.message = "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
		   "application/vnd.kubernetes.protobuf, application/json;stream=watch, "
		   "application/vnd.kubernetes.protobuf;stream=watch",
};
static const struct status bad_url = { .code = 400, .form = STATUS_TEXT, .message = "400 Bad Request" };
static const struct status not_acceptable = {
	.code = 406, .reason = "NotAcceptable",
	.message = "only the following media types are accepted: application/json, application/yaml, "
		   "application/vnd.kubernetes.protobuf",
};
static const struct status not_acceptable_watch = {
	.code = 406, .reason = "NotAcceptable",
	.message = "only the following media types are accepted: application/json;stream=watch, "
		   "application/vnd.kubernetes.protobuf;stream=watch",
};
static const struct status unsupported_body = {
	.code = 415, .reason = "UnsupportedMediaType",
	.message = "the body of the request was in an unknown format - accepted media types include: application/json, "
		   "application/yaml, application/vnd.kubernetes.protobuf",
};
static const struct status unsupported_patch = {
	.code = 415, .reason = "UnsupportedMediaType", .message = "415: Unsupported Media Type", .has_details = true,
};
static const struct status unprocessable = {
	.code = 422, .reason = "Invalid", .message = "the server rejected our request due to an error in our request", .has_details = true,
};
static const struct status timeout_filter = {
	.code = 504, .form = STATUS_BARE, .reason = "Timeout", .has_details = true,
	.message = "Timeout: request did not complete within the allotted timeout",
};

const struct status *status_no_memory(void) { return &no_memory; }
const struct status *status_unknown_resource(void) { return &unknown_resource; }
const struct status *status_page_not_found(void) { return &page_not_found; }
const struct status *status_unauthorized(void) { return &unauthorized; }
const struct status *status_method_not_allowed(void) { return &method_not_allowed; }
const struct status *status_not_acceptable_route(bool watchable) { return watchable ? &not_acceptable_route_watch : &not_acceptable_route; }
const struct status *status_bad_url(void) { return &bad_url; }
const struct status *status_unsupported_body(void) { return &unsupported_body; }
const struct status *status_unsupported_patch(void) { return &unsupported_patch; }
const struct status *status_timeout_filter(void) { return &timeout_filter; }
const struct status *status_unprocessable(struct arena *a) { return &unprocessable; }
const struct status *status_not_acceptable(struct arena *a, bool watch) { return watch ? &not_acceptable_watch : &not_acceptable; }

const char *status_qualified(struct arena *a, struct slice resource, struct slice group) {
	const char *s = slice_empty(group) ? arena_slice_str(a, resource)
					   : arena_printf(a, "%.*s.%.*s", SLICE_FMT(resource), SLICE_FMT(group));
	return s ? s : "";
}

/* ---- Go's %q ---- */

static size_t utf8_len(const unsigned char *p, size_t n) {
	size_t want = p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;
	if (p[0] >= 0xf5 || !want || want > n) return 0;
	for (size_t i = 1; i < want; i++)
		if ((p[i] & 0xc0) != 0x80) return 0;
	return want;
}

static int put_quoted_ascii(struct buf *b, unsigned char c) {
	static const char named[][3] = { ['\a'] = "\\a", ['\b'] = "\\b", ['\f'] = "\\f", ['\n'] = "\\n", ['\r'] = "\\r",
					 ['\t'] = "\\t", ['\v'] = "\\v", ['"'] = "\\\"", ['\\'] = "\\\\" };
	if (c < sizeof(named) / sizeof(named[0]) && named[c][0]) return buf_puts(b, named[c]);
	if (c < 0x20 || c == 0x7f) return buf_printf(b, "\\x%02x", c);
	return buf_putc(b, (char)c);
}

int status_put_quoted(struct buf *b, struct slice s) {
	const unsigned char *p = (const unsigned char *)s.p;
	buf_putc(b, '"');
	for (size_t i = 0; i < s.n;) {
		if (p[i] < 0x80) {
			put_quoted_ascii(b, p[i++]);
			continue;
		}
		size_t n = utf8_len(p + i, s.n - i);
		if (n) buf_put(b, p + i, n);
		else buf_printf(b, "\\x%02x", p[i]);
		i += n ? n : 1;
	}
	return buf_putc(b, '"');
}

static void buf_done_void(void *p) { free(p); }

/* Moves a buffer's text into the arena's keeping. */
static const char *arena_take(struct arena *a, struct buf *b) {
	buf_putc(b, 0);
	char *s = buf_take(b, NULL);
	if (!s || arena_defer(a, buf_done_void, s) < 0) return NULL;
	return s;
}

const char *status_quote(struct arena *a, struct slice s) {
	struct buf b = BUF_INIT(OBJECT_BYTES_MAX * 8);
	status_put_quoted(&b, s);
	const char *q = arena_take(a, &b);
	buf_done(&b);
	return q ? q : "\"\"";
}

/* ---- constructors ---- */

static struct status *make(struct arena *a, int code, const char *reason, const char *message) {
	struct status *st = message ? arena_new_of(a, struct status) : NULL;
	if (!st) return NULL;
	*st = (struct status){ .code = code, .reason = reason, .message = message };
	return st;
}

static const struct status *orelse(const struct status *st) { return st ? st : &no_memory; }

static const struct status *targeted(struct status *st, struct slice group, struct slice kind, struct slice name) {
	if (!st) return &no_memory;
	st->has_details = true;
	st->group = group;
	st->kind = kind;
	st->name = name;
	return st;
}

const struct status *status_new(struct arena *a, int code, const char *reason, const char *message) {
	return orelse(make(a, code, reason, message));
}

const struct status *status_not_found(struct arena *a, struct slice group, struct slice resource, struct slice name) {
	const char *m = arena_printf(a, "%s %s not found", status_qualified(a, resource, group), status_quote(a, name));
	return targeted(make(a, 404, "NotFound", m), group, resource, name);
}

const struct status *status_already_exists(struct arena *a, struct slice group, struct slice resource, struct slice name) {
	const char *m = arena_printf(a, "%s %s already exists", status_qualified(a, resource, group), status_quote(a, name));
	return targeted(make(a, 409, "AlreadyExists", m), group, resource, name);
}

const struct status *status_name_exhausted(struct arena *a, struct slice group, struct slice resource, struct slice name) {
	const char *m = arena_printf(a, "%s %s already exists, the server was not able to generate a unique name for the object",
				     status_qualified(a, resource, group), status_quote(a, name));
	struct status *st = make(a, 409, "AlreadyExists", m);
	if (st) st->retry_after = 1;
	return targeted(st, group, resource, name);
}

const struct status *status_conflict(struct arena *a, struct slice group, struct slice resource, struct slice name, const char *why) {
	const char *m = arena_printf(a, "Operation cannot be fulfilled on %s %s: %s", status_qualified(a, resource, group),
				     status_quote(a, name), why);
	return targeted(make(a, 409, "Conflict", m), group, resource, name);
}

const struct status *status_stale(struct arena *a, struct slice group, struct slice resource, struct slice name) {
	return status_conflict(a, group, resource, name,
			       "the object has been modified; please apply your changes to the latest version and try again");
}

const struct status *status_forbidden(struct arena *a, struct slice group, struct slice resource, struct slice name, const char *why) {
	const char *q = status_qualified(a, resource, group);
	const char *m = slice_empty(resource) ? arena_printf(a, "forbidden: %s", why)
		      : slice_empty(name)     ? arena_printf(a, "%s is forbidden: %s", q, why)
					      : arena_printf(a, "%s %s is forbidden: %s", q, status_quote(a, name), why);
	return targeted(make(a, 403, "Forbidden", m), group, resource, name);
}

const struct status *status_bad_request(struct arena *a, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	const char *m = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return orelse(make(a, 400, "BadRequest", m));
}

/* ---- 422 ---- */

static bool seen_before(const struct schema_errors *e, size_t i) {
	for (size_t k = 0; k < i; k++)
		if (!strcmp(e->v[k].field, e->v[i].field) && !strcmp(e->v[k].body, e->v[i].body)) return true;
	return false;
}

static void put_errors(struct buf *b, const struct schema_errors *e) {
	size_t distinct = 0;
	for (size_t i = 0; i < e->n; i++) distinct += !seen_before(e, i);
	if (distinct > 1) buf_putc(b, '[');
	for (size_t i = 0, k = 0; i < e->n; i++) {
		if (seen_before(e, i)) continue;
		if (k++) buf_puts(b, ", ");
		buf_printf(b, "%s: %s", e->v[i].field, e->v[i].body);
	}
	if (distinct > 1) buf_putc(b, ']');
}

static const struct status_cause *causes_of(struct arena *a, const struct schema_errors *e) {
	struct status_cause *c = arena_array(a, e->n ? e->n : 1, sizeof(*c));
	for (size_t i = 0; c && i < e->n; i++)
		c[i] = (struct status_cause){ .reason = e->v[i].type, .message = e->v[i].body, .field = e->v[i].field };
	return c;
}

const struct status *status_invalid(struct arena *a, struct slice group, struct slice kind, struct slice name, const struct schema_errors *errs) {
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	buf_printf(&b, "%s ", status_qualified(a, kind, group));
	status_put_quoted(&b, name);
	buf_puts(&b, " is invalid: ");
	put_errors(&b, errs);
	const char *m = arena_take(a, &b);
	struct status *st = make(a, 422, "Invalid", m);
	if (!st) return &no_memory;
	st->causes = causes_of(a, errs);
	st->n_causes = st->causes ? errs->n : 0;
	return targeted(st, group, kind, name);
}

const struct status *status_invalid1(struct arena *a, struct slice group, struct slice kind, struct slice name, const char *type, const char *field, const char *body) {
	struct schema_error e = { .type = type, .field = field, .body = body };
	struct schema_errors es = { .v = &e, .n = 1, .cap = 1 };
	return status_invalid(a, group, kind, name, &es);
}

/* ---- the rest ---- */

const struct status *status_expired(struct arena *a, const char *message, const char *continue_token) {
	struct status *st = make(a, 410, "Expired", message);
	if (!st) return &no_memory;
	st->continue_token = continue_token;
	return st;
}

const struct status *status_not_supported(struct arena *a, const char *action, struct slice group, struct slice resource) {
	const char *m = arena_printf(a, "%s is not supported on resources of kind \"%s\"", action, status_qualified(a, resource, group));
	return targeted(make(a, 405, "MethodNotAllowed", m), group, resource, SLICE_NULL);
}

const struct status *status_not_acceptable_type(struct arena *a, const char *type) {
	struct status *st = make(a, 406, "NotAcceptable", arena_printf(a, "406: Not Acceptable\n\nAvailable representations: %s", type));
	if (st) st->has_details = true;
	return orelse(st);
}

const struct status *status_too_large(struct arena *a, const char *what) {
	return orelse(make(a, 413, "RequestEntityTooLarge", arena_printf(a, "Request entity too large: %s", what)));
}

const struct status *status_busy(struct arena *a, int retry_after) {
	struct status *st = make(a, 429, NULL, "Too many requests, please try again later.\n");
	if (!st) return &no_memory;
	st->form = STATUS_TEXT;
	st->retry_after = retry_after;
	return st;
}

const struct status *status_too_many_requests(struct arena *a, const char *message, int retry_after) {
	struct status *st = make(a, 429, "TooManyRequests", message);
	if (!st) return &no_memory;
	st->retry_after = retry_after;
	st->has_details = true;
	return st;
}

const struct status *status_error(struct arena *a, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	const char *m = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return orelse(make(a, 500, NULL, m));
}

const struct status *status_internal(struct arena *a, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	const char *why = arena_vprintf(a, fmt, ap);
	va_end(ap);
	struct status_cause *c = arena_new_of(a, struct status_cause);
	struct status *st = why && c ? make(a, 500, "InternalError", arena_printf(a, "Internal error occurred: %s", why)) : NULL;
	if (!st) return &no_memory;
	c->message = why;
	st->has_details = true;
	st->causes = c;
	st->n_causes = 1;
	return st;
}

const struct status *status_unavailable(struct arena *a, const char *message, int retry_after) {
	struct status *st = make(a, 503, "ServiceUnavailable", message);
	if (!st) return &no_memory;
	st->retry_after = retry_after;
	st->has_details = retry_after > 0;
	return st;
}

const struct status *status_rv_too_large(struct arena *a, uint64_t asked, uint64_t current, int retry_after) {
	static const struct status_cause cause = { .reason = "ResourceVersionTooLarge", .message = "Too large resource version" };
	struct status *st = make(a, 504, "Timeout", arena_printf(a, "Timeout: Too large resource version: %llu, current: %llu",
							      (unsigned long long)asked, (unsigned long long)current));
	if (!st) return &no_memory;
	st->has_details = true;
	st->causes = &cause;
	st->n_causes = 1;
	st->retry_after = retry_after;
	return st;
}

const struct status *status_timeout(struct arena *a, const char *message) {
	struct status *st = make(a, 504, "Timeout", arena_printf(a, "Timeout: %s", message));
	if (!st) return &no_memory;
	st->has_details = true;
	return st;
}

const struct status *status_internal_text(struct arena *a, struct slice uri, const char *err) {
	struct status *st = make(a, 500, NULL, arena_printf(a, "Internal Server Error: %s: %s\n", status_quote(a, uri), err));
	if (!st) return &no_memory;
	st->form = STATUS_TEXT;
	st->nosniff = true;
	return st;
}

const struct status *status_of_store(struct arena *a, int err) {
	switch (err) {
	case -ENOSPC: return status_internal(a, "the data directory is full");
	case -EIO: return status_internal(a, "the data store cannot be written");
	case -EBUSY: return status_unavailable(a, "the data store has too much to write, please try again later", 1);
	case -ENOLINK: return status_internal(a, "etcdserver: request timed out"); /* Kubernetes' words, and not to be repeated blindly */
	case -ESHUTDOWN: return status_unavailable(a, "apiserver is shutting down", 1);
	case -E2BIG: return status_error(a, "etcdserver: request is too large");
	case -ENOMEM: return &no_memory;
	default: return status_internal(a, "%s", strerror(-err));
	}
}

const struct status *status_of_sync(struct arena *a, int err) {
	return err == -ENOLINK ? status_unavailable(a, "the datastore does not answer, please try again later", 1) : status_of_store(a, err);
}

const struct status *status_deleted(struct arena *a, struct slice group, struct slice resource, struct slice name, struct slice uid) {
	struct status *st = arena_new_of(a, struct status);
	if (!st) return &no_memory;
	st->code = 200;
	st->success = true;
	st->uid = uid;
	return targeted(st, group, resource, name);
}

/* ---- encoding ---- */

static void put_member(struct buf *b, bool *first, const char *name) {
	buf_printf(b, "%s\"%s\":", *first ? "" : ",", name);
	*first = false;
}

static void put_slice(struct buf *b, bool *first, const char *name, struct slice v) {
	if (slice_empty(v)) return;
	put_member(b, first, name);
	json_write_string(b, v);
}

static void put_causes(struct buf *b, bool *first, const struct status *st) {
	if (!st->n_causes) return;
	put_member(b, first, "causes");
	for (size_t i = 0; i < st->n_causes; i++) {
		bool f = true;
		buf_puts(b, i ? ",{" : "[{");
		put_slice(b, &f, "reason", slice_str(st->causes[i].reason));
		put_slice(b, &f, "message", slice_str(st->causes[i].message));
		put_slice(b, &f, "field", slice_str(st->causes[i].field));
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

static void put_details(struct buf *b, const struct status *st) {
	bool f = true;
	buf_puts(b, ",\"details\":{");
	put_slice(b, &f, "name", st->name);
	put_slice(b, &f, "group", st->group);
	put_slice(b, &f, "kind", st->kind);
	put_slice(b, &f, "uid", st->uid);
	put_causes(b, &f, st);
	if (st->retry_after && st->reason) {
		put_member(b, &f, "retryAfterSeconds");
		buf_put_u64(b, (uint64_t)st->retry_after);
	}
	buf_putc(b, '}');
}

int status_write(const struct status *st, struct buf *b) {
	bool f = st->form == STATUS_BARE, meta = true;
	buf_puts(b, f ? "{" : "{\"kind\":\"Status\",\"apiVersion\":\"v1\"");
	put_member(b, &f, "metadata");
	buf_putc(b, '{');
	put_slice(b, &meta, "continue", slice_str(st->continue_token));
	buf_puts(b, st->success ? "},\"status\":\"Success\"" : "},\"status\":\"Failure\"");
	f = false;
	put_slice(b, &f, "message", slice_str(st->message));
	put_slice(b, &f, "reason", slice_str(st->reason));
	if (st->has_details) put_details(b, st);
	if (st->code && (!st->success || st->code != 200)) buf_printf(b, ",\"code\":%d", st->code);
	return buf_putc(b, '}');
}
