/* SPDX-License-Identifier: Apache-2.0 */
#include "etcd/keys.h"

#include "schema/schema.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>

/* As kube-apiserver v1.34 lays them out. */
static const struct {
	const char *resource, *ns, *name, *key;
} keys[] = {
	{ "/pods", "default", "web-0", "/registry/pods/default/web-0" },
	{ "/namespaces", "", "default", "/registry/namespaces/default" },
	{ "/nodes", "", "n1", "/registry/minions/n1" },
	{ "/services", "default", "kubernetes", "/registry/services/specs/default/kubernetes" },
	{ "/endpoints", "default", "kubernetes", "/registry/services/endpoints/default/kubernetes" },
	{ "/replicationcontrollers", "a", "b", "/registry/controllers/a/b" },
	{ "/ranges", "", "servicenodeports", "/registry/ranges/servicenodeports" },
	{ "/events", "a", "b.17", "/registry/events/a/b.17" },
	{ "apps/deployments", "a", "b", "/registry/deployments/a/b" },
	{ "coordination.k8s.io/leases", "kube-node-lease", "n1", "/registry/leases/kube-node-lease/n1" },
	{ "networking.k8s.io/ingresses", "a", "b", "/registry/ingress/a/b" },
	{ "networking.k8s.io/ipaddresses", "", "10.96.0.1", "/registry/ipaddresses/10.96.0.1" },
	{ "rbac.authorization.k8s.io/clusterroles", "", "system:node", "/registry/clusterroles/system:node" },
	{ "apiextensions.k8s.io/customresourcedefinitions", "", "crontabs.stable.example.com",
	  "/registry/apiextensions.k8s.io/customresourcedefinitions/crontabs.stable.example.com" },
	{ "apiregistration.k8s.io/apiservices", "", "v1.apps", "/registry/apiregistration.k8s.io/apiservices/v1.apps" },
	{ "stable.example.com/crontabs", "default", "c", "/registry/stable.example.com/crontabs/default/c" },
	{ "stable.example.com/pods", "", "c", "/registry/stable.example.com/pods/c" },
};

START_TEST(both_ways) {
	struct buf b = BUF_INIT(256), text = BUF_INIT(256);
	struct store_key k = { slice_str(keys[_i].resource), slice_str(keys[_i].ns), slice_str(keys[_i].name) }, back;
	ck_assert_int_eq(etcd_key_put(&b, &k), 0);
	ck_assert_msg(slice_eqs(buf_slice(&b), keys[_i].key), "%.*s", SLICE_FMT(buf_slice(&b)));
	ck_assert_int_eq(etcd_key_parse(buf_slice(&b), &text, &back), 0);
	ck_assert_msg(slice_eq(back.resource, k.resource), "%.*s", SLICE_FMT(back.resource));
	ck_assert(slice_eq(back.ns, k.ns));
	ck_assert(slice_eq(back.name, k.name));
	buf_done(&b);
	buf_done(&text);
}
END_TEST

static const char *const others[] = {
	"compact_rev_key", "/registry/", "/registry/health", "/registry/masterleases/10.0.0.1", "/registry/pods",
	"/registry/pods/", "/registry/pods/a/", "/registry/pods/a/b/c", "/registry/pods//b", "/registry/a.b/c", "/registry/a.b/c/", "/registry/nosuch/a/b",
	"/other/pods/a/b", "",
};

START_TEST(other_keys_are_no_objects) {
	struct buf text = BUF_INIT(256);
	struct store_key back;
	ck_assert_int_eq(etcd_key_parse(slice_str(others[_i]), &text, &back), -ENOENT);
	buf_done(&text);
}
END_TEST

START_TEST(a_resource_without_a_place_is_refused) {
	struct buf b = BUF_INIT(256);
	struct store_key k = { .resource = SLICE_LIT("/nosuch"), .name = SLICE_LIT("a") };
	ck_assert_int_eq(etcd_key_put(&b, &k), -EINVAL);
	k.resource = SLICE_LIT("nodot/nosuch");
	ck_assert_int_eq(etcd_key_put(&b, &k), -EINVAL);
	buf_done(&b);
}
END_TEST

/* No two resources share a folder, or the objects of one would show up in the other. */
START_TEST(every_built_in_resource_comes_back) {
	size_t seen = 0;
	for (size_t i = 0; i < schema_builtin_count(); i++) {
		const struct schema_resource *r = schema_builtin(i);
		if (!(r->verbs & VERB_GET) || !(r->verbs & VERB_CREATE)) continue;
		char resource[256];
		struct buf b = BUF_INIT(512), text = BUF_INIT(256);
		snprintf(resource, sizeof(resource), "%s/%s", r->storage_group, r->storage_resource);
		struct store_key k = { slice_str(resource), r->namespaced ? SLICE_LIT("ns") : SLICE_NULL, SLICE_LIT("name") }, back;
		ck_assert_int_eq(etcd_key_put(&b, &k), 0);
		ck_assert_int_eq(etcd_key_parse(buf_slice(&b), &text, &back), 0);
		ck_assert_msg(slice_eqs(back.resource, resource), "%s came back as %.*s", resource, SLICE_FMT(back.resource));
		buf_done(&b);
		buf_done(&text);
		seen++;
	}
	ck_assert_uint_gt(seen, 40);
}
END_TEST

int main(void) {
	Suite *s = suite_create("etcd keys");
	TCase *t = tcase_create("all");
	tcase_add_loop_test(t, both_ways, 0, ELEMENTSOF(keys));
	tcase_add_loop_test(t, other_keys_are_no_objects, 0, ELEMENTSOF(others));
	tcase_add_test(t, a_resource_without_a_place_is_refused);
	tcase_add_test(t, every_built_in_resource_comes_back);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
