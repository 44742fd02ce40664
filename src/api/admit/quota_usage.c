/* SPDX-License-Identifier: Apache-2.0 */
#include "api/admit/quota_usage.h"

#include "api/admit/pod_security/words.h"

#include <string.h>

#define CLASS_MARK ".storageclass.storage.k8s.io/"

static const char *const compute[] = { "cpu", "memory", "ephemeral-storage" };
/* Objects counted under their plain name, too. */
static const char *const plain[] = { "pods", "services", "persistentvolumeclaims", "configmaps", "secrets", "replicationcontrollers", "resourcequotas" };

static bool is(const struct schema_resource *res, const char *name) { return !res->group[0] && strcmp(res->resource, name) == 0; }

static struct slice count_name(struct arena *a, const struct schema_resource *res) {
	return slice_str(arena_printf(a, "count/%s%s%s", res->resource, res->group[0] ? "." : "", res->group));
}

static bool in(const char *const *v, size_t n, struct slice s) {
	for (size_t i = 0; i < n; i++)
		if (slice_eqs(s, v[i])) return true;
	return false;
}

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

struct amounts quota_usage(struct arena *a, const struct schema_resource *res, const yyjson_mut_val *obj) {
	struct amounts u = { .a = a };
	amounts_set(&u, count_name(a, res), whole(1));
	if (is(res, "pods")) pod_usage(&u, obj);
	else if (is(res, "services")) service_usage(&u, obj);
	else if (is(res, "persistentvolumeclaims")) claim_usage(&u, obj);
	else if (!res->group[0] && in(plain, ELEMENTSOF(plain), slice_str(res->resource))) amounts_set(&u, slice_str(res->resource), whole(1));
	return u;
}

bool quota_counts(struct arena *a, const struct schema_resource *res, struct slice name) {
	if (slice_eq(name, count_name(a, res))) return true;
	if (!res->group[0] && slice_eqs(name, res->resource) && in(plain, ELEMENTSOF(plain), name)) return true;
	if (is(res, "services")) return slice_starts(name, SLICE_LIT("services."));
	if (is(res, "persistentvolumeclaims")) return slice_eqs(name, "requests.storage") || slice_find(name, SLICE_LIT(CLASS_MARK)) > 0;
	if (!is(res, "pods") || slice_eqs(name, "requests.storage") || slice_find(name, SLICE_LIT(CLASS_MARK)) > 0) return false;
	return in(compute, ELEMENTSOF(compute), name) || slice_starts(name, SLICE_LIT("requests.")) || slice_starts(name, SLICE_LIT("limits.")) ||
	       slice_starts(name, SLICE_LIT("hugepages-"));
}

/* ---- scopes ---- */

static bool terminating(const yyjson_mut_val *pod) { return json_path_int(pod, "spec.activeDeadlineSeconds", -1) >= 0; }
static bool best_effort(const yyjson_mut_val *pod) { return slice_eqs(json_path_str(pod, "status.qosClass"), "BestEffort"); }
static bool not_terminating(const yyjson_mut_val *pod) { return !terminating(pod); }
static bool not_best_effort(const yyjson_mut_val *pod) { return !best_effort(pod); }
static bool has_class(const yyjson_mut_val *pod) { return json_path_str(pod, "spec.priorityClassName").n > 0; }

static bool crosses(const yyjson_mut_val *terms, bool weighted) {
	yyjson_mut_val *t;
	json_each(terms, t) {
		const yyjson_mut_val *term = weighted ? json_get(t, "podAffinityTerm") : t;
		if (json_size(json_get(term, "namespaces")) || json_get(term, "namespaceSelector")) return true;
	}
	return false;
}

static bool cross_namespace(const yyjson_mut_val *pod) {
	static const char *const kinds[] = { "podAffinity", "podAntiAffinity" };
	const yyjson_mut_val *affinity = json_path(pod, "spec.affinity");
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		const yyjson_mut_val *k = json_get(affinity, kinds[i]);
		if (crosses(json_get(k, "requiredDuringSchedulingIgnoredDuringExecution"), false) ||
		    crosses(json_get(k, "preferredDuringSchedulingIgnoredDuringExecution"), true)) return true;
	}
	return false;
}

static const struct { const char *name; bool (*holds)(const yyjson_mut_val *pod); } scopes[] = {
	{ "Terminating", terminating }, { "NotTerminating", not_terminating }, { "BestEffort", best_effort }, { "NotBestEffort", not_best_effort },
	{ "PriorityClass", has_class }, { "CrossNamespacePodAffinity", cross_namespace },
};

static bool scope_holds(struct slice name, const yyjson_mut_val *pod) {
	for (size_t i = 0; i < ELEMENTSOF(scopes); i++)
		if (slice_eqs(name, scopes[i].name)) return scopes[i].holds(pod);
	return false;
}

/* One of scopeSelector.matchExpressions: only priority classes have operators with values. */
static bool expression_holds(const yyjson_mut_val *e, const yyjson_mut_val *pod) {
	struct slice scope = json_path_str(e, "scopeName"), op = json_path_str(e, "operator"), class = json_path_str(pod, "spec.priorityClassName");
	yyjson_mut_val *v;
	bool found = false;
	if (!slice_eqs(scope, "PriorityClass") || slice_eqs(op, "Exists")) return scope_holds(scope, pod);
	if (slice_eqs(op, "DoesNotExist")) return !class.n;
	json_each(json_get(e, "values"), v) found |= slice_eq(json_str(v), class);
	return slice_eqs(op, "In") ? class.n && found : !found;
}

bool quota_scopes_match(const struct schema_resource *res, const yyjson_mut_val *quota_spec, const yyjson_mut_val *obj) {
	const yyjson_mut_val *names = json_get(quota_spec, "scopes"), *expressions = json_path(quota_spec, "scopeSelector.matchExpressions");
	yyjson_mut_val *one;
	if (!json_size(names) && !json_size(expressions)) return true;
	if (!is(res, "pods")) return false;
	json_each(names, one)
		if (!scope_holds(json_str(one), obj)) return false;
	json_each(expressions, one)
		if (!expression_holds(one, obj)) return false;
	return true;
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
