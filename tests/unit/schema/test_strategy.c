/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

static const struct schema_resource *find(const char *group, const char *resource) {
	const struct schema_resource *r = schema_find(slice_str(group), SLICE_NULL, slice_str(resource));
	ck_assert_ptr_nonnull(r);
	return r;
}

static const char *created(struct arena *a, const struct schema_resource *r, const char *text) {
	yyjson_mut_doc *doc = decoded(a, r->type, text);
	ck_assert_int_eq(schema_prepare_create(r, doc, yyjson_mut_doc_get_root(doc)), 0);
	return encoded(a, r->type, yyjson_mut_doc_get_root(doc));
}

static const char *updated(struct arena *a, const struct schema_resource *r, const char *sub, const char *text, const char *old) {
	yyjson_mut_doc *doc = decoded(a, r->type, text), *was = decoded(a, r->type, old);
	const struct schema_subresource *s = sub ? schema_subresource_find(r, slice_str(sub)) : NULL;
	ck_assert_int_eq(schema_prepare_update(r, s, doc, yyjson_mut_doc_get_root(doc), yyjson_mut_doc_get_root(was)), 0);
	return encoded(a, r->type, yyjson_mut_doc_get_root(doc));
}

static void has(const char *text, const char *part) { ck_assert_msg(strstr(text, part) != NULL, "%s is not in %s", part, text); }
static void has_not(const char *text, const char *part) { ck_assert_msg(strstr(text, part) == NULL, "%s is in %s", part, text); }

START_TEST(create_resets) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *s = created(a, find("", "pods"),
				"{\"metadata\":{\"name\":\"p\",\"generation\":9,\"selfLink\":\"x\",\"deletionTimestamp\":\"2024-"
				"01-01T00:00:00Z\"},"
				"\"spec\":{\"hostnameOverride\":\"h\",\"containers\":[{\"name\":\"a\",\"restartPolicy\":"
				"\"Always\",\"image\":\"i\"}]},"
				"\"status\":{\"phase\":\"Running\"}}");
	has(s, "\"generation\":1");
	has(s, "\"status\":{\"phase\":\"Pending\",\"qosClass\":\"BestEffort\"}");
	has_not(s, "selfLink");
	has_not(s, "deletionTimestamp");
	has_not(s, "hostnameOverride");
	has_not(s, "\"restartPolicy\":\"Always\",\"resources\"");
	s = created(a, find("", "namespaces"), "{\"metadata\":{\"name\":\"n\"},\"spec\":{\"finalizers\":[\"x\"]}}");
	has(s, "\"finalizers\":[\"x\",\"kubernetes\"]");
	has(s, "\"labels\":{\"kubernetes.io/metadata.name\":\"n\"}");
	has(s, "\"status\":{\"phase\":\"Active\"}");
}
END_TEST

START_TEST(status_is_kept) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *old = "{\"metadata\":{\"name\":\"d\",\"generation\":3,\"uid\":\"u\",\"creationTimestamp\":\"2024-01-01T00:00:"
			  "00Z\"},\"spec\":{\"replicas\":2},\"status\":{\"replicas\":2}}";
	const char *s = updated(
		a, find("apps", "deployments"), NULL,
		"{\"metadata\":{\"name\":\"d\",\"generation\":7},\"spec\":{\"replicas\":2},\"status\":{\"replicas\":9}}", old);
	has(s, "\"uid\":\"u\",\"generation\":3,\"creationTimestamp\":\"2024-01-01T00:00:00Z\"");
	has(s, "\"status\":{\"replicas\":2}");
	s = updated(a, find("apps", "deployments"), NULL, "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"replicas\":5}}", old);
	has(s, "\"generation\":4");
	s = updated(
		a, find("apps", "deployments"), "status",
		"{\"metadata\":{\"name\":\"d\",\"labels\":{\"x\":\"y\"}},\"spec\":{\"replicas\":8},\"status\":{\"replicas\":1}}",
		old);
	has(s, "\"replicas\":2,");
	has(s, "\"generation\":3");
	has(s, "\"status\":{\"replicas\":1}");
	has_not(s, "labels\":{\"x\"");
}
END_TEST

/* An empty struct and none are the same thing. */
START_TEST(no_bump_for_nothing) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	has(updated(a, find("apps", "replicasets"), NULL, "{\"spec\":{\"replicas\":1,\"minReadySeconds\":0,\"template\":{}}}",
		    "{\"metadata\":{\"generation\":2},\"spec\":{\"replicas\":1}}"),
	    "\"generation\":2");
}
END_TEST

START_TEST(ephemeral_containers_only) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *s = updated(
		a, find("", "pods"), "ephemeralcontainers",
		"{\"metadata\":{\"name\":\"p\",\"resourceVersion\":\"5\",\"labels\":{\"a\":\"b\"}},\"spec\":{\"nodeName\":"
		"\"other\",\"containers\":[],\"ephemeralContainers\":[{\"name\":\"e\",\"image\":\"i\"}]}}",
		"{\"metadata\":{\"name\":\"p\",\"resourceVersion\":\"4\",\"generation\":1},\"spec\":{\"nodeName\":\"n\","
		"\"containers\":[{\"name\":\"c\"}]},\"status\":{\"phase\":\"Running\"}}");
	has(s, "\"resourceVersion\":\"5\",\"generation\":2}");
	has(s, "\"nodeName\":\"n\"");
	has(s, "\"ephemeralContainers\":[{\"name\":\"e\",\"image\":\"i\"");
	has(s, "\"phase\":\"Running\"");
}
END_TEST

START_TEST(resize) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *old = "{\"metadata\":{\"name\":\"p\",\"generation\":1},\"spec\":{\"nodeName\":\"n\",\"containers\":[{"
			  "\"name\":\"c\",\"image\":\"i\"}]}}";
	const char *s = updated(a, find("", "pods"), "resize",
				"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"j\","
				"\"resources\":{\"limits\":{\"cpu\":\"2\"}}}]}}",
				old);
	has(s, "\"image\":\"i\"");
	has(s, "\"limits\":{\"cpu\":\"2\"}");
	has(s, "\"nodeName\":\"n\"");
	has(s, "\"generation\":2");
	has(updated(a, find("", "pods"), "resize", "{\"spec\":{\"containers\":[{\"name\":\"d\",\"image\":\"j\"}]}}", old),
	    "\"name\":\"d\"");
}
END_TEST

START_TEST(quality_of_service) {
	static const struct {
		const char *containers, *want;
	} cases[] = {
		{ "[{\"name\":\"a\"}]", "BestEffort" },
		{ "[{\"name\":\"a\",\"resources\":{\"requests\":{\"cpu\":\"1\"}}}]", "Burstable" },
		{ "[{\"name\":\"a\",\"resources\":{\"requests\":{\"cpu\":\"1\",\"memory\":\"1Gi\"},\"limits\":{\"cpu\":\"1\","
		  "\"memory\":\"1Gi\"}}}]",
		  "Guaranteed" },
		{ "[{\"name\":\"a\",\"resources\":{\"requests\":{\"cpu\":\"1\",\"memory\":\"1Gi\"},\"limits\":{\"cpu\":\"1\","
		  "\"memory\":\"1Gi\"}}},{\"name\":\"b\"}]",
		  "Burstable" },
	};
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		_cleanup_arena_ struct arena *a = arena_new(0);
		has(created(a, find("", "pods"), arena_printf(a, "{\"spec\":{\"containers\":%s}}", cases[i].containers)),
		    arena_printf(a, "\"qosClass\":\"%s\"", cases[i].want));
	}
}
END_TEST

START_TEST(service_type_changes) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const struct schema_resource *r = find("", "services");
	const char *old = "{\"spec\":{\"type\":\"NodePort\",\"clusterIP\":\"10.0.0.9\",\"clusterIPs\":[\"10.0.0.9\"],"
			  "\"ipFamilies\":[\"IPv4\"],\"externalTrafficPolicy\":\"Cluster\","
			  "\"ports\":[{\"port\":80,\"protocol\":\"TCP\",\"nodePort\":30001}]}}";
	const char *s = updated(a, r, NULL, "{\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"port\":80,\"protocol\":\"TCP\"}]}}",
				old);
	has(s, "\"nodePort\":30001");
	has(s, "\"clusterIP\":\"10.0.0.9\",\"clusterIPs\":[\"10.0.0.9\"]");
	s = updated(a, r, NULL,
		    "{\"spec\":{\"type\":\"ClusterIP\",\"clusterIP\":\"10.0.0.9\",\"clusterIPs\":[\"10.0.0.9\"],"
		    "\"externalTrafficPolicy\":\"Cluster\",\"ports\":[{\"port\":80,\"protocol\":\"TCP\",\"nodePort\":30001}]}}",
		    old);
	has_not(s, "nodePort");
	has_not(s, "externalTrafficPolicy");
	s = updated(a, r, NULL,
		    "{\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"x.example\",\"clusterIP\":\"10.0.0.9\","
		    "\"clusterIPs\":[\"10.0.0.9\"]}}",
		    old);
	has_not(s, "10.0.0.9");
}
END_TEST

/* A load balancer's addresses are in the status, which an update does not touch while the type stays. */
START_TEST(load_balancer_keeps_its_addresses) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const struct schema_resource *r = find("", "services");
	const char *old = "{\"spec\":{\"type\":\"LoadBalancer\",\"ports\":[{\"port\":80,\"protocol\":\"TCP\"}]},\"status\":{"
			  "\"loadBalancer\":"
			  "{\"ingress\":[{\"ip\":\"1.2.3.4\"}]}}}";
	has(updated(a, r, NULL, "{\"metadata\":{\"labels\":{\"x\":\"y\"}},\"spec\":{\"type\":\"LoadBalancer\"}}", old),
	    "1.2.3.4");
	has_not(updated(a, r, NULL, "{\"spec\":{\"type\":\"ClusterIP\"}}", old), "1.2.3.4");
}
END_TEST

START_TEST(job_labels) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *s = created(a, find("batch", "jobs"),
				"{\"metadata\":{\"name\":\"j\",\"uid\":\"u1\"},\"spec\":{\"template\":{\"spec\":{\"containers\":["
				"{\"name\":\"c\"}]}}}}");
	has(s, "\"selector\":{\"matchLabels\":{\"batch.kubernetes.io/controller-uid\":\"u1\"}}");
	has(s, "\"labels\":{\"batch.kubernetes.io/controller-uid\":\"u1\",\"batch.kubernetes.io/"
	       "job-name\":\"j\",\"controller-uid\":\"u1\",\"job-name\":\"j\"}");
	has_not(created(a, find("batch", "jobs"),
			"{\"metadata\":{\"name\":\"j\",\"uid\":\"u1\"},\"spec\":{\"manualSelector\":true}}"),
		"controller-uid");
}
END_TEST

START_TEST(apparmor_annotations) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *s = created(
		a, find("", "pods"),
		"{\"metadata\":{\"name\":\"p\",\"annotations\":{\"container.apparmor.security.beta.kubernetes.io/a\":\"localhost/"
		"x\","
		"\"container.apparmor.security.beta.kubernetes.io/b\":\"runtime/default\","
		"\"container.apparmor.security.beta.kubernetes.io/"
		"c\":\"nonsense\"}},\"spec\":{\"securityContext\":{\"appArmorProfile\":"
		"{\"type\":\"RuntimeDefault\"}},\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]}}");
	has(s, "\"securityContext\":{\"appArmorProfile\":{\"type\":\"Localhost\",\"localhostProfile\":\"x\"}}");
	has_not(strstr(s, "\"name\":\"b\""), "Localhost");
	has(s, "\"securityContext\":{\"appArmorProfile\":{\"type\":\"RuntimeDefault\"}},\"schedulerName\"");
}
END_TEST

START_TEST(template_generation) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const struct schema_resource *r = find("apps", "daemonsets");
	const char *old = "{\"metadata\":{\"annotations\":{\"deprecated.daemonset.template.generation\":\"4\"}},\"spec\":{"
			  "\"minReadySeconds\":1}}";
	has(created(a, r, "{}"), "template.generation\":\"1\"");
	has(created(a, r, "{\"metadata\":{\"annotations\":{\"deprecated.daemonset.template.generation\":\"3\"}}}"),
	    "template.generation\":\"3\"");
	has(updated(a, r, NULL, "{\"spec\":{\"minReadySeconds\":2}}", old), "template.generation\":\"4\"");
	has(updated(a, r, NULL, "{\"spec\":{\"template\":{\"spec\":{\"nodeName\":\"n\"}}}}", old), "template.generation\":\"5\"");
}
END_TEST

START_TEST(endpoints_are_repacked) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	has(created(a, find("", "endpoints"),
		    "{\"subsets\":[{\"addresses\":[{\"ip\":\"1.1.1.2\"},{\"ip\":\"1.1.1.1\"}],\"ports\":[{\"port\":80}]},"
		    "{\"addresses\":[{\"ip\":\"1.1.1.1\"},{\"ip\":\"1.1.1.0\"}],\"ports\":[{\"port\":80}]}]}"),
	    "\"subsets\":[{\"addresses\":[{\"ip\":\"1.1.1.0\"},{\"ip\":\"1.1.1.1\"},{\"ip\":\"1.1.1.2\"}],\"ports\":[{\"port\":"
	    "80,\"protocol\":\"TCP\"}]}]");
}
END_TEST

SUITE_MAIN("strategy", create_resets, status_is_kept, no_bump_for_nothing, ephemeral_containers_only, resize, quality_of_service,
	   service_type_changes, load_balancer_keeps_its_addresses, job_labels, template_generation, endpoints_are_repacked,
	   apparmor_annotations)
