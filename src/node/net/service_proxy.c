/* SPDX-License-Identifier: Apache-2.0 */
#include "node/net/service_proxy.h"
#include "base/log.h"
#include "codec/json.h"
#include "node/net/nft.h"
#include "node/net/ruleset.h"

#include <errno.h>

#define SERVICES_MAX 100000u
#define ENDPOINTS_MAX 1000u

struct service_proxy {
	struct service_proxy_options o;
	struct arena *arena;
	struct k8c_informer *services, *slices;
	struct loop_timer *timer;      /* a change waits to be applied */
	bool applying, again, freed;
};

/* ---- reading services and slices ---- */

static const char *str(struct arena *a, struct slice s) { return slice_empty(s) ? NULL : arena_slice_str(a, s); }

static const char *protocol_of(struct slice text) {
	static const struct { const char *name, *nft; } rows[] = { { "TCP", "tcp" }, { "UDP", "udp" }, { "SCTP", "sctp" } };
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		if (slice_eqs(text, rows[i].name)) return rows[i].nft;
	return slice_empty(text) ? "tcp" : NULL;
}

/* The number a service port has in a slice, by its name; 0: none. */
static uint16_t slice_port(const yyjson_mut_val *slice, const yyjson_mut_val *port) {
	yyjson_mut_val *p;
	json_each(json_get(slice, "ports"), p)
		if (slice_eq(json_path_str(p, "name"), json_path_str(port, "name"))) {
			int64_t v = json_path_int(p, "port", 0);
			return v > 0 && v < 65536 ? (uint16_t)v : 0;
		}
	return 0;
}

static bool is_ready(const yyjson_mut_val *endpoint) { return json_path_bool(endpoint, "conditions.ready", true); }

static void add_endpoints(struct arena *a, struct ruleset_port *p, struct ruleset_endpoint *v, const yyjson_mut_val *slice, uint16_t number) {
	yyjson_mut_val *e;
	json_each(json_get(slice, "endpoints"), e) {
		const char *ip = is_ready(e) ? str(a, json_str(json_first(json_get(e, "addresses")))) : NULL;
		if (!ip || !ruleset_is_ipv4(ip) || p->n_endpoints == ENDPOINTS_MAX) continue;
		v[p->n_endpoints++] = (struct ruleset_endpoint){ ip, number };
	}
}

static bool fill_port(struct service_proxy *sp, struct arena *a, const char *key, const yyjson_mut_val *port, struct ruleset_port *ret) {
	struct ruleset_endpoint *v = arena_array(a, ENDPOINTS_MAX, sizeof(*v));
	struct k8c_bytes index = bytes_of(slice_str(key));
	struct k8c_object *o;
	int64_t number = json_path_int(port, "port", 0), node_port = json_path_int(port, "nodePort", 0);
	*ret = (struct ruleset_port){ .protocol = protocol_of(json_path_str(port, "protocol")), .port = (uint16_t)number, .node_port = (uint16_t)node_port, .endpoints = v };
	if (!v || !ret->protocol || number <= 0 || number > 65535 || node_port < 0 || node_port > 65535) return false;
	for (size_t it = 0; (o = k8c_informer_index_next(sp->slices, SLICES_BY_SERVICE, index, &it));) {
		const yyjson_mut_val *slice = k8c_object_value(o);
		uint16_t target = slice_port(slice, port);
		if (target && slice_eqs(json_path_str(slice, "addressType"), "IPv4")) add_endpoints(a, ret, v, slice, target);
	}
	return true;
}

static void add_ips(struct arena *a, const char **v, size_t *n, size_t max, const yyjson_mut_val *list, const char *member) {
	yyjson_mut_val *one;
	json_each(list, one) {
		const char *ip = str(a, member ? json_path_str(one, member) : json_str(one));
		if (ip && ruleset_is_ipv4(ip) && *n < max) v[(*n)++] = ip;
	}
}

static bool fill_service(struct service_proxy *sp, struct arena *a, struct k8c_object *o, struct ruleset_service *s) {
	const yyjson_mut_val *svc = k8c_object_value(o), *ports = json_path(svc, "spec.ports"), *lb = json_path(svc, "status.loadBalancer.ingress");
	yyjson_mut_val *port;
	struct slice ns = slice_of(k8c_object_namespace(o)), name = slice_of(k8c_object_name(o));
	const char *key = arena_printf(a, "%.*s/%.*s", SLICE_FMT(ns), SLICE_FMT(name));
	struct ruleset_port *v = arena_array(a, json_size(ports) + 1, sizeof(*v));
	const yyjson_mut_val *external = json_path(svc, "spec.externalIPs");
	size_t max = json_size(external) + json_size(lb);
	const char **others = arena_array(a, max + 1, sizeof(*others));
	*s = (struct ruleset_service){ .cluster_ip = str(a, json_path_str(svc, "spec.clusterIP")), .ports = v, .other_ips = others,
				       .sticky = slice_eqs(json_path_str(svc, "spec.sessionAffinity"), "ClientIP") };
	if (!key || !v || !others || !s->cluster_ip || !ruleset_is_ipv4(s->cluster_ip)) return false;
	add_ips(a, others, &s->n_other_ips, max, external, NULL);
	add_ips(a, others, &s->n_other_ips, max, lb, "ip");
	json_each(ports, port)
		if (fill_port(sp, a, key, port, &v[s->n_ports])) s->n_ports++;
	return true;
}

static int ruleset_make(struct service_proxy *sp, struct arena *a, struct buf *out) {
	size_t max = k8c_informer_count(sp->services);
	struct ruleset_service *v = arena_array(a, max + 1, sizeof(*v));
	struct ruleset r = { sp->o.pod_cidr, sp->o.cluster_cidr, sp->o.gateway, sp->o.dns_ip, sp->o.dns_port, v, 0 };
	struct k8c_object *o;
	if (!v || max > SERVICES_MAX) return -ENOMEM;
	for (size_t it = 0; r.n_services < max && (o = k8c_informer_next(sp->services, &it));)
		if (fill_service(sp, a, o, &v[r.n_services])) r.n_services++;
	return ruleset_write(&r, out);
}

/* ---- applying, on a worker thread: the kernel may take its time ---- */

struct job {
	uv_work_t work;
	struct service_proxy *sp;
	struct buf rules;
	int err;
	char *why;
};

static void work(uv_work_t *w) {
	struct job *j = w->data;
	j->err = nft_run(j->rules.p, &j->why);
}

static void schedule(struct service_proxy *sp);

static void worked(uv_work_t *w, int status k8c_unused) {
	struct job *j = w->data;
	struct service_proxy *sp = j->sp;
	if (j->err) log_error("node", "packet rules could not be set: %s", j->why ? j->why : strerror(-j->err));
	sp->applying = false;
	if (sp->freed) {
		arena_free(sp->arena);
		free(sp);
	} else if (sp->again || j->err) {
		schedule(sp);
	}
	free(j->why);
	buf_done(&j->rules);
	free(j);
}

static void apply(void *arg) {
	struct service_proxy *sp = arg;
	sp->timer = NULL;
	_cleanup_arena_ struct arena *a = arena_new((size_t)1 << 30);
	struct job *j = calloc(1, sizeof(*j));
	sp->again = false;
	if (!a || !j) {
		free(j);
		return;
	}
	*j = (struct job){ .sp = sp, .rules = BUF_INIT(RULESET_MAX) };
	j->work.data = j;
	if (ruleset_make(sp, a, &j->rules) < 0 || uv_queue_work(loop_uv(sp->o.loop), &j->work, work, worked) < 0) {
		log_error("node", "packet rules: out of memory");
		buf_done(&j->rules);
		free(j);
		return;
	}
	sp->applying = true;
}

static void schedule(struct service_proxy *sp) {
	if (!k8c_informer_synced(sp->services) || !k8c_informer_synced(sp->slices)) return;
	if (sp->applying) sp->again = true;
	else if (!sp->timer) sp->timer = loop_timer_start(sp->o.loop, SERVICE_PROXY_DELAY_MS, 0, apply, sp);
}

/* ---- following ---- */

static void changed(void *ctx, struct k8c_object *o k8c_unused) { schedule(ctx); }
static void changed2(void *ctx, struct k8c_object *old k8c_unused, struct k8c_object *o k8c_unused) { schedule(ctx); }
static void synced(void *ctx) { schedule(ctx); }
static const struct k8c_informer_handler handler = { .on_add = changed, .on_update = changed2, .on_delete = changed, .on_synced = synced };

static void service_of_slice(void *ctx k8c_unused, struct k8c_object *o, void (*emit)(void *sink, struct k8c_bytes value), void *sink) {
	struct slice name = json_str(json_get(json_path(k8c_object_value(o), "metadata.labels"), "kubernetes.io/service-name"));
	struct slice ns = slice_of(k8c_object_namespace(o));
	_cleanup_buf_ struct buf b = BUF_INIT(1024);
	if (!slice_empty(name) && buf_printf(&b, "%.*s/%.*s", SLICE_FMT(ns), SLICE_FMT(name)) == 0) emit(sink, bytes_of(buf_slice(&b)));
}

static int follow(struct service_proxy *sp) {
	static const struct k8c_index by_service = { SLICES_BY_SERVICE, service_of_slice, NULL };
	struct k8c_informer_options services = { .size = sizeof(services), .target = { .version = "v1", .resource = "services" } };
	struct k8c_informer_options slices = {
		.size = sizeof(slices), .target = { .group = "discovery.k8s.io", .version = "v1", .resource = "endpointslices" }, .indexes = &by_service, .n_indexes = 1,
	};
	int r = k8c_informer_new(sp->o.client, &services, &sp->services);
	if (r == 0) r = k8c_informer_new(sp->o.client, &slices, &sp->slices);
	if (r == 0) r = k8c_informer_add_handler(sp->services, &handler, sp);
	if (r == 0) r = k8c_informer_add_handler(sp->slices, &handler, sp);
	if (r == 0) r = k8c_informer_start(sp->services);
	return r == 0 ? k8c_informer_start(sp->slices) : r;
}

int service_proxy_new(const struct service_proxy_options *o, struct service_proxy **ret) {
	struct service_proxy *sp = calloc(1, sizeof(*sp));
	struct arena *a = arena_new(0);
	if (!sp || !a) {
		free(sp);
		arena_free(a);
		return -ENOMEM;
	}
	sp->arena = a;
	sp->o = *o;
	sp->o.pod_cidr = arena_strdup(a, o->pod_cidr);
	sp->o.cluster_cidr = arena_strdup(a, o->cluster_cidr);
	sp->o.gateway = arena_strdup(a, o->gateway);
	sp->o.dns_ip = o->dns_ip ? arena_strdup(a, o->dns_ip) : NULL;
	int r = sp->o.pod_cidr && sp->o.cluster_cidr && sp->o.gateway ? follow(sp) : -ENOMEM;
	if (r < 0) service_proxy_free(sp);
	else *ret = sp;
	return r;
}

void service_proxy_free(struct service_proxy *sp) {
	if (!sp) return;
	k8c_informer_free(sp->services);
	k8c_informer_free(sp->slices);
	sp->services = sp->slices = NULL;
	sp->timer = loop_timer_stop(sp->timer);
	if (sp->applying) {
		sp->freed = true; /* the worker's end frees it */
		return;
	}
	arena_free(sp->arena);
	free(sp);
}

int service_proxy_cleanup(void) {
	_cleanup_buf_ struct buf b = BUF_INIT(1024);
	return ruleset_remove(&b) < 0 ? -ENOMEM : nft_run(b.p, NULL);
}

struct k8c_informer *service_proxy_services(struct service_proxy *p) { return p->services; }
struct k8c_informer *service_proxy_slices(struct service_proxy *p) { return p->slices; }
