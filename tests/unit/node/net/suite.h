/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <check.h>

/* Runs one case; the exit status. */
static inline int suite_run(Suite *s, TCase *t) {
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
