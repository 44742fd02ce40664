/* SPDX-License-Identifier: Apache-2.0 */
#include "control/fit.h"

#include <check.h>

static struct arena *a;
static void setup(void) { a = arena_new(0); }
static void teardown(void) { a = arena_free(a); }

static yyjson_mut_val *json(const char *text) {
	yyjson_mut_doc *doc = NULL;
	struct json_error err;
	ck_assert_msg(json_parse(a, slice_str(text), &doc, &err) == 0, "%s", text);
	return yyjson_mut_doc_get_root(doc);
}

#define C(cpu, memory) "{\"resources\":{\"requests\":{\"cpu\":\"" cpu "\",\"memory\":\"" memory "\"}}}"
#define SIDECAR(cpu, memory) "{\"restartPolicy\":\"Always\",\"resources\":{\"requests\":{\"cpu\":\"" cpu "\",\"memory\":\"" memory "\"}}}"

static const struct { const char *pod; int64_t cpu, memory; } requests[] = {
	{ "{\"spec\":{\"containers\":[{}]}}", 0, 0 },
	{ "{\"spec\":{\"containers\":[" C("100m", "1Ki") "," C("1", "1k") "]}}", 1100, 2024 },
	/* One init container after the other: the greatest counts, and only when it is greater than all containers together. */
	{ "{\"spec\":{\"initContainers\":[" C("3", "10") "," C("2", "20") "],\"containers\":[" C("1", "15") "]}}", 3000, 20 },
	{ "{\"spec\":{\"initContainers\":[" C("1", "10") "],\"containers\":[" C("1", "15") "," C("1", "15") "]}}", 2000, 30 },
	/* Sidecars run beside the containers, and beside the init containers after them. */
	{ "{\"spec\":{\"initContainers\":[" SIDECAR("1", "5") "],\"containers\":[" C("1", "15") "]}}", 2000, 20 },
	{ "{\"spec\":{\"initContainers\":[" SIDECAR("1", "5") "," C("4", "1") "],\"containers\":[" C("1", "15") "]}}", 5000, 20 },
	{ "{\"spec\":{\"initContainers\":[" C("4", "1") "," SIDECAR("1", "5") "],\"containers\":[" C("1", "15") "]}}", 4000, 20 },
	{ "{\"spec\":{\"overhead\":{\"cpu\":\"250m\",\"memory\":\"7\"},\"containers\":[" C("1", "1") "]}}", 1250, 8 },
	{ "{\"spec\":{\"resources\":{\"requests\":{\"cpu\":\"5\"}},\"containers\":[" C("1", "9") "]}}", 5000, 9 },
	{ "{\"spec\":{\"containers\":[" C("oops", "") "]}}", 0, 0 },
};

START_TEST(requests_add_up) {
	struct fit_use u = fit_requests(json(requests[_i].pod));
	ck_assert_int_eq(u.cpu, requests[_i].cpu);
	ck_assert_int_eq(u.memory, requests[_i].memory);
	ck_assert_int_eq(u.pods, 1);
}
END_TEST

START_TEST(allocatable_before_capacity) {
	struct fit_use u = fit_allocatable(json("{\"status\":{\"capacity\":{\"cpu\":\"8\"},\"allocatable\":{\"cpu\":\"7500m\",\"memory\":\"1Mi\",\"pods\":\"110\"}}}"));
	ck_assert_int_eq(u.cpu, 7500);
	ck_assert_int_eq(u.memory, 1 << 20);
	ck_assert_int_eq(u.pods, 110);
	u = fit_allocatable(json("{\"status\":{\"capacity\":{\"cpu\":\"8\",\"pods\":\"9\"}}}"));
	ck_assert_int_eq(u.cpu, 8000);
	ck_assert_int_eq(u.pods, 9);
}
END_TEST

#define ROOM "\"status\":{\"allocatable\":{\"cpu\":\"2\",\"memory\":\"100\",\"ephemeral-storage\":\"100\",\"pods\":\"3\"}}"
#define NODE(spec) "{\"metadata\":{\"name\":\"n1\",\"labels\":{\"disk\":\"ssd\",\"size\":\"10\"}},\"spec\":{" spec "}," ROOM "}"
#define POD(spec) "{\"spec\":{\"containers\":[{}]," spec "}}"
#define NEEDS(expression) POD("\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{\"nodeSelectorTerms\":[" expression "]}}}")
#define EXPRESSION(key, op, values) "{\"matchExpressions\":[{\"key\":\"" key "\",\"operator\":\"" op "\",\"values\":[" values "]}]}"
#define TAINTED(key, value, effect) NODE("\"taints\":[{\"key\":\"" key "\",\"value\":\"" value "\",\"effect\":\"" effect "\"}]")
#define TOLERATES(text) POD("\"tolerations\":[" text "]")
#define PLAIN "{\"spec\":{\"containers\":[{}]}}"
#define NO_MATCH "node(s) didn't match Pod's node affinity/selector"
#define DEDICATED "node(s) had untolerated taint {dedicated: db}"

static const struct { const char *pod, *node, *why; } fits[] = {
	{ PLAIN, NODE(""), NULL },
	{ PLAIN, NODE("\"unschedulable\":true"), "node(s) were unschedulable" },
	{ TOLERATES("{\"operator\":\"Exists\"}"), NODE("\"unschedulable\":true"), NULL },
	{ PLAIN, TAINTED("dedicated", "db", "NoSchedule"), DEDICATED },
	{ PLAIN, TAINTED("dedicated", "db", "NoExecute"), DEDICATED },
	{ PLAIN, TAINTED("dedicated", "db", "PreferNoSchedule"), NULL },
	{ TOLERATES("{\"key\":\"dedicated\",\"operator\":\"Equal\",\"value\":\"db\",\"effect\":\"NoSchedule\"}"), TAINTED("dedicated", "db", "NoSchedule"), NULL },
	{ TOLERATES("{\"key\":\"dedicated\",\"value\":\"db\"}"), TAINTED("dedicated", "db", "NoExecute"), NULL },
	{ TOLERATES("{\"key\":\"dedicated\",\"value\":\"web\"}"), TAINTED("dedicated", "db", "NoSchedule"), DEDICATED },
	{ TOLERATES("{\"key\":\"dedicated\",\"operator\":\"Exists\",\"effect\":\"NoExecute\"}"), TAINTED("dedicated", "db", "NoSchedule"), DEDICATED },
	{ TOLERATES("{\"key\":\"other\",\"operator\":\"Exists\"}"), TAINTED("dedicated", "db", "NoSchedule"), DEDICATED },
	{ POD("\"nodeSelector\":{\"disk\":\"ssd\"}"), NODE(""), NULL },
	{ POD("\"nodeSelector\":{\"disk\":\"hdd\"}"), NODE(""), NO_MATCH },
	{ POD("\"nodeSelector\":{\"disk\":\"ssd\",\"zone\":\"a\"}"), NODE(""), NO_MATCH },
	{ NEEDS(EXPRESSION("disk", "In", "\"hdd\",\"ssd\"")), NODE(""), NULL },
	{ NEEDS(EXPRESSION("disk", "In", "\"hdd\"")), NODE(""), NO_MATCH },
	{ NEEDS(EXPRESSION("disk", "NotIn", "\"ssd\"")), NODE(""), NO_MATCH },
	{ NEEDS(EXPRESSION("zone", "NotIn", "\"a\"")), NODE(""), NULL },
	{ NEEDS(EXPRESSION("zone", "Exists", "")), NODE(""), NO_MATCH },
	{ NEEDS(EXPRESSION("zone", "DoesNotExist", "")), NODE(""), NULL },
	{ NEEDS(EXPRESSION("size", "Gt", "\"9\"")), NODE(""), NULL },
	{ NEEDS(EXPRESSION("size", "Gt", "\"10\"")), NODE(""), NO_MATCH },
	{ NEEDS(EXPRESSION("size", "Lt", "\"11\"")), NODE(""), NULL },
	{ NEEDS(EXPRESSION("disk", "Gt", "\"1\"")), NODE(""), NO_MATCH },
	{ NEEDS(EXPRESSION("zone", "Exists", "") "," EXPRESSION("disk", "Exists", "")), NODE(""), NULL },
	{ NEEDS("{}"), NODE(""), NO_MATCH },
	{ NEEDS("{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"n1\"]}]}"), NODE(""), NULL },
	{ NEEDS("{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"n2\"]}]}"), NODE(""), NO_MATCH },
	{ "{\"spec\":{\"containers\":[" C("2", "100") "]}}", NODE(""), NULL },
	{ "{\"spec\":{\"containers\":[" C("2001m", "100") "]}}", NODE(""), "Insufficient cpu" },
	{ "{\"spec\":{\"containers\":[" C("2", "101") "]}}", NODE(""), "Insufficient memory" },
	{ "{\"spec\":{\"containers\":[{\"resources\":{\"requests\":{\"ephemeral-storage\":\"101\"}}}]}}", NODE(""), "Insufficient ephemeral-storage" },
};

static const char *check(const char *pod_text, const char *node_text, struct fit_use used, const struct fit_ports *ports) {
	yyjson_mut_val *pod = json(pod_text), *node = json(node_text);
	struct fit_use wants = fit_requests(pod);
	struct fit_node n = { node, used, fit_allocatable(node), ports };
	return fit_check(a, pod, &wants, &n);
}

START_TEST(filters) {
	const char *why = check(fits[_i].pod, fits[_i].node, (struct fit_use){ 0 }, NULL);
	if (fits[_i].why) ck_assert_pstr_eq(why, fits[_i].why);
	else ck_assert_msg(why == NULL, "%s does not fit: %s", fits[_i].pod, why);
}
END_TEST

START_TEST(what_others_use_is_gone) {
	ck_assert_pstr_eq(check(PLAIN, NODE(""), (struct fit_use){ .pods = 3 }, NULL), "Too many pods");
	ck_assert_ptr_null(check(PLAIN, NODE(""), (struct fit_use){ .pods = 2, .cpu = 5000 }, NULL));
	ck_assert_pstr_eq(check("{\"spec\":{\"containers\":[" C("1", "1") "]}}", NODE(""), (struct fit_use){ .cpu = 1001 }, NULL), "Insufficient cpu");
}
END_TEST

#define PORT(port, protocol, ip) "{\"spec\":{\"containers\":[{\"ports\":[{\"containerPort\":1,\"hostPort\":" port ",\"protocol\":\"" protocol "\",\"hostIP\":\"" ip "\"}]}]}}"
#define TAKEN "node(s) didn't have free ports for the requested pod ports"
static const struct { const char *one, *two, *why; } ports[] = {
	{ PORT("80", "TCP", ""), PORT("80", "TCP", ""), TAKEN },
	{ PORT("80", "TCP", ""), PORT("81", "TCP", ""), NULL },
	{ PORT("80", "TCP", ""), PORT("80", "UDP", ""), NULL },
	{ PORT("80", "TCP", "127.0.0.1"), PORT("80", "TCP", "127.0.0.2"), NULL },
	{ PORT("80", "TCP", "127.0.0.1"), PORT("80", "TCP", "127.0.0.1"), TAKEN },
	{ PORT("80", "TCP", "127.0.0.1"), PORT("80", "TCP", "0.0.0.0"), TAKEN },
	{ PLAIN, PORT("80", "TCP", ""), NULL },
};

START_TEST(host_ports) {
	const struct fit_ports *used = fit_host_ports(a, json(ports[_i].one), NULL);
	ck_assert_pstr_eq(check(ports[_i].two, NODE(""), (struct fit_use){ 0 }, used), ports[_i].why);
}
END_TEST

static int64_t score(const char *pod_text, struct fit_use used) {
	yyjson_mut_val *pod = json(pod_text), *node = json(NODE(""));
	struct fit_use wants = fit_requests(pod);
	struct fit_node n = { node, used, fit_allocatable(node), NULL };
	return fit_score(a, pod, &wants, &n);
}

START_TEST(the_emptier_node_is_better) {
	ck_assert_int_gt(score(PLAIN, (struct fit_use){ 0 }), score(PLAIN, (struct fit_use){ .cpu = 1000 }));
	ck_assert_int_gt(score(PLAIN, (struct fit_use){ .cpu = 1000 }), score(PLAIN, (struct fit_use){ .cpu = 1000, .memory = 50 }));
	ck_assert_int_gt(score(PLAIN, (struct fit_use){ 0 }), score(PLAIN, (struct fit_use){ .pods = 1 }));
}
END_TEST

#define PREFERS(key, weight) POD("\"affinity\":{\"nodeAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{\"weight\":" weight ",\"preference\":" EXPRESSION(key, "Exists", "") "}]}}")
START_TEST(preferences_weigh) {
	ck_assert_int_eq(score(PREFERS("disk", "40"), (struct fit_use){ 0 }), score(PLAIN, (struct fit_use){ 0 }) + 40);
	ck_assert_int_eq(score(PREFERS("zone", "40"), (struct fit_use){ 0 }), score(PLAIN, (struct fit_use){ 0 }));
}
END_TEST

int main(void) {
	Suite *s = suite_create("control fit");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, requests_add_up, 0, ELEMENTSOF(requests));
	tcase_add_test(t, allocatable_before_capacity);
	tcase_add_loop_test(t, filters, 0, ELEMENTSOF(fits));
	tcase_add_test(t, what_others_use_is_gone);
	tcase_add_loop_test(t, host_ports, 0, ELEMENTSOF(ports));
	tcase_add_test(t, the_emptier_node_is_better);
	tcase_add_test(t, preferences_weigh);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
