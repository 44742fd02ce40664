/* SPDX-License-Identifier: Apache-2.0 */
#include "api/bootstrap_objects.h"

#include "access/bootstrap.h"
#include "api/alloc/cidr.h"
#include "api/bootstrap_flow.h"
#include "api/crd/definitions.h"
#include "api/discovery_doc.h"
#include "codec/json.h"

#include <errno.h>
#include <stdio.h>

#define OBJECTS_MAX 1024u

struct list_of {
	struct api *api;
	struct arena *a;
	struct bootstrap_object *v;
	size_t n;
	int err;
};

static const char *const namespaces[] = { "kube-system", "kube-public", "default", "kube-node-lease" };

static const struct { const char *name, *description; int value; } priorities[] = {
	{ "system-cluster-critical", "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.", 2000000000 },
	{ "system-node-critical", "Used for system critical pods that must not be moved from their current node.", 2000001000 },
};

/* How the aggregator ranks the groups (kube-aggregator's apiserver.go apiVersionPriorities). */
static const struct { const char *group; int group_priority, version_priority; } ranks[] = {
	{ "", 18000, 1 }, { "events.k8s.io", 17750, 15 }, { "authentication.k8s.io", 17700, 15 }, { "authorization.k8s.io", 17600, 15 },
	{ "apps", 17800, 15 }, { "autoscaling", 17500, 15 }, { "batch", 17400, 15 }, { "certificates.k8s.io", 17300, 15 },
	{ "networking.k8s.io", 17200, 15 }, { "policy", 17100, 15 }, { "rbac.authorization.k8s.io", 17000, 15 }, { "storage.k8s.io", 16800, 15 },
	{ "apiextensions.k8s.io", 16700, 15 }, { "admissionregistration.k8s.io", 16700, 15 }, { "scheduling.k8s.io", 16600, 15 },
	{ "coordination.k8s.io", 16500, 15 }, { "node.k8s.io", 16300, 15 }, { "discovery.k8s.io", 16200, 15 },
	{ "flowcontrol.apiserver.k8s.io", 16100, 21 }, { "resource.k8s.io", 16000, 21 },
};

static void add(struct list_of *l, int stage, struct bootstrap_object o) {
	o.stage = stage;
	if (l->n == OBJECTS_MAX || !o.collection || !o.json.p || !o.key.name.p) l->err = -ENOMEM;
	else l->v[l->n++] = o;
}

static struct store_key key(const char *resource, const char *ns, const char *name) {
	return (struct store_key){ .resource = slice_str(resource), .ns = ns ? slice_str(ns) : SLICE_NULL, .name = slice_str(name) };
}

static void add_namespaces(struct list_of *l) {
	for (size_t i = 0; i < ELEMENTSOF(namespaces); i++)
		add(l, 0, (struct bootstrap_object){ .collection = "/api/v1/namespaces", .key = key("/namespaces", NULL, namespaces[i]),
						     .json = slice_str(arena_printf(l->a, "{\"metadata\":{\"name\":\"%s\"}}", namespaces[i])) });
}

static void add_priorities(struct list_of *l) {
	for (size_t i = 0; i < ELEMENTSOF(priorities); i++)
		add(l, 1, (struct bootstrap_object){
			.collection = "/apis/scheduling.k8s.io/v1/priorityclasses", .key = key("scheduling.k8s.io/priorityclasses", NULL, priorities[i].name),
			.json = slice_str(arena_printf(l->a, "{\"metadata\":{\"name\":\"%s\"},\"value\":%d,\"description\":\"%s\"}", priorities[i].name,
						       priorities[i].value, priorities[i].description)) });
}

static void add_rbac(struct list_of *l) {
	struct access_bootstrap_object o;
	for (size_t i = 0; access_bootstrap_object(i, &o); i++) {
		struct slice rest = o.resource, group = slice_cut(&rest, '/');
		const char *path = o.ns.n ? arena_printf(l->a, "/apis/%.*s/v1/namespaces/%.*s/%.*s", SLICE_FMT(group), SLICE_FMT(o.ns), SLICE_FMT(rest))
					  : arena_printf(l->a, "/apis/%.*s/v1/%.*s", SLICE_FMT(group), SLICE_FMT(rest));
		add(l, 1, (struct bootstrap_object){ .collection = path, .key = { o.resource, o.ns, o.name }, .json = o.json, .reconcile = true });
	}
}

static void add_flow(struct list_of *l) {
	const struct bootstrap_flow_object *o;
	for (size_t i = 0; (o = bootstrap_flow_object(i)); i++) {
		const char *path = arena_printf(l->a, "/apis/flowcontrol.apiserver.k8s.io/v1/%s", o->resource);
		const char *where = arena_printf(l->a, "flowcontrol.apiserver.k8s.io/%s", o->resource);
		add(l, 1, (struct bootstrap_object){ .collection = path, .key = key(where ? where : "", NULL, o->name), .json = slice_str(o->json) });
	}
}

/* Does the cluster's table of resources know APIService? Each served version has one. */
static void add_api_service(struct list_of *l, const char *group, const char *version, int group_priority, int version_priority) {
	const char *name = arena_printf(l->a, "%s.%s", version, group);
	const char *json = arena_printf(l->a, "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"kube-aggregator.kubernetes.io/automanaged\":\"onstart\"}},\"spec\":{%s%s%s\"version\":\"%s\","
					"\"groupPriorityMinimum\":%d,\"versionPriority\":%d},\"status\":{\"conditions\":[{\"type\":\"Available\",\"status\":\"True\",\"reason\":\"Local\","
					"\"message\":\"Local APIServices are always available\"}]}}", name ? name : "", *group ? "\"group\":\"" : "", group, *group ? "\"," : "", version,
					group_priority, version_priority);
	add(l, 1, (struct bootstrap_object){ .collection = "/apis/apiregistration.k8s.io/v1/apiservices",
					     .key = key("apiregistration.k8s.io/apiservices", NULL, name ? name : ""), .json = slice_str(json ? json : "") });
}

static void add_api_services(struct list_of *l) {
	const char *v;
	const struct catalog *c = definitions_catalog(l->api, l->a);
	if (!c || !schema_find(SLICE_LIT("apiregistration.k8s.io"), SLICE_NULL, SLICE_LIT("apiservices"))) return;
	for (size_t i = 0; i < ELEMENTSOF(ranks); i++)
		for (size_t k = 0; discovery_version_at(c, ranks[i].group, k, &v); k++)
			add_api_service(l, ranks[i].group, v, ranks[i].group_priority, k == 0 && !strcmp(v, "v2") ? 30 : ranks[i].version_priority);
}

static void add_authentication_map(struct list_of *l) {
	_cleanup_buf_ struct buf b = BUF_INIT(4 * MIB);
	buf_puts(&b, "{\"metadata\":{\"name\":\"extension-apiserver-authentication\",\"namespace\":\"kube-system\"},\"data\":{\"client-ca-file\":");
	json_write_string(&b, l->api->o.ca_pem);
	if (l->api->o.front_proxy_ca_pem.n) {
		buf_puts(&b, ",\"requestheader-allowed-names\":\"[\\\"front-proxy-client\\\"]\",\"requestheader-client-ca-file\":");
		json_write_string(&b, l->api->o.front_proxy_ca_pem);
		buf_puts(&b, ",\"requestheader-extra-headers-prefix\":\"[\\\"X-Remote-Extra-\\\"]\",\"requestheader-group-headers\":\"[\\\"X-Remote-Group\\\"]\","
			      "\"requestheader-username-headers\":\"[\\\"X-Remote-User\\\"]\"");
	}
	buf_puts(&b, "}}");
	add(l, 1, (struct bootstrap_object){ .collection = "/api/v1/namespaces/kube-system/configmaps",
					     .key = key("/configmaps", "kube-system", "extension-apiserver-authentication"), .refresh = true,
					     .json = arena_slice_dup(l->a, buf_slice(&b)) });
}

static void add_service(struct list_of *l) {
	struct cidr c;
	char ip[16];
	if (cidr_parse(l->api->o.service_cidr, &c) < 0) {
		l->err = -EINVAL;
		return;
	}
	cidr_format(c.base + 1, ip);
	add(l, 1, (struct bootstrap_object){ .collection = "/apis/networking.k8s.io/v1/servicecidrs", .key = key("networking.k8s.io/servicecidrs", NULL, "kubernetes"),
					     .json = slice_str(arena_printf(l->a, "{\"metadata\":{\"name\":\"kubernetes\",\"finalizers\":[\"networking.k8s.io/service-cidr-finalizer\"]},\"spec\":{\"cidrs\":[\"%s\"]}}", l->api->o.service_cidr)) });
	add(l, 2, (struct bootstrap_object){
		.collection = "/api/v1/namespaces/default/services", .key = key("/services", "default", "kubernetes"),
		.json = slice_str(arena_printf(l->a, "{\"metadata\":{\"name\":\"kubernetes\",\"namespace\":\"default\",\"labels\":{\"component\":\"apiserver\",\"provider\":\"kubernetes\"}},"
					       "\"spec\":{\"ports\":[{\"name\":\"https\",\"protocol\":\"TCP\",\"port\":443,\"targetPort\":%u}],\"clusterIP\":\"%s\",\"clusterIPs\":[\"%s\"],"
					       "\"sessionAffinity\":\"None\",\"type\":\"ClusterIP\"}}", (unsigned)l->api->o.port, ip, ip)) });
}

static void add_endpoints(struct list_of *l) {
	const char *ip = l->api->o.advertise;
	unsigned port = l->api->o.port;
	/* Endpoints may not lie on the loopback: a server that only listens there has none, as with kube-apiserver. */
	if (!strncmp(ip, "127.", 4) || !strcmp(ip, "::1")) return;
	add(l, 2, (struct bootstrap_object){
		.collection = "/api/v1/namespaces/default/endpoints", .key = key("/endpoints", "default", "kubernetes"), .refresh = true,
		.json = slice_str(arena_printf(l->a, "{\"metadata\":{\"name\":\"kubernetes\",\"namespace\":\"default\",\"labels\":{\"endpointslice.kubernetes.io/skip-mirror\":\"true\"}},"
					       "\"subsets\":[{\"addresses\":[{\"ip\":\"%s\"}],\"ports\":[{\"name\":\"https\",\"port\":%u,\"protocol\":\"TCP\"}]}]}", ip, port)) });
	add(l, 2, (struct bootstrap_object){
		.collection = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", .key = key("discovery.k8s.io/endpointslices", "default", "kubernetes"), .refresh = true,
		.json = slice_str(arena_printf(l->a, "{\"metadata\":{\"name\":\"kubernetes\",\"namespace\":\"default\",\"labels\":{\"kubernetes.io/service-name\":\"kubernetes\"}},"
					       "\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"%s\"],\"conditions\":{\"ready\":true}}],"
					       "\"ports\":[{\"name\":\"https\",\"port\":%u,\"protocol\":\"TCP\"}]}", ip, port)) });
}

int bootstrap_objects(struct api *api, struct arena *a, struct bootstrap_object **ret, size_t *ret_n) {
	struct list_of l = { .api = api, .a = a, .v = arena_array(a, OBJECTS_MAX, sizeof(*l.v)) };
	if (!l.v) return -ENOMEM;
	add_namespaces(&l);
	add_priorities(&l);
	add_rbac(&l);
	add_flow(&l);
	add_api_services(&l);
	add_authentication_map(&l);
	add_service(&l);
	add_endpoints(&l);
	if (l.err) return l.err;
	*ret = l.v;
	*ret_n = l.n;
	return 0;
}
