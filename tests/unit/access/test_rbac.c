/* SPDX-License-Identifier: Apache-2.0 */
/* Which rule allows what, why, and what is said when none does. */
#include "access/rbac/rule.h"
#include "world.h"

#include <errno.h>

#define RBAC "rbac.authorization.k8s.io/"

static struct world *w;

static void begin(void) { w = world_new(); }
static void end(void) { world_free(w); }

static void role(const char *ns, const char *name, const char *rules) {
	world_put(w, ns[0] ? RBAC "roles" : RBAC "clusterroles", ns, name, "u", "", arena_printf(w->a, ",'rules':%s", rules));
}

static void grant(const char *ns, const char *name, const char *kind, const char *to, const char *subjects) {
	world_put(w, ns[0] ? RBAC "rolebindings" : RBAC "clusterrolebindings", ns, name, "u", "",
		  arena_printf(w->a, ",'subjects':%s,'roleRef':{'apiGroup':'rbac.authorization.k8s.io','kind':'%s','name':'%s'}",
			       subjects, kind, to));
}

#define USER(n) "{'kind':'User','apiGroup':'rbac.authorization.k8s.io','name':'" n "'}"
#define GROUP(n) "{'kind':'Group','apiGroup':'rbac.authorization.k8s.io','name':'" n "'}"
#define ACCOUNT(ns, n) "{'kind':'ServiceAccount','name':'" n "','namespace':'" ns "'}"

static int may(const char *user, const char *groups, const char *verb, const char *group, const char *res, const char *ns,
	       const char *name) {
	const char *reason;
	struct access_attrs at = world_ask(world_user(w, user, groups), verb, group, res, ns, name);
	return world_may(w, &at, &reason);
}

static const char *why(const char *user, const char *groups, const char *verb, const char *group, const char *res, const char *ns) {
	const char *reason;
	struct access_attrs at = world_ask(world_user(w, user, groups), verb, group, res, ns, "");
	(void)world_may(w, &at, &reason);
	return reason;
}

static const struct { const char *rule, *verb, *group, *res, *name; bool yes; } matrix[] = {
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['pods']}", "get", "", "pods", "p", true },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['pods']}", "Get", "", "pods", "p", false },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['pods']}", "list", "", "pods", "", false },
	{ "{'verbs':['list'],'apiGroups':[''],'resources':['pods']}", "watch", "", "pods", "", false },
	{ "{'verbs':['update'],'apiGroups':[''],'resources':['pods']}", "patch", "", "pods", "p", false },
	{ "{'verbs':['*'],'apiGroups':[''],'resources':['pods']}", "frobnicate", "", "pods", "p", true },
	{ "{'verbs':['frobnicate'],'apiGroups':[''],'resources':['pods']}", "frobnicate", "", "pods", "p", true },
	{ "{'verbs':['frobnicate'],'apiGroups':[''],'resources':['pods']}", "other", "", "pods", "p", false },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['pods']}", "*", "", "pods", "p", false },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['pods']}", "get", "apps", "pods", "p", false },
	{ "{'verbs':['get'],'apiGroups':['*'],'resources':['pods']}", "get", "apps", "pods", "p", true },
	{ "{'verbs':['get'],'apiGroups':['apps','batch'],'resources':['jobs']}", "get", "batch", "jobs", "p", true },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['pods']}", "get", "", "pods/log", "p", false },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['pods/log']}", "get", "", "pods/log", "p", true },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['pods/log']}", "get", "", "pods", "p", false },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['pods/*']}", "get", "", "pods/log", "p", false },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['pods/*']}", "get", "", "pods/*", "p", true },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['*']}", "get", "", "pods/log", "p", true },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['*/scale']}", "get", "", "deployments/scale", "p", true },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['*/scale']}", "get", "", "deployments/status", "p", false },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['*/scale']}", "get", "", "deployments", "p", false },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['pods'],'resourceNames':['a','b']}", "get", "", "pods", "b", true },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['pods'],'resourceNames':['a','b']}", "get", "", "pods", "c", false },
	{ "{'verbs':['list'],'apiGroups':[''],'resources':['pods'],'resourceNames':['a']}", "list", "", "pods", "", false },
	{ "{'verbs':['list'],'apiGroups':[''],'resources':['pods'],'resourceNames':['a']}", "list", "", "pods", "a", true },
	{ "{'verbs':['get'],'apiGroups':[''],'resources':['pods'],'resourceNames':[]}", "get", "", "pods", "c", true },
	{ "{'verbs':['get'],'nonResourceURLs':['/api/*']}", "get", "", "/api/x", "", true },
	{ "{'verbs':['get'],'nonResourceURLs':['/api/*']}", "get", "", "/api/", "", true },
	{ "{'verbs':['get'],'nonResourceURLs':['/api/*']}", "get", "", "/api", "", false },
	{ "{'verbs':['get'],'nonResourceURLs':['/metrics']}", "get", "", "/metrics", "", true },
	{ "{'verbs':['get'],'nonResourceURLs':['/metrics']}", "get", "", "/metrics/slis", "", false },
	{ "{'verbs':['get'],'nonResourceURLs':['*']}", "get", "", "/any/thing", "", true },
	{ "{'verbs':['get'],'nonResourceURLs':['/a*b']}", "get", "", "/axb", "", false },
	{ "{'verbs':['get'],'nonResourceURLs':['/metrics']}", "post", "", "/metrics", "", false },
	{ "{'verbs':['get'],'nonResourceURLs':['*']}", "get", "", "pods", "p", false },
	{ "{'verbs':['get'],'apiGroups':['*'],'resources':['*']}", "get", "", "/metrics", "", false },
};

START_TEST(rules_match_as_in_kubernetes) {
	grant("", "b", "ClusterRole", "r", "[" USER("ann") "]");
	for (size_t i = 0; i < ELEMENTSOF(matrix); i++) {
		const char *verb = matrix[i].verb, *group = matrix[i].group, *res = matrix[i].res, *name = matrix[i].name;
		role("", "r", arena_printf(w->a, "[%s]", matrix[i].rule));
		ck_assert_msg(may("ann", "", verb, group, res, "", name) == matrix[i].yes, "%s: %s %s %s %s", matrix[i].rule, verb, group, res, name);
		ck_assert_int_eq(may("eve", "", verb, group, res, "", name), 0);
	}
}
END_TEST

#define PODS "[{'verbs':['get','list'],'apiGroups':[''],'resources':['pods']}]"

START_TEST(a_role_binding_holds_in_its_namespace_only) {
	role("a", "r", PODS);
	role("", "r", PODS);
	grant("a", "b1", "Role", "r", "[" USER("ann") "]");
	grant("b", "b2", "ClusterRole", "r", "[" GROUP("crew") "]");
	ck_assert_int_eq(may("ann", "", "get", "", "pods", "a", "p"), 1);
	ck_assert_int_eq(may("ann", "", "get", "", "pods", "b", "p"), 0);
	ck_assert_int_eq(may("ann", "", "list", "", "pods", "", ""), 0);
	ck_assert_int_eq(may("x", "crew", "get", "", "pods", "b", "p"), 1);
	ck_assert_int_eq(may("x", "crew", "get", "", "pods", "a", "p"), 0);
	ck_assert_int_eq(may("crew", "", "get", "", "pods", "b", "p"), 0);
	ck_assert_int_eq(may("x", "ann", "get", "", "pods", "a", "p"), 0);
}
END_TEST

START_TEST(accounts_are_subjects_by_their_user_name) {
	role("a", "r", PODS);
	grant("a", "b", "Role", "r", "[{'kind':'ServiceAccount','name':'app'}," ACCOUNT("other", "app2") "]");
	ck_assert_int_eq(may("system:serviceaccount:a:app", "", "get", "", "pods", "a", "p"), 1);
	ck_assert_int_eq(may("system:serviceaccount:b:app", "", "get", "", "pods", "a", "p"), 0);
	ck_assert_int_eq(may("system:serviceaccount:other:app2", "", "get", "", "pods", "a", "p"), 1);
	ck_assert_str_eq(why("system:serviceaccount:a:app", "", "get", "", "pods", "a"),
			 "RBAC: allowed by RoleBinding \"b/a\" of Role \"r\" to ServiceAccount \"app/a\"");
	ck_assert_str_eq(why("system:serviceaccount:other:app2", "", "list", "", "pods", "a"),
			 "RBAC: allowed by RoleBinding \"b/a\" of Role \"r\" to ServiceAccount \"app2/other\"");
}
END_TEST

START_TEST(the_reason_names_binding_role_and_first_subject) {
	role("", "r", PODS);
	grant("", "b", "ClusterRole", "r", "[" USER("zoe") "," GROUP("crew") "," USER("ann") "]");
	ck_assert_str_eq(why("ann", "", "get", "", "pods", ""),
			 "RBAC: allowed by ClusterRoleBinding \"b\" of ClusterRole \"r\" to User \"ann\"");
	ck_assert_str_eq(why("ann", "crew", "get", "", "pods", ""),
			 "RBAC: allowed by ClusterRoleBinding \"b\" of ClusterRole \"r\" to Group \"crew\"");
	ck_assert_str_eq(why("ann", "", "delete", "", "pods", ""), "");
	ck_assert_str_eq(
		why("u", "system:authenticated", "get", "", "/apis/apps", ""),
		"RBAC: allowed by ClusterRoleBinding \"system:discovery\" of ClusterRole \"system:discovery\" to Group \"system:authenticated\"");
	ck_assert_str_eq(why("system:anonymous", "system:unauthenticated", "get", "", "/healthz", ""),
			 "RBAC: allowed by ClusterRoleBinding \"system:public-info-viewer\" of ClusterRole \"system:public-info-viewer\" to Group "
			 "\"system:unauthenticated\"");
}
END_TEST

START_TEST(missing_roles_show_to_those_they_concern) {
	grant("a", "b1", "Role", "r1", "[" USER("ann") "," GROUP("crew") "]");
	ck_assert_str_eq(why("ann", "", "get", "", "pods", "a"), "RBAC: role.rbac.authorization.k8s.io \"r1\" not found");
	ck_assert_str_eq(why("ann", "crew", "get", "", "pods", "a"), "RBAC: role.rbac.authorization.k8s.io \"r1\" not found");
	ck_assert_str_eq(why("eve", "", "get", "", "pods", "a"), "");
	ck_assert_str_eq(why("ann", "", "get", "", "pods", "b"), "");
	grant("a", "b2", "ClusterRole", "missing", "[" GROUP("crew") "]");
	grant("", "b3", "ClusterRole", "missing", "[" USER("ann") "]");
	ck_assert_str_eq(why("ann", "crew", "get", "", "pods", "a"),
			 "RBAC: [clusterrole.rbac.authorization.k8s.io \"missing\" not found, role.rbac.authorization.k8s.io \"r1\" not found]");
	/* An error does not keep another binding from allowing. */
	role("", "ok", PODS);
	grant("", "zz", "ClusterRole", "ok", "[" USER("ann") "]");
	ck_assert_int_eq(may("ann", "", "get", "", "pods", "a", ""), 1);
}
END_TEST

START_TEST(changes_come_into_force) {
	uint64_t before = access_generation(w->acc);
	ck_assert_int_eq(may("ann", "", "get", "", "pods", "a", ""), 0);
	role("a", "r", PODS);
	grant("a", "b", "Role", "r", "[" USER("ann") "]");
	ck_assert_uint_gt(access_generation(w->acc), before);
	ck_assert_int_eq(may("ann", "", "get", "", "pods", "a", ""), 1);
	world_del(w, RBAC "rolebindings", "a", "b");
	ck_assert_int_eq(may("ann", "", "get", "", "pods", "a", ""), 0);
}
END_TEST

START_TEST(masters_may_everything_without_a_reason) {
	ck_assert_int_eq(may("x", "system:masters", "*", "*", "*", "", ""), 1);
	ck_assert_str_eq(why("x", "system:masters", "get", "", "pods", "a"), "");
	ck_assert_int_eq(may("system:masters", "", "get", "", "pods", "a", ""), 0);
}
END_TEST

START_TEST(a_bare_account_may_what_it_may_in_kubernetes) {
	static const struct { const char *verb, *group, *res; bool yes;
	} cases[] = {
		{ "get", "", "/api", true },
		{ "get", "", "/apis/apps/v1", true },
		{ "get", "", "/version", true },
		{ "get", "", "/healthz", true },
		{ "get", "", "/openid/v1/jwks", true },
		{ "create", "authentication.k8s.io", "selfsubjectreviews", true },
		{ "create", "authorization.k8s.io", "selfsubjectaccessreviews", true },
		{ "get", "", "/", false },
		{ "get", "", "/metrics", false },
		{ "get", "", "pods", false },
		{ "get", "", "serviceaccounts", false },
		{ "create", "authentication.k8s.io", "tokenreviews", false },
	};
	const char *groups = "system:serviceaccounts system:serviceaccounts:default system:authenticated";
	for (size_t i = 0; i < ELEMENTSOF(cases); i++)
		ck_assert_msg(may("system:serviceaccount:default:bob", groups, cases[i].verb, cases[i].group, cases[i].res, "", "") ==
				      cases[i].yes,
			      "%s %s", cases[i].verb, cases[i].res);
	ck_assert_int_eq(may("system:anonymous", "system:unauthenticated", "get", "", "/api", "", ""), 0);
	ck_assert_int_eq(may("system:anonymous", "system:unauthenticated", "get", "", "/version", "", ""), 1);
}
END_TEST

START_TEST(rules_are_listed_cluster_bindings_first) {
	struct access_rule *rules;
	const char *errors;
	bool incomplete;
	size_t n;
	role("a", "r", PODS);
	grant("a", "b", "Role", "r", "[" USER("ann") "," GROUP("system:authenticated") "]");
	grant("a", "c", "Role", "gone", "[" USER("ann") "]");
	const struct access_user *u = world_user(w, "ann", "system:authenticated");
	ck_assert_int_eq(access_rules_for(w->acc, w->a, u, SLICE_LIT("a"), &rules, &n, &errors, &incomplete), 0);
	ck_assert_uint_eq(n, 5); /* basic-user 2, discovery, public-info-viewer, and the pods once though bound twice */
	ck_assert(slice_eqs(rules[n - 1].resources[0], "pods"));
	ck_assert(!incomplete);
	ck_assert_str_eq(errors, "role.rbac.authorization.k8s.io \"gone\" not found");
	ck_assert_int_eq(access_rules_for(w->acc, w->a, u, SLICE_LIT("b"), &rules, &n, &errors, &incomplete), 0);
	ck_assert_uint_eq(n, 4);
	ck_assert_ptr_null(errors);
	u = world_user(w, "system:node:n1", "system:nodes");
	ck_assert_int_eq(access_rules_for(w->acc, w->a, u, SLICE_LIT("b"), &rules, &n, &errors, &incomplete), 0);
	ck_assert(incomplete);
	ck_assert_str_eq(errors, "node authorizer does not support user rule resolution");
}
END_TEST

static const char *covers(const struct access_rule *r, size_t n) {
	const char *msg = "";
	int yes = access_covers(w->acc, w->a, world_user(w, "alice", "devs system:authenticated"), SLICE_LIT("a"), r, n, &msg);
	ck_assert_int_eq(yes, msg[0] == 0);
	return msg;
}

#define L(...) (const struct slice[]){ __VA_ARGS__ }
#define S(s) SLICE_LIT(s)
#define HEAD "user \"alice\" (groups=[\"devs\" \"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n"

START_TEST(what_is_not_held_is_told_rule_by_rule) {
	struct access_rule want[] = {
		{ .verbs = L(S("get"), S("list")),
		  .n_verbs = 2,
		  .groups = L(S("apps"), S("")),
		  .n_groups = 2,
		  .resources = L(S("secrets"), S("pods")),
		  .n_resources = 2 },
		{ .verbs = L(S("delete")),
		  .n_verbs = 1,
		  .groups = L(S("")),
		  .n_groups = 1,
		  .resources = L(S("pods")),
		  .n_resources = 1,
		  .names = L(S("a")),
		  .n_names = 1 },
		{ .verbs = L(S("get")), .n_verbs = 1, .urls = L(S("/x"), S("/api/y")), .n_urls = 2 },
	};
	ck_assert_str_eq(covers(want, 3), HEAD
		"{APIGroups:[\"\"], Resources:[\"pods\"], ResourceNames:[\"a\"], Verbs:[\"delete\"]}\n"
		"{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\" \"list\"]}\n"
		"{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}\n"
		"{APIGroups:[\"apps\"], Resources:[\"pods\"], Verbs:[\"get\" \"list\"]}\n"
		"{APIGroups:[\"apps\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}\n"
		"{NonResourceURLs:[\"/x\"], Verbs:[\"get\"]}");
	role("a", "own",
	     "[{'verbs':['*'],'apiGroups':['apps'],'resources':['*']},{'verbs':['get'],'apiGroups':[''],'resources':['pods','*/log']},"
	     "{'verbs':['delete'],'apiGroups':[''],'resources':['pods'],'resourceNames':['a','b']}]");
	grant("a", "own", "Role", "own", "[" GROUP("devs") "]");
	grant("a", "lost", "Role", "lost", "[" USER("alice") "]");
	ck_assert_str_eq(covers(want, 3), HEAD
		"{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"list\"]}\n"
		"{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"list\"]}\n"
		"{NonResourceURLs:[\"/x\"], Verbs:[\"get\"]}; resolution errors: [role.rbac.authorization.k8s.io \"lost\" not found]");
	struct access_rule held[] = {
		{ .verbs = L(S("get")),
		  .n_verbs = 1,
		  .groups = L(S("")),
		  .n_groups = 1,
		  .resources = L(S("pods"), S("pods/log"), S("x/log")),
		  .n_resources = 3 },
		{ .verbs = L(S("delete")),
		  .n_verbs = 1,
		  .groups = L(S("")),
		  .n_groups = 1,
		  .resources = L(S("pods")),
		  .n_resources = 1,
		  .names = L(S("b")),
		  .n_names = 1 },
		{ .verbs = L(S("*")), .n_verbs = 1, .groups = L(S("apps")), .n_groups = 1, .resources = L(S("*")), .n_resources = 1 },
		{ .verbs = L(S("get")), .n_verbs = 1, .urls = L(S("/api/*"), S("/api/v1")), .n_urls = 2 },
	};
	ck_assert_str_eq(covers(held, 4), "");
	struct access_rule wider = {
		.verbs = L(S("delete")), .n_verbs = 1, .groups = L(S("")), .n_groups = 1, .resources = L(S("pods")), .n_resources = 1
	};
	ck_assert_str_eq(covers(&wider, 1), HEAD "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\"]}; resolution errors: "
						 "[role.rbac.authorization.k8s.io \"lost\" not found]");
	struct access_rule star = {
		.verbs = L(S("*")), .n_verbs = 1, .groups = L(S("*")), .n_groups = 1, .resources = L(S("*")), .n_resources = 1
	};
	ck_assert(slice_find(slice_str(covers(&star, 1)), S("{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}")) > 0);
	const char *msg;
	ck_assert_int_eq(access_covers(w->acc, w->a, world_user(w, "x", "system:masters"), SLICE_LIT("a"), &star, 1, &msg), 1);
}
END_TEST

START_TEST(a_rule_of_many_verbs_is_joined_again) {
	struct slice *verbs = arena_array(w->a, 5000, sizeof(*verbs));
	for (int i = 0; i < 5000; i++) verbs[i] = slice_str(arena_printf(w->a, "v%d", i));
	struct access_rule want = {
		.verbs = verbs, .n_verbs = 5000, .groups = L(S("")), .n_groups = 1, .resources = L(S("pods")), .n_resources = 1
	};
	const char *msg = covers(&want, 1);
	ck_assert(slice_find(slice_str(msg), S("\"v4998\" \"v4999\"]}")) > 0);
	ck_assert_ptr_eq(strchr(msg + sizeof(HEAD), '\n'), NULL);
	/* Beyond the limit it is an error, not a long wait. */
	struct access_rule *more = arena_array(w->a, 20, sizeof(*more));
	for (int i = 0; i < 20; i++) more[i] = want;
	ck_assert_int_eq(access_covers(w->acc, w->a, world_user(w, "x", ""), SLICE_NULL, more, 20, &msg), -E2BIG);
}
END_TEST

START_TEST(little_memory_is_an_error_not_a_yes) {
	role("a", "r", PODS);
	grant("a", "b", "Role", "r", "[" USER("ann") "]");
	grant("a", "c", "Role", "gone", "[" USER("ann") "]");
	const struct access_user *u = world_user(w, "ann", "system:authenticated");
	struct access_attrs yes = world_ask(u, "get", "", "pods", "a", ""), no = world_ask(u, "delete", "", "pods", "a", "");
	struct access_rule want = { .verbs = L(S("get"), S("delete")), .n_verbs = 2, .groups = L(S("")), .n_groups = 1, .resources = L(S("pods")), .n_resources = 1 };
	bool answered = false;
	for (size_t max = 1; max < 30000; max += max < 2000 ? 16 : 256) {
		_cleanup_arena_ struct arena *a = arena_new(max);
		struct access_hint *hints;
		const char *text;
		size_t n;
		ck_assert_int_ne(access_authorize(w->acc, a, &yes, &text), 0);
		ck_assert_int_le(access_authorize(w->acc, a, &no, &text), 0);
		ck_assert_int_le(access_covers(w->acc, a, u, S("a"), &want, 1, &text), 0);
		answered |= access_explain(w->acc, a, world_user(w, "r", "system:masters"), &no, &hints, &n) == 0;
	}
	ck_assert(answered);
}
END_TEST

START_TEST(many_bindings_are_no_trouble) {
	role("", "r", PODS);
	for (int i = 0; i < 300; i++)
		world_put(w, RBAC "rolebindings", arena_printf(w->a, "ns%03d", i), "b", "u", "",
			  ",'subjects':[" USER("ann") "],'roleRef':{'apiGroup':'rbac.authorization.k8s.io','kind':'ClusterRole','name':'r'}");
	ck_assert_int_eq(may("ann", "", "get", "", "pods", "ns000", ""), 1);
	ck_assert_int_eq(may("ann", "", "get", "", "pods", "ns299", ""), 1);
	ck_assert_int_eq(may("ann", "", "get", "", "pods", "ns300", ""), 0);
	ck_assert_int_eq(may("ann", "", "get", "", "pods", "ns15", ""), 0);
}
END_TEST

int main(void) {
	Suite *s = suite_create("access/rbac");
	TCase *t = tcase_create("rbac");
	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, rules_match_as_in_kubernetes);
	tcase_add_test(t, a_role_binding_holds_in_its_namespace_only);
	tcase_add_test(t, accounts_are_subjects_by_their_user_name);
	tcase_add_test(t, the_reason_names_binding_role_and_first_subject);
	tcase_add_test(t, missing_roles_show_to_those_they_concern);
	tcase_add_test(t, changes_come_into_force);
	tcase_add_test(t, masters_may_everything_without_a_reason);
	tcase_add_test(t, a_bare_account_may_what_it_may_in_kubernetes);
	tcase_add_test(t, rules_are_listed_cluster_bindings_first);
	tcase_add_test(t, what_is_not_held_is_told_rule_by_rule);
	tcase_add_test(t, a_rule_of_many_verbs_is_joined_again);
	tcase_add_test(t, little_memory_is_an_error_not_a_yes);
	tcase_add_test(t, many_bindings_are_no_trouble);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
