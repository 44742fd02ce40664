/* SPDX-License-Identifier: Apache-2.0 */
/* What admission decides without a server: pod security checks. */
#include "api/admit/pod_security/policy.h"

#include <check.h>
#include <stdlib.h>

static struct arena *a;

static void setup(void) { a = arena_new(0); }
static void teardown(void) { a = arena_free(a); }

static yyjson_mut_val *tree(const char *text) {
	yyjson_mut_doc *doc;
	struct json_error err;
	ck_assert_int_eq(json_parse(a, slice_str(text), &doc, &err), 0);
	return yyjson_mut_doc_get_root(doc);
}

static const struct {
	enum ps_level level;
	unsigned minor;
	const char *pod, *found; /* NULL: allowed */
} pods[] = {
	{ PS_PRIVILEGED, PS_LATEST, "{\"spec\":{\"hostNetwork\":true}}", NULL },
	{ PS_BASELINE, PS_LATEST, "{\"spec\":{\"hostNetwork\":true,\"hostIPC\":true}}", "host namespaces (hostNetwork=true, hostIPC=true)" },
	{ PS_BASELINE, PS_LATEST, "{\"spec\":{\"initContainers\":[{\"name\":\"i\",\"securityContext\":{\"privileged\":true}}],\"containers\":[{\"name\":\"c\",\"securityContext\":{\"privileged\":true}}]}}",
	  "privileged (containers \"i\", \"c\" must not set securityContext.privileged=true)" },
	{ PS_BASELINE, PS_LATEST, "{\"spec\":{\"containers\":[{\"name\":\"c\",\"ports\":[{\"hostPort\":90},{\"hostPort\":80}]}]}}", "hostPort (container \"c\" uses hostPorts 80, 90)" },
	{ PS_BASELINE, PS_LATEST, "{\"spec\":{\"containers\":[{\"name\":\"c\",\"livenessProbe\":{\"httpGet\":{\"host\":\"h\"}}}]}}",
	  "probe or lifecycle host (container \"c\" uses probe or lifecycle host \"h\")" },
	{ PS_BASELINE, 33, "{\"spec\":{\"containers\":[{\"name\":\"c\",\"livenessProbe\":{\"httpGet\":{\"host\":\"h\"}}}]}}", NULL },
	{ PS_BASELINE, 26, "{\"spec\":{\"securityContext\":{\"sysctls\":[{\"name\":\"net.ipv4.ip_local_reserved_ports\"}]}}}",
	  "forbidden sysctls (net.ipv4.ip_local_reserved_ports)" },
	{ PS_BASELINE, 27, "{\"spec\":{\"securityContext\":{\"sysctls\":[{\"name\":\"net.ipv4.ip_local_reserved_ports\"}]}}}", NULL },
	{ PS_BASELINE, PS_LATEST, "{\"spec\":{\"securityContext\":{\"seLinuxOptions\":{\"type\":\"spc_t\",\"user\":\"u\"}}}}",
	  "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"spc_t\"; user may not be set)" },
	{ PS_BASELINE, 18, "{\"metadata\":{\"annotations\":{\"seccomp.security.alpha.kubernetes.io/pod\":\"unconfined\"}},\"spec\":{}}",
	  "seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod=\"unconfined\")" },
	{ PS_RESTRICTED, PS_LATEST, "{\"spec\":{\"securityContext\":{\"runAsNonRoot\":true,\"seccompProfile\":{\"type\":\"Localhost\"}},\"containers\":[{\"name\":\"c\",\"securityContext\":"
	  "{\"allowPrivilegeEscalation\":false,\"capabilities\":{\"drop\":[\"ALL\"],\"add\":[\"CHOWN\"]}}}]}}",
	  "unrestricted capabilities (container \"c\" must not include \"CHOWN\" in securityContext.capabilities.add)" },
	{ PS_RESTRICTED, 7, "{\"spec\":{\"securityContext\":{\"runAsNonRoot\":true},\"volumes\":[{\"name\":\"v\",\"hostPath\":{}}]}}",
	  "hostPath volumes (volume \"v\"), restricted volume types (volume \"v\" uses restricted volume type \"hostPath\")" },
};

START_TEST(pod_security_findings) {
	const yyjson_mut_val *pod = tree(pods[_i].pod);
	struct ps_pod p = { a, json_get(pod, "metadata"), json_get(pod, "spec") };
	const char *found = ps_violations(&p, (struct ps_policy){ pods[_i].level, pods[_i].minor }, NULL);
	if (pods[_i].found) ck_assert_pstr_eq(found, pods[_i].found);
	else ck_assert_ptr_null(found);
}
END_TEST

int main(void) {
	Suite *s = suite_create("admit");
	TCase *t = tcase_create("admit");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, pod_security_findings, 0, (int)ELEMENTSOF(pods));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
