/* SPDX-License-Identifier: Apache-2.0 */
#include "api/chain.h"

#include "api/flow.h"
#include "api/fresh.h"
#include "api/identity.h"
#include "api/route/route.h"
#include "codec/duration.h"

#include <errno.h>

static const char *const mutating_verbs[] = { "create", "update", "patch", "delete", "deletecollection" };

static bool is_mutating(const struct request *r) {
	for (size_t i = 0; r->info.is_resource && i < ELEMENTSOF(mutating_verbs); i++)
		if (slice_eqs(r->info.verb, mutating_verbs[i])) return true;
	return false;
}

static const struct status *read_url(struct request *r) {
	struct slice query = r->x->head.target, path = slice_cut(&query, '?');
	const char *msg = NULL;
	int err = query_parse(r->a, query, &r->query, &msg);
	if (!err || err == -EBADMSG) err = request_info_parse(r->a, r->x->head.method, path, &r->query, &r->info);
	r->out.pretty = negotiate_pretty(query_get(&r->query, "pretty"), request_get_header(r, "user-agent"));
	r->out.gzip = negotiate_gzip(&r->x->head.headers);
	if (err == -EBADMSG) return status_bad_url();
	if (err == -E2BIG) return status_bad_request(r->a, "the request has too many query parameters");
	return err ? status_no_memory() : NULL;
}

static const struct status *check_draining(struct request *r) {
	if (!atomic_load(&r->api->draining)) return NULL;
	bool health = slice_starts(r->info.path, SLICE_LIT("/livez")) || slice_starts(r->info.path, SLICE_LIT("/readyz")) ||
		      slice_starts(r->info.path, SLICE_LIT("/healthz"));
	return health || r->x->local_user ? NULL : status_unavailable(r->a, "apiserver is shutting down", 1);
}

/* ?timeout shortens the time a request has (filters/request_deadline.go). */
static const struct status *set_deadline(struct request *r) {
	struct slice text = query_get(&r->query, "timeout");
	int64_t ns = 0;
	const char *msg = NULL;
	r->long_running = route_is_long_running(r);
	if (r->long_running) return NULL;
	int err = slice_empty(text) ? 0 : duration_parse(r->a, text, &ns, &msg);
	if (err == -EBADMSG) return status_bad_request(r->a, "invalid timeout specified in the request URL - %s", msg ? msg : "");
	if (err) return status_no_memory();
	if (ns <= 0 || ns > (int64_t)REQUEST_TIMEOUT_MS * 1000000) ns = (int64_t)REQUEST_TIMEOUT_MS * 1000000;
	r->deadline = r->started + (uint64_t)ns;
	return NULL;
}

static void authorized(struct request *r) {
	const struct status *st = identity_authorize(r);
	if (st) request_status(r, st);
	else fresh_start(r, route_request);
}

static void deadline_passed(struct request *r) {
	if (!r->answered) request_status(r, status_timeout_filter());
}

/* A request that still waits when the filters are through gets a timer of its own only if its time is short; the loop's
 * tick sees to the others. */
static void watch_deadline(struct api_loop *al, struct request *r) {
	if (!r->deadline) return;
	uint64_t left = (r->deadline - r->started) / 1000000;
	if (left < REQUEST_TIMEOUT_MS / 2) (void)request_after(r, left ? left : 1, deadline_passed);
}

static const struct status *filters(struct request *r) {
	const struct status *st = read_url(r);
	if (!st) st = check_draining(r);
	if (!st) st = set_deadline(r);
	if (!st) st = identity_authenticate(r);
	if (!st) st = identity_impersonate(r);
	return st;
}

static void ended(struct exchange *x) { request_ended(x); }

void chain_run(struct api_loop *al, struct exchange *x) {
	static const struct body_part no_memory = { .bytes = SLICE_LIT("out of memory\n") };
	static const struct http_headers none;
	struct request *r = request_new(al, x);
	if (!r) {
		exchange_respond(x, 500, &none, &no_memory, 1);
		return;
	}
	x->handler_ctx = r;
	x->on_end = ended;
	atomic_fetch_add(&al->running, 1);
	list_add_tail(&al->inflight, &r->inflight);
	const struct status *st = filters(r);
	if (st) {
		request_status(r, st);
		return;
	}
	r->mutating = is_mutating(r);
	/* The token tells whether the request was answered inside, and is perhaps gone. */
	struct request_token *alive = request_wait(r);
	flow_enter(al->limiter, r, authorized);
	r = alive ? request_resume(alive) : NULL;
	if (r) watch_deadline(al, r);
}
