/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/quota/scope.h"

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

bool quota_scopes_match(struct quota_kind kind, const yyjson_mut_val *quota_spec, const yyjson_mut_val *obj) {
	const yyjson_mut_val *names = json_get(quota_spec, "scopes"), *expressions = json_path(quota_spec, "scopeSelector.matchExpressions");
	yyjson_mut_val *one;
	if (!json_size(names) && !json_size(expressions)) return true;
	if (kind.group.n || !slice_eqs(kind.resource, "pods")) return false;
	json_each(names, one)
		if (!scope_holds(json_str(one), obj)) return false;
	json_each(expressions, one)
		if (!expression_holds(one, obj)) return false;
	return true;
}
