/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NodeRestriction: an agent's identity changes only its own node, its lease, the status of its own pods, and asks only for tokens
 * of pods that run on it (plugin/pkg/admission/noderestriction). What it may do at all is the node authoriser's.
 */
#include "api/admit/plugins.h"

#define USER_PREFIX "system:node:"

/* Labels an agent may set on its node, and prefixes of such. */
static const char *const kubelet_labels[] = {
	"kubernetes.io/hostname", "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/zone",
	"topology.kubernetes.io/region", "beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type", "beta.kubernetes.io/os",
	"beta.kubernetes.io/arch", "kubernetes.io/os", "kubernetes.io/arch",
};
static const char *const kubelet_namespaces[] = { "kubelet.kubernetes.io", "node.kubernetes.io" };

/* The node's name when the user is an agent, else empty. */
static struct slice node_of(const struct access_user *u) {
	if (!slice_starts(u->name, SLICE_LIT(USER_PREFIX)) || !access_user_in_group(u, "system:nodes")) return SLICE_NULL;
	return slice_from(u->name, sizeof(USER_PREFIX) - 1);
}

static int deny(const struct status **ret_st, const struct status *st) {
	*ret_st = st;
	return ADMIT_DENY;
}

#define REFUSE(...) deny(ret_st, admit_forbidden(ad, __VA_ARGS__))

/* ---- pods ---- */

static int pod_create(struct admit *ad, struct slice node, const struct status **ret_st) {
	const yyjson_mut_val *owner = json_first(json_path(ad->obj, "metadata.ownerReferences"));
	const yyjson_mut_val *self = admit_get(ad, "", "nodes", SLICE_NULL, node);
	if (!pod_is_mirror(ad->obj))
		return REFUSE("pod does not have \"kubernetes.io/config.mirror\" annotation, node \"%.*s\" can only create mirror pods", SLICE_FMT(node));
	if (!slice_eq(json_path_str(ad->obj, "spec.nodeName"), node))
		return REFUSE("node \"%.*s\" can only create pods with spec.nodeName set to itself", SLICE_FMT(node));
	if (json_size(json_path(ad->obj, "metadata.ownerReferences")) == 0)
		return REFUSE("node \"%.*s\" can only create pods with an owner reference set to itself", SLICE_FMT(node));
	if (json_size(json_path(ad->obj, "metadata.ownerReferences")) > 1)
		return REFUSE("node \"%.*s\" can only create pods with a single owner reference set to itself", SLICE_FMT(node));
	if (!slice_eqs(json_path_str(owner, "apiVersion"), "v1") || !slice_eqs(json_path_str(owner, "kind"), "Node") || !slice_eq(json_path_str(owner, "name"), node))
		return REFUSE("node \"%.*s\" can only create pods with an owner reference set to itself", SLICE_FMT(node));
	if (!json_path_bool(owner, "controller", false))
		return REFUSE("node \"%.*s\" can only create pods with a controller owner reference set to itself", SLICE_FMT(node));
	if (json_path_bool(owner, "blockOwnerDeletion", false))
		return REFUSE("node \"%.*s\" must not set blockOwnerDeletion on an owner reference", SLICE_FMT(node));
	if (!slice_eq(json_path_str(owner, "uid"), json_path_str(self, "metadata.uid")))
		return REFUSE("node %.*s UID mismatch: expected %.*s got %.*s", SLICE_FMT(node), SLICE_FMT(json_path_str(owner, "uid")),
			      SLICE_FMT(json_path_str(self, "metadata.uid")));
	return ADMIT_OK;
}

static int pod_other(struct admit *ad, struct slice node, const struct status **ret_st, bool status) {
	const yyjson_mut_val *pod = ad->old ? ad->old : admit_get(ad, "", "pods", ad->ns, ad->name);
	bool own = slice_eq(json_path_str(pod, "spec.nodeName"), node);
	if (ad->op == ADMIT_DELETE && !own) return REFUSE("node \"%.*s\" can only delete pods with spec.nodeName set to itself", SLICE_FMT(node));
	if (status && !own) return REFUSE("node \"%.*s\" can only update pod status for pods with spec.nodeName set to itself", SLICE_FMT(node));
	if (status && !json_equal(json_path(ad->old, "metadata.labels"), json_path(ad->obj, "metadata.labels")))
		return REFUSE("node \"%.*s\" cannot update labels through pod status", SLICE_FMT(node));
	return ADMIT_OK;
}

static int pod_evict(struct admit *ad, struct slice node, const struct status **ret_st) {
	const yyjson_mut_val *pod = admit_get(ad, "", "pods", ad->ns, ad->name);
	if (pod && !slice_eq(json_path_str(pod, "spec.nodeName"), node))
		return REFUSE("node %.*s can only evict pods with spec.nodeName set to itself", SLICE_FMT(node));
	return ADMIT_OK;
}

/* ---- nodes ---- */

static bool in_list(const char *const *v, size_t n, struct slice s) {
	for (size_t i = 0; i < n; i++)
		if (slice_eqs(s, v[i])) return true;
	return false;
}

static bool is_domain(struct slice ns, const char *domain) {
	struct slice d = slice_str(domain);
	return slice_eq(ns, d) || (slice_ends(ns, d) && ns.p[ns.n - d.n - 1] == '.');
}

/* Labels below kubernetes.io and k8s.io are the cluster's, but for what an agent says of itself. */
static bool label_is_allowed(struct slice key) {
	struct slice rest = key, ns = slice_cut(&rest, '/');
	if (!rest.p || in_list(kubelet_labels, ELEMENTSOF(kubelet_labels), key)) return true;
	for (size_t i = 0; i < ELEMENTSOF(kubelet_namespaces); i++)
		if (is_domain(ns, kubelet_namespaces[i])) return true;
	return !is_domain(ns, "kubernetes.io") && !is_domain(ns, "k8s.io");
}

static int by_bytes(const void *a, const void *b) { return slice_cmp(*(const struct slice *)a, *(const struct slice *)b); }

/* Appends the keys whose value differs between two label maps, seen from the first. */
static void changed_labels(yyjson_mut_val *a, const yyjson_mut_val *b, bool only_missing, struct slice *v, size_t *n, size_t max) {
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(a);
	yyjson_mut_val *key;
	while ((key = yyjson_mut_obj_iter_next(&it)) && *n < max) {
		const yyjson_mut_val *other = json_getn(b, json_str(key));
		if (other && (only_missing || slice_eq(json_str(other), json_str(yyjson_mut_obj_iter_get_val(key))))) continue;
		if (!label_is_allowed(json_str(key))) v[(*n)++] = json_str(key);
	}
}

static const char *refused_labels(struct admit *ad) {
	yyjson_mut_val *now = json_path(ad->obj, "metadata.labels"), *was = json_path(ad->old, "metadata.labels");
	size_t max = json_size(now) + json_size(was), n = 0;
	struct slice *v = arena_array(ad->r->a, max + 1, sizeof(*v));
	struct buf b = BUF_INIT(64 * 1024);
	if (!v) return NULL;
	changed_labels(now, was, false, v, &n, max);
	changed_labels(was, now, true, v, &n, max);
	qsort(v, n, sizeof(*v), by_bytes);
	for (size_t i = 0; i < n; i++) buf_printf(&b, "%s%.*s", i ? ", " : "", SLICE_FMT(v[i]));
	const char *text = n && !buf_err(&b) ? arena_slice_str(ad->r->a, buf_slice(&b)) : NULL;
	buf_done(&b);
	return text;
}

static int node_change(struct admit *ad, struct slice node, const struct status **ret_st) {
	struct slice name = slice_empty(ad->name) ? json_path_str(ad->obj, "metadata.name") : ad->name;
	if (ad->op == ADMIT_CREATE && json_path(ad->obj, "spec.configSource"))
		return REFUSE("node \"%.*s\" is not allowed to create pods with a non-nil configSource", SLICE_FMT(node));
	if (!slice_eq(name, node)) return REFUSE("node \"%.*s\" is not allowed to modify node \"%.*s\"", SLICE_FMT(node), SLICE_FMT(name));
	const char *labels = ad->obj ? refused_labels(ad) : NULL;
	if (labels && ad->op == ADMIT_CREATE) return REFUSE("node \"%.*s\" is not allowed to set the following labels: %s", SLICE_FMT(node), labels);
	if (ad->op == ADMIT_UPDATE) {
		if (!json_equal(json_path(ad->obj, "metadata.ownerReferences"), json_path(ad->old, "metadata.ownerReferences")))
			return REFUSE("node \"%.*s\" is not allowed to modify ownerReferences", SLICE_FMT(node));
		if (!json_equal(json_path(ad->obj, "spec.taints"), json_path(ad->old, "spec.taints")))
			return REFUSE("node \"%.*s\" is not allowed to modify taints", SLICE_FMT(node));
		if (labels) return REFUSE("is not allowed to modify labels: %s", labels);
	}
	return ADMIT_OK;
}

/* ---- tokens, leases, CSINodes ---- */

static bool audience_in_pod(const yyjson_mut_val *pod, struct slice audience) {
	yyjson_mut_val *volume, *source;
	json_each(json_path(pod, "spec.volumes"), volume)
		json_each(json_path(volume, "projected.sources"), source) {
			const yyjson_mut_val *token = json_get(source, "serviceAccountToken");
			if (token && slice_eq(json_path_str(token, "audience"), audience)) return true;
		}
	return false;
}

static int token_request(struct admit *ad, struct slice node, const struct status **ret_st) {
	const yyjson_mut_val *ref = json_path(ad->obj, "spec.boundObjectRef"), *audiences = json_path(ad->obj, "spec.audiences"), *pod;
	struct slice pod_name = json_path_str(ref, "name"), uid = json_path_str(ref, "uid");
	if (!slice_eqs(json_path_str(ref, "apiVersion"), "v1") || !slice_eqs(json_path_str(ref, "kind"), "Pod") || slice_empty(pod_name))
		return REFUSE("node requested token not bound to a pod");
	if (slice_empty(uid)) return REFUSE("node requested token with a pod binding without a uid");
	pod = admit_get(ad, "", "pods", ad->ns, pod_name);
	if (!pod) return deny(ret_st, status_not_found(ad->r->a, SLICE_NULL, SLICE_LIT("pods"), pod_name));
	if (!slice_eq(json_path_str(pod, "metadata.uid"), uid))
		return REFUSE("the UID in the bound object reference (%.*s) does not match the UID in record. The object might have been deleted and then recreated",
			      SLICE_FMT(uid));
	if (!slice_eq(json_path_str(pod, "spec.nodeName"), node)) return REFUSE("node requested token bound to a pod scheduled on a different node");
	if (json_size(audiences) > 1) return REFUSE("node may only request 0 or 1 audiences");
	struct slice audience = json_str(json_first(audiences));
	if (json_size(audiences) == 0 || slice_empty(audience) || audience_in_pod(pod, audience)) return ADMIT_OK;
	return REFUSE("audience \"%.*s\" not found in pod spec volume, %.*s is not authorized to request tokens for this audience", SLICE_FMT(audience),
		      SLICE_FMT(ad->r->user->name));
}

static int lease_change(struct admit *ad, struct slice node, const struct status **ret_st) {
	struct slice name = slice_empty(ad->name) ? json_path_str(ad->obj, "metadata.name") : ad->name;
	if (!slice_eqs(ad->ns, "kube-node-lease")) return REFUSE("can only access leases in the \"kube-node-lease\" system namespace");
	return slice_eq(name, node) ? ADMIT_OK : REFUSE("can only access node lease with the same name as the requesting node");
}

static int csinode_change(struct admit *ad, struct slice node, const struct status **ret_st) {
	struct slice name = slice_empty(ad->name) ? json_path_str(ad->obj, "metadata.name") : ad->name;
	return slice_eq(name, node) ? ADMIT_OK : REFUSE("can only access CSINode with the same name as the requesting node");
}

/* ---- the plugin ---- */

static int pod_main(struct admit *ad, struct slice node, const struct status **ret_st) {
	return ad->op == ADMIT_CREATE ? pod_create(ad, node, ret_st) : pod_other(ad, node, ret_st, false);
}
static int pod_status(struct admit *ad, struct slice node, const struct status **ret_st) { return pod_other(ad, node, ret_st, true); }

static const struct {
	const char *group, *resource, *sub;
	int (*check)(struct admit *ad, struct slice node, const struct status **ret_st);
} rows[] = {
	{ "", "pods", NULL, pod_main },
	{ "", "pods", "status", pod_status },
	{ "", "pods", "eviction", pod_evict },
	{ "", "nodes", NULL, node_change },
	{ "", "nodes", "status", node_change },
	{ "", "serviceaccounts", "token", token_request },
	{ "coordination.k8s.io", "leases", NULL, lease_change },
	{ "storage.k8s.io", "csinodes", NULL, csinode_change },
};

static int validate(struct admit *ad, const struct status **ret_st) {
	struct slice node = node_of(ad->r->user);
	if (slice_empty(node)) return ADMIT_OK;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		if (admit_is(ad, rows[i].group, rows[i].resource, rows[i].sub)) return rows[i].check(ad, node, ret_st);
	return ADMIT_OK;
}

const struct admit_plugin admit_node_restriction = {
	.name = "NodeRestriction",
	.ops = ADMIT_CREATE | ADMIT_UPDATE | ADMIT_DELETE,
	/* Before validation, as upstream's: its answers come before those about the object's form. */
	.mutate = validate,
};
