/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NamespaceLifecycle: nothing is made in a namespace that does not exist or is ending, and the namespaces the system stands
 * on are not deleted (apiserver's admission/plugin/namespace/lifecycle).
 */
#include "api/admit/plugins.h"

static const char *const immortal[] = { "default", "kube-system", "kube-public" };

static bool is_namespace(const struct admit *ad) { return ad->res->group[0] == 0 && strcmp(ad->res->resource, "namespaces") == 0; }

/* Asking what one may do is allowed in a namespace that ends. */
static bool is_access_review(const struct admit *ad) { return admit_is(ad, "authorization.k8s.io", "localsubjectaccessreviews", NULL); }

static bool handles(const struct admit *ad) { return (ad->res->namespaced && !is_access_review(ad)) || is_namespace(ad); }

static const struct status *protect(struct admit *ad) {
	for (size_t i = 0; i < ELEMENTSOF(immortal); i++)
		if (slice_eqs(ad->name, immortal[i])) return admit_forbidden(ad, "this namespace may not be deleted");
	return NULL;
}

static const struct status *terminating(struct admit *ad) {
	struct arena *a = ad->r->a;
	const struct status *denied =
		admit_forbidden(ad, "unable to create new content in namespace %.*s because it is being terminated", SLICE_FMT(ad->ns));
	struct status *st = arena_alloc(a, sizeof(*st));
	struct status_cause *cause = arena_new_of(a, struct status_cause);
	if (!st || !cause) return status_no_memory();
	*st = *denied;
	*cause = (struct status_cause){
		.reason = "NamespaceTerminating",
		.message = arena_printf(a, "namespace %.*s is being terminated", SLICE_FMT(ad->ns)),
		.field = "metadata.namespace",
	};
	st->causes = cause;
	st->n_causes = 1;
	return st;
}

static int admit_namespace(struct admit *ad, const struct status **ret_st) {
	if (is_namespace(ad)) {
		*ret_st = ad->op == ADMIT_DELETE ? protect(ad) : NULL;
		return *ret_st ? ADMIT_DENY : ADMIT_OK;
	}
	if (ad->op == ADMIT_DELETE || slice_empty(ad->ns)) return ADMIT_OK;
	const yyjson_mut_val *ns = admit_get(ad, "", "namespaces", SLICE_NULL, ad->ns);
	if (!ns) *ret_st = status_not_found(ad->r->a, SLICE_NULL, SLICE_LIT("namespaces"), ad->ns);
	else if (ad->op == ADMIT_CREATE && slice_eqs(json_path_str(ns, "status.phase"), "Terminating")) *ret_st = terminating(ad);
	else return ADMIT_OK;
	return ADMIT_DENY;
}

const struct admit_plugin admit_namespace_lifecycle = {
	.name = "NamespaceLifecycle",
	.ops = ADMIT_CREATE | ADMIT_UPDATE | ADMIT_DELETE,
	.handles = handles,
	.mutate = admit_namespace,
};
