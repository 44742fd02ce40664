/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of what a pod gets: environment, files, resources, back-off, downward API, log ends. */
#include "node/cni.h"
#include "node/limits.h"
#include "node/pod/admission.h"
#include "node/pod/backoff.h"
#include "node/pod/envlist.h"
#include "node/pod/exit_message.h"
#include "node/pod/expansion.h"
#include "node/pod/field.h"
#include "node/pod/network_files.h"
#include "node/pod/resources.h"
#include "node/tokens.h"

#include <check.h>
#include <errno.h>

static struct arena *a;
static void setup(void) { a = arena_new(0); }
static void teardown(void) { a = arena_free(a); }

static const yyjson_mut_val *parse(const char *json) {
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	ck_assert_int_eq(json_parse(a, slice_str(json), &doc, &err), 0);
	return yyjson_mut_doc_get_root(doc);
}

static bool lookup(void *ctx, struct slice name, struct slice *ret) {
	if (!slice_eqs(name, "A")) return false;
	*ret = SLICE_LIT("value");
	return true;
}

static const struct { const char *text, *expanded; } expansions[] = {
	{ "$(A)", "value" }, { "x$(A)y$(A)", "xvalueyvalue" }, { "$$(A)", "$(A)" }, { "$(B)", "$(B)" }, { "$A", "$A" }, { "$(A", "$(A" }, { "$", "$" },
	{ "a$", "a$" }, { "$$$(A)", "$value" }, { "$()", "$()" }, { "", "" }, { "$(A)$", "value$" },
};

START_TEST(references_are_expanded) {
	_cleanup_buf_ struct buf b = BUF_INIT(1000);
	ck_assert_int_eq(expand_references(&b, slice_str(expansions[_i].text), lookup, NULL), 0);
	ck_assert_msg(slice_eqs(buf_slice(&b), expansions[_i].expanded), "%s became %.*s", expansions[_i].text, SLICE_FMT(buf_slice(&b)));
}
END_TEST

START_TEST(services_become_variables) {
	struct env_list l = { .arena = a };
	static const char *const want[][2] = {
		{ "MY_SVC_SERVICE_HOST", "10.0.0.1" }, { "MY_SVC_SERVICE_PORT", "80" }, { "MY_SVC_SERVICE_PORT_WEB_UI", "80" }, { "MY_SVC_PORT", "tcp://10.0.0.1:80" },
		{ "MY_SVC_PORT_80_TCP", "tcp://10.0.0.1:80" }, { "MY_SVC_PORT_80_TCP_PROTO", "tcp" }, { "MY_SVC_PORT_80_TCP_PORT", "80" }, { "MY_SVC_PORT_80_TCP_ADDR", "10.0.0.1" },
		{ "MY_SVC_PORT_53_UDP", "udp://10.0.0.1:53" },
	};
	ck_assert_int_eq(env_list_add_service(&l, parse("{\"metadata\":{\"name\":\"my-svc\"},\"spec\":{\"clusterIP\":\"10.0.0.1\",\"ports\":[{\"name\":\"web-ui\",\"port\":80,\"protocol\":\"TCP\"},{\"port\":53,\"protocol\":\"UDP\"}]}}")), 0);
	for (size_t i = 0; i < ELEMENTSOF(want); i++) {
		struct slice v;
		ck_assert_msg(env_list_get(&l, slice_str(want[i][0]), &v) && slice_eqs(v, want[i][1]), "%s", want[i][0]);
	}
	ck_assert_uint_eq(l.n, 12);
	ck_assert_int_eq(env_list_add_service(&l, parse("{\"metadata\":{\"name\":\"h\"},\"spec\":{\"clusterIP\":\"None\",\"ports\":[{\"port\":1}]}}")), 0);
	ck_assert_uint_eq(l.n, 12);
}
END_TEST

START_TEST(ipv6_services_are_bracketed_in_urls_only) {
	struct env_list l = { .arena = a };
	struct slice v;
	ck_assert_int_eq(env_list_add_service(&l, parse("{\"metadata\":{\"name\":\"s\"},\"spec\":{\"clusterIP\":\"fd00::1\",\"ports\":[{\"port\":1}]}}")), 0);
	ck_assert(env_list_get(&l, SLICE_LIT("S_PORT"), &v) && slice_eqs(v, "tcp://[fd00::1]:1"));
	ck_assert(env_list_get(&l, SLICE_LIT("S_SERVICE_HOST"), &v) && slice_eqs(v, "fd00::1"));
}
END_TEST

#define HOSTS_HEAD "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n" \
		   "fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"

static const struct { const char *pod, *text; } hosts[] = {
	{ "{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\"},\"spec\":{}}", HOSTS_HEAD "10.1.1.1\tp\n" },
	{ "{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\"},\"spec\":{\"subdomain\":\"s\"}}", HOSTS_HEAD "10.1.1.1\tp.s.n.svc.cluster.local\tp\n" },
	{ "{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\"},\"spec\":{\"hostAliases\":[{\"ip\":\"1.2.3.4\",\"hostnames\":[\"a\",\"b\"]}]}}",
	  HOSTS_HEAD "10.1.1.1\tp\n\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n" },
	{ "{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\"},\"spec\":{\"hostNetwork\":true}}", "# Kubernetes-managed hosts file (host network).\n1.1.1.1 own\n" },
};

START_TEST(hosts_files_are_as_the_kubelets) {
	_cleanup_buf_ struct buf b = BUF_INIT(10000);
	const yyjson_mut_val *pod = parse(hosts[_i].pod);
	const char *name = pod_hostname(a, pod, "node", "cluster.local");
	ck_assert_int_eq(pod_hosts_write(&b, a, pod, "10.1.1.1", name, "cluster.local", SLICE_LIT("1.1.1.1 own\n")), 0);
	ck_assert_msg(slice_eqs(buf_slice(&b), hosts[_i].text), "%.*s", SLICE_FMT(buf_slice(&b)));
}
END_TEST

static const struct { const char *spec, *text; } resolvs[] = {
	{ "\"dnsPolicy\":\"ClusterFirst\"", "search n.svc.cluster.local svc.cluster.local cluster.local home.example\nnameserver 10.96.0.10\noptions ndots:5\n" },
	{ "\"dnsPolicy\":\"Default\"", "search home.example\nnameserver 9.9.9.9\noptions timeout:3\n" },
	{ "\"dnsPolicy\":\"ClusterFirst\",\"hostNetwork\":true", "search home.example\nnameserver 9.9.9.9\noptions timeout:3\n" },
	{ "\"dnsPolicy\":\"ClusterFirstWithHostNet\",\"hostNetwork\":true", "search n.svc.cluster.local svc.cluster.local cluster.local home.example\nnameserver 10.96.0.10\noptions ndots:5\n" },
	{ "\"dnsPolicy\":\"None\",\"dnsConfig\":{\"nameservers\":[\"1.1.1.1\"],\"searches\":[\"x.y\"],\"options\":[{\"name\":\"edns0\"}]}", "search x.y\nnameserver 1.1.1.1\noptions edns0\n" },
	{ "\"dnsPolicy\":\"ClusterFirst\",\"dnsConfig\":{\"nameservers\":[\"1.1.1.1\",\"2.2.2.2\",\"3.3.3.3\"],\"options\":[{\"name\":\"ndots\",\"value\":\"2\"}]}",
	  "search n.svc.cluster.local svc.cluster.local cluster.local home.example\nnameserver 10.96.0.10\nnameserver 1.1.1.1\nnameserver 2.2.2.2\noptions ndots:2\n" },
};

START_TEST(resolv_conf_follows_the_policy) {
	_cleanup_buf_ struct buf b = BUF_INIT(10000);
	struct resolv_facts f = { "10.96.0.10", "cluster.local", SLICE_LIT("# c\nsearch old\nsearch home.example.\nnameserver 9.9.9.9\noptions timeout:3\n") };
	struct resolv_notes notes;
	const yyjson_mut_val *pod = parse(arena_printf(a, "{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\"},\"spec\":{%s}}", resolvs[_i].spec));
	ck_assert_int_eq(pod_resolv_write(&b, a, pod, &f, &notes), 0);
	ck_assert_msg(slice_eqs(buf_slice(&b), resolvs[_i].text), "%.*s", SLICE_FMT(buf_slice(&b)));
	ck_assert(notes.nameservers_dropped == (_i == 5));
}
END_TEST

START_TEST(hostnames_are_cut_and_trimmed) {
	const char *long_name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa--bbb";
	const char *name = pod_hostname(a, parse(arena_printf(a, "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"n\"},\"spec\":{}}", long_name)), "node", "d");
	ck_assert_uint_eq(strlen(name), 62);
	ck_assert_str_eq(pod_hostname(a, parse("{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\"},\"spec\":{\"hostname\":\"h\",\"subdomain\":\"s\",\"setHostnameAsFQDN\":true}}"), "node", "d"), "h.s.n.svc.d");
}
END_TEST

static const struct { const char *resources, *qos; } classes[] = {
	{ "{}", "BestEffort" }, { "{\"requests\":{\"cpu\":\"1\"}}", "Burstable" }, { "{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}}", "Guaranteed" },
	{ "{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"},\"requests\":{\"cpu\":\"500m\"}}", "Burstable" }, { "{\"limits\":{\"cpu\":\"1\"}}", "Burstable" },
};

START_TEST(qos_classes) {
	ck_assert_str_eq(pod_qos_class(parse(arena_printf(a, "{\"spec\":{\"containers\":[{\"resources\":%s}]}}", classes[_i].resources))), classes[_i].qos);
}
END_TEST

START_TEST(requests_are_summed_as_containers_run) {
	const yyjson_mut_val *pod = parse("{\"spec\":{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"100m\"}}},{\"resources\":{\"limits\":{\"cpu\":\"1\"}}}],"
					  "\"initContainers\":[{\"resources\":{\"requests\":{\"cpu\":\"1\"}}},{\"restartPolicy\":\"Always\",\"resources\":{\"requests\":{\"cpu\":\"200m\"}}},"
					  "{\"resources\":{\"requests\":{\"cpu\":\"2\"}}}],\"overhead\":{\"cpu\":\"10m\"}}}");
	ck_assert_int_eq(quantity_milli(pod_request(pod, "cpu")), 2210);
}
END_TEST

START_TEST(limits_become_cgroup_numbers) {
	ck_assert_uint_eq(cpu_shares_of(0), 2);
	ck_assert_uint_eq(cpu_shares_of(500), 512);
	ck_assert_int_eq(cpu_quota_of(0), 0);
	ck_assert_int_eq(cpu_quota_of(5), 1000);
	ck_assert_int_eq(cpu_quota_of(1500), 150000);
	ck_assert_int_eq(oom_score_adj_of("Guaranteed", 0, 1, false), -997);
	ck_assert_int_eq(oom_score_adj_of("BestEffort", 0, 1, false), 1000);
	ck_assert_int_eq(oom_score_adj_of("Burstable", 500, 1000, false), 500);
	ck_assert_int_eq(oom_score_adj_of("Burstable", 1000, 1000, false), 3);
	ck_assert_int_eq(oom_score_adj_of("Burstable", 0, 1000, false), 999);
}
END_TEST

START_TEST(rooms_that_are_full_say_so) {
	struct admission_room r = { "cpu", 2000, 1500, 600 };
	char *text = admission_check(&r);
	ck_assert_str_eq(text, "Node didn't have enough resource: cpu, requested: 600, used: 1500, capacity: 2000");
	free(text);
	r.requested = 500;
	ck_assert_ptr_null(admission_check(&r));
}
END_TEST

START_TEST(backoff_doubles_and_forgets) {
	struct backoff b = { 0 };
	ck_assert_uint_eq(backoff_left(&b, 1000, 1000), 0);
	ck_assert_uint_eq(backoff_fail(&b, 1000, 1000), 10000);
	ck_assert_uint_eq(backoff_left(&b, 2000, 5000), 7000);
	ck_assert_uint_eq(backoff_fail(&b, 12000, 22000), 20000);
	for (int i = 0; i < 10; i++) backoff_fail(&b, 22000, 22000);
	ck_assert_uint_eq(b.delay_ms, 300000);
	ck_assert_uint_eq(backoff_left(&b, 22000 + 600001, 22000 + 600002), 0);
	ck_assert_uint_eq(backoff_fail(&b, 22000 + 600001, 22000 + 600001), 10000);
}
END_TEST

START_TEST(fields_are_told_as_text) {
	struct field_facts f = { .pod = parse("{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\",\"labels\":{\"b\":\"2\",\"a\":\"1\\\"\"},\"annotations\":{\"x/y\":\"z\"}},\"spec\":{\"serviceAccountName\":\"sa\"}}"),
				 .node_name = SLICE_LIT("node"), .pod_ip = SLICE_LIT("10.0.0.1"), .host_ip = SLICE_LIT("192.0.2.1"), .node_milli_cpu = 2000, .node_memory = 1 << 30 };
	static const char *const want[][2] = {
		{ "metadata.name", "p" }, { "metadata.labels", "a=\"1\\\"\"\nb=\"2\"" }, { "metadata.labels['b']", "2" }, { "metadata.annotations['x/y']", "z" },
		{ "metadata.annotations['none']", "" }, { "spec.nodeName", "node" }, { "status.podIP", "10.0.0.1" }, { "status.hostIP", "192.0.2.1" }, { "spec.serviceAccountName", "sa" },
	};
	const char *why;
	struct slice v;
	for (size_t i = 0; i < ELEMENTSOF(want); i++) {
		ck_assert_int_eq(field_value(a, &f, slice_str(want[i][0]), &v, &why), 0);
		ck_assert_msg(slice_eqs(v, want[i][1]), "%s: %.*s", want[i][0], SLICE_FMT(v));
	}
	ck_assert_int_eq(field_value(a, &f, SLICE_LIT("spec.nope"), &v, &why), -EINVAL);
	const yyjson_mut_val *c = parse("{\"resources\":{\"limits\":{\"cpu\":\"1500m\"},\"requests\":{\"memory\":\"1Mi\"}}}");
	ck_assert_int_eq(resource_field_value(a, &f, c, parse("{\"resource\":\"limits.cpu\"}"), &v, &why), 0);
	ck_assert(slice_eqs(v, "2"));
	ck_assert_int_eq(resource_field_value(a, &f, c, parse("{\"resource\":\"limits.cpu\",\"divisor\":\"1m\"}"), &v, &why), 0);
	ck_assert(slice_eqs(v, "1500"));
	ck_assert_int_eq(resource_field_value(a, &f, c, parse("{\"resource\":\"limits.memory\",\"divisor\":\"1Mi\"}"), &v, &why), 0);
	ck_assert(slice_eqs(v, "1024"));
	ck_assert_int_eq(resource_field_value(a, &f, c, parse("{\"resource\":\"requests.memory\"}"), &v, &why), 0);
	ck_assert(slice_eqs(v, "1048576"));
}
END_TEST

START_TEST(the_end_of_a_log_is_the_message) {
	_cleanup_buf_ struct buf log = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20), cut = BUF_INIT(1 << 20);
	for (int i = 0; i < 100; i++) buf_printf(&log, "2026-01-01T00:00:00Z stdout F line %d\n", i);
	ck_assert_int_eq(exit_message_from_log(&out, buf_slice(&log)), 0);
	ck_assert(slice_starts(buf_slice(&out), SLICE_LIT("line 20\n")) && slice_ends(buf_slice(&out), SLICE_LIT("line 99\n")));
	buf_clear(&log);
	buf_puts(&log, "t stdout P half \nt stdout F whole\n");
	ck_assert_int_eq(exit_message_from_log(&cut, buf_slice(&log)), 0);
	ck_assert(slice_eqs(buf_slice(&cut), "half whole\n"));
}
END_TEST

START_TEST(tokens_are_renewed_at_four_fifths) {
	/* 3607 s: 721 s before the end, counted in whole seconds. */
	ck_assert(!token_needs_refresh(10000 + 3607 - 721, 10000 + 3607, 3607, 0));
	ck_assert(token_needs_refresh(10000 + 3607 - 720, 10000 + 3607, 3607, 0));
	ck_assert(token_needs_refresh(10000 + 3607 - 729, 10000 + 3607, 3607, 9));
	ck_assert(token_needs_refresh(24 * 3600 + 1, 31536000, 31536000, 0));
	ck_assert(!token_needs_refresh(24 * 3600, 31536000, 31536000, 0));
}
END_TEST

START_TEST(plugins_get_the_pods_ports) {
	struct cni_network n = { .bridge = "k8c0", .subnet = "10.1.0.0/24", .state_dir = "/x" };
	struct cni_port p[] = { { 8080, 80, "tcp", NULL }, { 53, 5353, "udp", "127.0.0.1" } };
	_cleanup_buf_ struct buf b = BUF_INIT(10000), c = BUF_INIT(10000);
	ck_assert_int_eq(cni_bridge_config(&b, &n), 0);
	ck_assert(slice_eqs(json_path_str(parse(arena_slice_str(a, buf_slice(&b))), "ipam.dataDir"), "/x"));
	ck_assert_int_eq(cni_portmap_config(&c, &n, p, 2, SLICE_LIT("{\"ips\":[]}")), 0);
	yyjson_mut_val *ports = json_path(parse(arena_slice_str(a, buf_slice(&c))), "runtimeConfig.portMappings");
	ck_assert_uint_eq(yyjson_mut_arr_size(ports), 2);
	ck_assert(slice_eqs(json_path_str(yyjson_mut_arr_get(ports, 1), "hostIP"), "127.0.0.1"));
	const char *ip;
	ck_assert_int_eq(cni_result_ip(a, SLICE_LIT("{\"ips\":[{\"address\":\"10.1.0.2/24\"}]}"), &ip), 0);
	ck_assert_str_eq(ip, "10.1.0.2");
	ck_assert_int_eq(cni_result_ip(a, SLICE_LIT("{\"ips\":[]}"), &ip), -EBADMSG);
	ck_assert_int_eq(cni_result_ip(a, SLICE_LIT("junk"), &ip), -EBADMSG);
}
END_TEST

int main(void) {
	Suite *s = suite_create("node-pod");
	TCase *t = tcase_create("pod");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, references_are_expanded, 0, ELEMENTSOF(expansions));
	tcase_add_test(t, services_become_variables);
	tcase_add_test(t, ipv6_services_are_bracketed_in_urls_only);
	tcase_add_loop_test(t, hosts_files_are_as_the_kubelets, 0, ELEMENTSOF(hosts));
	tcase_add_loop_test(t, resolv_conf_follows_the_policy, 0, ELEMENTSOF(resolvs));
	tcase_add_test(t, hostnames_are_cut_and_trimmed);
	tcase_add_loop_test(t, qos_classes, 0, ELEMENTSOF(classes));
	tcase_add_test(t, requests_are_summed_as_containers_run);
	tcase_add_test(t, limits_become_cgroup_numbers);
	tcase_add_test(t, rooms_that_are_full_say_so);
	tcase_add_test(t, backoff_doubles_and_forgets);
	tcase_add_test(t, fields_are_told_as_text);
	tcase_add_test(t, the_end_of_a_log_is_the_message);
	tcase_add_test(t, tokens_are_renewed_at_four_fifths);
	tcase_add_test(t, plugins_get_the_pods_ports);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
