/* SPDX-License-Identifier: Apache-2.0 */
/* What an APIService says about the server behind it, and what is said about that. */
#include "api/aggregate/remote.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

static struct arena *a;
static yyjson_mut_doc *doc;

static void setup(void) { a = arena_new(0); }
static void teardown(void) { a = arena_free(a); }

/* JSON with ' for ". */
static yyjson_mut_val *tree(const char *text) {
	struct json_error err;
	char *s = arena_strdup(a, text);
	for (char *p = s; *p; p++)
		if (*p == '\'') *p = '"';
	ck_assert_int_eq(json_parse(a, slice_str(s), &doc, &err), 0);
	return yyjson_mut_doc_get_root(doc);
}

START_TEST(local_ones_are_told_from_remote_ones) {
	struct remote_service s;
	ck_assert_int_eq(remote_read(a, tree("{'metadata':{'name':'v1.apps'},'spec':{'group':'apps','version':'v1'}}"), &s), 0);
	ck_assert_int_eq(remote_read(a, tree("{'metadata':{'name':'v1.apps'},'spec':{'group':'apps','version':'v1','service':null}}"), &s), 0);
	ck_assert_int_eq(remote_read(a, tree("{'spec':{'service':{'name':'s','namespace':'n'},'caBundle':'!'}}"), &s), -EBADMSG);
	ck_assert_int_eq(remote_read(a, tree("{'metadata':{'name':'v1.x.y'},'spec':{'group':'x.y','version':'v1','caBundle':'YQ==','service':{'name':'s','namespace':'n'}},"
					     "'status':{'conditions':[{'type':'Other','status':'False'},{'type':'Available','status':'True'}]}}"), &s), 1);
	ck_assert(slice_eqs(s.name, "v1.x.y") && slice_eqs(s.service, "s") && slice_eqs(s.ns, "n") && slice_eqs(s.ca_pem, "a"));
	ck_assert_int_eq(s.port, 443);
	ck_assert(s.available && !s.insecure);
}
END_TEST

START_TEST(a_condition_keeps_its_time_until_it_turns) {
	yyjson_mut_val *s = tree("{'metadata':{'name':'v1.x.y'}}");
	struct remote_condition no = { "False", "ServiceNotFound", "m" }, still = { "False", "MissingEndpoints", "m" }, yes = { "True", "Passed", "all checks passed" };
	ck_assert_int_eq(remote_condition_set(doc, s, &no, 0), 1);
	ck_assert_int_eq(remote_condition_set(doc, s, &no, 60), 0);
	ck_assert_int_eq(remote_condition_set(doc, s, &still, 60), 1);
	const yyjson_mut_val *c = json_first(json_path(s, "status.conditions"));
	ck_assert(slice_eqs(json_path_str(c, "reason"), "MissingEndpoints"));
	ck_assert(slice_eqs(json_path_str(c, "lastTransitionTime"), "1970-01-01T00:00:00Z"));
	ck_assert_int_eq(remote_condition_set(doc, s, &yes, 120), 1);
	ck_assert(slice_eqs(json_path_str(c, "lastTransitionTime"), "1970-01-01T00:02:00Z"));
	ck_assert_int_eq(json_size(json_path(s, "status.conditions")), 1);
}
END_TEST

START_TEST(other_conditions_stay) {
	yyjson_mut_val *s = tree("{'status':{'conditions':[{'type':'Mine','status':'True'}]}}");
	struct remote_condition yes = { "True", "Passed", "all checks passed" };
	ck_assert_int_eq(remote_condition_set(doc, s, &yes, 0), 1);
	ck_assert_int_eq(json_size(json_path(s, "status.conditions")), 2);
	ck_assert(slice_eqs(json_path_str(json_first(json_path(s, "status.conditions")), "type"), "Mine"));
}
END_TEST

int main(void) {
	Suite *s = suite_create("aggregate");
	TCase *t = tcase_create("aggregate");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, local_ones_are_told_from_remote_ones);
	tcase_add_test(t, a_condition_keeps_its_time_until_it_turns);
	tcase_add_test(t, other_conditions_stay);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
