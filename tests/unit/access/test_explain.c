/* SPDX-License-Identifier: Apache-2.0 */
/* What is said to those who may know about why something was denied. */
#include "world.h"

#define RBAC "rbac.authorization.k8s.io/"

static struct world *w;
static struct access_user *root, *ann;

static void role(const char *ns, const char *name, const char *rules) {
	world_put(w, ns[0] ? RBAC "roles" : RBAC "clusterroles", ns, name, "u", "", arena_printf(w->a, ",'rules':%s", rules));
}

static void grant(const char *ns, const char *name, const char *kind, const char *to, const char *user) {
	world_put(w, ns[0] ? RBAC "rolebindings" : RBAC "clusterrolebindings", ns, name, "u", "",
		  arena_printf(w->a, ",'subjects':[{'kind':'User','name':'%s'}],'roleRef':{'kind':'%s','name':'%s'}", user, kind, to));
}

static void begin(void) {
	w = world_new();
	root = world_user(w, "root", "system:masters");
	ann = world_user(w, "ann", "");
}

static void end(void) { world_free(w); }

/* All hints, one a line. */
static const char *hints(const struct access_user *viewer, struct access_attrs at) {
	struct access_hint *v;
	size_t n;
	const char *text = "";
	ck_assert_int_eq(access_explain(w->acc, w->a, viewer, &at, &v, &n), 0);
	ck_assert_uint_le(n, EXPLAIN_HINTS_MAX);
	for (size_t i = 0; i < n; i++) text = arena_printf(w->a, "%s%s%s: %s", text, i ? "\n" : "", v[i].reason, v[i].message);
	return text;
}

static void says(const char *text, const char *line) { ck_assert_msg(strstr(text, line) != NULL, "%s\n-- is not in --\n%s", line, text); }
static void says_not(const char *text, const char *line) { ck_assert_msg(!strstr(text, line), "%s\n-- is in --\n%s", line, text); }

START_TEST(near_bindings_say_what_is_missing) {
	role("a", "reader", "[{'verbs':['get','list'],'apiGroups':[''],'resources':['pods']}]");
	role("b", "reader", "[{'verbs':['*'],'apiGroups':[''],'resources':['pods']}]");
	role("a", "named", "[{'verbs':['delete'],'apiGroups':[''],'resources':['pods'],'resourceNames':['x','y']}]");
	role("a", "far", "[{'verbs':['get'],'apiGroups':[''],'resources':['services']}]");
	grant("a", "r", "Role", "reader", "ann");
	grant("b", "r", "Role", "reader", "ann");
	grant("a", "n", "Role", "named", "ann");
	grant("a", "f", "Role", "far", "ann");
	const char *text = hints(root, world_ask(ann, "delete", "", "pods", "a", "p"));
	says(text, "NearBinding: RoleBinding \"r/b\" of Role \"reader\" to User \"ann\" allows it in the namespace \"b\"\n"
		   "NearBinding: RoleBinding \"r/a\" of Role \"reader\" to User \"ann\" allows get, list, not delete\n"
		   "NearBinding: RoleBinding \"n/a\" of Role \"named\" to User \"ann\" allows it only for the names [\"x\" \"y\"]\n");
	says_not(text, "\"f/a\"");
	text = hints(root, world_ask(ann, "get", "", "pods/log", "a", "p"));
	says(text, "RoleBinding \"r/a\" of Role \"reader\" to User \"ann\" allows it for pods, which does not include pods/log");
	text = hints(root, world_ask(ann, "get", "metrics.k8s.io", "pods", "a", "p"));
	says(text, "allows it only in the API groups [\"\"]");
}
END_TEST

START_TEST(roles_that_would_do_come_smallest_first) {
	role("", "wide", "[{'verbs':['*'],'apiGroups':['*'],'resources':['*']},{'verbs':['*'],'nonResourceURLs':['*']},{'verbs':['x'],'apiGroups':[''],'resources':['y']}]");
	role("", "just", "[{'verbs':['delete'],'apiGroups':[''],'resources':['pods']}]");
	role("a", "local", "[{'verbs':['delete'],'apiGroups':[''],'resources':['pods']}]");
	role("ab", "elsewhere", "[{'verbs':['delete'],'apiGroups':[''],'resources':['pods']}]");
	const char *text = hints(root, world_ask(ann, "delete", "", "pods", "a", "p"));
	says(text, "RoleWouldAllow: Role \"local\" would allow it: kubectl create rolebinding NAME --role=local --user=ann -n a\n"
		   "RoleWouldAllow: ClusterRole \"just\" would allow it: kubectl create rolebinding NAME --clusterrole=just --user=ann -n a\n"
		   "RoleWouldAllow: ClusterRole \"cluster-admin\"");
	says_not(text, "elsewhere");
	says(text, "\nRuleWouldAllow: a role with just this: kubectl create role NAME --verb=delete --resource=pods --resource-name=p -n a");
	struct access_user *bob = world_user(w, "system:serviceaccount:a:bob", "");
	says(hints(root, world_ask(bob, "delete", "", "pods", "", "")),
	     "kubectl create clusterrolebinding NAME --clusterrole=just --serviceaccount=a:bob\n");
	says(hints(root, world_ask(bob, "update", "apps", "deployments/scale", "a", "d")),
	     "--verb=update --resource=deployments.apps/scale --resource-name=d -n a");
	says(hints(root, world_ask(bob, "get", "", "/metrics", "", "")), "kubectl create clusterrole NAME --verb=get --non-resource-url=/metrics");
}
END_TEST

START_TEST(nothing_is_told_that_could_not_be_looked_up) {
	role("a", "reader", "[{'verbs':['get'],'apiGroups':[''],'resources':['pods']}]");
	role("b", "reader", "[{'verbs':['delete'],'apiGroups':[''],'resources':['pods']}]");
	role("", "creader", "[{'verbs':['list'],'apiGroups':[''],'resources':['pods']}]");
	role("a", "look", "[{'verbs':['list'],'apiGroups':['rbac.authorization.k8s.io'],'resources':['roles','rolebindings']}]");
	grant("a", "r", "Role", "reader", "ann");
	grant("a", "c", "ClusterRole", "creader", "ann");
	grant("b", "r", "Role", "reader", "ann");
	struct access_attrs at = world_ask(ann, "delete", "", "pods", "a", "p");
	ck_assert_str_eq(hints(ann, at), "");
	grant("a", "l", "Role", "look", "ann");
	const char *text = hints(ann, at);
	says(text, "\"r/a\"");
	says_not(text, "\"r/b\"");
	says_not(text, "\"c/a\"");
	says_not(text, "ClusterRole");
	text = hints(root, at);
	says(text, "\"r/b\"");
	says(text, "\"c/a\"");
}
END_TEST

int main(void) {
	Suite *s = suite_create("access/explain");
	TCase *t = tcase_create("explain");
	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, near_bindings_say_what_is_missing);
	tcase_add_test(t, roles_that_would_do_come_smallest_first);
	tcase_add_test(t, nothing_is_told_that_could_not_be_looked_up);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
