/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of codec/ share: an arena per test, short ways to parse and print, and a main. */
#pragma once

#include "codec/json.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

static struct arena *arena;
static void setup(void) { arena = arena_new(0); }
static void teardown(void) { arena = arena_free(arena); }

k8c_unused static yyjson_mut_doc *parse_doc(const char *text) {
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	ck_assert_msg(json_parse(arena, slice_str(text), &doc, &err) == 0, "%s: %s", text, err.msg);
	return doc;
}
k8c_unused static yyjson_mut_val *parse(const char *text) { return parse_doc(text)->root; }
k8c_unused static const char *print(const yyjson_mut_val *v) {
	_cleanup_buf_ struct buf b = BUF_INIT(64u << 20);
	ck_assert_int_eq(json_write(&b, v), 0);
	return arena_strndup(arena, b.p, b.n);
}
k8c_unused static const char *text_of(struct buf *b) {
	ck_assert_int_eq(b->err, 0);
	const char *s = arena_strndup(arena, b->p ? b->p : "", b->n);
	buf_done(b);
	return s;
}

#define CODEC_MAIN(name, add)                                                                     \
	int main(void) {                                                                          \
		Suite *s = suite_create("codec/" name);                                           \
		TCase *t = tcase_create(name);                                                    \
		tcase_add_checked_fixture(t, setup, teardown);                                    \
		tcase_set_timeout(t, 120);                                                        \
		add(t);                                                                           \
		suite_add_tcase(s, t);                                                            \
		SRunner *r = srunner_create(s);                                                   \
		srunner_run_all(r, CK_ENV);                                                       \
		int failed = srunner_ntests_failed(r);                                            \
		srunner_free(r);                                                                  \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                      \
	}
