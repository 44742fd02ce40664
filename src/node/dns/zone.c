/* SPDX-License-Identifier: Apache-2.0 */
#include "node/dns/zone.h"
#include "codec/json.h"

#include <errno.h>

#define ENDPOINTS_MAX 1000u

static size_t read_ports(struct arena *a, const yyjson_mut_val *list, const struct dns_port **ret) {
	struct dns_port *v = arena_array(a, json_size(list) + 1, sizeof(*v));
	yyjson_mut_val *p;
	size_t n = 0;
	json_each(list, p)
		if (v) v[n++] = (struct dns_port){ json_path_str(p, "name"), json_path_str(p, "protocol"), (uint16_t)json_path_int(p, "port", 0) };
	*ret = v;
	return n;
}

static void read_slice(struct arena *a, const yyjson_mut_val *slice, struct dns_endpoint *v, size_t *n) {
	yyjson_mut_val *e, *address;
	const struct dns_port *ports;
	size_t n_ports = read_ports(a, json_get(slice, "ports"), &ports);
	json_each(json_get(slice, "endpoints"), e) {
		if (!json_path_bool(e, "conditions.ready", true)) continue;
		json_each(json_get(e, "addresses"), address)
			if (*n < ENDPOINTS_MAX) v[(*n)++] = (struct dns_endpoint){ json_str(address), json_path_str(e, "hostname"), ports, n_ports };
	}
}

static int read_endpoints(struct service_proxy *p, struct arena *a, struct slice ns, struct slice name, struct dns_service *s) {
	struct dns_endpoint *v = arena_array(a, ENDPOINTS_MAX, sizeof(*v));
	char *key = arena_printf(a, "%.*s/%.*s", SLICE_FMT(ns), SLICE_FMT(name));
	struct k8c_object *o;
	if (!v || !key) return -ENOMEM;
	for (size_t it = 0; (o = k8c_informer_index_next(service_proxy_slices(p), SLICES_BY_SERVICE, bytes_of(slice_str(key)), &it));)
		read_slice(a, k8c_object_value(o), v, &s->n_endpoints);
	s->endpoints = v;
	return 0;
}

static int find_service(void *ctx, struct arena *a, struct slice ns, struct slice name, struct dns_service *ret) {
	struct service_proxy *p = ctx;
	struct k8c_object *o = k8c_informer_get(service_proxy_services(p), bytes_of(ns), bytes_of(name));
	const yyjson_mut_val *v = o ? k8c_object_value(o) : NULL;
	if (!v) return -ENOENT;
	*ret = (struct dns_service){ .cluster_ip = json_path_str(v, "spec.clusterIP"), .external_name = json_path_str(v, "spec.externalName") };
	if (!slice_eqs(json_path_str(v, "spec.type"), "ExternalName")) ret->external_name = SLICE_NULL;
	ret->headless = slice_eqs(ret->cluster_ip, "None");
	ret->n_ports = read_ports(a, json_path(v, "spec.ports"), &ret->ports);
	return ret->headless ? read_endpoints(p, a, ns, name, ret) : 0;
}

static bool has_namespace(void *ctx, struct slice ns) {
	size_t it = 0;
	return k8c_informer_index_next(service_proxy_services(ctx), "namespace", bytes_of(ns), &it) != NULL;
}

/* Asked rarely; the services are walked. */
static int reverse(void *ctx, struct arena *a, struct slice ip, struct slice *ret) {
	struct service_proxy *p = ctx;
	struct k8c_object *o;
	for (size_t it = 0; (o = k8c_informer_next(service_proxy_services(p), &it));) {
		if (!slice_eq(json_path_str(k8c_object_value(o), "spec.clusterIP"), ip)) continue;
		struct slice ns = slice_of(k8c_object_namespace(o)), name = slice_of(k8c_object_name(o));
		char *text = arena_printf(a, "%.*s.%.*s.svc", SLICE_FMT(name), SLICE_FMT(ns));
		if (!text) return -ENOMEM;
		*ret = slice_str(text);
		return 0;
	}
	return -ENOENT;
}

struct dns_zone zone_of(struct service_proxy *p, struct slice domain) {
	return (struct dns_zone){ .domain = domain, .ctx = p, .service = find_service, .has_namespace = has_namespace, .reverse = reverse };
}
