/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/image_name.h"

#include <check.h>

START_TEST(good_names) {
	static const char *const names[] = { "a", "nginx:1.25", "a/b/c", "docker.io/library/nginx", "localhost:5000/x:latest", "A/b:X_y", "a--b/c__d/e.f",
					     "[::1]:80/a", "a@sha256:0123456789abcdef0123456789abcdef" };
	for (size_t i = 0; i < ELEMENTSOF(names); i++) ck_assert_msg(image_name_valid(slice_str(names[i])), "%s", names[i]);
}
END_TEST

START_TEST(bad_names) {
	static const char *const names[] = { "", "A", "a/B", "a:", "a:-b", "a..b", "a___b", "-a", "a-", "a/", "/a", "a//b", "a b", "a@sha256:12", "a@", "a.b-/c" };
	for (size_t i = 0; i < ELEMENTSOF(names); i++) ck_assert_msg(!image_name_valid(slice_str(names[i])), "%s", names[i]);
}
END_TEST

int main(void) {
	Suite *s = suite_create("ctl image_name");
	TCase *t = tcase_create("image_name");
	tcase_add_test(t, good_names);
	tcase_add_test(t, bad_names);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
