/* SPDX-License-Identifier: Apache-2.0 */
/* GET pods/NAME/log: text from the node's agent. */
#include "api/stream/relay.h"
#include "api/stream/stream.h"
#include "api/stream/target.h"

/* The text of a refusal is collected instead. */
static bool begin(void *ctx k8c_unused, struct request *r, const struct http_response_head *head, struct relay_answer *ret) {
	if (head->status < 200 || head->status > 206) return false;
	(void)request_header(r, "content-type", SLICE_LIT("text/plain"));
	ret->code = 200;
	return true;
}

static void refused(void *ctx k8c_unused, struct request *r, const struct relay_outcome *o) {
	request_status(r, o->err ? status_error(r->a, "Get \"%s\": %s", "pod logs", o->msg) : stream_refusal(r, o->status, slice_trim(o->text)));
}

static const struct relay_handler handler = { .begin = begin, .end = refused };

const struct status *stream_refusal(struct request *r, int code, struct slice text) {
	const char *message = arena_slice_str(r->a, text);
	if (code == 400) return status_bad_request(r->a, "%s", message ? message : "");
	if (code == 500) return status_internal(r->a, "%s", message ? message : "");
	if (code == 404) return status_new(r->a, 404, "NotFound", message && *message ? message : "the server could not find the requested resource");
	/* A redirect or anything else odd: the agent is not to be believed. */
	if (code < 400) return status_error(r->a, "error dialing backend: unexpected answer %d of the node's agent", code);
	return status_new(r->a, code, code == 401 ? "Unauthorized" : code == 403 ? "Forbidden" : "InternalError", message && *message ? message : "an error on the node");
}

static const struct status *log_open(struct request *r, const struct stream_target *target) {
	struct relay_plan plan = { .client = stream_node_client(r, target->node), .url = target->url, .head = { .method = SLICE_LIT("GET") } };
	struct slice query = r->x->head.target;
	(void)slice_cut(&query, '?');
	plan.head.target = slice_str(arena_printf(r->a, query.p ? "/containerLogs/%.*s/%.*s/%.*s?%.*s" : "/containerLogs/%.*s/%.*s/%.*s%.*s", SLICE_FMT(r->info.ns),
						  SLICE_FMT(r->info.name), SLICE_FMT(target->container), SLICE_FMT(query)));
	if (!plan.client || !plan.head.target.p)
		return status_error(r->a, "error dialing backend: no connection to node %.*s", SLICE_FMT(target->node));
	int e = relay_start(r, &plan, &handler, NULL);
	return e < 0 ? status_error(r->a, "error dialing backend: %s", strerror(-e)) : NULL;
}

/* ---- options (core/validation.ValidatePodLogOptions) ---- */

static const struct { const char *name; int64_t min; const char *complaint; } numbers[] = {
	{ "tailLines", 0, "must be greater than or equal to 0" },
	{ "limitBytes", 1, "must be greater than 0" },
	{ "sinceSeconds", 1, "must be greater than 0" },
};

static const struct status *check_options(struct request *r) {
	struct schema_errors errs = { 0 };
	for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
		struct slice text = query_get(&r->query, numbers[i].name);
		int64_t v;
		if (slice_empty(text)) continue;
		if (slice_int(text, INT64_MIN, INT64_MAX, &v) < 0)
			return status_bad_request(r->a, "strconv.ParseInt: parsing %s: invalid syntax", status_quote(r->a, text));
		if (v >= numbers[i].min) continue;
		if (schema_errors_add(r->a, &errs, "FieldValueInvalid", numbers[i].name, arena_printf(r->a, "Invalid value: %lld: %s", (long long)v, numbers[i].complaint)) < 0)
			return status_no_memory();
	}
	if (!slice_empty(query_get(&r->query, "sinceSeconds")) && !slice_empty(query_get(&r->query, "sinceTime")) &&
	    schema_errors_add(r->a, &errs, "FieldValueForbidden", "", "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified") < 0)
		return status_no_memory();
	return errs.n ? status_invalid(r->a, SLICE_NULL, SLICE_LIT("PodLogOptions"), r->info.name, &errs) : NULL;
}

void stream_log(struct request *r) {
	struct stream_target target;
	const struct status *st = check_options(r);
	if (!st) st = stream_target_find(r, query_get(&r->query, "container"), true, &target);
	if (!st && !target.url) {
		/* Not on a node yet: there is nothing to say, and that is no error. */
		request_bytes(r, 204, NULL, SLICE_NULL);
		return;
	}
	if (!st) st = log_open(r, &target);
	if (st) request_status(r, st);
}
