/* SPDX-License-Identifier: Apache-2.0 */
#include "api/escalate.h"

#include "api/identity.h"
#include "api/internal.h"

#include <errno.h>

#define RBAC SLICE_LIT("rbac.authorization.k8s.io")

static bool is_exempt(const struct write *w) { return access_user_in_group(w->r->user, "system:masters"); }

/* Updates that only touch what garbage collection needs (rbac/helpers.go IsOnlyMutatingGCFields). */
static bool only_gc_fields(struct write *w) {
	static const char *const members[] = { "ownerReferences", "finalizers", "managedFields" };
	yyjson_mut_val *a = w->old ? json_copy(w->doc, w->old) : NULL, *b = a ? json_copy(w->doc, w->obj) : NULL;
	for (size_t i = 0; b && i < ELEMENTSOF(members); i++) {
		json_del(json_get(a, "metadata"), members[i]);
		json_del(json_get(b, "metadata"), members[i]);
	}
	return b && json_equal(a, b);
}

/* ---- rules of a tree ---- */

static int strings(struct arena *a, yyjson_mut_val *arr, const struct slice **ret, size_t *ret_n) {
	size_t n = yyjson_mut_arr_size(arr), i, max;
	yyjson_mut_val *v;
	struct slice *s = arena_array(a, n + 1, sizeof(*s));
	if (!s) return -ENOMEM;
	if (n) yyjson_mut_arr_foreach(arr, i, max, v) s[i] = json_str(v);
	*ret = s;
	*ret_n = n;
	return 0;
}

static int read_rule(struct arena *a, const yyjson_mut_val *v, struct access_rule *r) {
	int err = strings(a, json_get(v, "verbs"), &r->verbs, &r->n_verbs);
	if (!err) err = strings(a, json_get(v, "apiGroups"), &r->groups, &r->n_groups);
	if (!err) err = strings(a, json_get(v, "resources"), &r->resources, &r->n_resources);
	if (!err) err = strings(a, json_get(v, "resourceNames"), &r->names, &r->n_names);
	return err ? err : strings(a, json_get(v, "nonResourceURLs"), &r->urls, &r->n_urls);
}

static int read_rules(struct arena *a, const yyjson_mut_val *role, struct access_rule **ret, size_t *ret_n) {
	yyjson_mut_val *rules = json_get(role, "rules"), *v;
	size_t n = yyjson_mut_arr_size(rules), i, max;
	struct access_rule *r = arena_array(a, n + 1, sizeof(*r));
	if (!r) return -ENOMEM;
	memset(r, 0, (n + 1) * sizeof(*r));
	if (n) yyjson_mut_arr_foreach(rules, i, max, v)
		if (read_rule(a, v, &r[i]) < 0) return -ENOMEM;
	*ret = r;
	*ret_n = n;
	return 0;
}

static const struct status *covers(struct write *w, const struct access_rule *rules, size_t n) {
	const char *msg = NULL;
	int got = access_covers(w->r->api->access, w->r->a, w->r->user, w->ns, rules, n, &msg);
	if (got > 0) return NULL;
	if (got < 0) return status_no_memory();
	return status_forbidden(w->r->a, RBAC, slice_str(w->res->resource), json_path_str(w->obj, "metadata.name"), msg ? msg : "");
}

/* ---- roles ---- */

static bool aggregates(const yyjson_mut_val *role) { return json_get(role, "aggregationRule") != NULL; }

static const struct status *check_aggregation(struct write *w) {
	static const struct slice star[] = { SLICE_LIT("*") };
	static const struct access_rule all[] = {
		{ .verbs = star, .n_verbs = 1, .groups = star, .n_groups = 1, .resources = star, .n_resources = 1 },
		{ .verbs = star, .n_verbs = 1, .urls = star, .n_urls = 1 },
	};
	if (!aggregates(w->obj) && !(w->old && aggregates(w->old))) return NULL;
	if (!covers(w, all, ELEMENTSOF(all))) return NULL;
	return status_forbidden(w->r->a, RBAC, slice_str(w->res->resource), json_path_str(w->obj, "metadata.name"),
				"must have cluster-admin privileges to use the aggregationRule");
}

const struct status *escalate_role(struct write *w) {
	struct access_rule *rules;
	size_t n;
	struct slice name = json_path_str(w->obj, "metadata.name");
	if (is_exempt(w) || only_gc_fields(w)) return NULL;
	if (identity_allowed(w->r, "escalate", RBAC, slice_str(w->res->resource), SLICE_NULL, w->ns, name)) return NULL;
	const struct status *st = check_aggregation(w);
	if (st) return st;
	if (read_rules(w->r->a, w->obj, &rules, &n) < 0) return status_no_memory();
	return covers(w, rules, n);
}

/* ---- bindings ---- */

static const struct status *check_referenced(struct write *w, bool cluster, struct slice name) {
	struct store_key key = { .resource = cluster ? SLICE_LIT("rbac.authorization.k8s.io/clusterroles") : SLICE_LIT("rbac.authorization.k8s.io/roles"),
				 .ns = cluster ? SLICE_NULL : w->ns, .name = name };
	struct store_obj *o = store_get(w->snap, &key);
	yyjson_mut_doc *doc;
	struct json_error e;
	struct access_rule *rules;
	size_t n;
	if (!o) return status_not_found(w->r->a, RBAC, slice_str(w->res->resource), name);
	if (json_parse(w->r->a, blob_slice(o->json), &doc, &e) < 0) return status_no_memory();
	if (read_rules(w->r->a, yyjson_mut_doc_get_root(doc), &rules, &n) < 0) return status_no_memory();
	return covers(w, rules, n);
}

const struct status *escalate_binding(struct write *w) {
	struct slice kind = json_path_str(w->obj, "roleRef.kind"), name = json_path_str(w->obj, "roleRef.name");
	bool cluster = slice_eqs(kind, "ClusterRole");
	/* What is not a role at all is left to validation. */
	if (is_exempt(w) || only_gc_fields(w) || (!cluster && !slice_eqs(kind, "Role"))) return NULL;
	if (identity_allowed(w->r, "bind", RBAC, cluster ? SLICE_LIT("clusterroles") : SLICE_LIT("roles"), SLICE_NULL, w->ns, name)) return NULL;
	return check_referenced(w, cluster, name);
}
