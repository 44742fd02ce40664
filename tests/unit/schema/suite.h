/* SPDX-License-Identifier: Apache-2.0 */
/* One Check suite from a list of tests. */
#pragma once

#include "support.h"

#define SUITE_MAIN(name, ...) \
	int main(void) \
	{ \
		const TTest *const tests[] = { __VA_ARGS__ }; \
		Suite *s = suite_create(name); \
		TCase *tc = tcase_create(name); \
		tcase_set_timeout(tc, 60); \
		for (size_t i = 0; i < ELEMENTSOF(tests); i++) tcase_add_test(tc, tests[i]); \
		suite_add_tcase(s, tc); \
		SRunner *sr = srunner_create(s); \
		srunner_run_all(sr, CK_ENV); \
		int failed = srunner_ntests_failed(sr); \
		srunner_free(sr); \
		return failed != 0; \
	}
