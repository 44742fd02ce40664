/* SPDX-License-Identifier: Apache-2.0 */
/* Services: cluster IPs and node ports (registry/core/service/storage alloc.go). */
#include "api/alloc/alloc.h"

#include "api/alloc/cidr.h"
#include "api/alloc/ports.h"
#include "api/internal.h"
#include "api/stored.h"
#include "codec/timestamp.h"

#include <errno.h>
#include <stdio.h>

#define IP_RESOURCE SLICE_LIT("networking.k8s.io/ipaddresses")

struct claim {
	struct write *w;
	yyjson_mut_val *spec;
	const yyjson_mut_val *old_spec;
	struct cidr cidr;
	struct ports ports;
	struct schema_errors errs;
};

static bool is_type(const yyjson_mut_val *spec, const char *t) { return slice_eqs(json_path_str(spec, "type"), t); }
static bool is_external(const yyjson_mut_val *spec) { return is_type(spec, "ExternalName"); }
static bool has_node_ports(const yyjson_mut_val *spec) { return is_type(spec, "NodePort") || is_type(spec, "LoadBalancer"); }
static struct slice cluster_ip(const yyjson_mut_val *spec) { return json_path_str(spec, "clusterIP"); }
static bool is_headless(const yyjson_mut_val *spec) { return slice_eqs(cluster_ip(spec), "None"); }
static bool has_ip(const yyjson_mut_val *spec) { return spec && cluster_ip(spec).n > 0 && !is_headless(spec); }

static int complain(struct claim *c, const char *field, const char *body) {
	return body ? schema_errors_add(c->w->r->a, &c->errs, "FieldValueInvalid", field, body) : -ENOMEM;
}

/* ---- cluster IPs ---- */

static struct store_key ip_key(struct arena *a, uint32_t ip) {
	char text[16];
	cidr_format(ip, text);
	return (struct store_key){ .resource = IP_RESOURCE, .name = arena_slice_dup(a, slice_str(text)) };
}

static bool ip_taken(struct claim *c, uint32_t ip) {
	struct store_key key = ip_key(c->w->r->a, ip);
	return slice_empty(key.name) || store_get(c->w->snap, &key) != NULL;
}

/* A free address between the from-th and the to-th usable one, beginning anywhere. 0: none. */
static uint32_t search(struct claim *c, uint32_t from, uint32_t to) {
	if (to <= from) return 0;
	uint32_t n = to - from, start = (uint32_t)env_uniform(c->w->r->api->env, n);
	for (uint32_t k = 0; k < n; k++) {
		uint32_t ip = c->cidr.base + 1 + from + (start + k) % n;
		if (!ip_taken(c, ip)) return ip;
	}
	return 0;
}

static uint32_t pick_ip(struct claim *c) {
	uint32_t n = cidr_usable(&c->cidr), band = cidr_static_band(&c->cidr), ip = search(c, band, n);
	return ip ? ip : search(c, 0, band);
}

/* The IPAddress object that holds an address for this Service. */
static int put_ip_object(struct claim *c, uint32_t ip, struct buf *b, size_t *rv_at) {
	char text[16], now[TIMESTAMP_TEXT], uid[37];
	cidr_format(ip, text);
	timestamp_format(c->w->r->now / NSEC_PER_SEC, now);
	if (env_uuid(c->w->r->api->env, uid) < 0) return -ENOMEM;
	buf_printf(b, "{\"kind\":\"IPAddress\",\"apiVersion\":\"networking.k8s.io/v1\",\"metadata\":{\"name\":\"%s\",\"uid\":\"%s\",\"resourceVersion\":\"", text, uid);
	*rv_at = b->n;
	buf_printf(b, "\",\"creationTimestamp\":\"%s\",\"labels\":{\"ipaddress.kubernetes.io/ip-family\":\"IPv4\",\"ipaddress.kubernetes.io/managed-by\":\"ipallocator.k8s.io\"}}"
		   ",\"spec\":{\"parentRef\":{\"resource\":\"services\",\"namespace\":", now);
	json_write_string(b, c->w->ns);
	buf_puts(b, ",\"name\":");
	json_write_string(b, json_path_str(c->w->obj, "metadata.name"));
	return buf_puts(b, "}}}");
}

static const struct status *claim_ip(struct claim *c, uint32_t ip) {
	_cleanup_buf_ struct buf b = BUF_INIT(64 * KIB);
	struct store_op op = { .kind = STORE_CREATE, .key = ip_key(c->w->r->a, ip) };
	if (put_ip_object(c, ip, &b, &op.rv_at) < 0 || !(op.json = blob_new(b.p, b.n))) return status_no_memory();
	return admit_also(&c->w->ad, &op) < 0 ? status_internal(c->w->r->a, "too many things to allocate in one transaction") : NULL;
}

static const struct status *release_ip(struct claim *c, struct slice ip) {
	struct store_key key = { .resource = IP_RESOURCE, .name = ip };
	struct store_obj *o = store_get(c->w->snap, &key);
	struct store_op op = { .kind = STORE_DELETE, .key = key, .expect_rv = o ? o->rv : 0 };
	if (!o) return NULL;
	op.json = stored_unversioned(o->json, &op.rv_at);
	return op.json && admit_also(&c->w->ad, &op) == 0 ? NULL : status_no_memory();
}

static bool set_ip(struct claim *c, uint32_t ip) {
	char text[16];
	cidr_format(ip, text);
	yyjson_mut_val *arr = yyjson_mut_arr(c->w->doc);
	return arr && yyjson_mut_arr_add_strcpy(c->w->doc, arr, text) && json_set_str(c->w->doc, c->spec, "clusterIP", slice_str(text)) &&
	       json_set(c->w->doc, c->spec, "clusterIPs", arr);
}

static bool set_families(struct claim *c) {
	yyjson_mut_doc *doc = c->w->doc;
	if (!json_get(c->spec, "ipFamilyPolicy") && !json_set_str(doc, c->spec, "ipFamilyPolicy", SLICE_LIT("SingleStack"))) return false;
	if (json_get(c->spec, "ipFamilies")) return true;
	yyjson_mut_val *arr = yyjson_mut_arr(doc);
	return arr && yyjson_mut_arr_add_str(doc, arr, "IPv4") && json_set(doc, c->spec, "ipFamilies", arr);
}

static const struct status *wanted_ip(struct claim *c, struct slice text) {
	struct arena *a = c->w->r->a;
	const char *why = NULL;
	uint32_t ip = 0;
	if (cidr_address(text, &ip) < 0) return NULL; /* validation says so */
	if (!cidr_contains(&c->cidr, ip) || ip == c->cidr.base || ip == (c->cidr.base | ~c->cidr.mask))
		why = "the provided network does not match the current range";
	else if (ip_taken(c, ip))
		why = "provided IP is already allocated";
	if (!why) return set_ip(c, ip) ? claim_ip(c, ip) : status_no_memory();
	const char *body = arena_printf(a, "Invalid value: [\"%.*s\"]: failed to allocate IP %.*s: %s", SLICE_FMT(text), SLICE_FMT(text), why);
	return complain(c, "spec.clusterIPs", body) < 0 ? status_no_memory() : NULL;
}

static const struct status *any_ip(struct claim *c) {
	uint32_t ip = pick_ip(c);
	if (!ip) return status_internal(c->w->r->a, "failed to allocate a serviceIP: range is full");
	return set_ip(c, ip) ? claim_ip(c, ip) : status_no_memory();
}

/* What asks for IPv6 has to be refused: the service range is IPv4. Headless services without a selector may have both families. */
static int check_families(struct claim *c) {
	yyjson_mut_val *families = json_get(c->spec, "ipFamilies");
	if (is_headless(c->spec) && !json_get(c->spec, "selector")) return 0;
	if (slice_eqs(json_path_str(c->spec, "ipFamilyPolicy"), "RequireDualStack"))
		return complain(c, "spec.ipFamilyPolicy", "Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services");
	for (size_t i = 0; i < yyjson_mut_arr_size(families); i++)
		if (slice_eqs(json_str(yyjson_mut_arr_get(families, i)), "IPv6"))
			return complain(c, arena_printf(c->w->r->a, "spec.ipFamilies[%zu]", i), "Invalid value: \"IPv6\": not configured on this cluster");
	return 0;
}

/* Headless and without a selector: whoever writes the endpoints decides about the families. */
static bool set_both_families(struct claim *c) {
	if (c->old_spec || json_get(c->spec, "ipFamilyPolicy") || json_get(c->spec, "ipFamilies") || !is_headless(c->spec) || json_get(c->spec, "selector")) return true;
	yyjson_mut_val *arr = yyjson_mut_arr(c->w->doc);
	return arr && yyjson_mut_arr_add_str(c->w->doc, arr, "IPv4") && yyjson_mut_arr_add_str(c->w->doc, arr, "IPv6") &&
	       json_set(c->w->doc, c->spec, "ipFamilies", arr) && json_set_str(c->w->doc, c->spec, "ipFamilyPolicy", SLICE_LIT("RequireDualStack"));
}

static bool addresses_disagree(const struct claim *c) {
	struct slice first = json_str(yyjson_mut_arr_get(json_get(c->spec, "clusterIPs"), 0));
	return first.n && cluster_ip(c->spec).n && !slice_eq(first, cluster_ip(c->spec));
}

static const struct status *take_ip(struct claim *c) {
	if (is_external(c->spec)) return has_ip(c->old_spec) ? release_ip(c, cluster_ip(c->old_spec)) : NULL;
	if (check_families(c) < 0 || !set_both_families(c) || !set_families(c)) return status_no_memory();
	/* Left to validation, which says so. */
	if (c->errs.n || addresses_disagree(c)) return NULL;
	if (is_headless(c->spec)) {
		yyjson_mut_val *arr = yyjson_mut_arr(c->w->doc);
		bool ok = json_get(c->spec, "clusterIPs") || (arr && yyjson_mut_arr_add_str(c->w->doc, arr, "None") && json_set(c->w->doc, c->spec, "clusterIPs", arr));
		return ok ? NULL : status_no_memory();
	}
	/* An address that was there is never changed: validation refuses it. */
	if (has_ip(c->old_spec)) return NULL;
	struct slice ip = cluster_ip(c->spec);
	if (slice_empty(ip)) ip = json_str(yyjson_mut_arr_get(json_get(c->spec, "clusterIPs"), 0));
	return ip.n ? wanted_ip(c, ip) : any_ip(c);
}

/* ---- node ports ---- */

static void each_port(struct claim *c, const yyjson_mut_val *spec, bool taken) {
	yyjson_mut_val *ports = json_get(spec, "ports");
	for (size_t i = 0; spec && has_node_ports(spec) && i < yyjson_mut_arr_size(ports); i++) {
		int64_t p = json_path_int(yyjson_mut_arr_get(ports, i), "nodePort", 0);
		if (p) ports_set(&c->ports, p, taken);
	}
}

/* Does one of the first n ports hold this number for another protocol? Then it is shared, not taken twice. */
static bool ours_already(yyjson_mut_val *ports, size_t n, int64_t port, struct slice protocol) {
	for (size_t i = 0; i < n; i++) {
		yyjson_mut_val *p = yyjson_mut_arr_get(ports, i);
		if (json_path_int(p, "nodePort", 0) == port && !slice_eq(json_path_str(p, "protocol"), protocol)) return true;
	}
	return false;
}

static const struct status *wanted_port(struct claim *c, size_t i, int64_t port) {
	struct arena *a = c->w->r->a;
	const char *field = arena_printf(a, "spec.ports[%zu].nodePort", i), *body = NULL;
	if (!ports_in_range(&c->ports, port))
		body = arena_printf(a, "Invalid value: %lld: provided port is not in the valid range. The range of valid ports is %u-%u", (long long)port, c->ports.min, c->ports.max);
	else if (ports_taken(&c->ports, port))
		body = arena_printf(a, "Invalid value: %lld: provided port is already allocated", (long long)port);
	else
		ports_set(&c->ports, port, true);
	return body && (!field || complain(c, field, body) < 0) ? status_no_memory() : NULL;
}

static const struct status *take_port(struct claim *c, yyjson_mut_val *ports, size_t i) {
	yyjson_mut_val *p = yyjson_mut_arr_get(ports, i);
	int64_t want = json_path_int(p, "nodePort", 0);
	if (want) return ours_already(ports, i, want, json_path_str(p, "protocol")) ? NULL : wanted_port(c, i, want);
	unsigned got = ports_pick(&c->ports);
	if (!got) return status_internal(c->w->r->a, "failed to allocate a nodePort: range is full");
	return json_set_int(c->w->doc, p, "nodePort", got) ? NULL : status_no_memory();
}

static bool wants_ports(const yyjson_mut_val *spec) {
	return has_node_ports(spec) && !(is_type(spec, "LoadBalancer") && !json_path_bool(spec, "allocateLoadBalancerNodePorts", true));
}

static const struct status *take_health_port(struct claim *c) {
	bool needed = is_type(c->spec, "LoadBalancer") && slice_eqs(json_path_str(c->spec, "externalTrafficPolicy"), "Local");
	int64_t want = json_path_int(c->spec, "healthCheckNodePort", 0), had = c->old_spec ? json_path_int(c->old_spec, "healthCheckNodePort", 0) : 0;
	if (had && !needed) ports_set(&c->ports, had, false);
	if (!needed || had) return NULL;
	if (!want) return json_set_int(c->w->doc, c->spec, "healthCheckNodePort", ports_pick(&c->ports)) ? NULL : status_no_memory();
	if (ports_in_range(&c->ports, want) && !ports_taken(&c->ports, want)) {
		ports_set(&c->ports, want, true);
		return NULL;
	}
	const char *body = arena_printf(c->w->r->a, "Invalid value: %lld: provided port is already allocated", (long long)want);
	return complain(c, "spec.healthCheckNodePort", body) < 0 ? status_no_memory() : NULL;
}

static const struct status *take_ports(struct claim *c) {
	struct store_op op;
	if (ports_load(c->w->r, c->w->snap, &c->ports) < 0) return status_no_memory();
	each_port(c, c->old_spec, false);
	yyjson_mut_val *ports = json_get(c->spec, "ports");
	for (size_t i = 0; has_node_ports(c->spec) && i < yyjson_mut_arr_size(ports); i++) {
		bool some = json_path_int(yyjson_mut_arr_get(ports, i), "nodePort", 0) != 0;
		const struct status *st = some || wants_ports(c->spec) ? take_port(c, ports, i) : NULL;
		if (st) return st;
	}
	const struct status *st = take_health_port(c);
	if (st || !c->ports.changed || c->errs.n) return st;
	st = ports_op(&c->ports, &op);
	return st ? st : admit_also(&c->w->ad, &op) < 0 ? status_no_memory() : NULL;
}

/* ---- what an update leaves out stays (patchAllocatedValues) ---- */

static bool keep_ip(struct claim *c) {
	/* A changed address without a changed list of addresses means the first of the list. */
	struct slice now = cluster_ip(c->spec);
	yyjson_mut_val *ips = json_get(c->spec, "clusterIPs");
	if (now.n && has_ip(c->old_spec) && !slice_eq(now, cluster_ip(c->old_spec)) && (!ips || json_equal(ips, json_get(c->old_spec, "clusterIPs")))) {
		yyjson_mut_val *list = yyjson_mut_arr(c->w->doc);
		return list && yyjson_mut_arr_add_strncpy(c->w->doc, list, now.p, now.n) && json_set(c->w->doc, c->spec, "clusterIPs", list);
	}
	if (is_external(c->spec) || is_external(c->old_spec) || cluster_ip(c->spec).n || !has_ip(c->old_spec)) return true;
	yyjson_mut_val *list = json_copy(c->w->doc, json_get(c->old_spec, "clusterIPs"));
	return list && json_set_str(c->w->doc, c->spec, "clusterIP", cluster_ip(c->old_spec)) && json_set(c->w->doc, c->spec, "clusterIPs", list);
}

static int64_t old_node_port(const struct claim *c, const yyjson_mut_val *port) {
	yyjson_mut_val *old = json_get(c->old_spec, "ports");
	for (size_t i = 0; i < yyjson_mut_arr_size(old); i++) {
		yyjson_mut_val *o = yyjson_mut_arr_get(old, i);
		if (json_path_int(o, "port", 0) == json_path_int(port, "port", 0) && slice_eq(json_path_str(o, "protocol"), json_path_str(port, "protocol")))
			return json_path_int(o, "nodePort", 0);
	}
	return 0;
}

static bool number_used(yyjson_mut_val *ports, int64_t port) {
	for (size_t i = 0; i < yyjson_mut_arr_size(ports); i++)
		if (json_path_int(yyjson_mut_arr_get(ports, i), "nodePort", 0) == port) return true;
	return false;
}

static bool keep_ports(struct claim *c) {
	yyjson_mut_val *ports = json_get(c->spec, "ports");
	if (!has_node_ports(c->spec) || !has_node_ports(c->old_spec)) return true;
	for (size_t i = 0; i < yyjson_mut_arr_size(ports); i++) {
		yyjson_mut_val *p = yyjson_mut_arr_get(ports, i);
		int64_t was = json_path_int(p, "nodePort", 0) ? 0 : old_node_port(c, p);
		if (was && !number_used(ports, was) && !json_set_int(c->w->doc, p, "nodePort", was)) return false;
	}
	if (json_get(c->spec, "healthCheckNodePort") || !json_get(c->old_spec, "healthCheckNodePort")) return true;
	return json_set_int(c->w->doc, c->spec, "healthCheckNodePort", json_path_int(c->old_spec, "healthCheckNodePort", 0));
}

const struct status *alloc_service(struct write *w) {
	struct claim c = { .w = w, .spec = json_get(w->obj, "spec"), .old_spec = w->created ? NULL : json_get(w->old, "spec") };
	if (w->sub || !c.spec) return NULL;
	if (cidr_parse(w->r->api->o.service_cidr, &c.cidr) < 0) return status_internal(w->r->a, "the service range is no IPv4 range");
	if (c.old_spec && (!keep_ip(&c) || !keep_ports(&c))) return status_no_memory();
	const struct status *st = take_ip(&c);
	if (!st) st = take_ports(&c);
	if (!st && c.errs.n) st = status_invalid(w->r->a, SLICE_NULL, SLICE_LIT("Service"), json_path_str(w->obj, "metadata.name"), &c.errs);
	return st;
}

/* ---- deletion ---- */

static size_t put_ip_release(const struct store_snapshot *snap, struct slice ip, struct store_op *ops) {
	struct store_key key = { .resource = IP_RESOURCE, .name = ip };
	struct store_obj *o = store_get(snap, &key);
	struct store_op op = { .kind = STORE_DELETE, .key = key, .expect_rv = o ? o->rv : 0 };
	if (!o || !(op.json = stored_unversioned(o->json, &op.rv_at))) return 0;
	*ops = op;
	return 1;
}

size_t alloc_release(struct request *r, const struct store_snapshot *snap, const struct store_obj *gone, struct store_op *ops, size_t max) {
	yyjson_mut_doc *doc;
	struct json_error e;
	size_t n = 0;
	if (max < 2 || json_parse(r->a, blob_slice(gone->json), &doc, &e) < 0) return 0;
	yyjson_mut_val *spec = json_get(yyjson_mut_doc_get_root(doc), "spec");
	struct write w = { .r = r };
	struct claim c = { .w = &w };
	if (has_ip(spec)) n += put_ip_release(snap, arena_slice_dup(r->a, cluster_ip(spec)), ops);
	if (!has_node_ports(spec) || ports_load(r, snap, &c.ports) < 0) return n;
	each_port(&c, spec, false);
	ports_set(&c.ports, json_path_int(spec, "healthCheckNodePort", 0), false);
	if (c.ports.changed && !ports_op(&c.ports, &ops[n])) n++;
	return n;
}
