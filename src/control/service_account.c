/* SPDX-License-Identifier: Apache-2.0 */
/* Every active namespace has a ServiceAccount named default (pkg/controller/serviceaccount/serviceaccounts_controller.go). */
#include "control/controller.h"

static void account_deleted(struct controller *c, struct k8c_object *o) {
	if (slice_eqs(slice_of(k8c_object_name(o)), "default")) (void)workqueue_add(c->queue, slice_of(k8c_object_namespace(o)));
}

static int setup(struct controller *c) {
	int r = controller_watch(c, KIND_NAMESPACE);
	return r < 0 ? r : controller_watch_mapped(c, KIND_SERVICE_ACCOUNT, account_deleted);
}

static void created(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	/* Somebody else was faster, or the namespace is ending meanwhile: both are fine. */
	if (err && (err->err == -EEXIST || err->err == -ENOENT || err->err == -EPERM)) task_end(t, 0);
	else task_finish(t, res, err);
}

static void reconcile(struct task *t) {
	if (!TASK_SYNCED(t, KIND_NAMESPACE, KIND_SERVICE_ACCOUNT)) return;
	const yyjson_mut_val *ns = controller_get(t->c, KIND_NAMESPACE, SLICE_NULL, t->name);
	if (!ns || !slice_eqs(json_path_str(ns, "status.phase"), "Active") ||
	    controller_get(t->c, KIND_SERVICE_ACCOUNT, t->name, SLICE_LIT("default"))) {
		task_end(t, 0);
		return;
	}
	static const char body[] = "{\"kind\":\"ServiceAccount\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"default\"}}";
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_CREATE, .body = { body, sizeof(body) - 1 },
		.target = { .version = "v1", .resource = "serviceaccounts", .ns = task_str(t, t->name) },
	};
	task_op(t, &op, created);
}

const struct controller_def controller_service_account = {
	.name = "serviceaccount", .component = "service-account-controller", .setup = setup, .sync = reconcile, .parallel = 4,
};
