/* SPDX-License-Identifier: Apache-2.0 */
#include "etcd/value.h"

#include <check.h>
#include <errno.h>

#define EMPTY "\"resourceVersion\":\"\""

/* As the store hands them over, and as etcd keeps them. */
static const struct {
	const char *stored, *kept, *shown;
} values[] = {
	{ "{\"kind\":\"A\",\"metadata\":{\"name\":\"x\",\"uid\":\"u\"," EMPTY ",\"generation\":1}}", "{\"kind\":\"A\",\"metadata\":{\"name\":\"x\",\"uid\":\"u\",\"generation\":1}}",
	  "{\"kind\":\"A\",\"metadata\":{\"name\":\"x\",\"uid\":\"u\",\"resourceVersion\":\"42\",\"generation\":1}}" },
	{ "{\"metadata\":{\"name\":\"x\"," EMPTY "}}", "{\"metadata\":{\"name\":\"x\"}}", "{\"metadata\":{\"name\":\"x\",\"resourceVersion\":\"42\"}}" },
	{ "{\"metadata\":{" EMPTY ",\"labels\":{\"uid\":\"no\"}}}", "{\"metadata\":{\"labels\":{\"uid\":\"no\"}}}",
	  "{\"metadata\":{\"resourceVersion\":\"42\",\"labels\":{\"uid\":\"no\"}}}" },
	{ "{\"metadata\":{" EMPTY "},\"data\":{}}", "{\"metadata\":{},\"data\":{}}", "{\"metadata\":{\"resourceVersion\":\"42\"},\"data\":{}}" },
};

START_TEST(there_and_back) {
	struct buf kept = BUF_INIT(512), shown = BUF_INIT(512);
	struct slice stored = slice_str(values[_i].stored);
	size_t at = (size_t)slice_find(stored, SLICE_LIT(EMPTY)) + sizeof(EMPTY) - 2;
	ck_assert_int_eq(etcd_value_strip(&kept, stored, at), 0);
	ck_assert_msg(slice_eqs(buf_slice(&kept), values[_i].kept), "%.*s", SLICE_FMT(buf_slice(&kept)));
	ck_assert_int_eq(etcd_value_splice(&shown, buf_slice(&kept), 42), 0);
	ck_assert_msg(slice_eqs(buf_slice(&shown), values[_i].shown), "%.*s", SLICE_FMT(buf_slice(&shown)));
	buf_done(&kept);
	buf_done(&shown);
}
END_TEST

/* Kubernetes' own JSON ends with a line feed, and strings may hold anything. */
START_TEST(values_of_kubernetes) {
	struct buf b = BUF_INIT(512);
	ck_assert_int_eq(etcd_value_splice(&b, SLICE_LIT("{\"kind\":\"}{\\\"metadata\\\":\",\"metadata\":{\"annotations\":{\"a\":\"},\\\\\"},\"uid\":\"u\"}}\n"), 7), 0);
	ck_assert(slice_eqs(buf_slice(&b), "{\"kind\":\"}{\\\"metadata\\\":\",\"metadata\":{\"annotations\":{\"a\":\"},\\\\\"},\"uid\":\"u\",\"resourceVersion\":\"7\"}}"));
	buf_clear(&b);
	ck_assert_int_eq(etcd_value_splice(&b, SLICE_LIT("{ \"metadata\" : { \"name\" : \"x\" , \"a\" : [1, {}] } }"), 7), 0);
	ck_assert(slice_eqs(buf_slice(&b), "{ \"metadata\" : { \"name\" : \"x\",\"resourceVersion\":\"7\" , \"a\" : [1, {}] } }"));
	buf_done(&b);
}
END_TEST

static const char *const bad[] = {
	"", "\n", "k8s", "[]", "{}", "{", "{\"metadata\"", "{\"metadata\":", "{\"metadata\":1}", "{\"metadata\":{}", "{\"metadata\":{", "{\"metadata\":{\"name\"}}",
	"{\"metadata\":{\"name\":}}", "{\"metadata\":{\"resourceVersion\":\"1\"}}", "{\"a\":{\"metadata\":{}}}", "{\"kind\":\"A\" \"metadata\":{}}",
};

START_TEST(what_is_no_object_is_refused) {
	struct buf b = BUF_INIT(512);
	ck_assert_int_eq(etcd_value_splice(&b, slice_str(bad[_i]), 1), -EBADMSG);
	buf_done(&b);
}
END_TEST

START_TEST(a_place_that_is_none_is_refused) {
	struct buf b = BUF_INIT(512);
	struct slice s = SLICE_LIT("{\"metadata\":{" EMPTY "}}");
	for (size_t at = 0; at <= s.n + 1; at++)
		if (at != 13 + sizeof(EMPTY) - 2) ck_assert_int_eq(etcd_value_strip(&b, s, at), -EINVAL);
	buf_done(&b);
}
END_TEST

int main(void) {
	Suite *s = suite_create("etcd value");
	TCase *t = tcase_create("all");
	tcase_add_loop_test(t, there_and_back, 0, ELEMENTSOF(values));
	tcase_add_test(t, values_of_kubernetes);
	tcase_add_loop_test(t, what_is_no_object_is_refused, 0, ELEMENTSOF(bad));
	tcase_add_test(t, a_place_that_is_none_is_refused);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
