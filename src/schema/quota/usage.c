/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/quota/usage.h"

#include "base/words.h"
#include "schema/quota/pod_amounts.h"

#define COUNT_MARK "count/"
#define CLASS_MARK ".storageclass.storage.k8s.io/"

static const char *const compute[] = { "cpu", "memory", "ephemeral-storage" };
/* Objects counted under their plain name, too. */
static const char *const plain[] = { "pods", "services", "persistentvolumeclaims", "configmaps", "secrets", "replicationcontrollers", "resourcequotas" };

static bool in(const char *const *v, size_t n, struct slice s) {
	for (size_t i = 0; i < n; i++)
		if (slice_eqs(s, v[i])) return true;
	return false;
}

static bool is_core(struct quota_kind k, const char *resource) { return !k.group.n && slice_eqs(k.resource, resource); }
static bool is_plain(struct quota_kind k) { return !k.group.n && in(plain, ELEMENTSOF(plain), k.resource); }

static struct quantity whole(int64_t n) { return quantity_from_int(n, QUANTITY_DECIMAL_SI); }

static void set_text(struct amounts *u, const char *name, struct quantity q) {
	if (name) amounts_set(u, slice_str(name), q);
	else u->failed = true;
}

/* ---- pods ---- */

static bool is_extended(struct slice name) {
	return slice_chr(name, '/') >= 0 && slice_find(name, SLICE_LIT("kubernetes.io/")) < 0 && !slice_starts(name, SLICE_LIT("requests."));
}

static void put_compute(struct amounts *u, const struct amounts *requests, const struct amounts *limits) {
	for (size_t i = 0; i < requests->n; i++) {
		struct slice name = requests->v[i].name;
		bool huge = slice_starts(name, SLICE_LIT("hugepages-")), base = in(compute, ELEMENTSOF(compute), name);
		if (base || huge) amounts_set(u, name, requests->v[i].q);
		if (base || huge || is_extended(name)) set_text(u, arena_printf(u->a, "requests.%.*s", SLICE_FMT(name)), requests->v[i].q);
	}
	for (size_t i = 0; i < limits->n; i++)
		if (in(compute, ELEMENTSOF(compute), limits->v[i].name))
			set_text(u, arena_printf(u->a, "limits.%.*s", SLICE_FMT(limits->v[i].name)), limits->v[i].q);
}

static void pod_usage(struct amounts *u, const yyjson_mut_val *pod) {
	const yyjson_mut_val *spec = json_get(pod, "spec");
	struct slice phase = json_path_str(pod, "status.phase");
	if (slice_eqs(phase, "Failed") || slice_eqs(phase, "Succeeded")) return;
	struct amounts requests = pod_amounts(u->a, spec, "requests"), limits = pod_amounts(u->a, spec, "limits"), overhead = { .a = u->a };
	amounts_add_list(&overhead, json_get(spec, "overhead"));
	for (size_t i = 0; i < overhead.n; i++) {
		amounts_add(&requests, overhead.v[i].name, overhead.v[i].q);
		const struct quantity *limit = amounts_get(&limits, overhead.v[i].name);
		if (limit && limit->nano) amounts_add(&limits, overhead.v[i].name, overhead.v[i].q);
	}
	put_compute(u, &requests, &limits);
	amounts_set(u, SLICE_LIT("pods"), whole(1));
	u->failed |= requests.failed || limits.failed || overhead.failed;
}

/* ---- services and claims ---- */

static void service_usage(struct amounts *u, const yyjson_mut_val *service) {
	struct slice type = json_path_str(service, "spec.type");
	const yyjson_mut_val *ports = json_path(service, "spec.ports");
	yyjson_mut_val *port;
	bool balanced = slice_eqs(type, "LoadBalancer");
	int64_t n = balanced || slice_eqs(type, "NodePort") ? (int64_t)json_size(ports) : 0;
	if (balanced && !json_path_bool(service, "spec.allocateLoadBalancerNodePorts", true)) {
		n = 0;
		json_each(ports, port) n += json_path_int(port, "nodePort", 0) != 0;
	}
	amounts_set(u, SLICE_LIT("services"), whole(1));
	amounts_set(u, SLICE_LIT("services.loadbalancers"), whole(balanced));
	amounts_set(u, SLICE_LIT("services.nodeports"), whole(n));
}

static void claim_usage(struct amounts *u, const yyjson_mut_val *claim) {
	struct slice class = json_str(json_get(json_path(claim, "metadata.annotations"), "volume.beta.kubernetes.io/storage-class"));
	struct quantity size;
	if (!class.p) class = json_path_str(claim, "spec.storageClassName");
	amounts_set(u, SLICE_LIT("persistentvolumeclaims"), whole(1));
	if (class.n) set_text(u, arena_printf(u->a, "%.*s" CLASS_MARK "persistentvolumeclaims", SLICE_FMT(class)), whole(1));
	if (quantity_parse(json_path_str(claim, "spec.resources.requests.storage"), &size, NULL) < 0) return;
	amounts_set(u, SLICE_LIT("requests.storage"), size);
	if (class.n) set_text(u, arena_printf(u->a, "%.*s" CLASS_MARK "requests.storage", SLICE_FMT(class)), size);
}

struct amounts quota_usage(struct arena *a, struct quota_kind kind, const yyjson_mut_val *obj) {
	struct amounts u = { .a = a };
	set_text(&u, arena_printf(a, COUNT_MARK "%.*s%s%.*s", SLICE_FMT(kind.resource), kind.group.n ? "." : "", SLICE_FMT(kind.group)), whole(1));
	if (is_core(kind, "pods")) pod_usage(&u, obj);
	else if (is_core(kind, "services")) service_usage(&u, obj);
	else if (is_core(kind, "persistentvolumeclaims")) claim_usage(&u, obj);
	else if (is_plain(kind)) amounts_set(&u, kind.resource, whole(1));
	return u;
}

bool quota_kind_is_uniform(struct quota_kind kind) {
	return !is_core(kind, "pods") && !is_core(kind, "services") && !is_core(kind, "persistentvolumeclaims");
}

/* ---- whose name it is ---- */

static bool is_claim_name(struct slice name) { return slice_eqs(name, "requests.storage") || slice_find(name, SLICE_LIT(CLASS_MARK)) > 0; }

static bool is_pod_name(struct slice name) {
	return in(compute, ELEMENTSOF(compute), name) || slice_starts(name, SLICE_LIT("requests.")) || slice_starts(name, SLICE_LIT("limits.")) ||
	       slice_starts(name, SLICE_LIT("hugepages-"));
}

static struct quota_kind counted_kind(struct slice name) {
	struct slice rest = slice_from(name, sizeof(COUNT_MARK) - 1), resource = slice_cut(&rest, '.');
	return (struct quota_kind){ rest.p ? rest : SLICE_LIT(""), resource };
}

bool quota_kind_of(struct slice name, struct quota_kind *ret) {
	const char *core = NULL;
	if (slice_starts(name, SLICE_LIT(COUNT_MARK))) {
		*ret = counted_kind(name);
		return ret->resource.n > 0;
	}
	if (in(plain, ELEMENTSOF(plain), name)) {
		*ret = (struct quota_kind){ SLICE_LIT(""), name };
		return true;
	}
	if (slice_starts(name, SLICE_LIT("services."))) core = "services";
	else if (is_claim_name(name)) core = "persistentvolumeclaims";
	else if (is_pod_name(name)) core = "pods";
	if (!core) return false;
	*ret = (struct quota_kind){ SLICE_LIT(""), slice_str(core) };
	return true;
}

bool quota_counts(struct quota_kind kind, struct slice name) {
	struct quota_kind k;
	return quota_kind_of(name, &k) && slice_eq(k.group, kind.group) && slice_eq(k.resource, kind.resource);
}

/* ---- what has to be said ---- */

static void missing_in(struct words *who, const yyjson_mut_val *list, struct slice resource) {
	yyjson_mut_val *c;
	json_each(list, c) {
		struct amounts u = { .a = who->a }, requests = { .a = who->a }, limits = { .a = who->a };
		amounts_add_list(&requests, json_path(c, "resources.requests"));
		amounts_add_list(&limits, json_path(c, "resources.limits"));
		put_compute(&u, &requests, &limits);
		if (!amounts_get(&u, resource)) words_add_once(who, json_path_str(c, "name"));
	}
}

const char *quota_unspecified(struct arena *a, const yyjson_mut_val *hard, const yyjson_mut_val *spec) {
	static const char *const required[] = { "cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory" };
	struct words all = { .a = a };
	if (json_size(json_path(spec, "resources.requests")) || json_size(json_path(spec, "resources.limits"))) return NULL;
	for (size_t i = 0; i < ELEMENTSOF(required); i++) {
		struct words who = { .a = a };
		if (!json_get(hard, required[i])) continue;
		missing_in(&who, json_get(spec, "containers"), slice_str(required[i]));
		missing_in(&who, json_get(spec, "initContainers"), slice_str(required[i]));
		words_sort(&who);
		if (who.n) words_add(&all, slice_str(arena_printf(a, "%s for: %s", required[i], words_join(&who, ","))));
	}
	return all.n ? arena_printf(a, "must specify %s", words_join(&all, "; ")) : NULL;
}
