/* SPDX-License-Identifier: Apache-2.0 */
/* The bootstrap policy against what Kubernetes starts with, and how it is brought into a cluster that has its own ideas. */
#include "access/bootstrap.h"
#include "world.h"

static struct arena *a;

static void begin(void) { a = arena_new(0); }
static void end(void) { arena_free(a); }

static yyjson_mut_doc *tree(const char *text) {
	yyjson_mut_doc *d;
	struct json_error err;
	ck_assert_int_eq(json_parse(a, slice_str(quoted(a, text)), &d, &err), 0);
	return d;
}

static const char *text_of(yyjson_mut_doc *d) {
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	ck_assert_int_eq(json_write(&b, yyjson_mut_doc_get_root(d)), 0);
	return arena_strndup(a, b.p, b.n);
}

START_TEST(every_object_is_whole) {
	static const struct { const char *resource, *kind;
	} kinds[] = {
		{ "rbac.authorization.k8s.io/clusterroles", "ClusterRole" },
		{ "rbac.authorization.k8s.io/roles", "Role" },
		{ "rbac.authorization.k8s.io/clusterrolebindings", "ClusterRoleBinding" },
		{ "rbac.authorization.k8s.io/rolebindings", "RoleBinding" },
	};
	struct access_bootstrap_object o;
	size_t n[4] = { 0 }, i;
	bool bindings = false;
	for (i = 0; access_bootstrap_object(i, &o); i++) {
		yyjson_mut_doc *d;
		struct json_error err;
		ck_assert_int_eq(json_parse(a, o.json, &d, &err), 0);
		const yyjson_mut_val *root = yyjson_mut_doc_get_root(d);
		size_t k = 0;
		while (k < 4 && !slice_eqs(o.resource, kinds[k].resource)) k++;
		ck_assert_uint_lt(k, 4);
		n[k]++;
		ck_assert(slice_eqs(json_path_str(root, "kind"), kinds[k].kind));
		ck_assert(slice_eq(json_path_str(root, "metadata.name"), o.name) && slice_eq(json_path_str(root, "metadata.namespace"), o.ns));
		ck_assert(slice_eqs(json_str(json_get(json_path(root, "metadata.labels"), "kubernetes.io/bootstrapping")), "rbac-defaults"));
		ck_assert(slice_eqs(
			json_str(json_get(json_path(root, "metadata.annotations"), "rbac.authorization.kubernetes.io/autoupdate")),
			"true"));
		ck_assert(k >= 2 || !bindings); /* roles come first */
		bindings |= k >= 2;
	}
	ck_assert_uint_eq(i, 133);
	ck_assert_uint_eq(n[0], 69);
	ck_assert_uint_eq(n[1], 7);
	ck_assert_uint_eq(n[2], 50);
	ck_assert_uint_eq(n[3], 7);
}
END_TEST

#define ROLE "{'metadata':{'name':'r','labels':{'l':'1'},'annotations':{'rbac.authorization.kubernetes.io/autoupdate':'true'}}," \
	     "'rules':[{'verbs':['get','list'],'apiGroups':[''],'resources':['pods']}]}"

static int reconcile(const char *existing, const char *desired, const char **ret) {
	yyjson_mut_doc *have = tree(existing), *want = tree(desired);
	int r = access_bootstrap_reconcile(a, have, yyjson_mut_doc_get_root(have), yyjson_mut_doc_get_root(want));
	*ret = text_of(have);
	return r;
}

static void becomes(const char *existing, const char *desired, enum access_reconcile r, const char *text) {
	const char *got;
	ck_assert_int_eq(reconcile(existing, desired, &got), r);
	if (text) ck_assert_str_eq(got, quoted(a, text));
}

START_TEST(what_is_there_already_is_left_alone) {
	becomes(ROLE, ROLE, ACCESS_RECONCILE_NONE, ROLE);
	becomes("{'metadata':{'name':'r','labels':{'l':'2','x':'y'},'annotations':{'rbac.authorization.kubernetes.io/autoupdate':'true'}},"
		"'rules':[{'verbs':['*'],'apiGroups':['*'],'resources':['*']}]}",
		ROLE, ACCESS_RECONCILE_NONE, NULL);
}
END_TEST

START_TEST(what_is_missing_is_added) {
	becomes("{'metadata':{'name':'r'},'rules':[{'verbs':['get'],'apiGroups':[''],'resources':['pods']},{'verbs':['x'],'apiGroups':['y'],'resources':['z']}]}",
		ROLE, ACCESS_RECONCILE_UPDATE,
		"{'metadata':{'name':'r','annotations':{'rbac.authorization.kubernetes.io/autoupdate':'true'},'labels':{'l':'1'}},'rules':["
		"{'verbs':['get'],'apiGroups':[''],'resources':['pods']},{'verbs':['x'],'apiGroups':['y'],'resources':['z']},"
		"{'verbs':['list'],'apiGroups':[''],'resources':['pods']}]}");
	becomes("{'metadata':{'name':'r','labels':{'l':'1'},'annotations':{'rbac.authorization.kubernetes.io/autoupdate':'true'}},'rules':null}",
		ROLE, ACCESS_RECONCILE_UPDATE, NULL);
}
END_TEST

START_TEST(the_annotation_protects) {
	becomes("{'metadata':{'annotations':{'rbac.authorization.kubernetes.io/autoupdate':'false'}},'rules':null}", ROLE,
		ACCESS_RECONCILE_NONE,
		"{'metadata':{'annotations':{'rbac.authorization.kubernetes.io/autoupdate':'false'}},'rules':null}");
}
END_TEST

#define AGG "{'metadata':{'name':'r'},'rules':null,'aggregationRule':{'clusterRoleSelectors':[{'matchLabels':{'a':'true'}}]}}"

START_TEST(selectors_are_added_and_strange_aggregation_goes) {
	becomes(AGG, AGG, ACCESS_RECONCILE_NONE, AGG);
	becomes("{'metadata':{'name':'r'},'rules':[{'verbs':['x'],'apiGroups':[''],'resources':['y']}],'aggregationRule':{'clusterRoleSelectors':"
		"[{'matchLabels':{'b':'true'}}]}}",
		AGG, ACCESS_RECONCILE_UPDATE,
		"{'metadata':{'name':'r'},'rules':[{'verbs':['x'],'apiGroups':[''],'resources':['y']}],'aggregationRule':{'clusterRoleSelectors':"
		"[{'matchLabels':{'b':'true'}},{'matchLabels':{'a':'true'}}]}}");
	becomes(AGG, "{'metadata':{'name':'r'},'rules':null}", ACCESS_RECONCILE_UPDATE, "{'metadata':{'name':'r'},'rules':null}");
}
END_TEST

#define BIND(role, subjects)                                                                                                             \
	"{'metadata':{'name':'b'},'subjects':" subjects ",'roleRef':{'apiGroup':'g','kind':'ClusterRole','name':'" role "'}}"

START_TEST(bindings_gain_subjects_or_are_made_anew) {
	becomes(BIND("r", "[{'kind':'User','name':'x'}]"), BIND("r", "[{'kind':'User','name':'y'},{'kind':'User','name':'x'}]"),
		ACCESS_RECONCILE_UPDATE, BIND("r", "[{'kind':'User','name':'x'},{'kind':'User','name':'y'}]"));
	becomes(BIND("r", "[{'kind':'User','name':'x'},{'kind':'User','name':'z'}]"), BIND("r", "[{'kind':'User','name':'x'}]"),
		ACCESS_RECONCILE_NONE, NULL);
	becomes(BIND("other", "[]"), BIND("r", "[]"), ACCESS_RECONCILE_RECREATE, NULL);
}
END_TEST

START_TEST(an_object_of_our_own_needs_nothing) {
	struct access_bootstrap_object o;
	for (size_t i = 0; access_bootstrap_object(i, &o); i++) {
		yyjson_mut_doc *have, *want;
		struct json_error err;
		ck_assert_int_eq(json_parse(a, o.json, &have, &err), 0);
		ck_assert_int_eq(json_parse(a, o.json, &want, &err), 0);
		ck_assert_int_eq(access_bootstrap_reconcile(a, have, yyjson_mut_doc_get_root(have), yyjson_mut_doc_get_root(want)),
				 ACCESS_RECONCILE_NONE);
	}
}
END_TEST

int main(void) {
	Suite *s = suite_create("access/bootstrap");
	TCase *t = tcase_create("bootstrap");
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, every_object_is_whole);
	tcase_add_test(t, what_is_there_already_is_left_alone);
	tcase_add_test(t, what_is_missing_is_added);
	tcase_add_test(t, the_annotation_protects);
	tcase_add_test(t, selectors_are_added_and_strange_aggregation_goes);
	tcase_add_test(t, bindings_gain_subjects_or_are_made_anew);
	tcase_add_test(t, an_object_of_our_own_needs_nothing);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
