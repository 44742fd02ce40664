/* SPDX-License-Identifier: Apache-2.0 */
/* What webhooks are asked about and how their answers are read; a server's failure in Go's words. */
#include "api/backend/failure.h"
#include "api/webhook/answer.h"
#include "api/webhook/match.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

static struct arena *a;

static void setup(void) { a = arena_new(0); }
static void teardown(void) { a = arena_free(a); }

/* JSON with ' for ". */
static struct slice text_of(const char *text) {
	char *s = arena_strdup(a, text);
	for (char *p = s; *p; p++)
		if (*p == '\'') *p = '"';
	return slice_str(s);
}

static yyjson_mut_val *tree(const char *text) {
	yyjson_mut_doc *doc;
	struct json_error err;
	ck_assert_int_eq(json_parse(a, text_of(text), &doc, &err), 0);
	return yyjson_mut_doc_get_root(doc);
}

/* ---- rules ---- */

#define RULE(groups, versions, ops, resources, more) \
	"[{'apiGroups':['" groups "'],'apiVersions':['" versions "'],'operations':['" ops "'],'resources':[" resources "]" more "}]"

static const struct { const char *rules, *op, *group, *resource, *sub; bool in_namespace, fits; } rules[] = {
	{ RULE("", "v1", "CREATE", "'pods'", ""), "CREATE", "", "pods", "", true, true },
	{ RULE("", "v1", "CREATE", "'pods'", ""), "UPDATE", "", "pods", "", true, false },
	{ RULE("", "v1", "*", "'pods'", ""), "DELETE", "", "pods", "", true, true },
	{ RULE("", "v1", "*", "'pods'", ""), "UPDATE", "", "pods", "status", true, false },
	{ RULE("", "v1", "*", "'pods/status'", ""), "UPDATE", "", "pods", "status", true, true },
	{ RULE("", "v1", "*", "'pods/status'", ""), "UPDATE", "", "pods", "", true, false },
	{ RULE("", "v1", "*", "'pods/*'", ""), "UPDATE", "", "pods", "status", true, true },
	{ RULE("", "v1", "*", "'*'", ""), "UPDATE", "", "pods", "status", true, false },
	{ RULE("", "v1", "*", "'*'", ""), "UPDATE", "", "pods", "", true, true },
	{ RULE("", "v1", "*", "'*/*'", ""), "UPDATE", "", "pods", "status", true, true },
	{ RULE("*", "*", "*", "'*/status'", ""), "UPDATE", "apps", "deployments", "status", true, true },
	{ RULE("apps", "v1", "*", "'*'", ""), "UPDATE", "", "pods", "", true, false },
	{ RULE("", "v2", "*", "'pods'", ""), "UPDATE", "", "pods", "", true, false },
	{ RULE("", "v1", "*", "'*'", ",'scope':'Cluster'"), "UPDATE", "", "nodes", "", false, true },
	{ RULE("", "v1", "*", "'*'", ",'scope':'Cluster'"), "UPDATE", "", "pods", "", true, false },
	{ RULE("", "v1", "*", "'*'", ",'scope':'Namespaced'"), "UPDATE", "", "nodes", "", false, false },
	{ RULE("", "v1", "*", "'*'", ",'scope':'*'"), "UPDATE", "", "nodes", "", false, true },
	{ "[]", "UPDATE", "", "nodes", "", false, false },
};

START_TEST(rules_fit_what_they_name) {
	struct webhook_subject s = { rules[_i].op, slice_str(rules[_i].group), SLICE_LIT("v1"), slice_str(rules[_i].resource), slice_str(rules[_i].sub), rules[_i].in_namespace };
	ck_assert_int_eq(webhook_rules_match(tree(rules[_i].rules), &s), rules[_i].fits);
}
END_TEST

START_TEST(configurations_are_never_sent_to_webhooks) {
	ck_assert(webhook_exempts(SLICE_LIT("admissionregistration.k8s.io"), SLICE_LIT("validatingwebhookconfigurations")));
	ck_assert(!webhook_exempts(SLICE_LIT("other.example"), SLICE_LIT("validatingwebhookconfigurations")));
	ck_assert(!webhook_exempts(SLICE_LIT("admissionregistration.k8s.io"), SLICE_LIT("pods")));
}
END_TEST

/* ---- answers ---- */

#define REVIEW(response) "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','response':" response "}"
#define INVALID "received invalid webhook response: "
#define FAILED "failed to call webhook: "

static const struct { const char *body; bool mutating, v1beta1; const char *why; } answers[] = {
	{ REVIEW("{'uid':'u','allowed':true}"), false, false, NULL },
	{ REVIEW("{'uid':'u','allowed':true,'patch':null,'patchType':null,'warnings':null}"), false, false, NULL },
	{ REVIEW("{'uid':'u','allowed':true,'patch':'W10=','patchType':'JSONPatch'}"), true, false, NULL },
	{ "{'response':{'allowed':true,'patch':'W10='}}", true, true, NULL },
	{ REVIEW("null"), false, false, INVALID "webhook response was absent" },
	{ REVIEW("{'uid':'v','allowed':true}"), false, false, INVALID "expected response.uid=\"u\", got \"v\"" },
	{ "{'kind':'AdmissionReview','apiVersion':'v1','response':{'uid':'u'}}", false, false, INVALID "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /v1, Kind=AdmissionReview" },
	{ REVIEW("{'uid':'u','patch':'W10='}"), true, false, INVALID "webhook returned response.patch but not response.patchType" },
	{ REVIEW("{'uid':'u','patchType':'JSONPatch'}"), true, false, INVALID "webhook returned response.patchType but not response.patch" },
	{ REVIEW("{'uid':'u','patch':'W10=','patchType':''}"), true, false, INVALID "webhook returned invalid response.patchType of \"\"" },
	{ REVIEW("{'uid':'u','patch':'W10=','patchType':'Merge'}"), true, false, "unsupported patch type \"Merge\"" },
	{ REVIEW("{'uid':'u','patch':'W10='}"), false, false, INVALID "validating webhook may not return response.patch" },
	{ REVIEW("{'uid':'u','patchType':'JSONPatch'}"), false, false, INVALID "validating webhook may not return response.patchType" },
	{ REVIEW("{'uid':'u','patch':'W1'}"), true, false, FAILED "illegal base64 data at input byte 0" },
	{ REVIEW("{'uid':'u','allowed':1}"), false, false, FAILED "json: cannot unmarshal number into Go struct field AdmissionResponse.response.allowed of type bool" },
	{ REVIEW("{'uid':'u','warnings':[1]}"), false, false, FAILED "json: cannot unmarshal number into Go struct field AdmissionResponse.response.warnings of type string" },
	{ REVIEW("[]"), false, false, FAILED "json: cannot unmarshal array into Go struct field AdmissionReview.response of type v1.AdmissionResponse" },
	{ "[]", false, false, FAILED "json: cannot unmarshal array into Go struct field AdmissionReview of type v1.AdmissionReview" },
	{ "{", false, false, FAILED "couldn't get version/kind; json parse error: unexpected end of JSON input" },
	{ "", false, false, FAILED "0-length response with status code: 200 and content type: " },
};

START_TEST(answers_are_read_with_suspicion) {
	struct webhook_asked asked = { SLICE_LIT("u"), answers[_i].v1beta1, answers[_i].mutating };
	struct webhook_answer got = { 0 };
	const char *why = webhook_answer_read(a, text_of(answers[_i].body), &asked, &got);
	if (answers[_i].why) {
		ck_assert_pstr_eq(why, answers[_i].why);
		return;
	}
	ck_assert_pstr_eq(why, NULL);
	ck_assert(got.allowed);
	ck_assert_int_eq(got.patch.n, answers[_i].mutating ? 2 : 0);
}
END_TEST

static const struct { const char *result; int code; const char *reason, *message; } denials[] = {
	{ "{'message':'no','code':403,'reason':'Forbidden'}", 403, "Forbidden", "admission webhook \"w\" denied the request: no" },
	{ "{'reason':'Because'}", 400, "Because", "admission webhook \"w\" denied the request: Because" },
	{ "{'code':200,'status':'Success'}", 400, NULL, "admission webhook \"w\" denied the request without explanation" },
	{ "{'code':99999999}", 400, NULL, "admission webhook \"w\" denied the request without explanation" },
};

START_TEST(refusals_are_never_successes) {
	const struct status *st = webhook_denial(a, SLICE_LIT("w"), tree(denials[_i].result));
	ck_assert_int_eq(st->code, denials[_i].code);
	ck_assert_pstr_eq(st->reason, denials[_i].reason);
	ck_assert_str_eq(st->message, denials[_i].message);
	ck_assert(!st->success);
}
END_TEST

START_TEST(a_refusal_keeps_its_details) {
	const struct status *st = webhook_denial(a, SLICE_LIT("w"), tree("{'details':{'name':'n','retryAfterSeconds':3,'causes':[{'field':'f','message':'m'}]}}"));
	ck_assert(st->has_details && slice_eqs(st->name, "n") && st->retry_after == 3 && st->n_causes == 1);
	ck_assert_str_eq(st->causes[0].field, "f");
	ck_assert_str_eq(webhook_denial(a, SLICE_LIT("w"), NULL)->message, "admission webhook \"w\" denied the request without explanation");
}
END_TEST

/* ---- failures ---- */

static const struct { int err; const char *url, *msg, *text; } failures[] = {
	{ -ECONNREFUSED, "https://127.0.0.1:1", "", "dial tcp 127.0.0.1:1: connect: connection refused" },
	{ -EHOSTUNREACH, "https://nosuch.example:443", "", "dial tcp: lookup nosuch.example: no such host" },
	{ -EHOSTUNREACH, "https://10.0.0.1:443", "", "dial tcp 10.0.0.1:443: connect: no route to host" },
	{ -EHOSTUNREACH, "https://[fd00::1]:443", "", "dial tcp [fd00::1]:443: connect: no route to host" },
	{ -ETIMEDOUT, "https://a:1", "", "context deadline exceeded" },
	{ -ECONNRESET, "https://a:1", "", "EOF" },
	{ -EKEYREJECTED, "https://a:1", "dial a:1: certificate verify failed: self-signed certificate",
	  "tls: failed to verify certificate: x509: certificate signed by unknown authority" },
	{ -EPROTO, "https://a:1", "malformed HTTP response", "malformed HTTP response" },
	{ -EPIPE, "https://a:1", NULL, "Broken pipe" },
};

START_TEST(failures_are_said_as_go_says_them) {
	ck_assert_str_eq(backend_failure(a, failures[_i].url, failures[_i].err, failures[_i].msg), failures[_i].text);
}
END_TEST

static const struct { int code; const char *body, *text; } statuses[] = {
	{ 404, "x", FAILED "the server could not find the requested resource" },
	{ 500, " a \"b\"\n", FAILED "an error on the server (\"a \\\"b\\\"\") has prevented the request from succeeding" },
	{ 502, "", FAILED "an error on the server (\"unknown\") has prevented the request from succeeding" },
	{ 403, "go away", FAILED "go away" },
	{ 302, "", FAILED "the server responded with the status code 302 but did not return more information" },
};

START_TEST(statuses_are_said_as_client_go_says_them) {
	ck_assert_str_eq(webhook_http_failure(a, statuses[_i].code, slice_str(statuses[_i].body)), statuses[_i].text);
}
END_TEST

int main(void) {
	Suite *s = suite_create("webhook");
	TCase *t = tcase_create("webhook");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, rules_fit_what_they_name, 0, (int)ELEMENTSOF(rules));
	tcase_add_test(t, configurations_are_never_sent_to_webhooks);
	tcase_add_loop_test(t, answers_are_read_with_suspicion, 0, (int)ELEMENTSOF(answers));
	tcase_add_loop_test(t, refusals_are_never_successes, 0, (int)ELEMENTSOF(denials));
	tcase_add_test(t, a_refusal_keeps_its_details);
	tcase_add_loop_test(t, failures_are_said_as_go_says_them, 0, (int)ELEMENTSOF(failures));
	tcase_add_loop_test(t, statuses_are_said_as_client_go_says_them, 0, (int)ELEMENTSOF(statuses));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
