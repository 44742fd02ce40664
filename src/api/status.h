/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metav1.Status: the answer that says what went wrong, as Kubernetes words and orders it (API conventions, "Response Status
 * Kind"; apimachinery's api/errors names the constructors). A function that can fail with an answer for the client returns
 * `const struct status *`: NULL is success. Statuses and all their strings live in the arena given, or are static.
 * No constructor returns NULL: out of memory is itself a status. Thread rule: pure.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "schema/schema.h"

struct status_cause { const char *reason, *message, *field; }; /* NULL or "": left out */

enum status_form {
	STATUS_OBJECT,     /* kind, apiVersion, ...: encoded as the client accepts */
	STATUS_TEXT,       /* `message` is the whole text/plain body */
	STATUS_BARE,       /* JSON without kind and apiVersion, sent as text/plain (the timeout filter's) */
};

struct status {
	int code;
	enum status_form form;
	bool success;
	const char *reason, *message;
	bool has_details;              /* `"details":{}` appears even when empty */
	struct slice name, group, kind, uid;
	const struct status_cause *causes;
	size_t n_causes;
	int retry_after;               /* seconds; also the Retry-After header */
	const char *continue_token;    /* metadata.continue of an expired list */
	bool nosniff;                  /* X-Content-Type-Options: nosniff */
};

/* Group and plural of what a message is about. `name` may be empty. */
struct status_target { struct slice group, resource, name; };

/* "pods", "roles.rbac.authorization.k8s.io". */
const char *status_qualified(struct arena *a, struct slice resource, struct slice group);

/* 404 */
const struct status *status_not_found(struct arena *a, struct slice group, struct slice resource, struct slice name);
const struct status *status_unknown_resource(void);      /* "the server could not find the requested resource" */
const struct status *status_page_not_found(void);        /* text */
/* 409 */
const struct status *status_already_exists(struct arena *a, struct slice group, struct slice resource, struct slice name);
const struct status *status_name_exhausted(struct arena *a, struct slice group, struct slice resource, struct slice name);
const struct status *status_conflict(struct arena *a, struct slice group, struct slice resource, struct slice name, const char *why);
const struct status *status_stale(struct arena *a, struct slice group, struct slice resource, struct slice name);
/* 403: `<resource> "<name>" is forbidden: <why>` as admission plugins deny. name may be empty. */
const struct status *status_forbidden(struct arena *a, struct slice group, struct slice resource, struct slice name, const char *why);
/* 401 */
const struct status *status_unauthorized(void);
/* 400 without details. */
const struct status *status_bad_request(struct arena *a, const char *fmt, ...) k8c_printf(2, 3);
/* 422: `Kind.group "name" is invalid: ...`. The errors' strings are kept. */
const struct status *status_invalid(struct arena *a, struct slice group, struct slice kind, struct slice name, const struct schema_errors *errs);
const struct status *status_invalid1(struct arena *a, struct slice group, struct slice kind, struct slice name, const char *type, const char *field, const char *body);
/* 422 of a patch that cannot be applied, with `details:{}`. */
const struct status *status_unprocessable(struct arena *a);
/* 410 Expired. */
const struct status *status_expired(struct arena *a, const char *message, const char *continue_token);
/* 405, 406, 413, 415 */
const struct status *status_method_not_allowed(void);
const struct status *status_not_supported(struct arena *a, const char *action, struct slice group, struct slice resource);
const struct status *status_not_acceptable_route(bool watchable);
/* The same for a route that produces one type only. */
const struct status *status_not_acceptable_type(struct arena *a, const char *type);
const struct status *status_bad_url(void);               /* text, as net/http answers */
const struct status *status_not_acceptable(struct arena *a, bool watch);
const struct status *status_too_large(struct arena *a, const char *what);
const struct status *status_unsupported_body(void);
const struct status *status_unsupported_patch(void);
/* 429 */
const struct status *status_busy(struct arena *a, int retry_after);
const struct status *status_too_many_requests(struct arena *a, const char *message, int retry_after);
/* 5xx. status_error: a plain error, message only. status_internal: "Internal error occurred: ". */
const struct status *status_error(struct arena *a, const char *fmt, ...) k8c_printf(2, 3);
const struct status *status_internal(struct arena *a, const char *fmt, ...) k8c_printf(2, 3);
const struct status *status_unavailable(struct arena *a, const char *message, int retry_after);
const struct status *status_rv_too_large(struct arena *a, uint64_t asked, uint64_t current, int retry_after);
const struct status *status_timeout_filter(void);
const struct status *status_timeout(struct arena *a, const char *message);
/* Text `Internal Server Error: "<uri>": <err>`. */
const struct status *status_internal_text(struct arena *a, struct slice uri, const char *err);
/* Out of memory: static. */
const struct status *status_no_memory(void);
/* A failed write: -ENOSPC, -EIO, -ESHUTDOWN, -EBUSY, -E2BIG and the rest. */
const struct status *status_of_store(struct arena *a, int err);
/* A read that could not be made fresh: 503 with Retry-After when the datastore does not answer. */
const struct status *status_of_sync(struct arena *a, int err);
/* 200: what DELETE answers. */
const struct status *status_deleted(struct arena *a, struct slice group, struct slice resource, struct slice name, struct slice uid);

/* Any message with any code and reason. */
const struct status *status_new(struct arena *a, int code, const char *reason, const char *message);

/* Appends compact JSON without a newline. 0 or b->err. */
int status_write(const struct status *st, struct buf *b);

/* Go's %q of a string, appended / as an arena string. */
int status_put_quoted(struct buf *b, struct slice s);
const char *status_quote(struct arena *a, struct slice s);
