/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include <errno.h>

static const char *error_of(struct arena *a, const struct schema_type *t, const char *text) {
	yyjson_mut_doc *doc = parse(a, text);
	const char *msg = NULL;
	ck_assert_msg(schema_decode_tree(t, a, doc, NULL, &msg) == -EBADMSG, "accepted: %s", text);
	return msg;
}

/* Texts of Go's encoding/json, most of them recorded from a v1.34 server. */
START_TEST(go_error_texts) {
	static const struct {
		const char *api, *kind, *text, *msg;
	} cases[] = {
		{ "v1", "ConfigMap", "{\"data\":{\"a\":1}}",
		  "json: cannot unmarshal number into Go struct field ConfigMap.data of type string" },
		{ "v1", "ConfigMap", "{\"metadata\":{\"name\":true}}",
		  "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string" },
		{ "v1", "ConfigMap", "[]", "json: cannot unmarshal array into Go value of type v1.ConfigMap" },
		{ "v1", "Pod", "{\"spec\":{\"containers\":{}}}",
		  "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container" },
		{ "v1", "Pod", "{\"spec\":{\"containers\":[{\"name\":[]}]}}",
		  "json: cannot unmarshal array into Go struct field Container.spec.containers.name of type string" },
		{ "v1", "Pod", "{\"spec\":{\"restartPolicy\":3}}",
		  "json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy" },
		{ "apps/v1", "Deployment", "{\"spec\":{\"replicas\":\"1\"}}",
		  "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32" },
		{ "apps/v1", "Deployment", "{\"spec\":{\"replicas\":1.5}}",
		  "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32" },
		{ "apps/v1", "Deployment", "{\"spec\":{\"replicas\":2147483648}}",
		  "json: cannot unmarshal number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32" },
		{ "apps/v1", "ControllerRevision", "{\"revision\":9223372036854775808}",
		  "json: cannot unmarshal number 9223372036854775808 into Go struct field ControllerRevision.revision of type "
		  "int64" },
		{ "v1", "Secret", "{\"data\":{\"a\":\"***\"}}", "illegal base64 data at input byte 0" },
		{ "v1", "Pod", "{\"metadata\":{\"creationTimestamp\":\"x\"}}",
		  "parsing time \"x\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"x\" as \"2006\"" },
		{ "v1", "Pod", "{\"metadata\":{\"creationTimestamp\":1}}",
		  "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string" },
		{ "v1", "Service", "{\"spec\":{\"ports\":[{\"targetPort\":1.5}]}}",
		  "json: cannot unmarshal number 1.5 into Go struct field ServicePort.spec.ports.targetPort of type int32" },
		{ "v1", "ResourceQuota", "{\"spec\":{\"hard\":{\"cpu\":\"1x\"}}}",
		  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'" },
	};
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		_cleanup_arena_ struct arena *a = arena_new(0);
		ck_assert_str_eq(error_of(a, type_named(cases[i].api, cases[i].kind), cases[i].text), cases[i].msg);
	}
}
END_TEST

/* A value of the wrong type is remembered, a decoder's own error outranks it. */
START_TEST(first_error_counts) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const struct schema_type *pod = type_named("v1", "Pod");
	ck_assert_str_eq(error_of(a, pod, "{\"spec\":{\"nodeName\":1,\"hostname\":2}}"),
			 "json: cannot unmarshal number into Go struct field PodSpec.spec.nodeName of type string");
	ck_assert_ptr_nonnull(strstr(error_of(a, pod, "{\"spec\":{\"nodeName\":1},\"metadata\":{\"deletionTimestamp\":\"x\"}}"),
				     "parsing time"));
}
END_TEST

START_TEST(unknown_and_duplicate) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const struct schema_type *pod = type_named("v1", "Pod");
	struct schema_issues is;
	const char *msg = NULL;
	yyjson_mut_doc *doc = parse(a, "{\"Spec\":{},\"spec\":{\"containers\":[{\"x\":1},{\"ports\":[{\"y\":2}]}],\"nodeName\":"
				       "\"a\",\"nodeName\":\"b\"},"
				       "\"metadata\":{\"labels\":{\"l\":\"1\",\"l\":\"2\"}}}");
	ck_assert_int_eq(schema_decode_tree(pod, a, doc, &is, &msg), 0);
	ck_assert_uint_eq(is.n_unknown, 3);
	ck_assert_str_eq(is.unknown[0], "unknown field \"Spec\"");
	ck_assert_str_eq(is.unknown[1], "unknown field \"spec.containers[0].x\"");
	ck_assert_str_eq(is.unknown[2], "unknown field \"spec.containers[1].ports[0].y\"");
	ck_assert_uint_eq(is.n_duplicate, 2);
	ck_assert_str_eq(is.duplicate[0], "duplicate field \"spec.nodeName\"");
	ck_assert_str_eq(is.duplicate[1], "duplicate field \"metadata.labels.l\"");
	ck_assert_str_eq(
		encoded(a, pod, yyjson_mut_doc_get_root(doc)),
		"{\"metadata\":{\"labels\":{\"l\":\"2\"}},\"spec\":{\"containers\":[{\"name\":\"\",\"resources\":{}},"
		"{\"name\":\"\",\"ports\":[{\"containerPort\":0}],\"resources\":{}}],\"nodeName\":\"b\"},\"status\":{}}");
}
END_TEST

START_TEST(nulls_and_specials) {
	static const struct {
		const char *api, *kind, *in, *out;
	} cases[] = {
		{ "v1", "ConfigMap", "{\"metadata\":null,\"data\":{\"a\":null},\"immutable\":null}",
		  "{\"metadata\":{},\"data\":{\"a\":\"\"}}" },
		{ "v1", "ResourceQuota", "{\"spec\":{\"hard\":{\"cpu\":1500e-3,\"memory\":\"1024Ki\",\"pods\":\"10\"}}}",
		  "{\"metadata\":{},\"spec\":{\"hard\":{\"cpu\":\"1500m\",\"memory\":\"1Mi\",\"pods\":\"10\"}},\"status\":{}}" },
		{ "v1", "Pod", "{\"metadata\":{\"creationTimestamp\":\"2024-05-01T12:00:00.9+02:00\"}}",
		  "{\"metadata\":{\"creationTimestamp\":\"2024-05-01T10:00:00Z\"},\"spec\":{\"containers\":null},\"status\":{}"
		  "}" },
		{ "rbac.authorization.k8s.io/v1", "Role", "{\"rules\":[]}", "{\"metadata\":{},\"rules\":[]}" },
		{ "rbac.authorization.k8s.io/v1", "Role", "{}", "{\"metadata\":{},\"rules\":null}" },
		{ "v1", "Secret", "{\"data\":{\"b\":\"YQ==\\n\",\"a\":\"\"}}",
		  "{\"metadata\":{},\"data\":{\"a\":\"\",\"b\":\"YQ==\"}}" },
	};
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		_cleanup_arena_ struct arena *a = arena_new(0);
		const struct schema_type *t = type_named(cases[i].api, cases[i].kind);
		ck_assert_str_eq(encoded(a, t, yyjson_mut_doc_get_root(decoded(a, t, cases[i].in))), cases[i].out);
	}
}
END_TEST

START_TEST(too_deep) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 20);
	buf_puts(&b, "{\"spec\":{\"versions\":[{\"name\":\"v1\",\"schema\":{\"openAPIV3Schema\":");
	for (int i = 0; i < 2000; i++) buf_puts(&b, "{\"not\":");
	buf_puts(&b, "{}");
	for (int i = 0; i < 2000; i++) buf_putc(&b, '}');
	buf_puts(&b, "}}]}}");
	ck_assert_str_eq(error_of(a, type_named("apiextensions.k8s.io/v1", "CustomResourceDefinition"), text_of(a, &b)),
			 "exceeded max depth");
}
END_TEST

START_TEST(stored_form) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const struct schema_type *t = type_named("rbac.authorization.k8s.io/v1", "Role");
	yyjson_mut_doc *doc = decoded(a, t,
				      "{\"rules\":[],\"metadata\":{\"name\":\"r\",\"resourceVersion\":\"77\",\"uid\":\"u\"},"
				      "\"apiVersion\":\"x/v1\",\"kind\":\"Role\"}");
	_cleanup_buf_ struct buf b = BUF_INIT(4096), loose = BUF_INIT(4096);
	size_t at = 0;
	ck_assert_int_eq(schema_encode_stored(t, yyjson_mut_doc_get_root(doc), &b, &at), 0);
	ck_assert_str_eq(text_of(a, &b),
			 "{\"kind\":\"Role\",\"apiVersion\":\"x/"
			 "v1\",\"metadata\":{\"name\":\"r\",\"uid\":\"u\",\"resourceVersion\":\"\"},\"rules\":null}");
	ck_assert_int_eq(memcmp(b.p + at - 1, "\"\"", 2), 0);
	doc = parse(a, "{\"spec\":{\"b\":1,\"a\":2},\"metadata\":{\"name\":\"x\"},\"kind\":\"W\",\"apiVersion\":\"g/v1\"}");
	ck_assert_int_eq(schema_encode_stored(NULL, yyjson_mut_doc_get_root(doc), &loose, &at), 0);
	ck_assert_str_eq(text_of(a, &loose),
			 "{\"kind\":\"W\",\"apiVersion\":\"g/"
			 "v1\",\"spec\":{\"b\":1,\"a\":2},\"metadata\":{\"name\":\"x\",\"resourceVersion\":\"\"}}");
	ck_assert_int_eq(memcmp(loose.p + at - 1, "\"\"", 2), 0);
}
END_TEST

START_TEST(bad_protobuf) {
	static const struct {
		const char *bytes;
		size_t n;
		const char *msg;
	} cases[] = {
		{ "\x0a\x05"
		  "ab",
		  4, "unexpected EOF" },
		{ "\x0a", 1, "unexpected EOF" },
		{ "\x08\x01", 2, "proto: wrong wireType = 0 for field metadata" },
		{ "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, "proto: integer overflow" },
		{ "\x0b", 1, "unexpected EOF" },
		{ "\x0c", 1, "proto: unexpected end of group" },
	};
	const struct schema_type *t = type_named("v1", "ConfigMap");
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		_cleanup_arena_ struct arena *a = arena_new(0);
		yyjson_mut_doc *doc;
		const char *msg = NULL;
		ck_assert_int_eq(schema_decode_proto(t, a, slice_make(cases[i].bytes, cases[i].n), &doc, &msg), -EBADMSG);
		ck_assert_str_eq(msg, cases[i].msg);
	}
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct schema_envelope e;
	const char *msg = NULL;
	ck_assert_int_eq(schema_envelope_parse(SLICE_LIT("{}"), &e, a, &msg), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(msg, "expected prefix [107 56 115 0]"));
}
END_TEST

SUITE_MAIN("decode", go_error_texts, first_error_counts, unknown_and_duplicate, nulls_and_specials, too_deep, stored_form,
	   bad_protobuf)
