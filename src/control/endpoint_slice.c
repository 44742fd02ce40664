/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EndpointSlices of a service with a selector: its pods in slices of at most 100, one family of slices for each set of ports that
 * pods really have (pkg/controller/endpointslice, KEP-752). Existing slices are filled first, so that names stay.
 */
#include "control/service_pods.h"

#include <errno.h>

#define MANAGED_BY "endpointslice.kubernetes.io/managed-by"
#define MANAGER "endpointslice-controller.k8s.io"
#define SERVICE_NAME "kubernetes.io/service-name"
#define SLICE_ENDPOINTS_MAX 100
#define SLICES_MAX 1000

struct plan {
	/* `now` and `surplus` point into the cache: only while the plan is made. */
	struct { yyjson_mut_doc *doc; yyjson_mut_val *root; const yyjson_mut_val *now; const char *name; bool changed; } wanted[SLICES_MAX];
	size_t n, at;
	const yyjson_mut_val *surplus[SLICES_MAX];
	const char *surplus_names[SLICES_MAX];
	size_t n_surplus, surplus_at;
};

static void queue_service(struct controller *c, struct k8c_object *slice) {
	struct slice name = json_str(json_get(json_path(k8c_object_value(slice), "metadata.labels"), SERVICE_NAME));
	if (!slice_empty(name)) (void)workqueue_add_name(c->queue, slice_of(k8c_object_namespace(slice)), name);
}

static int setup(struct controller *c) {
	int r = controller_watch(c, KIND_SERVICE);
	if (r == 0) r = controller_watch_mapped(c, KIND_ENDPOINT_SLICE, queue_service);
	return r < 0 ? r : controller_watch_mapped(c, KIND_POD, service_queue_of_pod);
}

static yyjson_mut_val *slice_ports(yyjson_mut_doc *doc, const yyjson_mut_val *service, const yyjson_mut_val *pod) {
	yyjson_mut_val *list = yyjson_mut_arr(doc), *ports = json_path(service, "spec.ports"), *port;
	if (!ports) return list;
	json_each(ports, port) {
		yyjson_mut_val *p = yyjson_mut_obj(doc);
		int64_t number = service_port_on(port, pod);
		struct slice app = json_path_str(port, "appProtocol");
		if (!number) continue;
		if (!json_set_str(doc, p, "name", json_get(port, "name") ? json_path_str(port, "name") : SLICE_LIT("")) ||
		    !json_set_str(doc, p, "protocol", json_path_str(port, "protocol")) || !json_set_int(doc, p, "port", number) ||
		    (!slice_empty(app) && !json_set_str(doc, p, "appProtocol", app)) || !yyjson_mut_arr_append(list, p))
			return NULL;
	}
	return list;
}

static yyjson_mut_val *endpoint(yyjson_mut_doc *doc, const yyjson_mut_val *service, const yyjson_mut_val *pod) {
	yyjson_mut_val *e = yyjson_mut_obj(doc), *addresses = yyjson_mut_arr(doc), *conditions = yyjson_mut_obj(doc);
	bool serving = service_pod_ready(pod), ending = service_pod_terminating(pod), publish = json_path_bool(service, "spec.publishNotReadyAddresses", false);
	struct slice ip = json_path_str(pod, "status.podIP"), node = json_path_str(pod, "spec.nodeName"), host = json_path_str(pod, "spec.hostname");
	bool ok = yyjson_mut_arr_append(addresses, yyjson_mut_strncpy(doc, ip.p, ip.n)) && json_set(doc, e, "addresses", addresses) &&
		  json_set_bool(doc, conditions, "ready", publish || (serving && !ending)) && json_set_bool(doc, conditions, "serving", serving) &&
		  json_set_bool(doc, conditions, "terminating", ending) && json_set(doc, e, "conditions", conditions);
	if (ok && !slice_empty(host) && slice_eq(json_path_str(pod, "spec.subdomain"), json_path_str(service, "metadata.name"))) ok = json_set_str(doc, e, "hostname", host);
	ok = ok && json_set(doc, e, "targetRef", service_pod_reference(doc, pod));
	if (ok && !slice_empty(node)) ok = json_set_str(doc, e, "nodeName", node);
	return ok ? e : NULL;
}

static bool is_ours(const yyjson_mut_val *slice, struct slice service) {
	const yyjson_mut_val *labels = json_path(slice, "metadata.labels");
	return slice_eq(json_str(json_get(labels, SERVICE_NAME)), service) && slice_eqs(json_str(json_get(labels, MANAGED_BY)), MANAGER);
}

static bool set_labels(struct task *t, yyjson_mut_doc *doc, yyjson_mut_val *meta, const yyjson_mut_val *service) {
	yyjson_mut_val *own = json_path(service, "metadata.labels"), *labels = own ? json_copy(doc, own) : yyjson_mut_obj(doc);
	if (slice_eqs(json_path_str(service, "spec.clusterIP"), "None") && !json_set_str(doc, labels, "service.kubernetes.io/headless", SLICE_LIT(""))) return false;
	return json_set_str(doc, labels, MANAGED_BY, SLICE_LIT(MANAGER)) && json_set_str(doc, labels, SERVICE_NAME, t->name) && json_set(doc, meta, "labels", labels);
}

static bool set_owner(yyjson_mut_doc *doc, yyjson_mut_val *meta, const yyjson_mut_val *service) {
	yyjson_mut_val *owners = yyjson_mut_arr(doc), *o = yyjson_mut_obj(doc);
	return json_set_str(doc, o, "apiVersion", SLICE_LIT("v1")) && json_set_str(doc, o, "kind", SLICE_LIT("Service")) &&
	       json_set_str(doc, o, "name", json_path_str(service, "metadata.name")) && json_set_str(doc, o, "uid", json_path_str(service, "metadata.uid")) &&
	       json_set_bool(doc, o, "controller", true) && json_set_bool(doc, o, "blockOwnerDeletion", true) && yyjson_mut_arr_append(owners, o) &&
	       json_set(doc, meta, "ownerReferences", owners);
}

/* A wanted slice with these ports: an existing one reused, else a new one. -1 when out of memory or over SLICES_MAX. */
static int slice_new(struct task *t, const yyjson_mut_val *service, yyjson_mut_val *ports) {
	struct plan *p = t->state;
	const yyjson_mut_val *now = NULL;
	if (p->n == SLICES_MAX) return -1;
	for (size_t i = 0; i < p->n_surplus && !now; i++) {
		if (!p->surplus[i] || !json_equal(json_get(p->surplus[i], "ports"), ports)) continue;
		now = p->surplus[i];
		p->surplus[i] = NULL;
	}
	yyjson_mut_doc *doc = now ? task_copy(t, now) : json_doc(t->a);
	yyjson_mut_val *root = !doc ? NULL : now ? yyjson_mut_doc_get_root(doc) : yyjson_mut_obj(doc);
	yyjson_mut_val *meta = root ? json_ensure_obj(doc, root, "metadata") : NULL;
	char *prefix = arena_printf(t->a, "%.*s-", SLICE_FMT(t->name));
	if (!meta || !prefix || !set_labels(t, doc, meta, service) || !set_owner(doc, meta, service)) return -1;
	if (!now && (!json_set_str(doc, meta, "generateName", slice_str(prefix)) || !json_set_str(doc, root, "addressType", SLICE_LIT("IPv4")))) return -1;
	if (!json_set(doc, root, "endpoints", yyjson_mut_arr(doc)) || !json_set(doc, root, "ports", json_copy(doc, ports))) return -1;
	p->wanted[p->n].doc = doc;
	p->wanted[p->n].root = root;
	p->wanted[p->n].now = now;
	return (int)p->n++;
}

static int slice_for(struct task *t, const yyjson_mut_val *service, yyjson_mut_val *ports) {
	struct plan *p = t->state;
	for (size_t i = 0; i < p->n; i++)
		if (json_equal(json_get(p->wanted[i].root, "ports"), ports) && json_size(json_get(p->wanted[i].root, "endpoints")) < SLICE_ENDPOINTS_MAX)
			return (int)i;
	return slice_new(t, service, ports);
}

static bool plan_pod(struct task *t, const yyjson_mut_val *service, const yyjson_mut_val *pod, yyjson_mut_doc *scratch) {
	struct plan *p = t->state;
	yyjson_mut_val *ports = slice_ports(scratch, service, pod);
	int i = ports ? slice_for(t, service, ports) : -1;
	yyjson_mut_val *e = i < 0 ? NULL : endpoint(p->wanted[i].doc, service, pod);
	return e && yyjson_mut_arr_append(json_get(p->wanted[i].root, "endpoints"), e);
}

static bool plan_make(struct task *t, const yyjson_mut_val *service) {
	struct plan *p = t->state;
	struct k8c_informer *i = controller_informer(t->c, KIND_ENDPOINT_SLICE);
	struct k8c_object *slice;
	for (size_t it = 0; (slice = k8c_informer_index_next(i, "namespace", bytes_of(t->ns), &it));)
		if (is_ours(k8c_object_value(slice), t->name) && p->n_surplus < SLICES_MAX) p->surplus[p->n_surplus++] = k8c_object_value(slice);
	if (!service || !json_path(service, "spec.selector")) return true;
	yyjson_mut_doc *scratch = json_doc(t->a);
	size_t n;
	struct k8c_object **pods = service_pods(t, service, &n);
	for (size_t k = 0; scratch && pods && k < n; k++)
		if (!plan_pod(t, service, k8c_object_value(pods[k]), scratch)) return false;
	/* A service without pods keeps one empty slice, so that its consumers know it has been looked at. */
	if (scratch && pods && n == 0 && slice_new(t, service, p->n_surplus && p->surplus[0] ? json_get(p->surplus[0], "ports") : yyjson_mut_arr(scratch)) < 0) return false;
	return scratch && pods;
}

/* What has to be done, in words that outlive the cache's state. */
static void plan_settle(struct task *t) {
	struct plan *p = t->state;
	for (size_t i = 0; i < p->n; i++) {
		const yyjson_mut_val *now = p->wanted[i].now;
		p->wanted[i].name = now ? task_str(t, json_path_str(now, "metadata.name")) : NULL;
		p->wanted[i].changed = !now || !json_equal(now, p->wanted[i].root);
	}
	for (size_t i = 0; i < p->n_surplus; i++)
		p->surplus_names[i] = p->surplus[i] ? task_str(t, json_path_str(p->surplus[i], "metadata.name")) : NULL;
}

static void carry_out(struct task *t, const struct k8c_response *res k8c_unused, const struct k8c_error *err) {
	struct plan *p = t->state;
	if (err && err->err != -ENOENT) {
		task_end_with(t, err);
		return;
	}
	struct k8c_op op = { .size = sizeof(op), .target = { .group = "discovery.k8s.io", .version = "v1", .resource = "endpointslices", .ns = task_str(t, t->ns) } };
	while (p->at < p->n && !p->wanted[p->at].changed) p->at++;
	while (p->surplus_at < p->n_surplus && !p->surplus_names[p->surplus_at]) p->surplus_at++;
	if (p->at < p->n) {
		op.verb = p->wanted[p->at].name ? K8C_UPDATE : K8C_CREATE;
		op.body = task_body(t, p->wanted[p->at].root);
		op.target.name = p->wanted[p->at].name;
		p->at++;
	} else if (p->surplus_at < p->n_surplus) {
		op.verb = K8C_DELETE;
		op.target.name = p->surplus_names[p->surplus_at++];
	} else {
		task_end(t, 0);
		return;
	}
	task_op(t, &op, carry_out);
}

static void reconcile(struct task *t) {
	if (!TASK_SYNCED(t, KIND_SERVICE, KIND_POD, KIND_ENDPOINT_SLICE)) return;
	t->state = arena_new_of(t->a, struct plan);
	if (!t->state || !plan_make(t, controller_get(t->c, KIND_SERVICE, t->ns, t->name))) {
		task_end(t, -ENOMEM);
		return;
	}
	plan_settle(t);
	carry_out(t, NULL, NULL);
}

const struct controller_def controller_endpoint_slice = {
	.name = "endpointslice", .component = "endpointslice-controller", .setup = setup, .sync = reconcile, .parallel = 4,
};
