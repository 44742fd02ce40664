/* SPDX-License-Identifier: Apache-2.0 */
#include "control/service_pods.h"
#include "codec/labels.h"

static bool selects(struct arena *a, const yyjson_mut_val *service, const yyjson_mut_val *pod) {
	const yyjson_mut_val *selector = json_path(service, "spec.selector");
	struct labels_selector s;
	if (!json_size(selector)) return false;
	return labels_from_map(a, selector, &s) == 0 && labels_match(&s, json_path(pod, "metadata.labels"));
}

void service_queue_of_pod(struct controller *c, struct k8c_object *pod) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct k8c_informer *i = controller_informer(c, KIND_SERVICE);
	struct k8c_object *service;
	for (size_t it = 0; a && (service = k8c_informer_index_next(i, "namespace", k8c_object_namespace(pod), &it));)
		if (selects(a, k8c_object_value(service), k8c_object_value(pod)))
			(void)workqueue_add_name(c->queue, slice_of(k8c_object_namespace(service)), slice_of(k8c_object_name(service)));
}

static int by_name(const void *a, const void *b) {
	struct k8c_object *const *x = a, *const *y = b;
	return slice_cmp(slice_of(k8c_object_name(*x)), slice_of(k8c_object_name(*y)));
}

static bool pod_counts(const yyjson_mut_val *pod) {
	struct slice phase = json_path_str(pod, "status.phase");
	return !slice_empty(json_path_str(pod, "status.podIP")) && !slice_eqs(phase, "Succeeded") && !slice_eqs(phase, "Failed");
}

struct k8c_object **service_pods(struct task *t, const yyjson_mut_val *service, size_t *ret_n) {
	struct k8c_informer *i = controller_informer(t->c, KIND_POD);
	struct k8c_object **v = arena_array(t->a, k8c_informer_count(i) + 1, sizeof(struct k8c_object *)), *pod;
	size_t n = 0;
	for (size_t it = 0; v && (pod = k8c_informer_index_next(i, "namespace", bytes_of(t->ns), &it));) {
		const yyjson_mut_val *value = k8c_object_value(pod);
		if (value && pod_counts(value) && selects(t->a, service, value)) v[n++] = pod;
	}
	if (v) qsort(v, n, sizeof(struct k8c_object *), by_name);
	*ret_n = n;
	return v;
}

bool service_pod_ready(const yyjson_mut_val *pod) {
	yyjson_mut_val *list = json_path(pod, "status.conditions"), *c;
	if (!list) return false;
	json_each(list, c)
		if (slice_eqs(json_path_str(c, "type"), "Ready")) return slice_eqs(json_path_str(c, "status"), "True");
	return false;
}

bool service_pod_terminating(const yyjson_mut_val *pod) { return json_path(pod, "metadata.deletionTimestamp") != NULL; }

static int64_t named_port(const yyjson_mut_val *pod, struct slice name, struct slice protocol) {
	static const char *const lists[] = { "spec.containers", "spec.initContainers" };
	yyjson_mut_val *container, *port;
	for (size_t l = 0; l < ELEMENTSOF(lists); l++) {
		yyjson_mut_val *containers = json_path(pod, lists[l]);
		if (!containers) continue;
		json_each(containers, container) {
			if (l == 1 && !slice_eqs(json_path_str(container, "restartPolicy"), "Always")) continue; /* only sidecars go on running */
			yyjson_mut_val *ports = json_get(container, "ports");
			if (!ports) continue;
			json_each(ports, port)
				if (slice_eq(json_path_str(port, "name"), name) && slice_eq(json_path_str(port, "protocol"), protocol))
					return json_path_int(port, "containerPort", 0);
		}
	}
	return 0;
}

int64_t service_port_on(const yyjson_mut_val *port, const yyjson_mut_val *pod) {
	const yyjson_mut_val *target = json_get(port, "targetPort");
	if (json_is_string(target)) return named_port(pod, json_str(target), json_path_str(port, "protocol"));
	int64_t number = json_path_int(port, "targetPort", 0);
	return number ? number : json_path_int(port, "port", 0);
}

yyjson_mut_val *service_pod_reference(yyjson_mut_doc *doc, const yyjson_mut_val *pod) {
	yyjson_mut_val *ref = yyjson_mut_obj(doc);
	return json_set_str(doc, ref, "kind", SLICE_LIT("Pod")) && json_set_str(doc, ref, "namespace", json_path_str(pod, "metadata.namespace")) &&
	       json_set_str(doc, ref, "name", json_path_str(pod, "metadata.name")) && json_set_str(doc, ref, "uid", json_path_str(pod, "metadata.uid")) ? ref : NULL;
}
