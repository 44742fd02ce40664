/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST pods/NAME/eviction: a deletion that a disruption budget may refuse (KEP-85; pkg/registry/core/pod/storage/eviction.go). A pod
 * under a budget takes one of its allowed disruptions first, in the budget's status, then it is deleted.
 */
#include "api/delete.h"
#include "api/internal.h"
#include "api/pod/pod.h"
#include "api/review/review.h"
#include "api/stored.h"
#include "codec/labels.h"
#include "codec/timestamp.h"

#include <errno.h>

#define GROUP "policy"
#define BUDGETS "poddisruptionbudgets"
#define DISRUPTED_MAX 2000

struct eviction {
	struct review *rv;
	struct deletion *d;
	const yyjson_mut_val *pod;
};

/* ---- the end: delete ---- */

static void deleted(struct deletion *d, const struct status *st) {
	struct status *ok = st ? NULL : arena_new_of(d->r->a, struct status);
	if (ok) *ok = (struct status){ .code = 201, .success = true };
	request_status(d->r, st ? st : ok ? ok : status_no_memory());
}

static void charged(struct request *r, void *ctx, const struct store_result *res) {
	struct eviction *e = ctx;
	if (res->err == 0) deletion_start(e->d);
	else if (res->err == -ESTALE || res->err == -ENOENT)
		request_status(r, status_too_many_requests(r->a, "Cannot evict pod as its disruption budget changed meanwhile.", 10));
	else request_status(r, status_of_store(r->a, res->err));
}

/* ---- the budget ---- */

static bool covers(struct request *r, const yyjson_mut_val *budget, const yyjson_mut_val *pod) {
	struct labels_selector s;
	const char *msg;
	return labels_from_object(r->a, json_path(budget, "spec.selector"), &s, &msg) == 0 && labels_match(&s, json_path(pod, "metadata.labels"));
}

/* The budgets of the pod's namespace that select it: their number, and the last one. */
static size_t budgets_of(struct eviction *e, yyjson_mut_doc **ret_doc, struct store_obj **ret) {
	struct request *r = e->rv->r;
	const struct schema_resource *res = schema_find(SLICE_LIT(GROUP), SLICE_LIT("v1"), SLICE_LIT(BUDGETS));
	struct store_cursor c;
	struct store_obj *o;
	size_t n = 0;
	store_scan(e->rv->ad.snap, SLICE_LIT(GROUP "/" BUDGETS), r->info.ns, NULL, &c);
	while (res && (o = store_next(&c))) {
		yyjson_mut_doc *doc = request_parse(r->a, res, o);
		if (!doc || !covers(r, yyjson_mut_doc_get_root(doc), e->pod)) continue;
		*ret_doc = doc;
		*ret = o;
		n++;
	}
	return n;
}

static const struct status *refuse(struct request *r, const yyjson_mut_val *budget) {
	struct status *st = arena_new_of(r->a, struct status);
	struct status_cause *cause = arena_new_of(r->a, struct status_cause);
	if (!st || !cause) return status_no_memory();
	*st = *status_too_many_requests(r->a, "Cannot evict pod as it would violate the pod's disruption budget.", 0);
	*cause = (struct status_cause){ .reason = "DisruptionBudget",
		.message = arena_printf(r->a, "The disruption budget %.*s needs %lld healthy pods and has %lld currently", SLICE_FMT(json_path_str(budget, "metadata.name")),
					(long long)json_path_int(budget, "status.desiredHealthy", 0), (long long)json_path_int(budget, "status.currentHealthy", 0)) };
	st->has_details = true;
	st->causes = cause;
	st->n_causes = 1;
	return st;
}

/* Takes one disruption from the budget's status. NULL, or why not. */
static const struct status *charge(struct eviction *e, yyjson_mut_doc *doc) {
	struct request *r = e->rv->r;
	yyjson_mut_val *budget = yyjson_mut_doc_get_root(doc), *status = json_ensure_obj(doc, budget, "status");
	int64_t allowed = json_path_int(status, "disruptionsAllowed", 0);
	if (json_path_int(status, "observedGeneration", 0) < json_path_int(budget, "metadata.generation", 0))
		return status_too_many_requests(r->a, "Cannot evict pod as it would violate the pod's disruption budget.", 10);
	if (allowed <= 0) return refuse(r, budget);
	yyjson_mut_val *pods = json_ensure_obj(doc, status, "disruptedPods");
	char now[TIMESTAMP_TEXT];
	const char *name = arena_slice_str(r->a, r->info.name);
	timestamp_format(r->now / NSEC_PER_SEC, now);
	if (json_size(pods) >= DISRUPTED_MAX) return status_error(r->a, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
	bool ok = pods && name && json_set_int(doc, status, "disruptionsAllowed", allowed - 1) && json_set_str(doc, pods, name, slice_str(now));
	return ok ? NULL : status_no_memory();
}

static const struct status *charge_and_delete(struct eviction *e, yyjson_mut_doc *doc, const struct store_obj *now) {
	struct request *r = e->rv->r;
	const struct schema_resource *res = schema_find(SLICE_LIT(GROUP), SLICE_LIT("v1"), SLICE_LIT(BUDGETS));
	struct store_op op = { .kind = STORE_UPDATE, .key = now->key, .expect_rv = now->rv };
	const struct status *st = charge(e, doc);
	if (st) return st;
	if (e->d->opt.dry_run) {
		deletion_start(e->d);
		return NULL;
	}
	st = stored_encode(r->a, res, doc, yyjson_mut_doc_get_root(doc), &op.json, &op.rv_at);
	return st ? st : request_txn(r, &op, 1, charged, e);
}

/* Pods that do not run (yet, or any more) need no budget's leave. */
static bool is_free(const yyjson_mut_val *pod) {
	struct slice phase = json_path_str(pod, "status.phase");
	return slice_eqs(phase, "Succeeded") || slice_eqs(phase, "Failed") || slice_eqs(phase, "Pending") || json_path(pod, "metadata.deletionTimestamp");
}

static bool is_ready(const yyjson_mut_val *pod) {
	yyjson_mut_val *c;
	json_each(json_path(pod, "status.conditions"), c)
		if (slice_eqs(json_path_str(c, "type"), "Ready")) return slice_eqs(json_path_str(c, "status"), "True");
	return false;
}

/* A pod that is not healthy may go if its budget says so, or if enough others are healthy (KEP-3017). */
static bool unhealthy_may_go(const yyjson_mut_val *pod, const yyjson_mut_val *budget) {
	if (is_ready(pod)) return false;
	if (slice_eqs(json_path_str(budget, "spec.unhealthyPodEvictionPolicy"), "AlwaysAllow")) return true;
	int64_t current = json_path_int(budget, "status.currentHealthy", 0), desired = json_path_int(budget, "status.desiredHealthy", 0);
	return current >= desired && desired > 0;
}

/* ---- the request ---- */

static const struct status *prepare(struct eviction *e) {
	struct review *rv = e->rv;
	struct request *r = rv->r;
	if (!slice_eq(json_path_str(rv->obj, "metadata.name"), r->info.name)) return status_bad_request(r->a, "name in URL does not match name in Eviction object");
	e->d = deletion_new(r);
	if (!e->d) return status_no_memory();
	const struct status *st = options_delete(r->a, &r->query, json_get(rv->obj, "deleteOptions"), &e->d->opt);
	if (st) return st;
	e->d->opt.dry_run = e->d->opt.dry_run || rv->opt.dry_run;
	e->d->done = deleted;
	e->pod = admit_get(&rv->ad, "", "pods", r->info.ns, r->info.name);
	return e->pod ? NULL : status_not_found(r->a, SLICE_NULL, SLICE_LIT("pods"), r->info.name);
}

static void evict(struct review *rv) {
	struct request *r = rv->r;
	struct eviction *e = arena_new_of(r->a, struct eviction);
	yyjson_mut_doc *doc = NULL;
	struct store_obj *budget = NULL;
	if (e) e->rv = rv;
	const struct status *st = e ? prepare(e) : status_no_memory();
	if (st) {
		request_status(r, st);
		return;
	}
	size_t n = is_free(e->pod) ? 0 : budgets_of(e, &doc, &budget);
	if (n > 1) st = status_error(r->a, "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
	else if (n == 1 && !unhealthy_may_go(e->pod, yyjson_mut_doc_get_root(doc))) st = charge_and_delete(e, doc, budget);
	else deletion_start(e->d);
	if (st) request_status(r, st);
}

void pod_evict(struct request *r) { review_start(r, r->sub->type, GROUP, "v1", "Eviction", false, evict); }
