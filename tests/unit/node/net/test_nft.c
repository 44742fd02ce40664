/* SPDX-License-Identifier: Apache-2.0 */
/* The library that is loaded when rules are first applied. What the kernel does with rules, the node's tests see. */
#include "node/net/nft.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Refused by the library's parser, before the kernel is asked: needs no rights. */
START_TEST(a_refusal_says_why) {
	char *why = NULL;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(nft_run("no such command", &why), -EIO);
		ck_assert_ptr_nonnull(why);
		ck_assert_ptr_nonnull(strstr(why, "syntax error"));
		free(why);
	}
	ck_assert_int_eq(nft_run("no such command", NULL), -EIO);
}
END_TEST

int main(void) {
	Suite *s = suite_create("nft");
	TCase *t = tcase_create("nft");
	tcase_add_test(t, a_refusal_says_why);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
