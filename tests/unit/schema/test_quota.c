/* SPDX-License-Identifier: Apache-2.0 */
/* What objects cost of a quota, and which quota they concern. */
#include "suite.h"

#include "schema/quota/scope.h"

static const struct quota_kind pods = { SLICE_LIT(""), SLICE_LIT("pods") }, services = { SLICE_LIT(""), SLICE_LIT("services") },
			       claims = { SLICE_LIT(""), SLICE_LIT("persistentvolumeclaims") }, secrets = { SLICE_LIT(""), SLICE_LIT("secrets") };

static const yyjson_mut_val *tree(struct arena *a, const char *text) { return yyjson_mut_doc_get_root(parse(a, text)); }

static const char *amount(const struct amounts *s, const char *name) {
	static char text[QUANTITY_TEXT];
	const struct quantity *q = amounts_get(s, slice_str(name));
	if (!q) return NULL;
	quantity_format(*q, text);
	return text;
}

START_TEST(pods_cost_the_larger_of_init_and_run) {
	struct arena *a = arena_new(0);
	struct amounts u = quota_usage(a, pods, tree(a,
		"{\"spec\":{\"overhead\":{\"cpu\":\"10m\"},\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"100m\",\"memory\":\"1Gi\"}}},"
		"{\"resources\":{\"requests\":{\"cpu\":\"100m\"}}}],\"initContainers\":[{\"restartPolicy\":\"Always\",\"resources\":{\"requests\":{\"cpu\":\"50m\"}}},"
		"{\"resources\":{\"requests\":{\"cpu\":\"300m\"}}}]}}"));
	ck_assert_pstr_eq(amount(&u, "requests.cpu"), "360m");
	ck_assert_pstr_eq(amount(&u, "memory"), "1Gi");
	ck_assert_pstr_eq(amount(&u, "pods"), "1");
	ck_assert_pstr_eq(amount(&u, "count/pods"), "1");
	ck_assert_ptr_null(amount(&u, "limits.cpu"));
	arena_free(a);
}
END_TEST

START_TEST(ended_pods_are_only_counted) {
	struct arena *a = arena_new(0);
	struct amounts u = quota_usage(a, pods, tree(a,
		"{\"spec\":{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"1\"}}}]},\"status\":{\"phase\":\"Succeeded\"}}"));
	ck_assert_pstr_eq(amount(&u, "count/pods"), "1");
	ck_assert_ptr_null(amount(&u, "pods"));
	ck_assert_ptr_null(amount(&u, "cpu"));
	arena_free(a);
}
END_TEST

START_TEST(services_and_claims_cost_ports_and_space) {
	struct arena *a = arena_new(0);
	struct amounts u = quota_usage(a, services, tree(a, "{\"spec\":{\"type\":\"LoadBalancer\",\"allocateLoadBalancerNodePorts\":false,"
							    "\"ports\":[{\"nodePort\":30000},{}]}}"));
	ck_assert_pstr_eq(amount(&u, "services.nodeports"), "1");
	ck_assert_pstr_eq(amount(&u, "services.loadbalancers"), "1");
	u = quota_usage(a, claims, tree(a, "{\"spec\":{\"storageClassName\":\"s\",\"resources\":{\"requests\":{\"storage\":\"2Gi\"}}}}"));
	ck_assert_pstr_eq(amount(&u, "s.storageclass.storage.k8s.io/requests.storage"), "2Gi");
	arena_free(a);
}
END_TEST

START_TEST(scopes_and_missing_requests) {
	struct arena *a = arena_new(0);
	const yyjson_mut_val *best = tree(a, "{\"scopes\":[\"BestEffort\"]}");
	const yyjson_mut_val *pod = tree(a, "{\"spec\":{\"containers\":[{\"name\":\"b\"},{\"name\":\"a\"}]},\"status\":{\"qosClass\":\"BestEffort\"}}");
	ck_assert(quota_scopes_match(pods, best, pod));
	ck_assert(!quota_scopes_match(pods, tree(a, "{\"scopes\":[\"BestEffort\",\"Terminating\"]}"), pod));
	ck_assert(!quota_scopes_match(secrets, best, pod));
	ck_assert_pstr_eq(quota_unspecified(a, tree(a, "{\"requests.cpu\":\"1\",\"pods\":\"1\"}"), json_get(pod, "spec")),
			  "must specify requests.cpu for: a,b");
	arena_free(a);
}
END_TEST

START_TEST(names_tell_the_kind) {
	static const struct { const char *name, *group, *resource; bool uniform; } rows[] = {
		{ "count/secrets", "", "secrets", true },
		{ "count/widgets.example.com", "example.com", "widgets", true },
		{ "configmaps", "", "configmaps", true },
		{ "services.nodeports", "", "services", false },
		{ "requests.storage", "", "persistentvolumeclaims", false },
		{ "gold.storageclass.storage.k8s.io/persistentvolumeclaims", "", "persistentvolumeclaims", false },
		{ "requests.nvidia.com/gpu", "", "pods", false },
		{ "hugepages-2Mi", "", "pods", false },
		{ "example.com/nothing", NULL, NULL, false },
		{ "count/", NULL, NULL, false },
	};
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct quota_kind kind;
		bool known = quota_kind_of(slice_str(rows[i].name), &kind);
		ck_assert_msg(known == (rows[i].resource != NULL), "%s", rows[i].name);
		if (!known) continue;
		ck_assert_msg(slice_eqs(kind.group, rows[i].group) && slice_eqs(kind.resource, rows[i].resource), "%s", rows[i].name);
		ck_assert_msg(quota_kind_is_uniform(kind) == rows[i].uniform, "%s", rows[i].name);
	}
}
END_TEST

START_TEST(amounts_are_compared_by_value) {
	struct arena *a = arena_new(0);
	struct amounts x = { .a = a }, y = { .a = a };
	amounts_add_list(&x, tree(a, "{\"cpu\":\"1\",\"memory\":\"1Gi\"}"));
	amounts_add_list(&y, tree(a, "{\"memory\":\"1024Mi\",\"cpu\":\"1000m\"}"));
	ck_assert(amounts_equal(&x, &y));
	amounts_add_list(&y, tree(a, "{\"pods\":\"0\"}"));
	ck_assert(!amounts_equal(&x, &y));
	arena_free(a);
}
END_TEST

SUITE_MAIN("quota", pods_cost_the_larger_of_init_and_run, ended_pods_are_only_counted, services_and_claims_cost_ports_and_space, scopes_and_missing_requests,
	   names_tell_the_kind, amounts_are_compared_by_value)
