/* SPDX-License-Identifier: Apache-2.0 */
/* POST serviceaccounts/NAME/token: a signed token, bound to an object if asked (pkg/registry/core/serviceaccount/storage/token.go). */
#include "api/internal.h"
#include "api/review/review.h"
#include "codec/timestamp.h"

#define GROUP "authentication.k8s.io"
#define KIND "TokenRequest"
/* The life that admission's token volumes ask for: such tokens live a year, so that old clients which never read the file again go on
 * working, and say after 3607 seconds that they are old. */
#define EXTENDED_ASK 3607
#define EXTENDED_LIFE (365ll * 24 * 3600)

/* A stored object of a core kind, parsed; NULL when absent. */
static yyjson_mut_val *find(struct review *rv, const char *resource, struct slice ns, struct slice name) { return admit_get(&rv->ad, "", resource, ns, name); }

static const struct status *conflict(struct review *rv, struct slice group, const char *kind, struct slice name, const char *why) {
	return status_conflict(rv->r->a, group, slice_str(kind), name, why);
}

/* ---- who it is for ---- */

static const struct status *match_account(struct review *rv, yyjson_mut_val **ret) {
	struct request *r = rv->r;
	struct slice name = json_path_str(rv->obj, "metadata.name"), uid = json_path_str(rv->obj, "metadata.uid");
	if (!slice_empty(name) && !slice_eq(name, r->info.name))
		return status_invalid1(r->a, SLICE_LIT(GROUP), SLICE_LIT(KIND), r->info.name, "FieldValueInvalid", "metadata.name",
				       arena_printf(r->a, "Invalid value: %s: must match the service account name if specified", status_quote(r->a, name)));
	*ret = find(rv, "serviceaccounts", r->info.ns, r->info.name);
	if (!*ret) return status_not_found(r->a, SLICE_NULL, SLICE_LIT("serviceaccounts"), r->info.name);
	struct slice live = json_path_str(*ret, "metadata.uid");
	if (!slice_empty(uid) && !slice_eq(uid, live))
		return conflict(rv, SLICE_LIT(GROUP), KIND, r->info.name,
				arena_printf(r->a, "the UID in the token request (%.*s) does not match the UID of the service account (%.*s)", SLICE_FMT(uid), SLICE_FMT(live)));
	return NULL;
}

static bool complete(struct review *rv, const yyjson_mut_val *account) {
	struct request *r = rv->r;
	yyjson_mut_val *meta = json_ensure_obj(rv->doc, rv->obj, "metadata"), *spec = json_ensure_obj(rv->doc, rv->obj, "spec");
	char now[TIMESTAMP_TEXT];
	timestamp_format(r->now / NSEC_PER_SEC, now);
	if (!meta || !spec || !json_set_str(rv->doc, meta, "name", r->info.name) || !json_set_str(rv->doc, meta, "namespace", r->info.ns) ||
	    !json_set_str(rv->doc, meta, "uid", json_path_str(account, "metadata.uid")) || !json_set_str(rv->doc, meta, "creationTimestamp", slice_str(now)))
		return false;
	(void)json_del(rv->obj, "status");
	if (json_size(json_get(spec, "audiences"))) return true;
	yyjson_mut_val *list = yyjson_mut_arr(rv->doc);
	size_t n;
	const struct slice *own = access_audiences(r->api->access, &n);
	for (size_t i = 0; i < n; i++)
		if (!yyjson_mut_arr_append(list, yyjson_mut_strncpy(rv->doc, own[i].p, own[i].n))) return false;
	return json_set(rv->doc, spec, "audiences", list);
}

/* ---- what it is bound to ---- */

static const struct status *uid_check(struct review *rv, const yyjson_mut_val *ref, const yyjson_mut_val *bound, const char *kind) {
	struct slice asked = json_path_str(ref, "uid");
	if (slice_empty(asked) || slice_eq(asked, json_path_str(bound, "metadata.uid"))) return NULL;
	return conflict(rv, SLICE_NULL, kind, json_path_str(ref, "name"),
			arena_printf(rv->r->a, "the UID in the bound object reference (%.*s) does not match the UID in record. The object might have been deleted and then recreated",
				     SLICE_FMT(asked)));
}

static const struct status *bind_pod(struct review *rv, const yyjson_mut_val *ref, const yyjson_mut_val *pod, struct access_token_spec *t) {
	if (!slice_eq(json_path_str(pod, "spec.serviceAccountName"), rv->r->info.name))
		return status_bad_request(rv->r->a, "cannot bind token for serviceaccount %s to pod running with different serviceaccount name.",
					  status_quote(rv->r->a, rv->r->info.name));
	const struct status *st = uid_check(rv, ref, pod, "Pod");
	t->pod_name = json_path_str(pod, "metadata.name");
	t->pod_uid = json_path_str(pod, "metadata.uid");
	t->node_name = json_path_str(pod, "spec.nodeName");
	/* A node that does not exist (any more) has no uid to name. */
	if (!slice_empty(t->node_name)) t->node_uid = json_path_str(find(rv, "nodes", SLICE_NULL, t->node_name), "metadata.uid");
	return st;
}

static const struct status *bind_secret(struct review *rv, const yyjson_mut_val *ref, const yyjson_mut_val *secret, struct access_token_spec *t) {
	t->secret_name = json_path_str(secret, "metadata.name");
	t->secret_uid = json_path_str(secret, "metadata.uid");
	return uid_check(rv, ref, secret, "Secret");
}

static const struct status *bind_node(struct review *rv, const yyjson_mut_val *ref, const yyjson_mut_val *node, struct access_token_spec *t) {
	t->node_name = json_path_str(node, "metadata.name");
	t->node_uid = json_path_str(node, "metadata.uid");
	return uid_check(rv, ref, node, "Node");
}

static const struct {
	const char *kind, *resource;
	bool namespaced;
	const struct status *(*bind)(struct review *, const yyjson_mut_val *ref, const yyjson_mut_val *bound, struct access_token_spec *);
} bindable[] = {
	{ "Pod", "pods", true, bind_pod },
	{ "Secret", "secrets", true, bind_secret },
	{ "Node", "nodes", false, bind_node },
};

/* "/v1, Kind=ConfigMap" as schema.GroupVersionKind prints itself. */
static const char *kind_text(struct arena *a, struct slice api_version, struct slice kind) {
	struct slice version = api_version, group = slice_cut(&version, '/');
	if (!version.p) version = group, group = SLICE_NULL;
	return arena_printf(a, "%.*s/%.*s, Kind=%.*s", SLICE_FMT(group), SLICE_FMT(version), SLICE_FMT(kind));
}

static const struct status *bind_object(struct review *rv, struct access_token_spec *t) {
	const yyjson_mut_val *ref = json_path(rv->obj, "spec.boundObjectRef");
	struct slice kind = json_path_str(ref, "kind"), api = json_path_str(ref, "apiVersion"), name = json_path_str(ref, "name");
	if (!ref) return NULL;
	for (size_t i = 0; i < ELEMENTSOF(bindable); i++) {
		if (!slice_eqs(kind, bindable[i].kind) || !slice_eqs(api, "v1")) continue;
		const yyjson_mut_val *bound = find(rv, bindable[i].resource, bindable[i].namespaced ? rv->r->info.ns : SLICE_NULL, name);
		return bound ? bindable[i].bind(rv, ref, bound, t) : status_not_found(rv->r->a, SLICE_NULL, slice_str(bindable[i].resource), name);
	}
	return status_bad_request(rv->r->a, "cannot bind token to object of type %s", kind_text(rv->r->a, api, kind));
}

/* ---- the token ---- */

static bool all_own(struct review *rv, const struct access_token_spec *t) {
	size_t n;
	const struct slice *own = access_audiences(rv->r->api->access, &n);
	for (size_t i = 0; i < t->n_audiences; i++) {
		bool found = false;
		for (size_t k = 0; k < n; k++) found = found || slice_eq(own[k], t->audiences[i]);
		if (!found) return false;
	}
	return true;
}

static const struct status *sign(struct review *rv, struct access_token_spec *t) {
	struct request *r = rv->r;
	int64_t asked = t->seconds;
	struct slice token, jti;
	char end[TIMESTAMP_TEXT];
	if (!slice_empty(t->pod_name) && asked == EXTENDED_ASK && all_own(rv, t)) {
		t->seconds = EXTENDED_LIFE;
		t->warn_after_seconds = EXTENDED_ASK;
	}
	int e = access_token_sign(r->api->access, r->a, t, &token, &jti);
	if (e < 0) return status_error(r->a, "failed to generate token: %s", strerror(-e));
	timestamp_format(r->now / NSEC_PER_SEC + asked, end);
	yyjson_mut_val *status = json_ensure_obj(rv->doc, rv->obj, "status");
	if (!status || !json_set_str(rv->doc, status, "token", token) || !json_set_str(rv->doc, status, "expirationTimestamp", slice_str(end))) return status_no_memory();
	return NULL;
}

static const struct status *answer_or_why(struct review *rv) {
	yyjson_mut_val *account = NULL;
	const struct status *st = match_account(rv, &account);
	if (st) return st;
	if (!complete(rv, account)) return status_no_memory();
	st = review_validate(rv, KIND);
	if (st) return st;
	struct access_token_spec t = { .ns = rv->r->info.ns, .sa_name = rv->r->info.name, .sa_uid = json_path_str(account, "metadata.uid"),
				       .seconds = json_path_int(rv->obj, "spec.expirationSeconds", 3600) };
	if (!review_strings(rv->r->a, json_path(rv->obj, "spec.audiences"), &t.audiences, &t.n_audiences)) return status_no_memory();
	st = bind_object(rv, &t);
	return st ? st : sign(rv, &t);
}

static void answer(struct review *rv) {
	const struct status *st = answer_or_why(rv);
	if (st) request_status(rv->r, st);
	else review_done(rv);
}

void review_token_request(struct request *r) { review_start(r, r->sub->type, GROUP, "v1", KIND, true, answer); }
