/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi.h"
#include "schema/openapi/name.h"
#include "schema/protobuf.h"
#include "suite.h"

#include <errno.h>

START_TEST(names) {
	char out[OPENAPI_NAME_MAX];
	openapi_words(out, "rbac.authorization.k8s.io", true);
	ck_assert_str_eq(out, "RbacAuthorization");
	openapi_words(out, "flowcontrol.apiserver.k8s.io", false);
	ck_assert_str_eq(out, "flowcontrolApiserver");
	openapi_words(out, "cert-manager.io", false);
	ck_assert_str_eq(out, "certManagerIo");
	openapi_words(out, "", true);
	ck_assert_str_eq(out, "Core");
	openapi_custom_name(out, "stable.example.com", "v1", "CronTab");
	ck_assert_str_eq(out, "com.example.stable.v1.CronTab");
}
END_TEST

/* A group of 4 KiB does not run over. */
START_TEST(long_names_are_cut) {
	char group[4096], out[OPENAPI_NAME_MAX];
	memset(group, 'a', sizeof(group));
	for (size_t i = 40; i < sizeof(group); i += 41) group[i] = '.';
	group[sizeof(group) - 1] = '\0';
	openapi_words(out, group, true);
	ck_assert_uint_eq(strlen(out), OPENAPI_NAME_MAX - 1);
	openapi_custom_name(out, group, "v1", "K");
	ck_assert_uint_lt(strlen(out), OPENAPI_NAME_MAX);
}
END_TEST

static struct slice field(struct slice message, uint32_t tag) {
	struct proto_field f;
	const char *msg;
	while (proto_next(&message, &f, &msg) == 1)
		if (f.tag == tag) return f.bytes;
	return SLICE_NULL;
}

START_TEST(a_reference_is_told_from_a_schema) {
	static const char text[] = "{\"components\":{\"schemas\":{\"A\":{\"$ref\":\"#/b\"},\"B\":{\"type\":\"string\"}}}}";
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 16);
	ck_assert_int_eq(schema_openapi_proto(OPENAPI_V3, slice_str(text), &b), 0);
	struct slice schemas = field(field(buf_slice(&b), 5), 1);
	struct slice a = field(field(schemas, 1), 2); /* the first one's value: SchemaOrReference */
	ck_assert(slice_eqs(field(field(a, 2), 1), "#/b"));
	ck_assert(!field(a, 1).p);
}
END_TEST

START_TEST(what_is_no_object_is_refused) {
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 16);
	ck_assert_int_eq(schema_openapi_proto(OPENAPI_V2, SLICE_LIT("[]"), &b), -EBADMSG);
	ck_assert_int_eq(schema_openapi_proto(OPENAPI_V2, SLICE_LIT("{"), &b), -EBADMSG);
}
END_TEST

SUITE_MAIN("openapi", names, long_names_are_cut, a_reference_is_told_from_a_schema, what_is_no_object_is_refused)
