/* SPDX-License-Identifier: Apache-2.0 */
#include "access/node.h"

#include "access/account.h"
#include "access/bootstrap.h"
#include "access/rbac/rule.h"
#include "access/relation.h"

#include <errno.h>

struct question {
	struct access *acc;
	struct arena *a;
	struct slice node;
	const struct access_attrs *at;
	enum relation_kind kind;
	const char *reason;
};

bool node_identity(const struct access_user *u, struct slice *ret_name) {
	if (!slice_starts(u->name, SLICE_LIT(USER_NODE_PREFIX)) || !access_user_in_group(u, GROUP_NODES)) return false;
	if (ret_name) *ret_name = slice_from(u->name, sizeof(USER_NODE_PREFIX) - 1);
	return true;
}

static int deny(struct question *q, const char *reason) {
	q->reason = reason;
	return reason ? 0 : -ENOMEM;
}

static bool verb_in(const struct question *q, const char *list) {
	struct slice rest = slice_str(list);
	while (rest.p)
		if (slice_eq(slice_cut(&rest, ' '), q->at->verb)) return true;
	return false;
}

static bool verb_is(const struct question *q, const char *verb) { return slice_eqs(q->at->verb, verb); }

static int need_relation(struct question *q) {
	struct store_snapshot *sn = store_snapshot(q->acc->store);
	if (!sn) return -ENOMEM;
	bool related = relation_exists(sn, q->node, q->kind, q->at->ns, q->at->name);
	store_snapshot_unref(sn);
	return related ? 1 : deny(q, arena_printf(q->a, "no relationship found between node '%.*s' and this object", SLICE_FMT(q->node)));
}

static int related(struct question *q) { return slice_empty(q->at->name) ? deny(q, "No Object name found") : need_relation(q); }

static int get_one(struct question *q) {
	if (!verb_is(q, "get")) return deny(q, "can only get individual resources of this type");
	if (q->at->subresource.n) return deny(q, "cannot get subresource");
	return related(q);
}

static int read_one(struct question *q) {
	if (!verb_in(q, "get list watch")) return deny(q, "can only read resources of this type");
	if (q->at->subresource.n) return deny(q, "cannot read subresource");
	if (slice_empty(q->at->ns)) return deny(q, "can only read namespaced object of this type");
	return related(q);
}

static int volume_claim(struct question *q) {
	if (!slice_eqs(q->at->subresource, "status")) return get_one(q);
	return verb_in(q, "update patch") ? related(q) : deny(q, "can only get/update/patch this type");
}

static int account(struct question *q) {
	if (verb_is(q, "get") && slice_empty(q->at->subresource)) return get_one(q);
	if (!verb_is(q, "create") || slice_empty(q->at->name)) return deny(q, "can only create tokens for individual service accounts");
	if (!slice_eqs(q->at->subresource, "token")) return deny(q, "can only create token subresource of serviceaccount");
	return need_relation(q);
}

/* The name is not known when something is created: admission looks at it then. */
static bool is_own(const struct question *q) { return verb_is(q, "create") || slice_eq(q->at->name, q->node); }

static int lease(struct question *q) {
	if (!verb_in(q, "get create update patch delete")) return deny(q, "can only get, create, update, patch, or delete a node lease");
	if (!slice_eqs(q->at->ns, "kube-node-lease"))
		return deny(q, "can only access leases in the \"kube-node-lease\" system namespace");
	return is_own(q) ? 1 : deny(q, "can only access node lease with the same name as the requesting node");
}

static int csi_node(struct question *q) {
	if (!verb_in(q, "get create update patch delete")) return deny(q, "can only get, create, update, patch, or delete a CSINode");
	if (q->at->subresource.n) return deny(q, "cannot authorize CSINode subresources");
	return is_own(q) ? 1 : deny(q, "can only access CSINode with the same name as the requesting node");
}

static int resource_slice(struct question *q) {
	if (q->at->subresource.n) return deny(q, "cannot authorize ResourceSlice subresources");
	if (verb_is(q, "create")) return 1;
	if (verb_in(q, "get update patch delete")) return related(q);
	if (!verb_in(q, "watch list deletecollection"))
		return deny(
			q,
			"only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection");
	if (slice_eq(q->at->field_node, q->node)) return 1;
	return deny(q, "can only list/watch/deletecollection resourceslices with nodeName field selector");
}

static int node_object(struct question *q) {
	if (slice_eqs(q->at->subresource, "status")) return verb_in(q, "update patch") ? 1 : 0;
	if (q->at->subresource.n) return 0;
	if (verb_in(q, "create update patch")) return 1;
	if (!verb_in(q, "get list watch")) return 0;
	if (slice_eq(q->at->name, q->node)) return 1;
	return deny(q, q->at->name.n ? arena_printf(q->a, "node '%.*s' cannot read '%.*s', only its own Node object", SLICE_FMT(q->node),
						    SLICE_FMT(q->at->name))
				     : arena_printf(q->a, "node '%.*s' cannot read all nodes, only its own Node object", SLICE_FMT(q->node)));
}

static int pod_itself(struct question *q) {
	if (verb_is(q, "get")) return get_one(q);
	if (verb_in(q, "create delete")) return 1;
	if (!verb_in(q, "list watch")) return 0;
	if (slice_eq(q->at->field_node, q->node)) return 1;
	return q->at->name.n ? related(q) : deny(q, "can only list/watch pods with spec.nodeName field selector");
}

static int pod(struct question *q) {
	if (slice_empty(q->at->subresource)) return pod_itself(q);
	if (slice_eqs(q->at->subresource, "status")) return verb_in(q, "update patch") ? 1 : 0;
	return slice_eqs(q->at->subresource, "eviction") && verb_is(q, "create") ? 1 : 0;
}

static const struct {
	const char *group, *resource;
	int (*answer)(struct question *q);
	enum relation_kind kind;
} answers[] = {
	{ "", "secrets", read_one, RELATION_SECRET },
	{ "", "configmaps", read_one, RELATION_CONFIGMAP },
	{ "", "persistentvolumeclaims", volume_claim, RELATION_PVC },
	{ "", "persistentvolumes", get_one, RELATION_PV },
	{ "", "serviceaccounts", account, RELATION_ACCOUNT },
	{ "", "nodes", node_object, RELATION_POD },
	{ "", "pods", pod, RELATION_POD },
	{ "resource.k8s.io", "resourceclaims", get_one, RELATION_CLAIM },
	{ "resource.k8s.io", "resourceslices", resource_slice, RELATION_SLICE },
	{ "storage.k8s.io", "volumeattachments", get_one, RELATION_ATTACHMENT },
	{ "storage.k8s.io", "csinodes", csi_node, RELATION_POD },
	{ "coordination.k8s.io", "leases", lease, RELATION_POD },
};

/* What is not subdivided follows the rules of the role system:node. */
static int by_rules(const struct question *q) {
	struct rbac_request req = rbac_request_of(q->at);
	for (size_t i = 0; i < q->acc->n_node_rules; i++)
		if (rbac_rule_allows(&q->acc->node_rules[i], &req)) return 1;
	return 0;
}

static int answer(struct question *q) {
	for (size_t i = 0; q->at->is_resource && i < ELEMENTSOF(answers); i++) {
		if (!slice_eqs(q->at->group, answers[i].group) || !slice_eqs(q->at->resource, answers[i].resource)) continue;
		q->kind = answers[i].kind;
		return answers[i].answer(q);
	}
	return by_rules(q);
}

int node_authorize(struct access *acc, struct arena *a, const struct access_attrs *at, const char **ret_reason) {
	struct question q = { .acc = acc, .a = a, .at = at, .reason = "" };
	*ret_reason = "";
	if (!node_identity(at->user, &q.node)) return 0;
	int r = slice_empty(q.node) ? deny(&q, arena_printf(a, "unknown node for user \"%.*s\"", SLICE_FMT(at->user->name))) : answer(&q);
	if (r == 0) *ret_reason = q.reason;
	return r;
}

int node_rules_load(struct access *acc) {
	struct rbac_rule *rules;
	struct access_bootstrap_object o;
	for (size_t i = 0; access_bootstrap_object(i, &o); i++) {
		if (!slice_eqs(o.name, "system:node") || !slice_eqs(o.resource, "rbac.authorization.k8s.io/clusterroles")) continue;
		yyjson_doc *d = yyjson_read(o.json.p, o.json.n, 0);
		int r = rbac_rules_read(acc->arena, yyjson_obj_get(yyjson_doc_get_root(d), "rules"), &rules, &acc->n_node_rules);
		yyjson_doc_free(d);
		acc->node_rules = rules;
		return r;
	}
	return -ENOENT;
}
