/* SPDX-License-Identifier: Apache-2.0 */
/* GET pods/NAME/log: text from the node's agent, passed on as it comes, no faster than the client reads. */
#include "api/stream/stream.h"
#include "api/stream/target.h"

#include <errno.h>

/* Held for a client before the agent is told to wait. */
#define HELD_HIGH (256u * 1024u)
#define HELD_MAX (4u * 1024u * 1024u)

struct relay {
	struct request_token *token;  /* until the head has been answered */
	struct exchange *x;           /* afterwards, until close; NULL: the client is gone */
	struct net_call *call;        /* NULL: over */
	struct buf held;
	int status, err;
	bool paused;
	unsigned holders;             /* the call, the body source */
};

static void relay_release(struct relay *l) {
	if (--l->holders > 0) return;
	buf_done(&l->held);
	free(l);
}

static int pull(void *ctx, struct buf *out, size_t room) {
	struct relay *l = ctx;
	size_t n = l->held.n < room ? l->held.n : room;
	if (n) {
		if (buf_put(out, l->held.p, n) < 0) return -ENOMEM;
		buf_consume(&l->held, n);
	}
	if (l->paused && l->call && l->held.n < HELD_HIGH / 2) {
		l->paused = false;
		net_call_unpause(l->call);
	}
	if (l->held.n) return PULL_MORE;
	if (l->call) return n ? PULL_MORE : PULL_WAIT;
	return l->err ? l->err : PULL_END;
}

static void closed(void *ctx) {
	struct relay *l = ctx;
	l->x = NULL;
	if (l->call) net_call_cancel(l->call); /* its on_done releases the call's hold */
	relay_release(l);
}

static void on_head(void *ctx, struct net_call *c k8c_unused, const struct http_response_head *head) {
	struct relay *l = ctx;
	l->status = head->status;
	if (head->status < 200 || head->status > 206) return; /* the text of the refusal is collected */
	struct request *r = request_resume(l->token);
	l->token = NULL;
	if (!r) return;
	l->x = r->x;
	l->holders++;
	request_source(r, 200, "text/plain", (struct body_source){ pull, closed, l });
}

static void on_data(void *ctx, struct net_call *c, struct slice bytes) {
	struct relay *l = ctx;
	if (!l->token && !l->x) return;
	(void)buf_put_slice(&l->held, bytes);
	if (l->x && l->held.n > HELD_HIGH && !l->paused) {
		l->paused = true;
		net_call_pause(c);
	}
	if (l->x) exchange_resume(l->x);
}

static void on_done(void *ctx, int err, const char *msg) {
	struct relay *l = ctx;
	l->call = NULL;
	l->err = err;
	struct request *r = l->token ? request_resume(l->token) : NULL;
	if (r) {
		if (err) request_status(r, status_error(r->a, "Get \"%s\": %s", "pod logs", msg ? msg : strerror(-err)));
		else request_status(r, stream_refusal(r, l->status, slice_trim(buf_slice(&l->held))));
	} else if (l->x) {
		exchange_resume(l->x);
	}
	relay_release(l);
}

static const struct net_call_handler call_handler = { on_head, on_data, on_done, NULL };

const struct status *stream_refusal(struct request *r, int code, struct slice text) {
	const char *message = arena_slice_str(r->a, text);
	if (code == 400) return status_bad_request(r->a, "%s", message ? message : "");
	if (code == 500) return status_internal(r->a, "%s", message ? message : "");
	if (code == 404) return status_new(r->a, 404, "NotFound", message && *message ? message : "the server could not find the requested resource");
	/* A redirect or anything else odd: the agent is not to be believed. */
	if (code < 400) return status_error(r->a, "error dialing backend: unexpected answer %d of the node's agent", code);
	return status_new(r->a, code, code == 401 ? "Unauthorized" : code == 403 ? "Forbidden" : "InternalError", message && *message ? message : "an error on the node");
}

static const struct status *relay_open(struct request *r, const struct stream_target *target) {
	struct net_client *client = stream_node_client(r, target->node);
	struct relay *l = client ? calloc(1, sizeof(*l)) : NULL;
	struct http_request_head head = { .method = SLICE_LIT("GET") };
	struct slice query = r->x->head.target;
	(void)slice_cut(&query, '?');
	head.target = slice_str(arena_printf(r->a, query.p ? "/containerLogs/%.*s/%.*s/%.*s?%.*s" : "/containerLogs/%.*s/%.*s/%.*s%.*s", SLICE_FMT(r->info.ns),
					     SLICE_FMT(r->info.name), SLICE_FMT(target->container), SLICE_FMT(query)));
	if (!l || !head.target.p) {
		free(l);
		return status_error(r->a, "error dialing backend: no connection to node %.*s", SLICE_FMT(target->node));
	}
	*l = (struct relay){ .held = BUF_INIT(HELD_MAX), .holders = 1, .token = request_wait(r) };
	int e = l->token ? net_call_start(client, target->url, &head, SLICE_NULL, 0, &call_handler, l, &l->call) : -ENOMEM;
	if (e == 0) return NULL;
	if (l->token) (void)request_resume(l->token);
	relay_release(l);
	return status_error(r->a, "error dialing backend: %s", strerror(-e));
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
	if (!st) st = relay_open(r, &target);
	if (st) request_status(r, st);
}
