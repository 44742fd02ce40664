/* SPDX-License-Identifier: Apache-2.0 */
/* What single kinds do in their own way, through the whole request path. */
#include "fixture.h"

#include <stdlib.h>

static struct fixture f;
static void up(void) { fixture_up(&f); }
static void down(void) { fixture_down(&f); }

static void made(const char *target, const char *body) {
	struct answer a = fixture_call(&f, "POST", target, body, NULL);
	ck_assert_msg(a.status == 201, "%s: %d %s", target, a.status, answer_text(&f, &a));
}

#define PODS "/api/v1/namespaces/default/pods"
#define POD(name) "{'metadata':{'name':'" name "'},'spec':{'automountServiceAccountToken':false,'containers':[{'name':'c','image':'i'}]}}"
#define ACCOUNT "{'metadata':{'name':'default'}}"

static void make_pod(const char *text) {
	(void)fixture_call(&f, "POST", "/api/v1/namespaces/default/serviceaccounts", ACCOUNT, NULL);
	made(PODS, text);
}

START_TEST(a_dry_run_answers_what_would_have_been_stored) {
	struct answer a = fixture_call(&f, "POST", "/apis/storage.k8s.io/v1/csinodes?dryRun=All", "{'metadata':{'name':'c'},'spec':{'drivers':[]}}", NULL);
	ck_assert_int_eq(a.status, 201);
	ck_assert_ptr_nonnull(strstr(answer_text(&f, &a), "\"drivers\":null"));
}
END_TEST

START_TEST(a_v1_autoscaler_without_metrics_has_no_annotation_of_them) {
	struct answer a = fixture_call(&f, "POST", "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers",
				       "{'metadata':{'name':'h'},'spec':{'maxReplicas':3,'scaleTargetRef':{'apiVersion':'apps/v1','kind':'Deployment','name':'d'}}}", NULL);
	ck_assert_int_eq(a.status, 201);
	ck_assert_ptr_null(strstr(answer_text(&f, &a), "current-metrics"));
}
END_TEST

START_TEST(evictions_of_the_old_version_are_taken) {
	make_pod(POD("p"));
	struct answer a = fixture_call(&f, "POST", PODS "/p/eviction", "{'apiVersion':'policy/v1beta1','kind':'Eviction','metadata':{'name':'p'}}", NULL);
	ck_assert_msg(a.status == 201, "%s", answer_text(&f, &a));
}
END_TEST

START_TEST(a_binding_binds_the_pod_it_names) {
	static const char body[] = "{'metadata':{'name':'b'},'target':{'kind':'Node','name':'n1'}}";
	make_pod(POD("b"));
	made("/api/v1/namespaces/default/bindings", body);
	struct answer a = fixture_get(&f, PODS "/b");
	ck_assert_str_eq(answer_str(&f, &a, "spec.nodeName"), "n1");
	a = fixture_call(&f, "POST", "/api/v1/namespaces/default/bindings", body, NULL);
	ck_assert_int_eq(a.status, 409);
	ck_assert_str_eq(answer_str(&f, &a, "message"), "Operation cannot be fulfilled on pods/binding \"b\": pod b is already assigned to node \"n1\"");
}
END_TEST

START_TEST(access_may_be_asked_for_in_a_namespace_that_ends) {
	made("/api/v1/namespaces", "{'metadata':{'name':'e'}}");
	struct answer a = fixture_call(&f, "DELETE", "/api/v1/namespaces/e", NULL, NULL);
	ck_assert_int_eq(a.status, 200);
	made("/apis/authorization.k8s.io/v1/namespaces/e/localsubjectaccessreviews",
	     "{'spec':{'user':'x','resourceAttributes':{'namespace':'e','verb':'get','resource':'pods'}}}");
	a = fixture_call(&f, "POST", "/api/v1/namespaces/e/configmaps", "{'metadata':{'name':'c'}}", NULL);
	ck_assert_int_eq(a.status, 403);
}
END_TEST

START_TEST(external_services_have_no_traffic_policy) {
	static const char *const merge[] = { "content-type", "application/merge-patch+json", NULL };
	made("/api/v1/namespaces/default/services", "{'metadata':{'name':'s'},'spec':{'ports':[{'port':80}]}}");
	struct answer a = fixture_call(&f, "PATCH", "/api/v1/namespaces/default/services/s",
				       "{'spec':{'type':'ExternalName','externalName':'x.example','clusterIP':null,'clusterIPs':null}}", merge);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&f, &a, "spec.internalTrafficPolicy"), "");
}
END_TEST

int main(void) {
	Suite *s = suite_create("kinds");
	TCase *t = tcase_create("kinds");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, up, down);
	tcase_add_test(t, a_dry_run_answers_what_would_have_been_stored);
	tcase_add_test(t, a_v1_autoscaler_without_metrics_has_no_annotation_of_them);
	tcase_add_test(t, evictions_of_the_old_version_are_taken);
	tcase_add_test(t, a_binding_binds_the_pod_it_names);
	tcase_add_test(t, access_may_be_asked_for_in_a_namespace_that_ends);
	tcase_add_test(t, external_services_have_no_traffic_policy);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
