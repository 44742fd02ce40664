/* SPDX-License-Identifier: Apache-2.0 */
/* Services say their addresses twice and keep what was allocated; a change of type takes along what belonged to it. */
#include "schema/calls.h"
#include "schema/compare.h"
#include "schema/fieldpath.h"

#include <errno.h>

static bool same(const yyjson_mut_val *a, const yyjson_mut_val *b, const char *name) {
	return compare_values(NULL, json_get(a, name), json_get(b, name)) == 0;
}

static int copy_member(yyjson_mut_doc *doc, yyjson_mut_val *to, const yyjson_mut_val *from, const char *name) {
	yyjson_mut_val *v = json_get(from, name);
	return !v || json_set(doc, to, name, json_copy(doc, v)) ? 0 : -ENOMEM;
}

static int one_address(yyjson_mut_doc *doc, yyjson_mut_val *spec, struct slice ip) {
	yyjson_mut_val *list = yyjson_mut_arr(doc), *v = yyjson_mut_strncpy(doc, ip.p, ip.n);
	if (!list || !v || !yyjson_mut_arr_append(list, v)) return -ENOMEM;
	return json_set(doc, spec, "clusterIPs", list) ? 0 : -ENOMEM;
}

/* clusterIP follows clusterIPs or the other way round, whichever was changed alone. */
SCHEMA_PREP(service_ips) {
	yyjson_mut_val *spec = json_get(obj, "spec"), *was = json_get(old, "spec");
	struct slice ip = json_path_str(spec, "clusterIP");
	if (!yyjson_mut_is_obj(spec)) return 0;
	if (!old) return ip.n && fieldpath_is_empty(json_get(spec, "clusterIPs")) ? one_address(doc, spec, ip) : 0;
	bool ip_same = slice_eq(ip, json_path_str(was, "clusterIP")), ips_same = same(spec, was, "clusterIPs");
	if (!ip_same && ips_same) {
		if (ip.n) return one_address(doc, spec, ip);
		json_del(spec, "clusterIPs");
	} else if (ip_same && !ips_same) {
		yyjson_mut_val *first = yyjson_mut_arr_get_first(json_get(spec, "clusterIPs"));
		if (!first) json_del(spec, "clusterIP");
	}
	return 0;
}

static bool is_type(const yyjson_mut_val *spec, const char *type) {
	struct slice t = json_path_str(spec, "type");
	return slice_eqs(t.n ? t : SLICE_LIT("ClusterIP"), type);
}

static bool needs_ip(const yyjson_mut_val *spec) { return !is_type(spec, "ExternalName"); }
static bool needs_node_port(const yyjson_mut_val *spec) {
	if (is_type(spec, "NodePort")) return true;
	return is_type(spec, "LoadBalancer") && json_path_bool(spec, "allocateLoadBalancerNodePorts", true);
}
static bool has_node_port(const yyjson_mut_val *spec) { return is_type(spec, "NodePort") || is_type(spec, "LoadBalancer"); }
static bool is_load_balancer(const yyjson_mut_val *spec) { return is_type(spec, "LoadBalancer"); }
static bool needs_health_port(const yyjson_mut_val *spec) {
	return is_load_balancer(spec) && slice_eqs(json_path_str(spec, "externalTrafficPolicy"), "Local");
}
static bool is_external(const yyjson_mut_val *spec) {
	return has_node_port(spec) || (is_type(spec, "ClusterIP") && yyjson_mut_arr_size(json_get(spec, "externalIPs")));
}

static yyjson_mut_val *port_like(const yyjson_mut_val *spec, const yyjson_mut_val *port) {
	yyjson_mut_val *p;
	size_t i, n;
	yyjson_mut_arr_foreach(json_get(spec, "ports"), i, n, p) {
		if (same(p, port, "port") && slice_eq(json_path_str(p, "protocol"), json_path_str(port, "protocol"))) return p;
	}
	return NULL;
}

static int keep_node_ports(yyjson_mut_doc *doc, yyjson_mut_val *spec, const yyjson_mut_val *was) {
	yyjson_mut_val *p;
	size_t i, n;
	yyjson_mut_arr_foreach(json_get(spec, "ports"), i, n, p) {
		if (!json_path_int(p, "nodePort", 0) && copy_member(doc, p, port_like(was, p), "nodePort") < 0) return -ENOMEM;
	}
	return 0;
}

/* What was allocated stays when the update does not mention it and both types need it. */
static int keep_allocated(yyjson_mut_doc *doc, yyjson_mut_val *spec, const yyjson_mut_val *was) {
	if (needs_ip(spec) && needs_ip(was)) {
		if (fieldpath_is_empty(json_get(spec, "clusterIP")) && copy_member(doc, spec, was, "clusterIP") < 0)
			return -ENOMEM;
		if (fieldpath_is_empty(json_get(spec, "clusterIPs")) && copy_member(doc, spec, was, "clusterIPs") < 0)
			return -ENOMEM;
		if (fieldpath_is_empty(json_get(spec, "ipFamilies")) && copy_member(doc, spec, was, "ipFamilies") < 0)
			return -ENOMEM;
		if (fieldpath_is_empty(json_get(spec, "ipFamilyPolicy")) && copy_member(doc, spec, was, "ipFamilyPolicy") < 0)
			return -ENOMEM;
	}
	if (needs_node_port(spec) && needs_node_port(was) && keep_node_ports(doc, spec, was) < 0) return -ENOMEM;
	if (needs_health_port(spec) && needs_health_port(was) && !json_path_int(spec, "healthCheckNodePort", 0))
		return copy_member(doc, spec, was, "healthCheckNodePort");
	return 0;
}

/* Members that go when the new type no longer has a use for them and the update left them as they were. */
static const struct {
	bool (*had)(const yyjson_mut_val *spec);
	const char *names[3];
} leaving[] = {
	{ needs_ip, { "clusterIP", "clusterIPs" } },
	{ needs_ip, { "ipFamilies" } },
	{ needs_ip, { "ipFamilyPolicy" } },
	{ needs_ip, { "internalTrafficPolicy" } },
	{ needs_health_port, { "healthCheckNodePort" } },
	{ is_load_balancer, { "allocateLoadBalancerNodePorts" } },
	{ is_load_balancer, { "loadBalancerClass" } },
	{ is_external, { "externalTrafficPolicy" } },
};

static bool node_ports_same(const yyjson_mut_val *spec, const yyjson_mut_val *was) {
	yyjson_mut_val *p, *q;
	size_t i, n, j, m;
	yyjson_mut_arr_foreach(json_get(spec, "ports"), i, n, p) {
		int64_t port = json_path_int(p, "nodePort", 0);
		bool known = port == 0;
		yyjson_mut_arr_foreach(json_get(was, "ports"), j, m, q) known |= json_path_int(q, "nodePort", 0) == port;
		if (!known) return false;
	}
	return true;
}

SCHEMA_PREP(service_type) {
	yyjson_mut_val *spec = json_get(obj, "spec"), *was = json_get(old, "spec"), *p;
	size_t i, n;
	if (!yyjson_mut_is_obj(spec) || !yyjson_mut_is_obj(was)) return 0;
	if (keep_allocated(doc, spec, was) < 0) return -ENOMEM;
	bool drop[ELEMENTSOF(leaving)];
	for (i = 0; i < ELEMENTSOF(leaving); i++) {
		drop[i] = leaving[i].had(was) && !leaving[i].had(spec);
		for (size_t j = 0; leaving[i].names[j]; j++) drop[i] &= same(spec, was, leaving[i].names[j]);
	}
	for (i = 0; i < ELEMENTSOF(leaving); i++)
		for (size_t j = 0; drop[i] && leaving[i].names[j]; j++) json_del(spec, leaving[i].names[j]);
	if (has_node_port(was) && !has_node_port(spec) && node_ports_same(spec, was)) {
		yyjson_mut_arr_foreach(json_get(spec, "ports"), i, n, p) json_del(p, "nodePort");
	}
	if (!is_load_balancer(spec) && yyjson_mut_is_obj(json_get(obj, "status")))
		json_del(json_get(obj, "status"), "loadBalancer");
	return 0;
}
