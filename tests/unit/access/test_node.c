/* SPDX-License-Identifier: Apache-2.0 */
/* What a node may, and the texts when it may not (texts as a v1.34 server gives them). */
#include "access/impersonate.h"
#include "world.h"

static struct world *w;
static struct access_user *node;

#define NO_RELATION "no relationship found between node 'n1' and this object"

static void begin(void) {
	w = world_new();
	node = world_user(w, "system:node:n1", "system:nodes system:authenticated");
	world_put(
		w, "/pods", "a", "mine", "u1", "",
		",'spec':{'nodeName':'n1','serviceAccountName':'app','imagePullSecrets':[{'name':'pull'}],"
		"'initContainers':[{'env':[{'name':'A','valueFrom':{'secretKeyRef':{'name':'env','key':'k'}}}]}],"
		"'containers':[{'envFrom':[{'configMapRef':{'name':'from'}}]}],"
		"'volumes':[{'name':'s','secret':{'secretName':'used'}},{'name':'c','configMap':{'name':'usedcm'}},"
		"{'name':'p','projected':{'sources':[{'serviceAccountToken':{'path':'token'}},{'configMap':{'name':'kube-root-ca.crt'}}]}},"
		"{'name':'data','persistentVolumeClaim':{'claimName':'pvc1'}},{'name':'scratch','ephemeral':{}}]}");
	world_put(w, "/pods", "a", "theirs", "u2", "",
		  ",'spec':{'nodeName':'n2','serviceAccountName':'other','volumes':[{'secret':{'secretName':'unused'}}]}");
	world_put(w, "/pods", "a", "mirror", "u3", ",'annotations':{'kubernetes.io/config.mirror':'h'}",
		  ",'spec':{'nodeName':'n1','volumes':[{'secret':{'secretName':'mirrored'}}]}");
	world_put(w, "/pods", "a", "waiting", "u4", "", ",'spec':{'volumes':[{'secret':{'secretName':'waits'}}]}");
	world_put(
		w, "/persistentvolumes", "", "pv1", "u5", "",
		",'spec':{'claimRef':{'namespace':'a','name':'pvc1'},"
		"'csi':{'nodeStageSecretRef':{'name':'stage','namespace':'csi'},'controllerPublishSecretRef':{'name':'ctl','namespace':'csi'}}}");
	world_put(w, "/persistentvolumes", "", "pv2", "u6", "", ",'spec':{'claimRef':{'namespace':'a','name':'pvc2'}}");
	world_put(w, "storage.k8s.io/volumeattachments", "", "va1", "u7", "", ",'spec':{'nodeName':'n1'}");
	world_put(w, "storage.k8s.io/volumeattachments", "", "va2", "u8", "", ",'spec':{'nodeName':'n2'}");
	world_put(w, "resource.k8s.io/resourceslices", "", "rs1", "u9", "", ",'spec':{'nodeName':'n1'}");
}

static void end(void) { world_free(w); }

static const struct { const char *verb, *group, *res, *ns, *name; int yes; const char *reason;
} cases[] = {
	{ "get", "", "secrets", "a", "used", 1, "" },
	{ "list", "", "secrets", "a", "used", 1, "" },
	{ "get", "", "secrets", "a", "env", 1, "" },
	{ "get", "", "secrets", "a", "pull", 1, "" },
	{ "get", "", "secrets", "b", "used", 0, NO_RELATION },
	{ "get", "", "secrets", "a", "unused", 0, NO_RELATION },
	{ "get", "", "secrets", "a", "mirrored", 0, NO_RELATION },
	{ "get", "", "secrets", "a", "waits", 0, NO_RELATION },
	{ "get", "", "secrets", "csi", "stage", 1, "" },
	{ "get", "", "secrets", "csi", "ctl", 0, NO_RELATION },
	{ "list", "", "secrets", "a", "", 0, "No Object name found" },
	{ "list", "", "secrets", "", "used", 0, "can only read namespaced object of this type" },
	{ "delete", "", "secrets", "a", "used", 0, "can only read resources of this type" },
	{ "get", "", "secrets/x", "a", "used", 0, "cannot read subresource" },
	{ "get", "", "configmaps", "a", "usedcm", 1, "" },
	{ "watch", "", "configmaps", "a", "kube-root-ca.crt", 1, "" },
	{ "get", "", "configmaps", "a", "from", 1, "" },
	{ "get", "", "configmaps", "a", "nosuch", 0, NO_RELATION },
	{ "get", "", "persistentvolumeclaims", "a", "pvc1", 1, "" },
	{ "get", "", "persistentvolumeclaims", "a", "mine-scratch", 1, "" },
	{ "get", "", "persistentvolumeclaims", "a", "mine-other", 0, NO_RELATION },
	{ "patch", "", "persistentvolumeclaims/status", "a", "pvc1", 1, "" },
	{ "get", "", "persistentvolumeclaims/status", "a", "pvc1", 0, "can only get/update/patch this type" },
	{ "list", "", "persistentvolumeclaims", "a", "pvc1", 0, "can only get individual resources of this type" },
	{ "get", "", "persistentvolumes", "", "pv1", 1, "" },
	{ "get", "", "persistentvolumes", "", "pv2", 0, NO_RELATION },
	{ "get", "storage.k8s.io", "volumeattachments", "", "va1", 1, "" },
	{ "get", "storage.k8s.io", "volumeattachments", "", "va2", 0, NO_RELATION },
	{ "get", "storage.k8s.io", "volumeattachments/status", "", "va1", 0, "cannot get subresource" },
	{ "create", "", "serviceaccounts/token", "a", "app", 1, "" },
	{ "create", "", "serviceaccounts/token", "a", "other", 0, NO_RELATION },
	{ "create", "", "serviceaccounts", "a", "app", 0, "can only create token subresource of serviceaccount" },
	{ "create", "", "serviceaccounts/token", "a", "", 0, "can only create tokens for individual service accounts" },
	{ "get", "", "serviceaccounts", "a", "app", 1, "" },
	{ "get", "", "nodes", "", "n1", 1, "" },
	{ "get", "", "nodes", "", "n2", 0, "node 'n1' cannot read 'n2', only its own Node object" },
	{ "list", "", "nodes", "", "", 0, "node 'n1' cannot read all nodes, only its own Node object" },
	{ "create", "", "nodes", "", "", 1, "" },
	{ "patch", "", "nodes/status", "", "n2", 1, "" }, /* admission looks at the name */
	{ "get", "", "nodes/status", "", "n1", 0, "" },
	{ "delete", "", "nodes", "", "n1", 0, "" },
	{ "get", "", "pods", "a", "mine", 1, "" },
	{ "get", "", "pods", "a", "theirs", 0, NO_RELATION },
	{ "list", "", "pods", "", "", 0, "can only list/watch pods with spec.nodeName field selector" },
	{ "watch", "", "pods", "a", "mine", 1, "" },
	{ "patch", "", "pods/status", "a", "mine", 1, "" },
	{ "patch", "", "pods", "a", "mine", 0, "" },
	{ "create", "", "pods/eviction", "a", "mine", 1, "" },
	{ "create", "", "pods/exec", "a", "mine", 0, "" },
	{ "create", "coordination.k8s.io", "leases", "kube-node-lease", "", 1, "" },
	{ "update", "coordination.k8s.io", "leases", "kube-node-lease", "n1", 1, "" },
	{ "update", "coordination.k8s.io", "leases", "kube-node-lease", "n2", 0,
	  "can only access node lease with the same name as the requesting node" },
	{ "list", "coordination.k8s.io", "leases", "kube-node-lease", "", 0,
	  "can only get, create, update, patch, or delete a node lease" },
	{ "get", "coordination.k8s.io", "leases", "a", "n1", 0, "can only access leases in the \"kube-node-lease\" system namespace" },
	{ "create", "storage.k8s.io", "csinodes", "", "", 1, "" },
	{ "get", "storage.k8s.io", "csinodes", "", "n2", 0, "can only access CSINode with the same name as the requesting node" },
	{ "list", "storage.k8s.io", "csinodes", "", "", 0, "can only get, create, update, patch, or delete a CSINode" },
	{ "get", "resource.k8s.io", "resourceslices", "", "rs1", 1, "" },
	{ "list", "resource.k8s.io", "resourceslices", "", "", 0,
	  "can only list/watch/deletecollection resourceslices with nodeName field selector" },
	{ "create", "", "events", "a", "", 1, "" },
	{ "list", "", "services", "", "", 1, "" },
	{ "list", "apps", "deployments", "a", "", 0, "" },
	{ "create", "authentication.k8s.io", "tokenreviews", "", "", 1, "" },
};

START_TEST(a_node_may_what_its_pods_need) {
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		const char *reason, *verb = cases[i].verb, *res = cases[i].res, *ns = cases[i].ns, *name = cases[i].name;
		struct access_attrs at = world_ask(node, verb, cases[i].group, res, ns, name);
		int yes = world_may(w, &at, &reason);
		ck_assert_msg(yes == cases[i].yes && strcmp(reason, cases[i].reason) == 0, "%s %s %s/%s: %d, %s", verb, res, ns, name, yes, reason);
	}
}
END_TEST

START_TEST(a_field_selector_opens_lists) {
	const char *reason;
	struct access_attrs at = world_ask(node, "list", "", "pods", "", "");
	at.field_node = SLICE_LIT("n1");
	ck_assert_int_eq(world_may(w, &at, &reason), 1);
	at.field_node = SLICE_LIT("n2");
	ck_assert_int_eq(world_may(w, &at, &reason), 0);
	at = world_ask(node, "deletecollection", "resource.k8s.io", "resourceslices", "", "");
	at.field_node = SLICE_LIT("n1");
	ck_assert_int_eq(world_may(w, &at, &reason), 1);
}
END_TEST

START_TEST(others_are_no_nodes) {
	const char *reason;
	struct access_attrs at = world_ask(world_user(w, "system:node:n1", "system:authenticated"), "get", "", "nodes", "", "n1");
	ck_assert_int_eq(world_may(w, &at, &reason), 0);
	ck_assert_str_eq(reason, "");
	at.user = world_user(w, "kubelet", "system:nodes");
	ck_assert_int_eq(world_may(w, &at, &reason), 0);
	ck_assert_str_eq(reason, "");
	at.user = world_user(w, "system:node:", "system:nodes");
	ck_assert_int_eq(world_may(w, &at, &reason), 0);
	ck_assert_str_eq(reason, "unknown node for user \"system:node:\"");
}
END_TEST

START_TEST(reasons_of_both_are_told) {
	const char *reason;
	world_put(w, "rbac.authorization.k8s.io/rolebindings", "a", "b", "u", "", ",'subjects':[{'kind':'Group','name':'system:nodes'}],"
		"'roleRef':{'kind':'Role','name':'gone'}");
	struct access_attrs at = world_ask(node, "get", "", "secrets", "a", "unused");
	ck_assert_int_eq(world_may(w, &at, &reason), 0);
	ck_assert_str_eq(reason, NO_RELATION "\nRBAC: role.rbac.authorization.k8s.io \"gone\" not found");
}
END_TEST

/* ---- impersonation ---- */

static struct http_header pairs[8];
static struct http_headers headers;

static void header(const char *name, const char *value) {
	pairs[headers.n++] = (struct http_header){ slice_str(name), slice_str(value) };
	headers.v = pairs;
	headers.cap = ELEMENTSOF(pairs);
}

static int act(const struct access_user *u, const struct access_user **ret, struct access_attrs *denied, const char **text) {
	int r = access_impersonate(w->acc, w->a, u, &headers, ret, denied, text);
	headers.n = 0;
	return r;
}

static const char *groups_of(const struct access_user *u) {
	char *s = arena_strdup(w->a, "");
	for (size_t i = 0; i < u->n_groups; i++) s = arena_printf(w->a, "%s%s%.*s", s, i ? " " : "", SLICE_FMT(u->groups[i]));
	return s;
}

START_TEST(impersonation_makes_the_user_asked_for) {
	const struct access_user *root = world_user(w, "root", "system:masters"), *u;
	struct access_attrs denied;
	const char *text;
	ck_assert_int_eq(act(root, &u, &denied, &text), IMPERSONATE_NONE);
	ck_assert_ptr_eq(u, root);
	header("impersonate-user", "");
	ck_assert_int_eq(act(root, &u, &denied, &text), IMPERSONATE_NONE);
	header("impersonate-user", "bob");
	header("impersonate-group", "admins");
	header("impersonate-group", "ops");
	header("impersonate-uid", "42");
	header("impersonate-extra-scopes", "a");
	header("impersonate-extra-acme.com%2fproject", "x");
	header("impersonate-extra-scopes", "b");
	ck_assert_int_eq(act(root, &u, &denied, &text), IMPERSONATE_DONE);
	ck_assert(slice_eqs(u->name, "bob") && slice_eqs(u->uid, "42"));
	ck_assert_str_eq(groups_of(u), "admins ops system:authenticated");
	ck_assert_uint_eq(u->n_extra, 2);
	ck_assert(slice_eqs(u->extra[0].key, "acme.com/project") && slice_eqs(u->extra[1].key, "scopes"));
	ck_assert_uint_eq(u->extra[1].n_values, 2);
}
END_TEST

START_TEST(impersonated_groups_follow_the_user) {
	static const struct { const char *user, *group, *groups; } them[] = {
		{ "bob", NULL, "system:authenticated" },
		{ "bob", "system:unauthenticated", "system:unauthenticated" },
		{ "bob", "system:authenticated", "system:authenticated" },
		{ "system:anonymous", NULL, "system:unauthenticated" },
		{ "system:serviceaccount:a:app", NULL, "system:serviceaccounts system:serviceaccounts:a system:authenticated" },
		{ "system:serviceaccount:a:app", "x", "x system:authenticated" },
		{ "system:serviceaccount:A:app", NULL, "system:authenticated" },
	};
	for (size_t i = 0; i < ELEMENTSOF(them); i++) {
		const struct access_user *u;
		struct access_attrs denied;
		const char *text;
		header("impersonate-user", them[i].user);
		if (them[i].group) header("impersonate-group", them[i].group);
		ck_assert_int_eq(act(world_user(w, "root", "system:masters"), &u, &denied, &text), IMPERSONATE_DONE);
		ck_assert_str_eq(groups_of(u), them[i].groups);
		ck_assert(slice_eqs(u->name, them[i].user) && u->uid.n == 0);
	}
}
END_TEST

START_TEST(impersonation_without_a_user_is_an_error) {
	const struct access_user *root = world_user(w, "root", "system:masters"), *u;
	struct access_attrs denied;
	const char *text;
	header("impersonate-group", "admins");
	ck_assert_int_eq(act(root, &u, &denied, &text), IMPERSONATE_BAD);
	ck_assert_str_eq(text, "requested [{Group  admins    }] without impersonating a user");
	header("impersonate-extra-a", "b");
	ck_assert_int_eq(act(root, &u, &denied, &text), IMPERSONATE_BAD);
	ck_assert_str_eq(text, "requested [{UserExtra  b  authentication.k8s.io/v1  a}] without impersonating a user");
}
END_TEST

START_TEST(every_item_of_an_impersonation_is_authorised) {
	const struct access_user *imp = world_user(w, "imp", "system:authenticated"), *u;
	struct access_attrs d;
	const char *text;
	world_put(w, "rbac.authorization.k8s.io/clusterroles", "", "imp", "u", "", ",'rules':[{'apiGroups':[''],'resources':['users'],"
		"'verbs':['impersonate'],'resourceNames':['bob']},{'apiGroups':['authentication.k8s.io'],'resources':['userextras/scopes'],"
		"'verbs':['impersonate'],'resourceNames':['a']},{'apiGroups':[''],'resources':['serviceaccounts'],'verbs':['impersonate'],"
		"'resourceNames':['app']}]");
	world_put(w, "rbac.authorization.k8s.io/clusterrolebindings", "", "imp", "u", "", ",'subjects':[{'kind':'User','name':'imp'}],"
		"'roleRef':{'kind':'ClusterRole','name':'imp'}");
	header("impersonate-user", "bob");
	header("impersonate-extra-scopes", "a");
	ck_assert_int_eq(act(imp, &u, &d, &text), IMPERSONATE_DONE);
	static const struct { const char *user, *more, *value, *group, *res, *sub, *ns, *name; } no[] = {
		{ "eve", NULL, NULL, "", "users", "", "", "eve" },
		{ "bob", "impersonate-group", "admins", "", "groups", "", "", "admins" },
		{ "bob", "impersonate-extra-scopes", "b", "authentication.k8s.io", "userextras", "scopes", "", "b" },
		{ "bob", "impersonate-extra-other", "a", "authentication.k8s.io", "userextras", "other", "", "a" },
		{ "bob", "impersonate-uid", "1", "authentication.k8s.io", "uids", "", "", "1" },
		{ "system:serviceaccount:x:default", NULL, NULL, "", "serviceaccounts", "", "x", "default" },
	};
	for (size_t i = 0; i < ELEMENTSOF(no); i++) {
		header("impersonate-user", no[i].user);
		if (no[i].more) header(no[i].more, no[i].value);
		ck_assert_int_eq(act(imp, &u, &d, &text), IMPERSONATE_FORBIDDEN);
		ck_assert(d.is_resource && d.user == imp && slice_eqs(d.verb, "impersonate") && slice_eqs(d.group, no[i].group));
		ck_assert(slice_eqs(d.resource, no[i].res) && slice_eqs(d.subresource, no[i].sub) && slice_eqs(d.ns, no[i].ns));
		ck_assert(slice_eqs(d.name, no[i].name));
		ck_assert_str_eq(text, "");
	}
}
END_TEST

int main(void) {
	Suite *s = suite_create("access/node");
	TCase *t = tcase_create("node");
	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_node_may_what_its_pods_need);
	tcase_add_test(t, a_field_selector_opens_lists);
	tcase_add_test(t, others_are_no_nodes);
	tcase_add_test(t, reasons_of_both_are_told);
	tcase_add_test(t, impersonation_makes_the_user_asked_for);
	tcase_add_test(t, impersonated_groups_follow_the_user);
	tcase_add_test(t, impersonation_without_a_user_is_an_error);
	tcase_add_test(t, every_item_of_an_impersonation_is_authorised);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
