/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs end to end, through every filter, on a store in memory. */
#include "fixture.h"

#include "api/stored.h"

#include <pthread.h>
#include <stdatomic.h>

static struct fixture f;
static void up(void) { fixture_up(&f); }
static void down(void) { fixture_down(&f); }

#define MERGE ((const char *const[]){ "content-type", "application/merge-patch+json", NULL })
#define JSONPATCH ((const char *const[]){ "content-type", "application/json-patch+json", NULL })
#define CMS "/api/v1/namespaces/default/configmaps"

static struct answer make_map(const char *name, const char *data) {
	const char *body = arena_printf(f.a, "{'metadata':{'name':'%s','labels':{'app':'%s'}},'data':%s}", name, name, data);
	return fixture_call(&f, "POST", CMS, body, NULL);
}

START_TEST(bootstrap_makes_the_system_namespaces) {
	struct answer a = fixture_get(&f, "/api/v1/namespaces");
	ck_assert_int_eq(a.status, 200);
	ck_assert_uint_eq(yyjson_mut_arr_size(json_get(a.json, "items")), 4);
	a = fixture_get(&f, "/api/v1/namespaces/default/services/kubernetes");
	ck_assert_str_eq(answer_str(&f, &a, "spec.clusterIP"), "10.96.0.1");
	a = fixture_get(&f, "/apis/networking.k8s.io/v1/ipaddresses/10.96.0.1");
	ck_assert_int_eq(a.status, 200);
}
END_TEST

START_TEST(create_get_update_delete) {
	struct answer a = make_map("c", "{'a':'b'}");
	ck_assert_int_eq(a.status, 201);
	ck_assert_str_eq(answer_str(&f, &a, "kind"), "ConfigMap");
	const char *rv = answer_str(&f, &a, "metadata.resourceVersion");
	ck_assert_str_ne(rv, "");
	ck_assert_str_ne(answer_str(&f, &a, "metadata.uid"), "");
	a = fixture_get(&f, CMS "/c");
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&f, &a, "metadata.resourceVersion"), rv);
	a = fixture_call(&f, "PUT", CMS "/c", arena_printf(f.a, "{'metadata':{'name':'c','resourceVersion':'%s'},'data':{'a':'c'}}", rv), NULL);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&f, &a, "data.a"), "c");
	a = fixture_call(&f, "PUT", CMS "/c", arena_printf(f.a, "{'metadata':{'name':'c','resourceVersion':'%s'},'data':{'a':'d'}}", rv), NULL);
	ck_assert_int_eq(a.status, 409);
	ck_assert_str_eq(answer_str(&f, &a, "message"), "Operation cannot be fulfilled on configmaps \"c\": the object has been modified; please apply your "
							"changes to the latest version and try again");
	a = fixture_call(&f, "DELETE", CMS "/c", NULL, NULL);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&f, &a, "status"), "Success");
	a = fixture_get(&f, CMS "/c");
	ck_assert_int_eq(a.status, 404);
	ck_assert_str_eq(answer_text(&f, &a), "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"configmaps \\\"c\\\" not found\","
					      "\"reason\":\"NotFound\",\"details\":{\"name\":\"c\",\"kind\":\"configmaps\"},\"code\":404}\n");
}
END_TEST

START_TEST(an_update_that_changes_nothing_keeps_the_version) {
	struct answer a = make_map("same", "{'a':'b'}");
	const char *rv = answer_str(&f, &a, "metadata.resourceVersion");
	a = fixture_call(&f, "PATCH", CMS "/same", "{'data':{'a':'b'}}", MERGE);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&f, &a, "metadata.resourceVersion"), rv);
}
END_TEST

START_TEST(a_name_that_is_taken_is_refused) {
	ck_assert_int_eq(make_map("twice", "{}").status, 201);
	struct answer a = make_map("twice", "{}");
	ck_assert_int_eq(a.status, 409);
	ck_assert_str_eq(answer_str(&f, &a, "reason"), "AlreadyExists");
}
END_TEST

START_TEST(generated_names) {
	struct answer a = fixture_call(&f, "POST", CMS, "{'metadata':{'generateName':'gen-'}}", NULL);
	ck_assert_int_eq(a.status, 201);
	ck_assert_uint_eq(strlen(answer_str(&f, &a, "metadata.name")), 9);
	ck_assert_str_eq(answer_str(&f, &a, "metadata.generateName"), "gen-");
}
END_TEST

START_TEST(dry_run_stores_nothing) {
	struct answer a = fixture_call(&f, "POST", CMS "?dryRun=All", "{'metadata':{'name':'dry'}}", NULL);
	ck_assert_int_eq(a.status, 201);
	ck_assert_str_eq(answer_str(&f, &a, "metadata.resourceVersion"), "");
	ck_assert_int_eq(fixture_get(&f, CMS "/dry").status, 404);
}
END_TEST

START_TEST(json_patch_and_its_errors) {
	make_map("jp", "{'a':'1'}");
	struct answer a = fixture_call(&f, "PATCH", CMS "/jp", "[{'op':'replace','path':'/data/a','value':'2'}]", JSONPATCH);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&f, &a, "data.a"), "2");
	a = fixture_call(&f, "PATCH", CMS "/jp", "[{'op':'test','path':'/data/a','value':'9'}]", JSONPATCH);
	ck_assert_int_eq(a.status, 422);
	ck_assert_str_eq(answer_str(&f, &a, "message"), "the server rejected our request due to an error in our request");
	a = fixture_call(&f, "PATCH", CMS "/jp", "{'op':'test'}", JSONPATCH);
	ck_assert_int_eq(a.status, 400);
}
END_TEST

START_TEST(lists_page_by_page) {
	for (int i = 0; i < 5; i++) make_map(arena_printf(f.a, "page-%d", i), "{}");
	struct answer a = fixture_get(&f, CMS "?limit=2&labelSelector=app%20in%20(page-0,page-1,page-2,page-3,page-4)");
	ck_assert_uint_eq(yyjson_mut_arr_size(json_get(a.json, "items")), 2);
	const char *token = answer_str(&f, &a, "metadata.continue"), *rv = answer_str(&f, &a, "metadata.resourceVersion");
	ck_assert_str_ne(token, "");
	make_map("page-0a", "{}");
	a = fixture_get(&f, arena_printf(f.a, CMS "?limit=9&continue=%s", token));
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&f, &a, "metadata.resourceVersion"), rv);
	ck_assert_ptr_null(json_get(json_get(a.json, "metadata"), "continue"));
	ck_assert_str_eq(arena_slice_str(f.a, json_path_str(yyjson_mut_arr_get(json_get(a.json, "items"), 0), "metadata.name")), "page-2");
	ck_assert_ptr_null(json_get(yyjson_mut_arr_get(json_get(a.json, "items"), 0), "kind"));
}
END_TEST

static void two_changes(struct fixture *x) {
	make_map("w2", "{}");
	fixture_call(x, "PATCH", CMS "/w1", "{'metadata':{'labels':{'app':'other'}}}", MERGE);
}

START_TEST(watches_tell_selectors_transitions) {
	struct slice ev[8];
	make_map("w1", "{}");
	size_t n = fixture_watch(&f, CMS "?watch=1&labelSelector=app%3Dw1", 2, two_changes, ev, 8);
	ck_assert_uint_eq(n, 2);
	ck_assert(slice_starts(ev[0], SLICE_LIT("{\"type\":\"ADDED\",\"object\":{\"kind\":\"ConfigMap\"")));
	ck_assert(slice_starts(ev[1], SLICE_LIT("{\"type\":\"DELETED\"")));
	ck_assert_int_ge(slice_find(ev[1], SLICE_LIT("\"app\":\"w1\"")), 0);
}
END_TEST

START_TEST(initial_events_end_with_a_bookmark) {
	struct slice ev[64];
	make_map("i1", "{}");
	size_t n = fixture_watch(&f, CMS "?watch=1&fieldSelector=metadata.name%3Di1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", 2, NULL, ev, 64);
	ck_assert_uint_eq(n, 2);
	ck_assert(slice_starts(ev[1], SLICE_LIT("{\"type\":\"BOOKMARK\"")));
	ck_assert_int_ge(slice_find(ev[1], SLICE_LIT("\"k8s.io/initial-events-end\":\"true\"")), 0);
}
END_TEST

START_TEST(finalizers_hold_an_object) {
	fixture_call(&f, "POST", CMS, "{'metadata':{'name':'held','finalizers':['example.com/x']}}", NULL);
	struct answer a = fixture_call(&f, "DELETE", CMS "/held", NULL, NULL);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&f, &a, "kind"), "ConfigMap");
	ck_assert_str_ne(answer_str(&f, &a, "metadata.deletionTimestamp"), "");
	a = fixture_call(&f, "PATCH", CMS "/held", "{'metadata':{'finalizers':null}}", MERGE);
	ck_assert_int_eq(a.status, 200);
	ck_assert_int_eq(fixture_get(&f, CMS "/held").status, 404);
}
END_TEST

#define PODS "/api/v1/namespaces/default/pods"
#define PODS_N 200
static atomic_bool agent_ends;

static void ignore_result(void *ctx, const struct store_result *res) { (void)ctx, (void)res; }

/* Removes the pods of `PODS` as soon as they are marked, as a node's agent does with pods that have ended. */
static void *eager_agent(void *ctx) {
	struct store_watch w;
	ck_assert_int_eq(store_watch_init(f.store, SLICE_LIT("/pods"), *(uint64_t *)ctx, &w), 0);
	while (!atomic_load(&agent_ends)) {
		struct store_event *e;
		if (store_watch_next(&w, &e) <= 0) continue;
		if (e->kind == STORE_EV_MODIFIED && slice_find(blob_slice(e->obj->json), SLICE_LIT("deletionTimestamp")) >= 0) {
			struct store_op op = { .kind = STORE_DELETE, .key = e->obj->key, .expect_rv = e->obj->rv };
			op.json = stored_unversioned(e->obj->json, &op.rv_at);
			(void)store_txn(f.store, &op, 1, NULL, ignore_result, NULL);
		}
		store_event_unref(e);
	}
	return NULL;
}

static void make_ended_pod(const char *name) {
	const char *pod = "{'metadata':{'name':'%s'},'spec':{'nodeName':'n','containers':[{'name':'c','image':'i'}]}}";
	ck_assert_int_eq(fixture_call(&f, "POST", PODS, arena_printf(f.a, pod, name), NULL).status, 201);
	struct answer a = fixture_call(&f, "PATCH", arena_printf(f.a, PODS "/%s/status", name), "{'status':{'phase':'Failed'}}", MERGE);
	ck_assert_int_eq(a.status, 200);
}

START_TEST(a_deletion_that_an_agent_ends_first_is_no_404) {
	pthread_t agent;
	ck_assert_int_eq(fixture_call(&f, "POST", "/api/v1/namespaces/default/serviceaccounts", "{'metadata':{'name':'default'}}", NULL).status, 201);
	for (int i = 0; i < PODS_N; i++) make_ended_pod(arena_printf(f.a, "p%d", i));
	struct store_snapshot *snap = store_snapshot(f.store);
	uint64_t rv = store_snapshot_rv(snap);
	store_snapshot_unref(snap);
	ck_assert_int_eq(pthread_create(&agent, NULL, eager_agent, &rv), 0);
	for (int i = 0; i < PODS_N; i++) {
		struct answer a = fixture_call(&f, "DELETE", arena_printf(f.a, PODS "/p%d?gracePeriodSeconds=1", i), NULL, NULL);
		ck_assert_msg(a.status == 200, "pod %d: %d %s", i, a.status, answer_text(&f, &a));
		ck_assert_int_eq(fixture_get(&f, arena_printf(f.a, PODS "/p%d", i)).status, 404);
	}
	atomic_store(&agent_ends, true);
	pthread_join(agent, NULL);
}
END_TEST

START_TEST(collections_are_deleted_by_selector) {
	make_map("d1", "{}");
	make_map("d2", "{}");
	struct answer a = fixture_call(&f, "DELETE", CMS "?labelSelector=app%3Dd1", NULL, NULL);
	ck_assert_int_eq(a.status, 200);
	ck_assert_str_eq(answer_str(&f, &a, "kind"), "ConfigMapList");
	ck_assert_int_eq(fixture_get(&f, CMS "/d1").status, 404);
	ck_assert_int_eq(fixture_get(&f, CMS "/d2").status, 200);
}
END_TEST

START_TEST(node_ports_and_addresses_are_unique_and_given_back) {
	static const char one[] = "{'metadata':{'name':'np1'},'spec':{'type':'NodePort','ports':[{'port':80,'nodePort':30123}]}}";
	static const char two[] = "{'metadata':{'name':'np2'},'spec':{'type':'NodePort','ports':[{'port':80,'nodePort':30123}]}}";
	struct answer a = fixture_call(&f, "POST", "/api/v1/namespaces/default/services", one, NULL);
	ck_assert_int_eq(a.status, 201);
	a = fixture_call(&f, "POST", "/api/v1/namespaces/default/services", two, NULL);
	ck_assert_int_eq(a.status, 422);
	ck_assert_str_eq(answer_str(&f, &a, "message"), "Service \"np2\" is invalid: spec.ports[0].nodePort: Invalid value: 30123: provided port is already allocated");
	a = fixture_call(&f, "DELETE", "/api/v1/namespaces/default/services/np1", NULL, NULL);
	ck_assert_int_eq(a.status, 200);
	a = fixture_call(&f, "POST", "/api/v1/namespaces/default/services", two, NULL);
	ck_assert_int_eq(a.status, 201);
}
END_TEST

int main(void) {
	Suite *s = suite_create("api verbs");
	TCase *t = tcase_create("verbs");
	SRunner *r = srunner_create(s);
	tcase_add_checked_fixture(t, up, down);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, bootstrap_makes_the_system_namespaces);
	tcase_add_test(t, create_get_update_delete);
	tcase_add_test(t, an_update_that_changes_nothing_keeps_the_version);
	tcase_add_test(t, a_name_that_is_taken_is_refused);
	tcase_add_test(t, generated_names);
	tcase_add_test(t, dry_run_stores_nothing);
	tcase_add_test(t, json_patch_and_its_errors);
	tcase_add_test(t, lists_page_by_page);
	tcase_add_test(t, watches_tell_selectors_transitions);
	tcase_add_test(t, initial_events_end_with_a_bookmark);
	tcase_add_test(t, finalizers_hold_an_object);
	tcase_add_test(t, a_deletion_that_an_agent_ends_first_is_no_404);
	tcase_add_test(t, collections_are_deleted_by_selector);
	tcase_add_test(t, node_ports_and_addresses_are_unique_and_given_back);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
