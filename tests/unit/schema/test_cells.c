/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "schema/cells/cells.h"

#define NOW 1714557600 /* 2024-05-01T10:00:00Z */

static const char *row(struct arena *a, const char *group, const char *resource, const char *text) {
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 16);
	const struct schema_resource *r = schema_find(slice_str(group), SLICE_NULL, slice_str(resource));
	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(schema_table_cells(r, yyjson_mut_doc_get_root(decoded(a, r->type, text)), NOW, &b), 0);
	return text_of(a, &b);
}

#define META "\"metadata\":{\"name\":\"x\",\"creationTimestamp\":\"2024-05-01T09:55:00Z\"}"

START_TEST(rows) {
	static const struct {
		const char *group, *resource, *text, *want;
	} cases[] = {
		{ "", "configmaps", "{" META ",\"data\":{\"a\":\"1\"},\"binaryData\":{\"b\":\"\"}}", "[\"x\",2,\"5m\"]" },
		{ "", "serviceaccounts", "{\"metadata\":{\"name\":\"x\"}}", "[\"x\",0,\"\\u003cunknown\\u003e\"]" },
		{ "", "pods", "{" META ",\"spec\":{\"containers\":[{\"name\":\"c\"}]},\"status\":{\"phase\":\"Pending\"}}",
		  "[\"x\",\"0/"
		  "1\",\"Pending\",\"0\",\"5m\",\"\\u003cnone\\u003e\",\"\\u003cnone\\u003e\",\"\\u003cnone\\u003e\","
		  "\"\\u003cnone\\u003e\"]" },
		{ "apps", "deployments",
		  "{" META ",\"spec\":{\"replicas\":3,\"selector\":{\"matchLabels\":{\"b\":\"1\",\"a\":\"2\"}},\"template\":{"
			   "\"spec\":{\"containers\":["
		  "{\"name\":\"c\",\"image\":\"i\"},{\"name\":\"d\",\"image\":\"j\"}]}}},\"status\":{\"readyReplicas\":1}}",
		  "[\"x\",\"1/3\",0,0,\"5m\",\"c,d\",\"i,j\",\"a=2,b=1\"]" },
		{ "", "services",
		  "{" META ",\"spec\":{\"type\":\"NodePort\",\"clusterIPs\":[\"10.0.0.1\"],\"ports\":[{\"port\":80,\"nodePort\":"
			   "30000,\"protocol\":\"TCP\"}]}}",
		  "[\"x\",\"NodePort\",\"10.0.0.1\",\"\\u003cnone\\u003e\",\"80:30000/TCP\",\"5m\",\"\\u003cnone\\u003e\"]" },
		{ "rbac.authorization.k8s.io", "rolebindings",
		  "{" META ",\"roleRef\":{\"kind\":\"Role\",\"name\":\"r\"},\"subjects\":[{\"kind\":\"User\",\"name\":\"u\"},"
		  "{\"kind\":\"ServiceAccount\",\"name\":\"s\",\"namespace\":\"n\"}]}",
		  "[\"x\",\"Role/r\",\"5m\",\"u\",\"\",\"n/s\"]" },
		{ "batch", "jobs",
		  "{" META ",\"spec\":{\"parallelism\":3},\"status\":{\"succeeded\":1,\"startTime\":\"2024-05-01T09:58:30Z\"}}",
		  "[\"x\",\"Running\",\"1/1 of 3\",\"90s\",\"5m\",\"\",\"\",\"\\u003cnone\\u003e\"]" },
	};
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		_cleanup_arena_ struct arena *a = arena_new(0);
		ck_assert_str_eq(row(a, cases[i].group, cases[i].resource, cases[i].text), cases[i].want);
	}
}
END_TEST

/* READY, STATUS and RESTARTS of a pod. */
START_TEST(pod_states) {
	static const struct {
		const char *rest, *want;
	} cases[] = {
		{ "\"status\":{\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"c\",\"restartCount\":2,\"state\":{"
		  "\"waiting\":{\"reason\":\"CrashLoopBackOff\"}},"
		  "\"lastState\":{\"terminated\":{\"exitCode\":1,\"finishedAt\":\"2024-05-01T09:59:00Z\"}}}]}",
		  "[\"x\",\"0/1\",\"CrashLoopBackOff\",\"2 (60s ago)\"," },
		{ "\"status\":{\"phase\":\"Failed\",\"containerStatuses\":[{\"name\":\"c\",\"state\":{\"terminated\":{"
		  "\"exitCode\":3}}}]}",
		  "[\"x\",\"0/1\",\"ExitCode:3\",\"0\"," },
		{ "\"status\":{\"phase\":\"Failed\",\"containerStatuses\":[{\"name\":\"c\",\"state\":{\"terminated\":{"
		  "\"exitCode\":137,\"signal\":9}}}]}",
		  "[\"x\",\"0/1\",\"Signal:9\",\"0\"," },
		{ "\"status\":{\"phase\":\"Pending\",\"reason\":\"Evicted\"}", "[\"x\",\"0/1\",\"Evicted\",\"0\"," },
		{ "\"status\":{\"phase\":\"Pending\",\"initContainerStatuses\":[{\"name\":\"i\",\"state\":{\"waiting\":{"
		  "\"reason\":\"ImagePullBackOff\"}}}]}",
		  "[\"x\",\"0/1\",\"Init:ImagePullBackOff\",\"0\"," },
		{ "\"status\":{\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"c\",\"ready\":true,\"state\":{"
		  "\"running\":{}}}]}",
		  "[\"x\",\"1/1\",\"Running\",\"0\"," },
	};
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		_cleanup_arena_ struct arena *a = arena_new(0);
		const char *s = row(a, "", "pods",
				    arena_printf(a, "{" META ",\"spec\":{\"containers\":[{\"name\":\"c\"}]},%s}", cases[i].rest));
		ck_assert_msg(!strncmp(s, cases[i].want, strlen(cases[i].want)), "%s, not %s", s, cases[i].want);
	}
}
END_TEST

START_TEST(finished_pods_have_a_condition) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf b = BUF_INIT(4096);
	const struct schema_resource *pods = schema_find(SLICE_NULL, SLICE_NULL, SLICE_LIT("pods"));
	schema_table_conditions(pods, yyjson_mut_doc_get_root(parse(a, "{\"status\":{\"phase\":\"Running\"}}")), &b);
	ck_assert_uint_eq(b.n, 0);
	schema_table_conditions(pods, yyjson_mut_doc_get_root(parse(a, "{\"status\":{\"phase\":\"Failed\"}}")), &b);
	ck_assert_str_eq(text_of(a, &b),
			 "[{\"type\":\"Completed\",\"status\":\"True\",\"reason\":\"Failed\",\"message\":\"The pod failed.\"}]");
}
END_TEST

/* Every program of cells must give as many cells for an empty object as for a full one. */
START_TEST(empty_objects) {
	for (size_t i = 0; i < schema_builtin_count(); i++) {
		_cleanup_arena_ struct arena *a = arena_new(0);
		_cleanup_buf_ struct buf b = BUF_INIT(4096);
		const struct schema_resource *r = schema_builtin(i);
		ck_assert_int_eq(schema_table_cells(r, yyjson_mut_doc_get_root(parse(a, "{}")), NOW, &b), 0);
		yyjson_mut_doc *doc = parse(a, text_of(a, &b));
		ck_assert_uint_eq(yyjson_mut_arr_size(yyjson_mut_doc_get_root(doc)), schema_resource_more(r)->n_cells);
	}
}
END_TEST

SUITE_MAIN("cells", rows, pod_states, finished_pods_have_a_condition, empty_objects)
