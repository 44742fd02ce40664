/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every active namespace has the ConfigMap kube-root-ca.crt with the CA that pods verify the API server with; edits are
 * reverted (pkg/controller/certificates/rootcacertpublisher).
 */
#include "control/controller.h"

#define NAME "kube-root-ca.crt"
#define ABOUT_KEY "kubernetes.io/description"
static const char about[] =
	"Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or "
	"kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

static void map_changed(struct controller *c, struct k8c_object *o) { (void)workqueue_add(c->queue, slice_of(k8c_object_namespace(o))); }

static int setup(struct controller *c) {
	int r = controller_watch(c, KIND_NAMESPACE);
	return r < 0 ? r : controller_watch_mapped(c, KIND_CONFIG_MAP_CA, map_changed);
}

static bool is_right(struct task *t, const yyjson_mut_val *map) {
	const yyjson_mut_val *data = json_get(map, "data");
	return json_size(data) == 1 && slice_eq(json_str(json_get(data, "ca.crt")), t->c->control->o.ca_pem) &&
	       json_get(json_path(map, "metadata.annotations"), ABOUT_KEY);
}

static bool set_data(struct task *t, yyjson_mut_doc *doc, yyjson_mut_val *map) {
	yyjson_mut_val *data = yyjson_mut_obj(doc), *annotations = json_ensure_obj(doc, map, "metadata.annotations");
	return annotations && json_set_str(doc, annotations, ABOUT_KEY, slice_make(about, sizeof(about) - 1)) && json_set(doc, map, "data", data) &&
	       json_set_str(doc, data, "ca.crt", t->c->control->o.ca_pem);
}

static void written(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	if (err && (err->err == -EEXIST || err->err == -ENOENT || err->err == -EPERM)) task_end(t, 0);
	else task_finish(t, res, err);
}

static void reconcile(struct task *t) {
	if (!TASK_SYNCED(t, KIND_NAMESPACE, KIND_CONFIG_MAP_CA)) return;
	const yyjson_mut_val *ns = controller_get(t->c, KIND_NAMESPACE, SLICE_NULL, t->name);
	const yyjson_mut_val *now = controller_get(t->c, KIND_CONFIG_MAP_CA, t->name, SLICE_LIT(NAME));
	if (!ns || !slice_eqs(json_path_str(ns, "status.phase"), "Active") ||
	    (now && is_right(t, now))) {
		task_end(t, 0);
		return;
	}
	yyjson_mut_doc *doc = now ? task_copy(t, now) : json_doc(t->a);
	yyjson_mut_val *map = !doc ? NULL : now ? yyjson_mut_doc_get_root(doc) : yyjson_mut_obj(doc);
	if (!map || !set_data(t, doc, map) || !json_set_str(doc, json_ensure_obj(doc, map, "metadata"), "name", SLICE_LIT(NAME))) {
		task_end(t, -1);
		return;
	}
	struct k8c_op op = {
		.size = sizeof(op), .verb = now ? K8C_UPDATE : K8C_CREATE, .body = task_body(t, map),
		.target = { .version = "v1", .resource = "configmaps", .ns = task_str(t, t->name), .name = now ? NAME : NULL },
	};
	task_op(t, &op, written);
}

const struct controller_def controller_root_ca = {
	.name = "root-ca", .component = "root-ca-cert-publisher", .setup = setup, .sync = reconcile, .parallel = 4,
};
