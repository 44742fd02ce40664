/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/port_map.h"
#include "ctl/tree.h"

/* The number of a container's named port; 0 when there is none. */
static int64_t named_port(const yyjson_mut_val *pod, const char *name) {
	yyjson_mut_val *container, *port;
	json_each(json_path(pod, "spec.containers"), container)
		json_each(json_get(container, "ports"), port)
			if (!strcmp(text_at(port, "name"), name)) return json_path_int(port, "containerPort", 0);
	return 0;
}

/* A service's port, by number or name, as its pod's. 0 with a fault noted. */
static int64_t service_port(struct ctl *c, const struct info *service, const struct info *pod, struct slice text) {
	int64_t number = 0, wanted;
	bool by_number = slice_int(text, 0, INT32_MAX, &wanted) == 0;
	yyjson_mut_val *port;
	json_each(json_path(service->doc->root, "spec.ports"), port) {
		if (by_number ? json_path_int(port, "port", 0) != wanted : !slice_eqs(text, text_at(port, "name"))) continue;
		yyjson_mut_val *target = json_get(port, "targetPort");
		if (!strcmp(text_at(service->doc->root, "spec.clusterIP"), "None")) return json_path_int(port, "port", 0);
		if (!yyjson_mut_is_str(target)) return json_path_int(port, "targetPort", json_path_int(port, "port", 0));
		number = named_port(pod->doc->root, text_of(target));
		if (!number) (void)ctl_fail(c, "Pod '%s' does not have a named port '%s'", pod->name, text_of(target));
		return number;
	}
	if (by_number) (void)ctl_fail(c, "Service %s does not have a service port %lld", service->name, (long long)wanted);
	else (void)ctl_fail(c, "Service '%s' does not have a named port '%.*s'", service->name, SLICE_FMT(text));
	return 0;
}

static int64_t remote_port(struct ctl *c, const struct info *obj, const struct info *pod, struct slice text) {
	int64_t n;
	if (!strcmp(obj->r->kind, "Service")) return service_port(c, obj, pod, text);
	if (slice_int(text, INT32_MIN, INT32_MAX, &n) == 0) return n;
	n = named_port(pod->doc->root, ctl_text(c, text));
	if (!n) (void)ctl_fail(c, "Pod '%s' does not have a named port '%.*s'", pod->name, SLICE_FMT(text));
	return n;
}

static int one(struct ctl *c, const struct info *obj, const struct info *pod, const char *arg, struct port_map *ret) {
	struct slice remote = slice_str(arg), local = slice_cut(&remote, ':');
	size_t faults = c->faults.n;
	int64_t to = remote_port(c, obj, pod, remote.p ? remote : local), at = 0;
	if (c->faults.n > faults) return 1;
	if (!remote.p && slice_int(local, 0, UINT16_MAX, &at) < 0) at = to;
	if (remote.p && local.n && slice_int(local, 0, UINT16_MAX, &at) < 0)
		return ctl_fail(c, "error parsing local port %s: invalid port", ctl_quote(c, local));
	if (to < 1 || to > UINT16_MAX) return ctl_fail(c, "remote port must be between 1 and 65535: %s", arg);
	*ret = (struct port_map){ (uint16_t)at, (uint16_t)to };
	return 0;
}

int port_maps(struct ctl *c, const struct info *obj, const struct info *pod, const char *const *args, size_t n, struct port_map *ret) {
	if (n > PORT_MAPS_MAX) return ctl_fail(c, "more than %u ports", PORT_MAPS_MAX);
	for (size_t i = 0; i < n; i++)
		if (one(c, obj, pod, args[i], &ret[i])) return 1;
	return 0;
}
