/* SPDX-License-Identifier: Apache-2.0 */
/* The filters in front of the verbs: who is refused, with which words, in which order. */
#include "fixture.h"

static struct fixture f;
static void up(void) { fixture_up(&f); }
static void down(void) { fixture_down(&f); }

static struct answer as(const char *user, const char *groups, const char *method, const char *target) {
	return fixture_call_as(&f, user, groups, method, target, NULL, NULL);
}

START_TEST(who_brings_nothing_is_anonymous) {
	struct answer a = as(NULL, "", "GET", "/api/v1/pods");
	ck_assert_int_eq(a.status, 403);
	ck_assert_str_eq(answer_str(&f, &a, "message"), "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" at the cluster scope");
	ck_assert_str_eq(answer_header(&f, &a, "x-content-type-options"), "nosniff");
	a = as(NULL, "", "GET", "/version");
	ck_assert_int_eq(a.status, 200);
}
END_TEST

START_TEST(a_bad_token_is_never_anonymous) {
	static const char *const headers[] = { "authorization", "Bearer abc", NULL };
	struct answer a = fixture_call_as(&f, NULL, "", "GET", "/version", NULL, headers);
	ck_assert_int_eq(a.status, 401);
	ck_assert_str_eq(answer_text(&f, &a), "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"Unauthorized\","
					      "\"reason\":\"Unauthorized\",\"code\":401}\n");
}
END_TEST

START_TEST(a_bad_timeout_is_told_before_authentication) {
	static const char *const headers[] = { "authorization", "Bearer abc", NULL };
	struct answer a = fixture_call_as(&f, NULL, "", "GET", "/version?timeout=abc", NULL, headers);
	ck_assert_int_eq(a.status, 400);
	ck_assert_str_eq(answer_str(&f, &a, "message"), "invalid timeout specified in the request URL - time: invalid duration \"abc\"");
}
END_TEST

START_TEST(what_may_not_be_seen_is_not_told_to_be_missing) {
	struct answer a = as("alice", "system:authenticated", "GET", "/apis/foo/v1/namespaces/x/bars/y");
	ck_assert_int_eq(a.status, 403);
	ck_assert_str_eq(answer_str(&f, &a, "message"), "bars.foo \"y\" is forbidden: User \"alice\" cannot get resource \"bars\" in API group \"foo\" in the namespace \"x\"");
	a = fixture_get(&f, "/apis/foo/v1/namespaces/x/bars/y");
	ck_assert_str_eq(answer_text(&f, &a), "404 page not found\n");
	a = fixture_get(&f, "/api/v1/namespaces/x/bars/y");
	ck_assert_str_eq(answer_str(&f, &a, "message"), "the server could not find the requested resource");
}
END_TEST

START_TEST(impersonation_has_to_be_allowed) {
	static const char *const bob[] = { "impersonate-user", "bob", NULL };
	struct answer a = fixture_call_as(&f, "alice", "system:authenticated", "GET", "/api/v1/pods", NULL, bob);
	ck_assert_int_eq(a.status, 403);
	ck_assert_str_eq(answer_str(&f, &a, "message"), "users \"bob\" is forbidden: User \"alice\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope");
	a = fixture_call(&f, "GET", "/api/v1/pods", NULL, bob);
	ck_assert_int_eq(a.status, 403);
	ck_assert_int_ge(slice_find(a.body, SLICE_LIT("User \\\"bob\\\" cannot list")), 0);
}
END_TEST

START_TEST(methods_and_types_of_routes) {
	static const char *const html[] = { "accept", "text/html", NULL }, *const form[] = { "content-type", "application/x-www-form-urlencoded", NULL };
	ck_assert_int_eq(fixture_call(&f, "POST", "/api/v1/pods", "{}", NULL).status, 405);
	ck_assert_int_eq(fixture_call(&f, "HEAD", "/api/v1/pods", NULL, NULL).status, 405);
	ck_assert_int_eq(fixture_call(&f, "GET", "/api/v1/pods", NULL, html).status, 406);
	ck_assert_int_eq(fixture_call(&f, "POST", "/api/v1/namespaces/default/configmaps", "a=b", form).status, 415);
	ck_assert_int_eq(fixture_call(&f, "PATCH", "/api/v1/namespaces/default/configmaps/x", "{}", form).status, 415);
	ck_assert_int_eq(fixture_get(&f, "/api/v1/namespaces/default/nodes").status, 404);
}
END_TEST

START_TEST(health_and_metrics) {
	struct answer a = fixture_get(&f, "/readyz?verbose");
	ck_assert_int_eq(a.status, 200);
	ck_assert(slice_starts(a.body, SLICE_LIT("[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]etcd-readiness ok\n")));
	ck_assert(slice_ends(a.body, SLICE_LIT("readyz check passed\n")));
	ck_assert_int_eq(fixture_get(&f, "/readyz/nosuch").status, 404);
	a = fixture_get(&f, "/metrics");
	ck_assert_int_ge(slice_find(a.body, SLICE_LIT("apiserver_request_total{code=\"201\"")), 0);
}
END_TEST

START_TEST(discovery_says_what_there_is) {
	static const char *const v2[] = { "accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", NULL };
	struct answer a = fixture_get(&f, "/api/v1");
	ck_assert_str_eq(answer_str(&f, &a, "groupVersion"), "v1");
	a = fixture_call(&f, "GET", "/apis", NULL, v2);
	ck_assert_str_eq(answer_str(&f, &a, "kind"), "APIGroupDiscoveryList");
	const char *const again[] = { "accept", v2[1], "if-none-match", answer_header(&f, &a, "etag"), NULL };
	a = fixture_call(&f, "GET", "/apis", NULL, again);
	ck_assert_int_eq(a.status, 304);
	ck_assert_uint_eq(a.body.n, 0);
}
END_TEST

int main(void) {
	Suite *s = suite_create("api filters");
	TCase *t = tcase_create("filters");
	SRunner *r = srunner_create(s);
	tcase_add_checked_fixture(t, up, down);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, who_brings_nothing_is_anonymous);
	tcase_add_test(t, a_bad_token_is_never_anonymous);
	tcase_add_test(t, a_bad_timeout_is_told_before_authentication);
	tcase_add_test(t, what_may_not_be_seen_is_not_told_to_be_missing);
	tcase_add_test(t, impersonation_has_to_be_allowed);
	tcase_add_test(t, methods_and_types_of_routes);
	tcase_add_test(t, health_and_metrics);
	tcase_add_test(t, discovery_says_what_there_is);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
