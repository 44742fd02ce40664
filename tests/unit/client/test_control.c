/* SPDX-License-Identifier: Apache-2.0 */
/* What controllers use: update with retry, waiting, leader election, events. */
#include "fake.h"

#define CM(rv) "{\"metadata\":{\"name\":\"c\",\"resourceVersion\":\"" rv "\"},\"unknown\":{\"kept\":1}}"
#define CONFLICT "{\"kind\":\"Status\",\"message\":\"modified\",\"reason\":\"Conflict\",\"code\":409}"
#define PATH "/api/v1/namespaces/n/configmaps/c"

static const struct k8c_target target = { "", "v1", "configmaps", "n", "c", NULL };
static int changes, change_result;

static int change(void *ctx, struct yyjson_mut_doc *doc, struct yyjson_mut_val *root) {
	changes++;
	json_set_int(doc, root, "n", changes);
	return change_result;
}
static void ignore_update(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {}
static const struct k8c_update_handler update = { change, ignore_update };

START_TEST(conflicts_are_retried_on_fresh_state) {
	FAKE({ "GET", PATH, 200, CM("1") }, { "PUT", PATH, 409, CONFLICT }, { "GET", PATH, 200, CM("2") },
	     { "PUT", PATH, 200, CM("3") });
	changes = change_result = 0;
	ck_assert_int_eq(k8c_update_wait(fake.client, &target, &update, NULL), 0);
	ck_assert_int_eq(changes, 2);
	ck_assert_str_eq(fake.req[3].body, "{\"metadata\":{\"name\":\"c\",\"resourceVersion\":\"2\"},\"unknown\":{\"kept\":1},\"n\":2}");
	fake_done();
}
END_TEST

START_TEST(updates_give_up) {
	FAKE({ "GET", PATH, 200, CM("1") }, { "PUT", PATH, 409, CONFLICT }, { "GET", PATH, 200, CM("1") },
	     { "PUT", PATH, 409, CONFLICT }, { "GET", PATH, 200, CM("1") }, { "PUT", PATH, 409, CONFLICT },
	     { "GET", PATH, 200, CM("1") }, { "PUT", PATH, 409, CONFLICT }, { "GET", PATH, 200, CM("1") },
	     { "PUT", PATH, 409, CONFLICT }, { "GET", PATH, 404, "" }, { "GET", PATH, 200, CM("1") },
	     { "GET", PATH, 200, CM("1") });
	changes = change_result = 0;
	ck_assert_int_eq(k8c_update_wait(fake.client, &target, &update, NULL), -EAGAIN);
	ck_assert_int_eq(k8c_update_wait(fake.client, &target, &update, NULL), -ENOENT);
	change_result = 1;
	ck_assert_int_eq(k8c_update_wait(fake.client, &target, &update, NULL), 0);
	change_result = -EDOM;
	ck_assert_int_eq(k8c_update_wait(fake.client, &target, &update, NULL), -EDOM);
	ck_assert_uint_eq(fake.n_req, 13);
	fake_done();
}
END_TEST

static int is_ready(void *ctx, const struct yyjson_mut_val *root) {
	++*(int *)ctx;
	return root && json_path_bool(root, "ready", false);
}
static const struct k8c_wait_handler wait_ready = { is_ready, NULL };

START_TEST(waiting) {
	FAKE({ "GET", "/api/v1/namespaces/n/configmaps?fieldSelector=metadata.name%3Dc", 200,
	       "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[]}" },
	     { "GET",
	       "/api/v1/namespaces/n/configmaps?watch=true&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dc&resourceVersion=5",
	       200,
	       "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"c\"}}}\n{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"c\"},\"ready\":true}}\n",
	       .open = true },
	     { "GET", "/api/v1/namespaces/n/configmaps?fieldSelector", 200,
	       "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[]}" },
	     { "GET", "/api/v1/namespaces/n/configmaps?watch=true", 200, "", .open = true },
	     { "GET", "/api/v1/namespaces/n/configmaps?fieldSelector", 403, "" });
	int checks = 0;
	ck_assert_int_eq(k8c_wait_wait(fake.client, &target, 0, &wait_ready, &checks), 0);
	ck_assert_int_eq(checks, 3);
	ck_assert_int_eq(k8c_wait_wait(fake.client, &target, 30, &wait_ready, &checks), -ETIMEDOUT);
	ck_assert_int_eq(k8c_wait_wait(fake.client, &target, 0, &wait_ready, &checks), -EPERM);
	fake_done();
}
END_TEST

/* ---- election ---- */

static bool leads;
static void on_started(void *ctx) { leads = true; }
static void on_stopped(void *ctx) { leads = false; }
static const struct k8c_election_handler election = { on_started, on_stopped, NULL };
#define LEASES "/apis/coordination.k8s.io/v1/namespaces/n/leases"
#define LEASE(rv, who)                                                                                                           \
	"{\"metadata\":{\"name\":\"l\",\"resourceVersion\":\"" rv "\"},\"spec\":{\"holderIdentity\":\"" who                      \
	"\",\"leaseDurationSeconds\":1,\"leaseTransitions\":4}}"

static struct k8c_election *elect(void) {
	struct k8c_election *e;
	struct k8c_election_options o = {
		.size = sizeof(o), .ns = "n", .name = "l", .identity = "me", .lease_ms = 900, .renew_ms = 600, .retry_ms = 20
	};
	leads = false;
	ck_assert_int_eq(k8c_election_start(fake.client, &o, &election, NULL, &e), 0);
	return e;
}

START_TEST(a_lease_is_made_renewed_and_given_up) {
	FAKE({ "GET", LEASES "/l", 404, "" }, { "POST", LEASES, 201, LEASE("1", "me") },
	     { "GET", LEASES "/l", 200, LEASE("1", "me") }, { "PUT", LEASES "/l", 200, LEASE("2", "me") },
	     { "GET", LEASES "/l", 200, "{", .open = true }, { "PUT", LEASES "/l", 200, LEASE("3", "") });
	struct k8c_election *e = elect();
	run_until(&leads);
	ck_assert_ptr_nonnull(strstr(fake.req[1].body, "\"holderIdentity\":\"me\",\"leaseDurationSeconds\":1,"));
	for (int i = 0; i < 100 && fake.n_req < 5; i++) k8c_client_run_once(fake.client, 50);
	ck_assert_ptr_nonnull(strstr(fake.req[3].body, "\"leaseTransitions\":4"));
	k8c_election_free(e);
	ck_assert(!leads);
	settle();
	ck_assert_uint_eq(fake.n_req, 6);
	ck_assert_ptr_null(strstr(fake.req[5].body, "holderIdentity"));
	fake_done();
}
END_TEST

START_TEST(an_expired_lease_is_taken_over) {
	static struct fake_answer script[60];
	size_t n = 0;
	for (; n < 56; n++) script[n] = (struct fake_answer){ "GET", LEASES "/l", 200, LEASE("7", "other") };
	script[n++] = (struct fake_answer){ "PUT", LEASES "/l", 200, LEASE("8", "me") };
	fake_setup(NULL, script, n);
	struct k8c_election *e = elect();
	k8c_client_run_once(fake.client, 20);
	ck_assert(!leads);
	run_until(&leads);
	ck_assert_ptr_nonnull(strstr(fake.req[fake.n_req - 1].body, "\"leaseTransitions\":5"));
	k8c_election_free(e);
	fake_done();
}
END_TEST

START_TEST(absurd_numbers_in_a_lease_do_no_harm) {
	FAKE({ "GET", LEASES "/l", 200,
	       "{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"holderIdentity\":\"other\",\"leaseDurationSeconds\":9223372036854775807}}" },
	     { "GET", LEASES "/l", 200,
	       "{\"metadata\":{\"resourceVersion\":\"2\"},\"spec\":{\"leaseDurationSeconds\":-9223372036854775807,\"leaseTransitions\":9223372036854775807}}" },
	     { "PUT", LEASES "/l", 200, LEASE("3", "me") });
	struct k8c_election *e = elect();
	run_until(&leads);
	ck_assert_uint_eq(fake.n_req, 3);
	k8c_election_free(e);
	fake_done();
}
END_TEST

START_TEST(a_leader_that_cannot_renew_stops) {
	FAKE({ "GET", LEASES "/l", 404, "" }, { "POST", LEASES, 201, LEASE("1", "me") });
	struct k8c_election *e = elect();
	run_until(&leads);
	for (int i = 0; i < 200 && leads && fake.n_req < 60; i++) k8c_client_run_once(fake.client, 20);
	ck_assert(!leads);
	k8c_election_free(e);
	fake_done();
}
END_TEST

/* ---- events ---- */

static const struct k8c_reference about = { "v1", "Pod", "n", "p", "u", NULL, NULL };
#define EVENTS "/api/v1/namespaces/n/events"

START_TEST(equal_events_are_counted) {
	FAKE({ "POST", EVENTS, 201, "{}" }, { "PATCH", EVENTS "/p.", 200, "{}" }, { "PATCH", EVENTS "/p.", 404, "" },
	     { "POST", EVENTS, 201, "{}" });
	struct k8c_recorder *r;
	struct k8c_recorder_options o = { .size = sizeof(o), .component = "me", .host = "h" };
	ck_assert_int_eq(k8c_recorder_new(fake.client, &o, &r), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(k8c_recorder_event(r, &about, "Normal", "Did", "it \"well\""), 0);
		settle();
	}
	ck_assert_uint_eq(fake.n_req, 4);
	ck_assert_ptr_nonnull(strstr(
		fake.req[0].body,
		"\"involvedObject\":{\"kind\":\"Pod\",\"namespace\":\"n\",\"name\":\"p\",\"uid\":\"u\",\"apiVersion\":\"v1\"},\"reason\":\"Did\",\"message\":\"it \\\"well\\\"\""));
	ck_assert_ptr_nonnull(strstr(fake.req[0].body, "\"count\":1"));
	ck_assert_ptr_nonnull(strstr(fake.req[1].body, "{\"count\":2,"));
	ck_assert_ptr_nonnull(strstr(fake.req[3].body, "\"count\":3"));
	k8c_recorder_free(r);
	fake_done();
}
END_TEST

START_TEST(similar_events_are_combined_and_floods_dropped) {
	static struct fake_answer script[40];
	for (size_t i = 0; i < 40; i++) script[i] = (struct fake_answer){ i < 20 ? "POST" : "PATCH", EVENTS, 200, "{}" };
	fake_setup(NULL, script, 40);
	struct k8c_recorder *r;
	struct k8c_recorder_options o = { .size = sizeof(o), .component = "me" };
	int dropped = 0;
	ck_assert_int_eq(k8c_recorder_new(fake.client, &o, &r), 0);
	for (int i = 0; i < 30; i++) {
		char text[32];
		snprintf(text, sizeof(text), "message %d", i);
		dropped += k8c_recorder_event(r, &about, "Warning", "Bad", text);
		settle();
	}
	ck_assert_int_eq(dropped, 5);
	ck_assert_uint_eq(fake.n_req, 25);
	ck_assert_ptr_nonnull(strstr(fake.req[10].body, "\"message\":\"(combined from similar events): message 10\""));
	ck_assert_str_eq(fake.req[11].method, "PATCH");
	k8c_recorder_free(r);
	fake_done();
}
END_TEST

static void add(TCase *t) {
	tcase_add_test(t, conflicts_are_retried_on_fresh_state);
	tcase_add_test(t, updates_give_up);
	tcase_add_test(t, waiting);
	tcase_add_test(t, a_lease_is_made_renewed_and_given_up);
	tcase_add_test(t, an_expired_lease_is_taken_over);
	tcase_add_test(t, absurd_numbers_in_a_lease_do_no_harm);
	tcase_add_test(t, a_leader_that_cannot_renew_stops);
	tcase_add_test(t, equal_events_are_counted);
	tcase_add_test(t, similar_events_are_combined_and_floods_dropped);
}
CLIENT_MAIN("control", add)
