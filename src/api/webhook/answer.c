/* SPDX-License-Identifier: Apache-2.0 */
#include "api/webhook/answer.h"

#include "codec/base64.h"

#include <errno.h>

#define V1 "admission.k8s.io/v1"
#define V1BETA1 "admission.k8s.io/v1beta1"

static const char no_memory[] = "out of memory";

/* JSON null is absence, as Go decodes it. */
static yyjson_mut_val *present(const yyjson_mut_val *v, const char *path) {
	yyjson_mut_val *m = json_path(v, path);
	return m && !yyjson_mut_is_null(m) ? m : NULL;
}

/* ---- types ---- */

enum want { STRING, BOOL, OBJECT, LIST, INT };
static const struct { const char *path, *go; enum want want; } members[] = {
	{ "kind", "AdmissionReview.kind of type string", STRING },
	{ "apiVersion", "AdmissionReview.apiVersion of type string", STRING },
	{ "response", "AdmissionReview.response of type v1.AdmissionResponse", OBJECT },
	{ "response.uid", "AdmissionResponse.response.uid of type types.UID", STRING },
	{ "response.allowed", "AdmissionResponse.response.allowed of type bool", BOOL },
	{ "response.status", "AdmissionResponse.response.status of type v1.Status", OBJECT },
	{ "response.status.code", "Status.response.status.code of type int32", INT },
	{ "response.status.message", "Status.response.status.message of type string", STRING },
	{ "response.status.reason", "Status.response.status.reason of type v1.StatusReason", STRING },
	{ "response.status.details", "Status.response.status.details of type v1.StatusDetails", OBJECT },
	{ "response.patch", "AdmissionResponse.response.patch of type []uint8", STRING },
	{ "response.patchType", "AdmissionResponse.response.patchType of type v1.PatchType", STRING },
	{ "response.warnings", "AdmissionResponse.response.warnings of type []string", LIST },
	{ "response.auditAnnotations", "AdmissionResponse.response.auditAnnotations of type map[string]string", OBJECT },
};

static bool is(const yyjson_mut_val *v, enum want want) {
	yyjson_mut_val *m = (yyjson_mut_val *)(uintptr_t)v;
	switch (want) {
	case STRING: return yyjson_mut_is_str(m);
	case BOOL: return yyjson_mut_is_bool(m);
	case OBJECT: return yyjson_mut_is_obj(m);
	case LIST: return yyjson_mut_is_arr(m);
	case INT: return yyjson_mut_is_int(m);
	}
	return false;
}

static const char *go_kind(const yyjson_mut_val *v) {
	yyjson_mut_val *m = (yyjson_mut_val *)(uintptr_t)v;
	return yyjson_mut_is_obj(m) ? "object" : yyjson_mut_is_arr(m) ? "array" : yyjson_mut_is_str(m) ? "string" : yyjson_mut_is_bool(m) ? "bool" : "number";
}

static const char *cannot(struct arena *a, const yyjson_mut_val *v, const char *go) {
	const char *m = arena_printf(a, "failed to call webhook: json: cannot unmarshal %s into Go struct field %s", go_kind(v), go);
	return m ? m : no_memory;
}

static const char *check_types(struct arena *a, const yyjson_mut_val *root) {
	yyjson_mut_val *w;
	for (size_t i = 0; i < ELEMENTSOF(members); i++) {
		const yyjson_mut_val *v = present(root, members[i].path);
		if (v && !is(v, members[i].want)) return cannot(a, v, members[i].go);
	}
	json_each(present(root, "response.warnings"), w)
		if (!json_is_string(w)) return cannot(a, w, "AdmissionResponse.response.warnings of type string");
	return NULL;
}

/* ---- sense ---- */

static const char *invalid(struct arena *a, const char *fmt, ...) k8c_printf(2, 3);
static const char *invalid(struct arena *a, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	const char *why = arena_vprintf(a, fmt, ap);
	va_end(ap);
	const char *m = why ? arena_printf(a, "received invalid webhook response: %s", why) : NULL;
	return m ? m : no_memory;
}

/* As Go prints a GroupVersionKind: an apiVersion without a slash has no group. */
static const char *shown_kind(struct arena *a, const yyjson_mut_val *root) {
	struct slice version = json_path_str(root, "apiVersion"), kind = json_path_str(root, "kind");
	return arena_printf(a, "%s%.*s, Kind=%.*s", slice_chr(version, '/') >= 0 ? "" : "/", SLICE_FMT(version), SLICE_FMT(kind));
}

static const char *check_identity(struct arena *a, const yyjson_mut_val *root, const struct webhook_asked *asked) {
	struct slice uid = json_path_str(root, "response.uid");
	if (!slice_eq(uid, asked->uid))
		return invalid(a, "expected response.uid=%s, got %s", status_quote(a, asked->uid), status_quote(a, uid));
	if (slice_eqs(json_path_str(root, "apiVersion"), V1) && slice_eqs(json_path_str(root, "kind"), "AdmissionReview")) return NULL;
	return invalid(a, "expected webhook response of " V1 ", Kind=AdmissionReview, got %s", shown_kind(a, root));
}

/* Patch and patchType come together, and from mutating webhooks only. */
static const char *check_patch(struct arena *a, const yyjson_mut_val *response, const struct webhook_asked *asked, struct slice patch) {
	const yyjson_mut_val *type = present(response, "patchType");
	if (!asked->mutating) {
		if (patch.n) return invalid(a, "validating webhook may not return response.patch");
		return type ? invalid(a, "validating webhook may not return response.patchType") : NULL;
	}
	if (patch.n && !type) return invalid(a, "webhook returned response.patch but not response.patchType");
	if (!patch.n && type) return invalid(a, "webhook returned response.patchType but not response.patch");
	if (type && !json_str(type).n) return invalid(a, "webhook returned invalid response.patchType of \"\"");
	if (!type || slice_eqs(json_str(type), "JSONPatch")) return NULL;
	const char *m = arena_printf(a, "unsupported patch type %s", status_quote(a, json_str(type)));
	return m ? m : no_memory;
}

static const char *read_patch(struct arena *a, const yyjson_mut_val *response, struct slice *ret) {
	_cleanup_buf_ struct buf b = BUF_INIT(WEBHOOK_ANSWER_MAX);
	size_t at = 0;
	int err = base64_decode(&b, BASE64_STD, json_path_str(response, "patch"), &at);
	if (err == -EBADMSG) {
		const char *m = arena_printf(a, "failed to call webhook: illegal base64 data at input byte %zu", at);
		return m ? m : no_memory;
	}
	if (err) return no_memory;
	*ret = b.n ? arena_slice_dup(a, buf_slice(&b)) : SLICE_NULL;
	return b.n && !ret->p ? no_memory : NULL;
}

const char *webhook_answer_read(struct arena *a, struct slice body, const struct webhook_asked *asked, struct webhook_answer *ret) {
	yyjson_mut_doc *doc;
	struct json_error e;
	if (slice_empty(body)) return "failed to call webhook: 0-length response with status code: 200 and content type: ";
	int err = json_parse(a, body, &doc, &e);
	if (err == -EBADMSG) {
		const char *m = arena_printf(a, "failed to call webhook: couldn't get version/kind; json parse error: %s", e.msg);
		return m ? m : no_memory;
	}
	if (err) return no_memory;
	const yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *response;
	struct slice patch = SLICE_NULL;
	if (!is(root, OBJECT)) return cannot(a, root, "AdmissionReview of type v1.AdmissionReview");
	const char *why = check_types(a, root);
	if (why) return why;
	response = present(root, "response");
	if (!response) return invalid(a, "webhook response was absent");
	if (!asked->v1beta1) why = check_identity(a, root, asked);
	if (!why) why = read_patch(a, response, &patch);
	if (!why && !asked->v1beta1) why = check_patch(a, response, asked, patch);
	if (why) return why;
	*ret = (struct webhook_answer){ .allowed = json_path_bool(response, "allowed", false), .patch = asked->mutating ? patch : SLICE_NULL,
					.warnings = present(response, "warnings"), .result = present(response, "status") };
	return NULL;
}

/* ---- refusals ---- */

static bool add_causes(struct arena *a, struct status *st, const yyjson_mut_val *list) {
	struct status_cause *v = arena_array(a, json_size(list) + 1, sizeof(*v));
	yyjson_mut_val *c;
	if (!v) return false;
	json_each(list, c)
		v[st->n_causes++] = (struct status_cause){ arena_slice_str(a, json_path_str(c, "reason")), arena_slice_str(a, json_path_str(c, "message")),
							   arena_slice_str(a, json_path_str(c, "field")) };
	st->causes = v;
	return true;
}

static bool add_details(struct arena *a, struct status *st, const yyjson_mut_val *d) {
	st->has_details = true;
	st->name = json_path_str(d, "name");
	st->group = json_path_str(d, "group");
	st->kind = json_path_str(d, "kind");
	st->uid = json_path_str(d, "uid");
	int64_t after = json_path_int(d, "retryAfterSeconds", 0);
	st->retry_after = after > 0 && after < INT32_MAX ? (int)after : 0;
	return add_causes(a, st, json_get(d, "causes"));
}

const struct status *webhook_denial(struct arena *a, struct slice webhook, const yyjson_mut_val *result) {
	struct slice message = json_path_str(result, "message"), reason = json_path_str(result, "reason");
	int64_t code = json_path_int(result, "code", 0);
	struct slice why = message.n ? message : reason.n ? reason : SLICE_LIT("without explanation");
	struct status *st = arena_new_of(a, struct status);
	if (!st) return status_no_memory();
	st->code = code < 400 || code > 599 ? 400 : (int)code;
	st->reason = reason.n ? arena_slice_str(a, reason) : NULL;
	st->message = arena_printf(a, "admission webhook %s denied the request%s%.*s", status_quote(a, webhook), message.n || reason.n ? ": " : " ", SLICE_FMT(why));
	const yyjson_mut_val *details = present(result, "details");
	return st->message && (!details || add_details(a, st, details)) ? st : status_no_memory();
}

static const struct { int code; const char *text; } generic[] = {
	{ 400, "the server rejected our request for an unknown reason" },
	{ 401, "the server has asked for the client to provide credentials" },
	{ 404, "the server could not find the requested resource" },
	{ 405, "the server does not allow this method on the requested resource" },
	{ 409, "the server reported a conflict" },
	{ 429, "the server has received too many requests and has asked us to try again later" },
	{ 503, "the server is currently unable to handle the request" },
	{ 504, "the server was unable to return a response in the time allotted, but may still be processing the request" },
};

const char *webhook_http_failure(struct arena *a, int code, struct slice body) {
	struct slice text = slice_trim(body);
	while (text.n && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r')) text.n--;
	/* What a stranger says goes into an answer no longer than that. */
	text = slice_upto(text, 2 * KIB);
	const char *m = NULL;
	for (size_t i = 0; !m && i < ELEMENTSOF(generic); i++)
		if (generic[i].code == code) m = generic[i].text;
	if (!m && code == 403) m = arena_slice_str(a, text.n ? text : SLICE_LIT("unknown"));
	if (!m && code >= 500)
		m = arena_printf(a, "an error on the server (%s) has prevented the request from succeeding", status_quote(a, text.n ? text : SLICE_LIT("unknown")));
	if (!m) m = arena_printf(a, "the server responded with the status code %d but did not return more information", code);
	m = m ? arena_printf(a, "failed to call webhook: %s", m) : NULL;
	return m ? m : no_memory;
}
