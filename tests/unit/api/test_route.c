/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of a request's way: paths, media types, options, statuses, tokens. */
#include "api/alloc/cidr.h"
#include "api/continue.h"
#include "api/duplicates.h"
#include "api/encode.h"
#include "api/limits.h"
#include "api/negotiate.h"
#include "api/options.h"
#include "api/route/requestinfo.h"

#include <check.h>
#include <errno.h>

static struct arena *a;
static void up(void) { a = arena_new(0); }
static void down(void) { arena_free(a); }

static struct request_info info(const char *method, const char *target) {
	struct slice query = slice_str(target), path = slice_cut(&query, '?');
	struct query q = { 0 };
	struct request_info i = { 0 };
	const char *msg;
	ck_assert_int_eq(query_parse(a, query, &q, &msg), 0);
	ck_assert_int_eq(request_info_parse(a, slice_str(method), path, &q, &i), 0);
	return i;
}

/* Expected: "verb group version ns resource sub name", "-" for empty. */
static const struct { const char *method, *target, *want; } paths[] = {
	{ "GET", "/api/v1/pods", "list - v1 - pods - -" },
	{ "GET", "/api/v1/namespaces/x/pods/p/log", "get - v1 x pods log p" },
	{ "GET", "/api/v1/namespaces/x", "get - v1 x namespaces - x" },
	{ "PUT", "/api/v1/namespaces/x/finalize", "update - v1 x namespaces finalize x" },
	{ "GET", "/api/v1/namespaces/x/status", "get - v1 x namespaces status x" },
	{ "GET", "/apis/apps/v1/namespaces/x/deployments?watch=1", "watch apps v1 x deployments - -" },
	{ "GET", "/apis/apps/v1/namespaces/x/deployments?watch=false", "list apps v1 x deployments - -" },
	{ "GET", "/api/v1/pods?watch", "watch - v1 - pods - -" },
	{ "GET", "/api/v1/namespaces/x/pods/p?watch=1", "get - v1 x pods - p" },
	{ "DELETE", "/api/v1/namespaces/x/pods", "deletecollection - v1 x pods - -" },
	{ "GET", "/api/v1/watch/namespaces/x/pods/p", "watch - v1 x pods - p" },
	{ "GET", "/api/v1/pods?fieldSelector=metadata.name%3Dp", "list - v1 - pods - p" },
	{ "GET", "/api/v1/pods?fieldSelector=metadata.name%3Da%2Fb", "list - v1 - pods - -" },
	{ "HEAD", "/api/v1/pods/p", "get - v1 - pods - p" },
	{ "FROB", "/api/v1/pods/p", "- - v1 - pods - p" },
};

static const char *dash(struct slice s) { return slice_empty(s) ? "-" : arena_slice_str(a, s); }

START_TEST(paths_are_read_as_apiserver_does) {
	struct request_info i = info(paths[_i].method, paths[_i].target);
	ck_assert(i.is_resource);
	ck_assert_str_eq(arena_printf(a, "%s %s %s %s %s %s %s", dash(i.verb), dash(i.group), dash(i.version), dash(i.ns), dash(i.resource),
				      dash(i.subresource), dash(i.name)), paths[_i].want);
}
END_TEST

START_TEST(other_paths_are_no_resources) {
	static const char *const plain[] = { "/", "/api", "/api/v1", "/apis/apps", "/apis/apps/v1", "/healthz", "/metrics" };
	struct request_info i = info("GET", plain[_i]);
	ck_assert(!i.is_resource);
	ck_assert(slice_eqs(i.verb, "get"));
}
END_TEST

static int accept_of(const char *text, enum negotiate_for what, struct negotiated *n) {
	*n = (struct negotiated){ 0 };
	return negotiate_accept(slice_str(text), what, n);
}

START_TEST(accept_is_negotiated) {
	struct negotiated n;
	ck_assert_int_eq(accept_of("", NEGOTIATE_OBJECT, &n), 0);
	ck_assert_int_eq(n.media, MEDIA_JSON);
	ck_assert_int_eq(accept_of("application/json;q=0.1,application/yaml;q=0.9", NEGOTIATE_OBJECT, &n), 0);
	ck_assert_int_eq(n.media, MEDIA_YAML);
	ck_assert_int_eq(accept_of("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", NEGOTIATE_OBJECT, &n), 0);
	ck_assert_int_eq(n.as, AS_TABLE);
	ck_assert(n.v1beta1);
	ck_assert_int_eq(accept_of("application/json;as=Nope;v=v1;g=meta.k8s.io", NEGOTIATE_OBJECT, &n), -ENOENT);
	ck_assert_int_eq(accept_of("application/json;as=Table;v=v1;g=meta.k8s.io", NEGOTIATE_PLAIN, &n), -ENOENT);
	ck_assert_int_eq(accept_of("application/yaml", NEGOTIATE_WATCH, &n), -ENOENT);
	ck_assert(!negotiate_routable(SLICE_LIT("application/*")));
	ck_assert(negotiate_routable(SLICE_LIT("text/html, */*;q=0.8")));
}
END_TEST

static const char *list_error(const char *query, bool watch) {
	struct query q;
	const char *msg;
	struct list_options o;
	query_parse(a, slice_str(query), &q, &msg);
	const struct status *st = options_list(a, &q, watch, &o);
	return st ? arena_printf(a, "%d %s", st->code, st->message) : "ok";
}

START_TEST(list_options_are_checked) {
	ck_assert_str_eq(list_error("limit=abc", false), "400 strconv.ParseInt: parsing \"abc\": invalid syntax");
	ck_assert_str_eq(list_error("limit=99999999999999999999", false), "400 strconv.ParseInt: parsing \"99999999999999999999\": value out of range");
	ck_assert_str_eq(list_error("resourceVersionMatch=Exact", false), "422 ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
			 "resourceVersionMatch is forbidden unless resourceVersion is provided");
	ck_assert_str_eq(list_error("sendInitialEvents=true", true), "422 ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
			 "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
	ck_assert_str_eq(list_error("resourceVersion=abc", true), "500 resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax");
	ck_assert_str_eq(list_error("limit=-1&resourceVersion=0", false), "ok");
}
END_TEST

START_TEST(statuses_are_written_in_order) {
	_cleanup_buf_ struct buf b = BUF_INIT(MIB);
	struct schema_errors e = { 0 };
	schema_errors_add(a, &e, "FieldValueRequired", "a", "Required value");
	schema_errors_add(a, &e, "FieldValueRequired", "a", "Required value");
	schema_errors_add(a, &e, "FieldValueInvalid", "b", "Invalid value: \"<\"");
	const struct status *st = status_invalid(a, SLICE_LIT("apps"), SLICE_LIT("Deployment"), SLICE_LIT("d"), &e);
	ck_assert_int_eq(status_write(st, &b), 0);
	buf_putc(&b, 0);
	ck_assert_str_eq(b.p, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"Deployment.apps \\\"d\\\" is invalid: "
			      "[a: Required value, b: Invalid value: \\\"\\u003c\\\"]\",\"reason\":\"Invalid\",\"details\":{\"name\":\"d\",\"group\":\"apps\","
			      "\"kind\":\"Deployment\",\"causes\":[{\"reason\":\"FieldValueRequired\",\"message\":\"Required value\",\"field\":\"a\"},"
			      "{\"reason\":\"FieldValueRequired\",\"message\":\"Required value\",\"field\":\"a\"},{\"reason\":\"FieldValueInvalid\","
			      "\"message\":\"Invalid value: \\\"\\u003c\\\"\",\"field\":\"b\"}]},\"code\":422}");
}
END_TEST

START_TEST(continue_tokens_come_back) {
	struct continue_token t;
	const char *s = continue_format(a, 42, true, SLICE_LIT("ns"), SLICE_LIT("name"));
	ck_assert_ptr_null(continue_parse(a, slice_str(s), true, &t));
	ck_assert_int_eq(t.rv, 42);
	ck_assert(slice_eqs(t.ns, "ns") && slice_eqs(t.name, "name"));
	ck_assert_ptr_nonnull(continue_parse(a, SLICE_LIT("garbage"), true, &t));
	/* {"v":"meta.k8s.io/v1","rv":-1,"start":"../../secrets"}: nothing climbs out of the list. */
	ck_assert_ptr_nonnull(continue_parse(a, SLICE_LIT("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiLi4vLi4vc2VjcmV0cyJ9"), true, &t));
}
END_TEST

START_TEST(metadata_is_found_without_parsing) {
	struct slice m = encode_metadata_of(SLICE_LIT("{\"kind\":\"a\\\"b\",\"x\":[{\"metadata\":1}],\"metadata\":{\"a\":\"}\\\\\",\"b\":[1,{}]},\"spec\":{}}"));
	ck_assert(slice_eqs(m, "{\"a\":\"}\\\\\",\"b\":[1,{}]}"));
	ck_assert(slice_empty(encode_metadata_of(SLICE_LIT("{}"))));
}
END_TEST

START_TEST(duplicates_are_told_with_their_paths) {
	yyjson_mut_doc *doc;
	struct json_error e;
	const char **found;
	size_t n;
	ck_assert_int_eq(json_parse(a, SLICE_LIT("{\"a\":{\"b\":[{\"c\":1,\"c\":2}],\"b\":3}}"), &doc, &e), 0);
	ck_assert_int_eq(duplicates_find(a, yyjson_mut_doc_get_root(doc), false, &found, &n), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(found[0], "duplicate field \"a.b[0].c\"");
	ck_assert_str_eq(found[1], "duplicate field \"a.b\"");
}
END_TEST

START_TEST(service_ranges) {
	struct cidr c;
	uint32_t ip;
	ck_assert_int_eq(cidr_parse("10.96.0.0/12", &c), 0);
	ck_assert_int_eq(cidr_address(SLICE_LIT("10.96.0.1"), &ip), 0);
	ck_assert(cidr_contains(&c, ip) && !cidr_contains(&c, 0));
	ck_assert_uint_eq(cidr_static_band(&c), 256);
	ck_assert_int_lt(cidr_parse("10.96.0.0/33", &c), 0);
	ck_assert_int_lt(cidr_address(SLICE_LIT("10.96.0.01x"), &ip), 0);
}
END_TEST

int main(void) {
	Suite *s = suite_create("api route");
	TCase *t = tcase_create("route");
	SRunner *r = srunner_create(s);
	tcase_add_checked_fixture(t, up, down);
	tcase_add_loop_test(t, paths_are_read_as_apiserver_does, 0, (int)ELEMENTSOF(paths));
	tcase_add_loop_test(t, other_paths_are_no_resources, 0, 7);
	tcase_add_test(t, accept_is_negotiated);
	tcase_add_test(t, list_options_are_checked);
	tcase_add_test(t, statuses_are_written_in_order);
	tcase_add_test(t, continue_tokens_come_back);
	tcase_add_test(t, metadata_is_found_without_parsing);
	tcase_add_test(t, duplicates_are_told_with_their_paths);
	tcase_add_test(t, service_ranges);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
