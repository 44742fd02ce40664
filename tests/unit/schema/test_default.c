/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "schema/imageref.h"

/* Text of the object after defaults. */
static const char *filled(struct arena *a, const char *api, const char *kind, const char *text) {
	const struct schema_type *t = type_named(api, kind);
	yyjson_mut_doc *doc = decoded(a, t, text);
	ck_assert_int_eq(schema_default(t, doc, yyjson_mut_doc_get_root(doc)), 0);
	return encoded(a, t, yyjson_mut_doc_get_root(doc));
}

static void has(const char *text, const char *part) { ck_assert_msg(strstr(text, part) != NULL, "%s is not in %s", part, text); }
static void has_not(const char *text, const char *part) { ck_assert_msg(strstr(text, part) == NULL, "%s is in %s", part, text); }

START_TEST(pod) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *s = filled(a, "v1", "Pod",
			       "{\"spec\":{\"hostNetwork\":true,\"containers\":[{\"name\":\"a\",\"image\":\"x\",\"ports\":[{"
			       "\"containerPort\":80}],"
			       "\"resources\":{\"limits\":{\"cpu\":\"1\"}}},{\"name\":\"b\",\"image\":\"x:1\"}],\"volumes\":[{"
			       "\"name\":\"v\"}]}}");
	has(s, "\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]");
	has(s, "\"ports\":[{\"hostPort\":80,\"containerPort\":80,\"protocol\":\"TCP\"}]");
	has(s, "\"resources\":{\"limits\":{\"cpu\":\"1\"},\"requests\":{\"cpu\":\"1\"}}");
	has(s, "\"imagePullPolicy\":\"Always\"");
	has(s, "\"imagePullPolicy\":\"IfNotPresent\"");
	has(s, "\"restartPolicy\":\"Always\",\"terminationGracePeriodSeconds\":30,\"dnsPolicy\":\"ClusterFirst\"");
	has(s, "\"enableServiceLinks\":true");
}
END_TEST

/* Rules of Pod itself are not those of pod templates. */
START_TEST(template_is_no_pod) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *s = filled(a, "apps/v1", "Deployment",
			       "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"a\",\"resources\":{\"limits\":{"
			       "\"cpu\":\"1\"}}}]}}}}");
	has(s, "\"resources\":{\"limits\":{\"cpu\":\"1\"}}");
	has_not(s, "enableServiceLinks");
	has(s, "\"schedulerName\":\"default-scheduler\"");
	has(s, "\"strategy\":{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"maxUnavailable\":\"25%\",\"maxSurge\":\"25%\"}}");
}
END_TEST

START_TEST(claims_of_a_stateful_set_say_what_they_are) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	has(filled(a, "apps/v1", "StatefulSet", "{\"spec\":{\"volumeClaimTemplates\":[{\"metadata\":{\"name\":\"v\"}}]}}"),
	    "\"volumeClaimTemplates\":[{\"kind\":\"PersistentVolumeClaim\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"v\"}");
}
END_TEST

/* A spec nobody wrote is there in Go, so its defaults are, too. */
START_TEST(absent_structs) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	has(filled(a, "apps/v1", "ReplicaSet", "{}"), "\"spec\":{\"replicas\":1,");
	has_not(filled(a, "v1", "Pod", "{\"spec\":{\"containers\":[]}}"), "livenessProbe");
}
END_TEST

START_TEST(service) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *s = filled(
		a, "v1", "Service",
		"{\"spec\":{\"ports\":[{\"port\":80},{\"port\":81,\"targetPort\":\"web\"}],\"sessionAffinity\":\"ClientIP\"}}");
	has(s, "\"ports\":[{\"protocol\":\"TCP\",\"port\":80,\"targetPort\":80},{\"protocol\":\"TCP\",\"port\":81,\"targetPort\":"
	       "\"web\"}]");
	has(s, "\"sessionAffinityConfig\":{\"clientIP\":{\"timeoutSeconds\":10800}}");
	has_not(s, "externalTrafficPolicy");
	s = filled(a, "v1", "Service", "{\"spec\":{\"type\":\"LoadBalancer\",\"sessionAffinityConfig\":{}}}");
	has(s, "\"externalTrafficPolicy\":\"Cluster\"");
	has(s, "\"allocateLoadBalancerNodePorts\":true");
	has_not(s, "sessionAffinityConfig");
	has(filled(a, "v1", "Service", "{\"spec\":{\"externalIPs\":[\"1.2.3.4\"]}}"), "\"externalTrafficPolicy\":\"Cluster\"");
}
END_TEST

START_TEST(members_that_say_the_same) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	has(filled(a, "v1", "Pod", "{\"spec\":{\"serviceAccount\":\"x\"}}"),
	    "\"serviceAccountName\":\"x\",\"serviceAccount\":\"x\"");
	has(filled(a, "v1", "Pod", "{\"spec\":{\"serviceAccount\":\"x\",\"serviceAccountName\":\"y\"}}"),
	    "\"serviceAccountName\":\"y\",\"serviceAccount\":\"y\"");
	has(filled(a, "v1", "Pod", "{\"status\":{\"podIP\":\"1.1.1.1\",\"podIPs\":[{\"ip\":\"2.2.2.2\"}]}}"),
	    "\"podIP\":\"1.1.1.1\",\"podIPs\":[{\"ip\":\"1.1.1.1\"}]");
	has(filled(a, "v1", "Node", "{\"spec\":{\"podCIDRs\":[\"10.0.0.0/24\"]}}"), "\"podCIDR\":\"10.0.0.0/24\"");
	const char *s = filled(a, "v1", "Secret", "{\"data\":{\"a\":\"Yg==\"},\"stringData\":{\"a\":\"x\",\"b\":\"\"}}");
	has(s, "\"data\":{\"a\":\"eA==\",\"b\":\"\"}");
	has_not(s, "stringData");
}
END_TEST

START_TEST(amounts) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	has(filled(a, "v1", "ResourceQuota", "{\"spec\":{\"hard\":{\"cpu\":\"1u\"}}}"), "\"cpu\":\"1m\"");
	has(filled(a, "node.k8s.io/v1", "RuntimeClass", "{\"handler\":\"h\",\"overhead\":{\"podFixed\":{\"cpu\":\"1u\"}}}"),
	    "\"cpu\":\"1u\"");
	const char *s = filled(
		a, "v1", "Pod",
		"{\"spec\":{\"resources\":{\"limits\":{\"memory\":\"1Gi\"}},\"containers\":[{\"name\":\"a\",\"resources\":{"
		"\"requests\":{\"cpu\":\"100m\"}}},{\"name\":\"b\",\"resources\":{\"requests\":{\"cpu\":\"200m\"},\"limits\":{"
		"\"hugepages-2Mi\":\"2Mi\"}}}]}}");
	has(s, "\"resources\":{\"limits\":{\"hugepages-2Mi\":\"2Mi\",\"memory\":\"1Gi\"},\"requests\":{\"cpu\":\"300m\","
	       "\"hugepages-2Mi\":\"2Mi\",\"memory\":\"1Gi\"}}");
}
END_TEST

START_TEST(idempotent) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *once = filled(
		a, "batch/v1", "CronJob",
		"{\"spec\":{\"schedule\":\"* * * * "
		"*\",\"jobTemplate\":{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\"}]}}}}}}");
	ck_assert_str_eq(filled(a, "batch/v1", "CronJob", once), once);
}
END_TEST

START_TEST(image_tags) {
	static const struct {
		const char *image, *tag; /* NULL: no reference */
	} cases[] = {
		{ "nginx", "latest" },
		{ "nginx:1.25", "1.25" },
		{ "host:5000/a/b", "latest" },
		{ "host:5000/a/b:v1", "v1" },
		{ "a__b/c-d.e", "latest" },
		{ "x@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "" },
		{ "", NULL },
		{ "Upper", NULL },
		{ "a:", NULL },
		{ "a//b", NULL },
		{ "a@sha256:1", NULL },
		{ "-a", NULL },
		{ "a:b:c", NULL },
		{ "UP.example/x", "latest" },
	};
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct slice tag = SLICE_NULL;
		int r = imageref_tag(slice_str(cases[i].image), &tag);
		ck_assert_msg((r == 0) == (cases[i].tag != NULL), "%s: %d", cases[i].image, r);
		if (r == 0) ck_assert_msg(slice_eqs(tag, cases[i].tag), "%s: %.*s", cases[i].image, SLICE_FMT(tag));
	}
}
END_TEST

SUITE_MAIN("default", pod, template_is_no_pod, absent_structs, service, members_that_say_the_same, amounts, idempotent,
	   image_tags, claims_of_a_stateful_set_say_what_they_are)
