/* SPDX-License-Identifier: Apache-2.0 */
#include "api/fresh.h"

#include "api/status.h"

struct fresh_wait {
	struct request_token *token;
	void (*fn)(struct request *r);
};

/* Reviews answer from rules and keys alone. */
static bool reads_nothing(const struct request *r) {
	return !r->info.is_resource || slice_eqs(r->info.group, "authorization.k8s.io") || slice_eqs(r->info.group, "authentication.k8s.io");
}

/* resourceVersion=0 takes what is there; a watch from a revision and the next page of a list begin at one that is known. */
static bool takes_old(const struct request *r) {
	struct slice verb = r->info.verb, rv = query_get(&r->query, "resourceVersion");
	if (slice_eqs(verb, "watch")) return rv.n > 0;
	if (slice_eqs(verb, "list") && query_get(&r->query, "continue").n) return true;
	return (slice_eqs(verb, "get") || slice_eqs(verb, "list")) && slice_eqs(rv, "0");
}

static void synced(void *ctx, int err) {
	struct fresh_wait w = *(struct fresh_wait *)ctx;
	free(ctx);
	struct request *r = request_resume(w.token);
	if (!r) return;
	if (err) request_status(r, status_of_sync(r->a, err));
	else w.fn(r);
}

void fresh_start(struct request *r, void (*fn)(struct request *r)) {
	if (!store_is_shared(r->api->store) || reads_nothing(r) || takes_old(r)) {
		fn(r);
		return;
	}
	struct fresh_wait *w = malloc(sizeof(*w));
	struct request_token *t = w ? request_wait(r) : NULL;
	if (!t) {
		free(w);
		request_status(r, status_no_memory());
		return;
	}
	*w = (struct fresh_wait){ t, fn };
	int err = store_sync(r->api->store, r->al->loop, synced, w);
	if (err > 0) return;
	(void)request_resume(t);
	free(w);
	if (err) request_status(r, status_of_sync(r->a, err));
	else fn(r);
}
