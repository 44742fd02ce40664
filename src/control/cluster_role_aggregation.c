/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ClusterRole with an aggregationRule holds the rules of all ClusterRoles its selectors match, by name, duplicates once
 * (pkg/controller/clusterroleaggregation).
 */
#include "codec/labels.h"
#include "control/controller.h"

#include <errno.h>

/* A change of any role may concern every aggregated one. */
static void map_role(struct controller *c, struct k8c_object *o k8c_unused) {
	struct k8c_informer *i = controller_informer(c, KIND_CLUSTER_ROLE);
	struct k8c_object *role;
	for (size_t it = 0; (role = k8c_informer_next(i, &it));)
		if (json_get(k8c_object_value(role), "aggregationRule")) (void)workqueue_add(c->queue, slice_of(k8c_object_name(role)));
}

static int setup(struct controller *c) { return controller_watch_mapped(c, KIND_CLUSTER_ROLE, map_role); }

static int by_name(const void *a, const void *b) {
	struct k8c_object *const *x = a, *const *y = b;
	return slice_cmp(slice_of(k8c_object_name(*x)), slice_of(k8c_object_name(*y)));
}

/* 1: matched by one of the role's selectors. */
static int selected(struct task *t, const yyjson_mut_val *role, const yyjson_mut_val *other) {
	yyjson_mut_val *selectors = json_path(role, "aggregationRule.clusterRoleSelectors"), *selector;
	const yyjson_mut_val *labels = json_path(other, "metadata.labels");
	if (!selectors) return 0;
	json_each(selectors, selector) {
		struct labels_selector parsed;
		const char *msg;
		int r = labels_from_object(t->a, selector, &parsed, &msg);
		if (r == -ENOMEM) return r;
		if (r == 0 && labels_match(&parsed, labels)) return 1;
	}
	return 0;
}

static bool add_rules(yyjson_mut_doc *doc, yyjson_mut_val *rules, const yyjson_mut_val *from) {
	yyjson_mut_val *rule, *have;
	if (!from) return true;
	json_each(from, rule) {
		bool known = false;
		json_each(rules, have) known = known || json_equal(have, rule);
		if (!known && !yyjson_mut_arr_append(rules, json_copy(doc, rule))) return false;
	}
	return true;
}

/* The matching roles in order of their names. */
static struct k8c_object **matching(struct task *t, const yyjson_mut_val *role, size_t *ret_n) {
	struct k8c_informer *i = controller_informer(t->c, KIND_CLUSTER_ROLE);
	struct k8c_object **found = arena_array(t->a, k8c_informer_count(i) + 1, sizeof(struct k8c_object *)), *other;
	size_t n = 0;
	for (size_t it = 0; found && (other = k8c_informer_next(i, &it));) {
		if (slice_eq(slice_of(k8c_object_name(other)), t->name)) continue;
		int r = selected(t, role, k8c_object_value(other));
		if (r < 0) return NULL;
		if (r > 0) found[n++] = other;
	}
	if (found) qsort(found, n, sizeof(struct k8c_object *), by_name);
	*ret_n = n;
	return found;
}

static yyjson_mut_val *rules_of(struct task *t, yyjson_mut_doc *doc, const yyjson_mut_val *role) {
	yyjson_mut_val *rules = yyjson_mut_arr(doc);
	size_t n;
	struct k8c_object **roles = matching(t, role, &n);
	if (!roles) return NULL;
	for (size_t k = 0; k < n; k++)
		if (!add_rules(doc, rules, json_get(k8c_object_value(roles[k]), "rules"))) return NULL;
	return rules;
}

static void reconcile(struct task *t) {
	if (!TASK_SYNCED(t, KIND_CLUSTER_ROLE)) return;
	const yyjson_mut_val *role = controller_get(t->c, KIND_CLUSTER_ROLE, SLICE_NULL, t->name);
	yyjson_mut_doc *doc = json_doc(t->a);
	if (!role || !json_get(role, "aggregationRule")) {
		task_end(t, 0);
		return;
	}
	yyjson_mut_val *rules = doc ? rules_of(t, doc, role) : NULL, *body = doc ? yyjson_mut_obj(doc) : NULL;
	const yyjson_mut_val *now = json_get(role, "rules");
	if (rules && (json_equal(now, rules) || (!json_size(rules) && !json_size(now)))) {
		task_end(t, 0);
		return;
	}
	if (!rules || !json_set_str(doc, body, "apiVersion", SLICE_LIT("rbac.authorization.k8s.io/v1")) ||
	    !json_set_str(doc, body, "kind", SLICE_LIT("ClusterRole")) || !json_set_str(doc, json_ensure_obj(doc, body, "metadata"), "name", t->name) ||
	    !json_set(doc, body, "rules", rules)) {
		task_end(t, -ENOMEM);
		return;
	}
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_PATCH, .patch = K8C_PATCH_APPLY, .force = true, .field_manager = "clusterrole-aggregation-controller",
		.body = task_body(t, body),
		.target = { .group = "rbac.authorization.k8s.io", .version = "v1", .resource = "clusterroles", .name = task_str(t, t->name) },
	};
	task_op(t, &op, task_finish);
}

const struct controller_def controller_cluster_role_aggregation = {
	.name = "clusterrole-aggregation", .component = "clusterrole-aggregation-controller", .setup = setup, .sync = reconcile,
};
