/* SPDX-License-Identifier: Apache-2.0 */
#include "api/backend/address.h"

#include "codec/goquote.h"

static const char no_memory[] = "out of memory";

static const char *orelse(const char *text) { return text ? text : no_memory; }

static yyjson_mut_val *parsed(struct arena *a, const struct store_obj *o) {
	yyjson_mut_doc *doc;
	struct json_error e;
	return o && json_parse(a, blob_slice(o->json), &doc, &e) == 0 ? yyjson_mut_doc_get_root(doc) : NULL;
}

static const yyjson_mut_val *port_of(const yyjson_mut_val *service, int64_t port) {
	yyjson_mut_val *p;
	json_each(json_path(service, "spec.ports"), p)
		if (json_path_int(p, "port", -1) == port) return p;
	return NULL;
}

/* ---- endpoints ---- */

struct choice {
	struct arena *a;
	const struct env *env;
	struct slice port_name;
	struct slice address;  /* one of those seen, each as likely */
	int64_t port;
	uint64_t seen;
};

static int64_t slice_port(const struct choice *c, const yyjson_mut_val *slice) {
	yyjson_mut_val *p;
	json_each(json_get(slice, "ports"), p)
		if (slice_eq(json_path_str(p, "name"), c->port_name)) return json_path_int(p, "port", 0);
	return 0;
}

static void look(struct choice *c, const yyjson_mut_val *slice) {
	int64_t port = slice_port(c, slice);
	yyjson_mut_val *e;
	json_each(port ? json_get(slice, "endpoints") : NULL, e) {
		struct slice address = json_str(json_first(json_get(e, "addresses")));
		if (!address.n || !json_path_bool(e, "conditions.ready", true)) continue;
		if (env_uniform(c->env, ++c->seen) != 0) continue;
		c->address = address;
		c->port = port;
	}
}

static bool is_of(const struct store_obj *o, struct slice service) {
	for (size_t i = 0; i < o->n_labels; i++)
		if (slice_eqs(o->labels[i].key, "kubernetes.io/service-name")) return slice_eq(o->labels[i].value, service);
	return false;
}

static void look_at_slices(struct choice *c, const struct store_snapshot *snap, struct slice ns, struct slice service) {
	struct store_cursor cursor;
	struct store_obj *o;
	store_scan(snap, SLICE_LIT("discovery.k8s.io/endpointslices"), ns, NULL, &cursor);
	while ((o = store_next(&cursor)))
		if (is_of(o, service)) look(c, parsed(c->a, o));
}

static const char *url_of(struct arena *a, struct slice host, int64_t port) {
	return arena_printf(a, slice_chr(host, ':') >= 0 ? "https://[%.*s]:%lld" : "https://%.*s:%lld", SLICE_FMT(host), (long long)port);
}

const char *backend_address(struct arena *a, const struct env *env, const struct store_snapshot *snap, struct slice ns, struct slice name, int64_t port,
			    const char **ret_url) {
	struct store_key key = { .resource = SLICE_LIT("/services"), .ns = ns, .name = name };
	const yyjson_mut_val *service = parsed(a, store_get(snap, &key));
	const char *quoted = orelse(goquote(a, name));
	if (!service) return orelse(arena_printf(a, "service %s not found", quoted));
	if (slice_eqs(json_path_str(service, "spec.type"), "ExternalName")) {
		const char *url = url_of(a, json_path_str(service, "spec.externalName"), port);
		if (url) *ret_url = url;
		return url ? NULL : no_memory;
	}
	const yyjson_mut_val *p = port_of(service, port);
	if (!p) return orelse(arena_printf(a, "no service port %lld found for service %s", (long long)port, quoted));
	struct choice c = { .a = a, .env = env, .port_name = json_path_str(p, "name") };
	look_at_slices(&c, snap, ns, name);
	if (!c.seen) return orelse(arena_printf(a, "no endpoints available for service %s", quoted));
	const char *url = url_of(a, c.address, c.port);
	if (url) *ret_url = url;
	return url ? NULL : no_memory;
}
