/* SPDX-License-Identifier: Apache-2.0 */
#include "api/webhook/match.h"

/* Is the word, or "*", in the list? */
static bool lists(const yyjson_mut_val *list, struct slice word) {
	yyjson_mut_val *v;
	json_each(list, v) {
		struct slice s = json_str(v);
		if (slice_eqs(s, "*") || slice_eq(s, word)) return true;
	}
	return false;
}

static bool part_fits(struct slice pattern, struct slice word) { return slice_eqs(pattern, "*") || slice_eq(pattern, word); }

/* "pods", "pods/status", "pods/" followed by a star, a star for every main resource, and both. */
static bool resource_fits(const yyjson_mut_val *resources, const struct webhook_subject *s) {
	yyjson_mut_val *v;
	json_each(resources, v) {
		struct slice sub = json_str(v), resource = slice_cut(&sub, '/');
		if (part_fits(resource, s->resource) && part_fits(sub, s->subresource)) return true;
	}
	return false;
}

static bool scope_fits(struct slice scope, const struct webhook_subject *s) {
	if (slice_eqs(scope, "Namespaced")) return s->in_namespace;
	if (slice_eqs(scope, "Cluster")) return !s->in_namespace;
	return true;
}

bool webhook_rules_match(const yyjson_mut_val *rules, const struct webhook_subject *s) {
	yyjson_mut_val *r;
	json_each(rules, r)
		if (scope_fits(json_path_str(r, "scope"), s) && lists(json_get(r, "operations"), slice_str(s->operation)) &&
		    lists(json_get(r, "apiGroups"), s->group) && lists(json_get(r, "apiVersions"), s->version) &&
		    resource_fits(json_get(r, "resources"), s)) return true;
	return false;
}

bool webhook_exempts(struct slice group, struct slice resource) {
	static const char *const exempt[] = {
		"validatingwebhookconfigurations", "mutatingwebhookconfigurations", "validatingadmissionpolicies", "validatingadmissionpolicybindings",
		"mutatingadmissionpolicies", "mutatingadmissionpolicybindings",
	};
	for (size_t i = 0; slice_eqs(group, "admissionregistration.k8s.io") && i < ELEMENTSOF(exempt); i++)
		if (slice_eqs(resource, exempt[i])) return true;
	return false;
}
