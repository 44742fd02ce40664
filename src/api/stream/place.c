/* SPDX-License-Identifier: Apache-2.0 */
#include "api/stream/place.h"

#include "api/stream/target.h"

#include <arpa/inet.h>

struct wanted { struct slice scheme, name, port; };

/* utilnet.SplitSchemeNamePort. */
static bool split_name(struct slice id, struct wanted *ret) {
	struct slice part[3] = { 0 };
	size_t n = 0;
	while (id.p && n < 3) part[n++] = slice_cut(&id, ':');
	if (id.p) return false;
	*ret = n == 3 ? (struct wanted){ part[0], part[1], part[2] } : (struct wanted){ SLICE_NULL, part[0], part[1] };
	struct slice s = ret->scheme;
	return ret->name.n && (!s.n || slice_eqs(s, "http") || slice_eqs(s, "https"));
}

/* ---- addresses ---- */

static bool is_global_v4(const unsigned char b[4]) {
	bool nothing = !(b[0] | b[1] | b[2] | b[3]), everyone = (b[0] & b[1] & b[2] & b[3]) == 255;
	bool link_local = b[0] == 169 && b[1] == 254;
	return !nothing && !everyone && b[0] != 127 && b[0] >> 4 != 14 && !link_local;
}

/* net.IP.IsGlobalUnicast. -1: no address at all. */
static int is_global(const char *text) {
	static const unsigned char mapped[12] = { [10] = 255, [11] = 255 }, loopback[16] = { [15] = 1 }, nothing[16];
	unsigned char b[16];
	if (inet_pton(AF_INET, text, b) == 1) return is_global_v4(b);
	if (inet_pton(AF_INET6, text, b) != 1) return -1;
	if (!memcmp(b, mapped, sizeof(mapped))) return is_global_v4(b + 12);
	bool link_local = b[0] == 0xfe && (b[1] & 0xc0) == 0x80;
	return memcmp(b, loopback, 16) && memcmp(b, nothing, 16) && b[0] != 255 && !link_local;
}

static const struct status *not_allowed(struct request *r) { return status_bad_request(r->a, "address not allowed"); }

static const struct status *settle(struct request *r, struct slice scheme, struct slice host, struct slice port, struct place *ret) {
	bool six = slice_chr(host, ':') >= 0;
	const char *at = arena_printf(r->a, six ? "[%.*s]%s%.*s" : "%.*s%s%.*s", SLICE_FMT(host), port.n ? ":" : "", SLICE_FMT(port));
	ret->url = at ? arena_printf(r->a, "%.*s://%s", SLICE_FMT(scheme.n ? scheme : SLICE_LIT("http")), at) : NULL;
	ret->host = slice_str(at);
	if (!ret->client) ret->client = stream_plain_client(r);
	return ret->url && ret->client ? NULL : status_no_memory();
}

/* ---- pods ---- */

/* The first port any container declares. */
static struct slice first_port(struct request *r, const yyjson_mut_val *pod) {
	yyjson_mut_val *c;
	json_each(json_path(pod, "spec.containers"), c) {
		const yyjson_mut_val *ports = json_path(c, "ports");
		if (json_size(ports)) return slice_str(arena_printf(r->a, "%lld", (long long)json_path_int(json_first(ports), "containerPort", 0)));
	}
	return SLICE_NULL;
}

static const struct status *find_pod(struct request *r, const struct wanted *w, struct place *ret) {
	const yyjson_mut_val *pod = stream_stored(r, "pods", r->info.ns, w->name);
	if (!pod) return status_not_found(r->a, SLICE_NULL, SLICE_LIT("pods"), w->name);
	const yyjson_mut_val *ips = json_path(pod, "status.podIPs");
	struct slice ip = json_size(ips) ? json_path_str(json_first(ips), "ip") : SLICE_NULL;
	const char *text = arena_slice_str(r->a, ip);
	if (!text || is_global(text) != 1) return not_allowed(r);
	return settle(r, w->scheme, ip, w->port.n ? w->port : first_port(r, pod), ret);
}

/* ---- services ---- */

static const struct status *unavailable(struct request *r, const char *message) { return message ? status_unavailable(r->a, message, 0) : status_no_memory(); }

/* A port's number is exchanged for its name. */
static const struct status *port_name(struct request *r, const struct wanted *w, struct slice *port) {
	int64_t number;
	yyjson_mut_val *p;
	if (slice_int(*port, INT64_MIN, INT64_MAX, &number) < 0) return NULL;
	const yyjson_mut_val *service = stream_stored(r, "services", r->info.ns, w->name);
	if (!service) return status_not_found(r->a, SLICE_NULL, SLICE_LIT("services"), w->name);
	json_each(json_path(service, "spec.ports"), p) {
		if (json_path_int(p, "port", 0) != number) continue;
		*port = json_path_str(p, "name");
		return NULL;
	}
	return unavailable(r, arena_printf(r->a, "no service port %lld found for service %s", (long long)number, status_quote(r->a, w->name)));
}

/* Traffic goes only to addresses that are a pod's, of the service's own namespace. */
static bool is_pods_own(struct request *r, const yyjson_mut_val *address) {
	yyjson_mut_val *ip;
	if (!slice_eq(json_path_str(address, "targetRef.namespace"), r->info.ns)) return false;
	const yyjson_mut_val *pod = stream_stored(r, "pods", r->info.ns, json_path_str(address, "targetRef.name"));
	json_each(pod ? json_path(pod, "status.podIPs") : NULL, ip)
		if (slice_eq(json_path_str(ip, "ip"), json_path_str(address, "ip"))) return true;
	return false;
}

static size_t random_below(struct request *r, size_t n) {
	uint32_t v = 0;
	(void)env_random(r->api->env, &v, sizeof(v));
	return n ? v % n : 0;
}

/* A pod's address of the subset, beginning anywhere. */
static struct slice pick_address(struct request *r, const yyjson_mut_val *addresses) {
	size_t n = json_size(addresses), from = random_below(r, n);
	for (size_t i = 0; i < n; i++) {
		const yyjson_mut_val *address = yyjson_mut_arr_get((yyjson_mut_val *)(uintptr_t)addresses, (from + i) % n);
		if (is_pods_own(r, address)) return json_path_str(address, "ip");
	}
	return SLICE_NULL;
}

static const struct status *find_in_subset(struct request *r, const struct wanted *w, struct slice port, const yyjson_mut_val *subset, struct place *ret) {
	yyjson_mut_val *p;
	json_each(json_path(subset, "ports"), p) {
		if (!slice_eq(json_path_str(p, "name"), port)) continue;
		struct slice ip = pick_address(r, json_path(subset, "addresses"));
		const char *number = arena_printf(r->a, "%lld", (long long)json_path_int(p, "port", 0));
		if (ip.n) return settle(r, w->scheme, ip, slice_str(number), ret);
	}
	return NULL;
}

static const struct status *find_service(struct request *r, const struct wanted *w, struct place *ret) {
	struct slice port = w->port;
	const struct status *st = port_name(r, w, &port);
	if (st) return st;
	/* Named after what was asked for, not after what was looked up: as apiserver's storage does. */
	const yyjson_mut_val *endpoints = stream_stored(r, "endpoints", r->info.ns, w->name), *subsets = json_path(endpoints, "subsets");
	if (!endpoints) return status_not_found(r->a, SLICE_NULL, SLICE_LIT("services"), w->name);
	size_t n = json_size(subsets), from = random_below(r, n);
	for (size_t i = 0; i < n; i++) {
		st = find_in_subset(r, w, port, yyjson_mut_arr_get((yyjson_mut_val *)(uintptr_t)subsets, (from + i) % n), ret);
		if (st || ret->url) return st;
	}
	return unavailable(r, arena_printf(r->a, "no endpoints available for service %s", status_quote(r->a, n ? r->info.name : w->name)));
}

/* ---- nodes ---- */

static const struct status *find_node(struct request *r, const struct wanted *w, struct place *ret) {
	struct slice address;
	int64_t port;
	const struct status *st = stream_node_find(r, w->name, &address, &port);
	if (st) return st;
	const char *text = arena_slice_str(r->a, address), *agent = arena_printf(r->a, "%lld", (long long)port);
	if (!text || !agent) return status_no_memory();
	bool to_agent = !w->port.n || slice_eqs(w->port, agent);
	int global = is_global(text);
	/* A name could lead anywhere; only the agent proves who it is. */
	if (global == 0 || (global < 0 && !to_agent)) return not_allowed(r);
	if (!to_agent) return settle(r, w->scheme, address, w->port, ret);
	if (!(ret->client = stream_node_client(r, w->name))) return status_error(r->a, "error dialing backend: no connection to node %.*s", SLICE_FMT(w->name));
	return settle(r, SLICE_LIT("https"), address, slice_str(agent), ret);
}

static const struct { const char *resource, *kind; const struct status *(*find)(struct request *r, const struct wanted *w, struct place *ret); } kinds[] = {
	{ "pods", "pod", find_pod }, { "services", "service", find_service }, { "nodes", "node", find_node },
};

const struct status *place_find(struct request *r, struct place *ret) {
	struct wanted w;
	*ret = (struct place){ 0 };
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		if (!slice_eqs(r->info.resource, kinds[i].resource)) continue;
		if (!split_name(r->info.name, &w)) return status_bad_request(r->a, "invalid %s request %s", kinds[i].kind, status_quote(r->a, r->info.name));
		return kinds[i].find(r, &w, ret);
	}
	return status_unknown_resource();
}
