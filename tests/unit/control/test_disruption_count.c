/* SPDX-License-Identifier: Apache-2.0 */
#include "control/disruption_count.h"

#include <check.h>
#include <stdlib.h>

static const struct row {
	const char *spec;
	int64_t pods, healthy, desired, allowed;
} rows[] = {
	{ "{\"minAvailable\":2}", 2, 2, 2, 0 },
	{ "{\"minAvailable\":1}", 2, 2, 1, 1 },
	{ "{\"minAvailable\":\"50%\"}", 3, 3, 2, 1 },
	{ "{\"maxUnavailable\":1}", 3, 2, 2, 0 },
	{ "{\"maxUnavailable\":\"30%\"}", 3, 3, 2, 1 },
	{ "{\"maxUnavailable\":5}", 2, 2, 0, 2 },
	{ "{\"minAvailable\":0}", 0, 0, 0, 0 },
};

START_TEST(numbers) {
	const struct row *w = &rows[_i];
	struct arena *a = arena_new(0);
	yyjson_mut_doc *doc;
	const char *text = arena_printf(a, "{\"spec\":%s}", w->spec);
	ck_assert_int_eq(json_parse(a, slice_str(text), &doc, NULL), 0);
	struct disruption_numbers n = disruption_numbers(yyjson_mut_doc_get_root(doc), &(struct disruption_pods){ w->pods, w->healthy });
	ck_assert_int_eq(n.desired, w->desired);
	ck_assert_int_eq(n.allowed, w->allowed);
	ck_assert_int_eq(n.expected, w->pods);
	arena_free(a);
}
END_TEST

int main(void) {
	Suite *s = suite_create("disruption");
	TCase *t = tcase_create("numbers");
	tcase_add_loop_test(t, numbers, 0, sizeof(rows) / sizeof(*rows));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
