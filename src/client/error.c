/* SPDX-License-Identifier: Apache-2.0 */
#include "client/error.h"

#include <errno.h>
#include <string.h>

#define BODY_SHOWN_MAX 256

/* What client-go says when a server gives only a status code (apimachinery's NewGenericServerResponse). */
static const struct { int status; int err; const char *reason, *message; } known[] = {
	{ 400, EINVAL, "BadRequest", "the server rejected our request for an unknown reason" },
	{ 401, EKEYREJECTED, "Unauthorized", "the server has asked for the client to provide credentials" },
	{ 403, EPERM, "Forbidden", "the server does not allow access to the requested resource" },
	{ 404, ENOENT, "NotFound", "the server could not find the requested resource" },
	{ 405, EREMOTEIO, "MethodNotAllowed", "the server does not allow this method on the requested resource" },
	{ 406, EREMOTEIO, "NotAcceptable", "the server was unable to respond with a content type that the client supports" },
	{ 409, EAGAIN, "Conflict", "the server reported a conflict" },
	{ 410, ESTALE, "Expired", "the resource version is too old" },
	{ 413, E2BIG, "RequestEntityTooLarge", "the request is too large" },
	{ 415, EREMOTEIO, "UnsupportedMediaType", "the server was unable to process the request's media type" },
	{ 422, EINVAL, "Invalid", "the server rejected our request due to an error in our request" },
	{ 429, EBUSY, "TooManyRequests", "the server has received too many requests and has asked us to try again later" },
	{ 500, EIO, "InternalError", "an error on the server has prevented the request from succeeding" },
	{ 503, EIO, "ServiceUnavailable", "the server is currently unable to handle the request" },
	{ 504, ETIMEDOUT, "Timeout",
	  "the server was unable to return a response in the time allotted, but may still be processing the request" },
};

static int sum_up(int status, const char *reason) {
	if (status == 409 && !strcmp(reason, "AlreadyExists")) return -EEXIST;
	for (size_t i = 0; i < ELEMENTSOF(known); i++)
		if (known[i].status == status) return -known[i].err;
	return status >= 500 ? -EIO : -EREMOTEIO;
}

static void blank(struct k8c_error *e) {
	*e = (struct k8c_error){ .reason = "", .message = "", .group = "", .kind = "", .name = "", .uid = "" };
}

static const char *keep(struct arena *a, struct slice s) {
	const char *p = s.n ? arena_strndup(a, s.p, s.n) : NULL;
	return p ? p : "";
}

void error_from_errno(struct arena *a, int err, const char *msg, struct k8c_error *ret) {
	blank(ret);
	ret->err = err;
	ret->message = keep(a, slice_str(msg ? msg : strerror(-err)));
}

static void copy_causes(struct arena *a, yyjson_mut_val *list, struct k8c_error *ret) {
	yyjson_mut_val *v;
	size_t i, n = yyjson_mut_arr_size(list);
	struct k8c_cause *c = n ? arena_array(a, n, sizeof(*c)) : NULL;
	if (!c) return;
	yyjson_mut_arr_foreach(list, i, n, v) {
		c[i] = (struct k8c_cause){ keep(a, json_path_str(v, "reason")), keep(a, json_path_str(v, "message")),
					    keep(a, json_path_str(v, "field")) };
	}
	ret->causes = c;
	ret->n_causes = n;
}

void error_from_status(struct arena *a, int http_status, const yyjson_mut_val *status, struct k8c_error *ret) {
	blank(ret);
	ret->status = (int)json_path_int(status, "code", http_status);
	ret->reason = keep(a, json_path_str(status, "reason"));
	ret->message = keep(a, json_path_str(status, "message"));
	ret->group = keep(a, json_path_str(status, "details.group"));
	ret->kind = keep(a, json_path_str(status, "details.kind"));
	ret->name = keep(a, json_path_str(status, "details.name"));
	ret->uid = keep(a, json_path_str(status, "details.uid"));
	int64_t after = json_path_int(status, "details.retryAfterSeconds", 0);
	ret->retry_after = after > 0 && after < UINT32_MAX ? (uint32_t)after : 0;
	copy_causes(a, json_path(status, "details.causes"), ret);
	for (size_t i = 0; i < ELEMENTSOF(known) && !*ret->message; i++)
		if (known[i].status == ret->status) ret->message = known[i].message;
	if (!*ret->message) ret->message = "the server told of an error without a message";
	ret->err = sum_up(ret->status, ret->reason);
}

static bool printable(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 && !strchr("\t\r\n", s.p[i])) return false;
	return true;
}

/* No Status object: the code's usual sentence, with the body where it is short text. */
static void from_code(struct arena *a, int status, struct slice body, struct k8c_error *ret) {
	const char *message = NULL;
	blank(ret);
	ret->status = status;
	for (size_t i = 0; i < ELEMENTSOF(known); i++)
		if (known[i].status == status) {
			ret->reason = known[i].reason;
			message = known[i].message;
		}
	if (!message)
		message = arena_printf(a, "the server responded with the status code %d but did not return more information",
				       status);
	while (body.n && strchr("\r\n\t ", body.p[body.n - 1])) body.n--;
	if (body.n && body.n <= BODY_SHOWN_MAX && printable(body) && message)
		message = arena_printf(a, "%s: %.*s", message, SLICE_FMT(body));
	ret->message = message ? message : "";
	ret->err = sum_up(status, ret->reason);
}

void error_from_response(struct arena *a, int status, struct slice body, struct k8c_error *ret) {
	yyjson_mut_doc *doc;
	if (json_parse(a, body, &doc, NULL) == 0 && slice_eqs(json_path_str(doc->root, "kind"), "Status") &&
	    json_path_str(doc->root, "message").n)
		error_from_status(a, status, doc->root, ret);
	else
		from_code(a, status, body, ret);
	/* The line of the answer counts, whatever a body says of itself. */
	ret->status = status;
	ret->err = sum_up(status, ret->reason);
}

void error_copy(struct arena *a, const struct k8c_error *e, struct k8c_error *ret) {
	*ret = *e;
	const char **strings[] = { &ret->reason, &ret->message, &ret->group, &ret->kind, &ret->name, &ret->uid };
	for (size_t i = 0; i < ELEMENTSOF(strings); i++) *strings[i] = keep(a, slice_str(*strings[i]));
	struct k8c_cause *c = e->n_causes ? arena_array(a, e->n_causes, sizeof(*c)) : NULL;
	ret->n_causes = c ? e->n_causes : 0;
	ret->causes = c;
	for (size_t i = 0; i < ret->n_causes; i++)
		c[i] = (struct k8c_cause){ keep(a, slice_str(e->causes[i].reason)), keep(a, slice_str(e->causes[i].message)),
					    keep(a, slice_str(e->causes[i].field)) };
}
