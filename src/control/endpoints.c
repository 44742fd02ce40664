/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints of a service with a selector: its pods' addresses, ready and not, grouped by the ports they really have
 * (pkg/controller/endpoint).
 */
#include "control/service_pods.h"

#include <errno.h>

#define MANAGED_BY "endpoints.kubernetes.io/managed-by"

static int setup(struct controller *c) {
	int r = controller_watch(c, KIND_SERVICE);
	if (r == 0) r = controller_watch(c, KIND_ENDPOINTS);
	return r < 0 ? r : controller_watch_mapped(c, KIND_POD, service_queue_of_pod);
}

/* The ports of one pod as a subset's `ports`. */
static yyjson_mut_val *subset_ports(yyjson_mut_doc *doc, const yyjson_mut_val *service, const yyjson_mut_val *pod) {
	yyjson_mut_val *list = yyjson_mut_arr(doc), *ports = json_path(service, "spec.ports"), *port;
	if (!ports) return list;
	json_each(ports, port) {
		yyjson_mut_val *p = yyjson_mut_obj(doc);
		int64_t number = service_port_on(port, pod);
		struct slice name = json_path_str(port, "name"), app = json_path_str(port, "appProtocol");
		if (!number) continue;
		if ((!slice_empty(name) && !json_set_str(doc, p, "name", name)) || !json_set_int(doc, p, "port", number) ||
		    !json_set_str(doc, p, "protocol", json_path_str(port, "protocol")) || (!slice_empty(app) && !json_set_str(doc, p, "appProtocol", app)) ||
		    !yyjson_mut_arr_append(list, p))
			return NULL;
	}
	return list;
}

static yyjson_mut_val *address(yyjson_mut_doc *doc, const yyjson_mut_val *pod) {
	yyjson_mut_val *a = yyjson_mut_obj(doc);
	struct slice host = json_path_str(pod, "spec.hostname"), node = json_path_str(pod, "spec.nodeName");
	bool ok = json_set_str(doc, a, "ip", json_path_str(pod, "status.podIP"));
	if (ok && !slice_empty(host) && !slice_empty(json_path_str(pod, "spec.subdomain"))) ok = json_set_str(doc, a, "hostname", host);
	if (ok && !slice_empty(node)) ok = json_set_str(doc, a, "nodeName", node);
	return ok && json_set(doc, a, "targetRef", service_pod_reference(doc, pod)) ? a : NULL;
}

/* The subset with these ports, made when there is none. */
static yyjson_mut_val *subset_for(yyjson_mut_doc *doc, yyjson_mut_val *subsets, yyjson_mut_val *ports) {
	yyjson_mut_val *s;
	json_each(subsets, s)
		if (json_equal(json_get(s, "ports"), ports)) return s;
	s = yyjson_mut_obj(doc);
	return json_set(doc, s, "ports", ports) && yyjson_mut_arr_append(subsets, s) ? s : NULL;
}

static bool add_pod(yyjson_mut_doc *doc, yyjson_mut_val *subsets, const yyjson_mut_val *service, const yyjson_mut_val *pod) {
	bool publish = json_path_bool(service, "spec.publishNotReadyAddresses", false);
	if (service_pod_terminating(pod) && !publish) return true;
	yyjson_mut_val *ports = subset_ports(doc, service, pod), *subset;
	bool headless = slice_eqs(json_path_str(service, "spec.clusterIP"), "None");
	if (!ports) return false;
	if (!json_size(ports) && !headless) return true;
	subset = subset_for(doc, subsets, ports);
	const char *part = service_pod_ready(pod) || publish ? "addresses" : "notReadyAddresses";
	yyjson_mut_val *list = json_get(subset, part), *one = address(doc, pod);
	if (!list) {
		list = yyjson_mut_arr(doc);
		if (!json_set(doc, subset, part, list)) return false;
	}
	return one && yyjson_mut_arr_append(list, one);
}

static yyjson_mut_val *subsets_of(struct task *t, yyjson_mut_doc *doc, const yyjson_mut_val *service) {
	yyjson_mut_val *subsets = yyjson_mut_arr(doc);
	size_t n;
	struct k8c_object **pods = service_pods(t, service, &n);
	for (size_t i = 0; pods && i < n; i++)
		if (!add_pod(doc, subsets, service, k8c_object_value(pods[i]))) return NULL;
	return pods ? subsets : NULL;
}

static bool set_meta(struct task *t, yyjson_mut_doc *doc, yyjson_mut_val *obj, const yyjson_mut_val *service) {
	yyjson_mut_val *meta = json_ensure_obj(doc, obj, "metadata"), *labels = json_path(service, "metadata.labels");
	if (!meta || !json_set_str(doc, meta, "name", t->name)) return false;
	if (!json_set(doc, meta, "labels", labels ? json_copy(doc, labels) : yyjson_mut_obj(doc))) return false;
	labels = json_get(meta, "labels");
	if (slice_eqs(json_path_str(service, "spec.clusterIP"), "None") && !json_set_str(doc, labels, "service.kubernetes.io/headless", SLICE_LIT(""))) return false;
	return json_set_str(doc, labels, MANAGED_BY, SLICE_LIT("endpoint-controller"));
}

static void remove_endpoints(struct task *t) {
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_DELETE,
		.target = { .version = "v1", .resource = "endpoints", .ns = task_str(t, t->ns), .name = task_str(t, t->name) },
	};
	task_op(t, &op, task_finish);
}

static bool is_ours(const yyjson_mut_val *endpoints) {
	return slice_eqs(json_str(json_get(json_path(endpoints, "metadata.labels"), MANAGED_BY)), "endpoint-controller");
}

static void reconcile(struct task *t) {
	if (!TASK_SYNCED(t, KIND_SERVICE, KIND_POD, KIND_ENDPOINTS)) return;
	const yyjson_mut_val *service = controller_get(t->c, KIND_SERVICE, t->ns, t->name);
	const yyjson_mut_val *now = controller_get(t->c, KIND_ENDPOINTS, t->ns, t->name);
	if (!service || !json_path(service, "spec.selector")) {
		if (!service && now && is_ours(now)) remove_endpoints(t);
		else task_end(t, 0);
		return;
	}
	yyjson_mut_doc *doc = now ? task_copy(t, now) : json_doc(t->a);
	yyjson_mut_val *root = !doc ? NULL : now ? yyjson_mut_doc_get_root(doc) : yyjson_mut_obj(doc);
	yyjson_mut_val *subsets = root ? subsets_of(t, doc, service) : NULL;
	if (!subsets || !set_meta(t, doc, root, service)) {
		task_end(t, -ENOMEM);
		return;
	}
	if (json_size(subsets)) (void)json_set(doc, root, "subsets", subsets);
	else (void)json_del(root, "subsets");
	if (now && json_equal(now, root)) {
		task_end(t, 0);
		return;
	}
	struct k8c_op op = {
		.size = sizeof(op), .verb = now ? K8C_UPDATE : K8C_CREATE, .body = task_body(t, root),
		.target = { .version = "v1", .resource = "endpoints", .ns = task_str(t, t->ns), .name = now ? task_str(t, t->name) : NULL },
	};
	task_op(t, &op, task_finish);
}

const struct controller_def controller_endpoints = {
	.name = "endpoints", .component = "endpoint-controller", .setup = setup, .sync = reconcile, .parallel = 4,
};
