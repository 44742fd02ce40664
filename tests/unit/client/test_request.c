/* SPDX-License-Identifier: Apache-2.0 */
#include "client/credentials.h"
#include "fake.h"

#include <fcntl.h>

static const struct k8c_op get_pod = { .size = sizeof(get_pod),
				       .verb = K8C_GET,
				       .target = { .version = "v1", .resource = "pods", .ns = "a", .name = "p" } };
#define FORBIDDEN                                                                                                                            \
	"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"pods \\\"p\\\" is forbidden: no\"," \
	"\"reason\":\"Forbidden\",\"details\":{\"name\":\"p\",\"kind\":\"pods\",\"causes\":[{\"reason\":\"r\",\"message\":\"m\",\"field\":\"f\"}]},\"code\":403}"

START_TEST(an_answer) {
	FAKE({ "GET", "/api/v1/namespaces/a/pods/p", 200, "{\"kind\":\"Pod\"}", .piece = 3 });
	struct k8c_reply *r;
	ck_assert_int_eq(k8c_op_wait(fake.client, &get_pod, &r), 0);
	ck_assert_int_eq(r->error.err, 0);
	ck_assert_int_eq(r->response.status, 200);
	ck_assert(slice_eqs(slice_of(r->response.body), "{\"kind\":\"Pod\"}"));
	ck_assert(slice_eqs(slice_of(k8c_response_header(&r->response, "content-type")), "application/json"));
	ck_assert_str_eq(fake.req[0].accept, "application/json");
	k8c_reply_free(r);
	fake_done();
}
END_TEST

START_TEST(errors_are_structures) {
	FAKE({ "GET", "/api", 403, FORBIDDEN }, { "GET", "/api", 404, "page not found\n" }, { "GET", "/api", 418, "" },
	     { "GET", "/api", 0, .err = -ECONNREFUSED });
	struct k8c_reply *r;
	k8c_op_wait(fake.client, &get_pod, &r);
	ck_assert_int_eq(r->error.err, -EPERM);
	ck_assert_str_eq(r->error.message, "pods \"p\" is forbidden: no");
	ck_assert_str_eq(r->error.reason, "Forbidden");
	ck_assert_str_eq(r->error.kind, "pods");
	ck_assert(r->error.n_causes == 1 && !strcmp(r->error.causes[0].field, "f"));
	k8c_reply_free(r);
	k8c_op_wait(fake.client, &get_pod, &r);
	ck_assert_int_eq(r->error.err, -ENOENT);
	ck_assert_str_eq(r->error.message, "the server could not find the requested resource: page not found");
	k8c_reply_free(r);
	k8c_op_wait(fake.client, &get_pod, &r);
	ck_assert_int_eq(r->error.err, -EREMOTEIO);
	ck_assert_int_eq(r->error.status, 418);
	k8c_reply_free(r);
	k8c_op_wait(fake.client, &get_pod, &r);
	ck_assert_int_eq(r->error.err, -ECONNREFUSED);
	ck_assert_int_eq(r->error.status, 0);
	k8c_reply_free(r);
	fake_done();
}
END_TEST

START_TEST(lost_connections_repeat_what_is_idempotent) {
	FAKE({ "GET", "/api", 0, .err = -ECONNRESET }, { "GET", "/api", 200, "{}" }, { "POST", "/api", 0, .err = -ECONNRESET },
	     { "POST", "/api", 201, "{}" });
	struct k8c_reply *r;
	k8c_op_wait(fake.client, &get_pod, &r);
	ck_assert_int_eq(r->error.err, 0);
	ck_assert_uint_eq(fake.n_req, 2);
	k8c_reply_free(r);
	struct k8c_op create = { .size = sizeof(create),
				 .verb = K8C_CREATE,
				 .target = { .version = "v1", .resource = "pods", .ns = "a" },
				 .body = { "{}", 2 } };
	k8c_op_wait(fake.client, &create, &r);
	ck_assert_int_eq(r->error.err, -ECONNRESET);
	ck_assert_uint_eq(fake.n_req, 3);
	k8c_reply_free(r);
	fake_done();
}
END_TEST

START_TEST(retry_after_is_followed) {
	FAKE({ "POST", "/api", 429, FORBIDDEN, "retry-after", "0" }, { "POST", "/api", 503, "", "retry-after", "0" },
	     { "POST", "/api", 201, "{}" }, { "POST", "/api", 503, "" });
	struct k8c_reply *r;
	struct k8c_op create = { .size = sizeof(create),
				 .verb = K8C_CREATE,
				 .target = { .version = "v1", .resource = "pods", .ns = "a" },
				 .body = { "{}", 2 } };
	k8c_op_wait(fake.client, &create, &r);
	ck_assert_int_eq(r->response.status, 201);
	ck_assert_uint_eq(fake.n_req, 3);
	k8c_reply_free(r);
	k8c_op_wait(fake.client, &create, &r);
	ck_assert_int_eq(r->error.err, -EIO);
	ck_assert_uint_eq(fake.n_req, 4);
	k8c_reply_free(r);
	fake_done();
}
END_TEST

START_TEST(a_longer_retry_after_than_a_minute_is_told_not_cut_short) {
	FAKE({ "GET", "/api", 429, FORBIDDEN, "retry-after", "61" });
	struct k8c_reply *r;
	k8c_op_wait(fake.client, &get_pod, &r);
	ck_assert_int_eq(r->error.err, -EBUSY);
	ck_assert_uint_eq(r->error.retry_after, 61);
	ck_assert_uint_eq(fake.n_req, 1);
	k8c_reply_free(r);
	fake_done();
}
END_TEST

START_TEST(retry_after_on_500_repeats_only_what_is_idempotent) {
	FAKE({ "GET", "/api", 500, "", "retry-after", "0" }, { "GET", "/api", 200, "{}" }, { "POST", "/api", 500, "", "retry-after", "0" });
	struct k8c_reply *r;
	k8c_op_wait(fake.client, &get_pod, &r);
	ck_assert_int_eq(r->error.err, 0);
	k8c_reply_free(r);
	struct k8c_op create = { .size = sizeof(create), .verb = K8C_CREATE, .target = get_pod.target, .body = { "{}", 2 } };
	create.target.name = NULL;
	k8c_op_wait(fake.client, &create, &r);
	ck_assert_int_eq(r->error.err, -EIO);
	ck_assert_uint_eq(fake.n_req, 3);
	k8c_reply_free(r);
	fake_done();
}
END_TEST

START_TEST(a_line_end_in_a_header_is_not_sent) {
	struct k8c_config_options o = { .size = sizeof(o), .no_kubeconfig = true, .server = "https://x", .token = "a\nimpersonate-user: root" };
	struct k8c_config *cfg;
	struct k8c_reply *r;
	ck_assert_int_eq(k8c_config_load(&o, &cfg, NULL), 0);
	fake_setup(cfg, NULL, 0);
	ck_assert_int_eq(k8c_op_wait(fake.client, &get_pod, &r), 0);
	ck_assert_int_eq(r->error.err, -EINVAL);
	ck_assert_str_eq(r->error.message, "invalid header field value for \"authorization\"");
	ck_assert_uint_eq(fake.n_req, 0);
	k8c_reply_free(r);
	fake_done();
	k8c_config_unref(cfg);
}
END_TEST

static void write_file(const char *path, const char *text) {
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

START_TEST(token_is_read_again_after_401) {
	static const struct fake_answer script[] = { { "GET", "/api", 200, "{}" },
						     { "GET", "/api", 401, "" },
						     { "GET", "/api", 200, "{}" },
						     { "GET", "/api", 401, "" },
						     { "GET", "/api", 401, "" } };
	char path[] = "/tmp/k8c-token-XXXXXX";
	close(mkstemp(path));
	write_file(path, "one\n");
	struct k8c_config_options o = { .size = sizeof(o), .no_kubeconfig = true, .server = "https://x", .token_file = path };
	struct k8c_config *cfg;
	struct k8c_reply *r;
	ck_assert_int_eq(k8c_config_load(&o, &cfg, NULL), 0);
	fake_setup(cfg, script, ELEMENTSOF(script));
	k8c_op_wait(fake.client, &get_pod, &r);
	k8c_reply_free(r);
	write_file(path, "two\n");
	k8c_op_wait(fake.client, &get_pod, &r);
	ck_assert_int_eq(r->error.err, 0);
	k8c_reply_free(r);
	ck_assert_str_eq(fake.req[0].authorization, "Bearer one");
	ck_assert_str_eq(fake.req[1].authorization, "Bearer one");
	ck_assert_str_eq(fake.req[2].authorization, "Bearer two");
	/* Refused twice: told, not repeated for ever. */
	k8c_op_wait(fake.client, &get_pod, &r);
	ck_assert_int_eq(r->error.err, -EKEYREJECTED);
	ck_assert_uint_eq(fake.n_req, 5);
	k8c_reply_free(r);
	fake_done();
	k8c_config_unref(cfg);
	unlink(path);
}
END_TEST

START_TEST(expiry_of_tokens) {
	/* {"exp":1700000000} */
	ck_assert_int_eq(credentials_jwt_expiry(SLICE_LIT("e30.eyJleHAiOjE3MDAwMDAwMDB9.x")), 1700000000);
	ck_assert_int_eq(credentials_jwt_expiry(SLICE_LIT("opaque")), 0);
	ck_assert_int_eq(credentials_jwt_expiry(SLICE_LIT("a.%%%.b")), 0);
}
END_TEST

struct seen { int done, data, err; struct k8c_call *call; };
static void on_done(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct seen *s = ctx;
	s->done++;
	s->err = err ? err->err : 0;
}
static void cancel_in_data(void *ctx, struct k8c_bytes b) {
	struct seen *s = ctx;
	s->data++;
	k8c_call_cancel(s->call);
}

START_TEST(cancellation) {
	FAKE({ "GET", "/a", 200, "xxxx", .open = true }, { "GET", "/b", 200, "xxxx", .piece = 1 });
	static const struct k8c_request_handler h = { .on_done = on_done },
						streaming = { .on_done = on_done, .on_data = cancel_in_data };
	struct k8c_request a = { .size = sizeof(a), .path = "/a" }, b = { .size = sizeof(b), .path = "/b" };
	struct seen at_once = { 0 }, open = { 0 }, inside = { 0 }, left = { 0 };
	ck_assert_int_eq(k8c_request_start(fake.client, &a, &h, &at_once, &at_once.call), 0);
	ck_assert_int_eq(at_once.done, 0);
	k8c_call_cancel(at_once.call);
	ck_assert(at_once.done == 1 && at_once.err == -ECANCELED && fake.n_req == 0);
	k8c_request_start(fake.client, &a, &h, &open, &open.call);
	settle();
	ck_assert_int_eq(open.done, 0);
	k8c_call_cancel(open.call);
	ck_assert(open.done == 1 && open.err == -ECANCELED);
	k8c_request_start(fake.client, &b, &streaming, &inside, &inside.call);
	settle();
	ck_assert(inside.done == 1 && inside.data == 1 && inside.err == -ECANCELED);
	k8c_request_start(fake.client, &b, &h, &left, NULL);
	fake_done();
	ck_assert(left.done == 1 && left.err == -ECANCELED);
}
END_TEST

START_TEST(operations_become_requests) {
	FAKE({ "PATCH", "/apis/apps/v1/namespaces/a%2Fb/deployments/d/scale?fieldManager=m&dryRun=All&force=true", 200, "{}" },
	     { "DELETE", "/api/v1/nodes/n", 200, "{}" }, { "GET", "/api/v1/pods?labelSelector=a%3Db&limit=5", 200, "{}" });
	struct k8c_reply *r;
	struct k8c_op patch = { .size = sizeof(patch),
				.verb = K8C_PATCH,
				.patch = K8C_PATCH_APPLY,
				.body = { "{}", 2 },
				.field_manager = "m",
				.dry_run = true,
				.force = true,
				.target = { "apps", "v1", "deployments", "a/b", "d", "scale" } };
	k8c_op_wait(fake.client, &patch, &r);
	ck_assert_int_eq(r->error.err, 0);
	ck_assert_str_eq(fake.req[0].content_type, "application/apply-patch+yaml");
	k8c_reply_free(r);
	struct k8c_op del = { .size = sizeof(del),
			      .verb = K8C_DELETE,
			      .target = { .version = "v1", .resource = "nodes", .name = "n" },
			      .has_grace = true,
			      .propagation = K8C_PROPAGATION_FOREGROUND,
			      .precondition_uid = "u" };
	k8c_op_wait(fake.client, &del, &r);
	ck_assert_str_eq(
		fake.req[1].body,
		"{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"gracePeriodSeconds\":0,\"propagationPolicy\":\"Foreground\",\"preconditions\":{\"uid\":\"u\"}}");
	k8c_reply_free(r);
	struct k8c_op list = { .size = sizeof(list),
			       .verb = K8C_LIST,
			       .target = { .version = "v1", .resource = "pods" },
			       .label_selector = "a=b",
			       .limit = 5 };
	k8c_op_wait(fake.client, &list, &r);
	ck_assert_int_eq(r->error.err, 0);
	k8c_reply_free(r);
	struct k8c_op nameless = { .size = sizeof(nameless), .verb = K8C_GET, .target = { .version = "v1", .resource = "pods" } };
	ck_assert_int_eq(k8c_op_wait(fake.client, &nameless, &r), -EINVAL);
	fake_done();
}
END_TEST

static char warned[128];
static void on_warning(void *ctx, const char *text) {
	size_t n = strlen(warned);
	snprintf(warned + n, sizeof(warned) - n, "%s|", text);
}

START_TEST(warnings_are_told) {
	FAKE({ "GET", "/api", 200, "{}", "warning",
	       "299 - \"v1 \\\"Thing\\\" is deprecated\", 299 - \"two\" \"Sat, 25 Aug 2012 23:34:45 GMT\", 299 - \"open" });
	fake.client->on_warning = on_warning;
	struct k8c_reply *r;
	k8c_op_wait(fake.client, &get_pod, &r);
	ck_assert_str_eq(warned, "v1 \"Thing\" is deprecated|two|open|");
	k8c_reply_free(r);
	fake_done();
}
END_TEST

START_TEST(large_answers_are_refused) {
	FAKE({ "GET", "/api", 200, "0123456789" });
	fake.client->max_body = 9;
	struct k8c_reply *r;
	k8c_op_wait(fake.client, &get_pod, &r);
	ck_assert_int_eq(r->error.err, -E2BIG);
	k8c_reply_free(r);
	fake_done();
}
END_TEST

static void add(TCase *t) {
	tcase_add_test(t, an_answer);
	tcase_add_test(t, errors_are_structures);
	tcase_add_test(t, lost_connections_repeat_what_is_idempotent);
	tcase_add_test(t, retry_after_is_followed);
	tcase_add_test(t, a_longer_retry_after_than_a_minute_is_told_not_cut_short);
	tcase_add_test(t, retry_after_on_500_repeats_only_what_is_idempotent);
	tcase_add_test(t, a_line_end_in_a_header_is_not_sent);
	tcase_add_test(t, token_is_read_again_after_401);
	tcase_add_test(t, expiry_of_tokens);
	tcase_add_test(t, cancellation);
	tcase_add_test(t, operations_become_requests);
	tcase_add_test(t, warnings_are_told);
	tcase_add_test(t, large_answers_are_refused);
}
CLIENT_MAIN("request", add)
