/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/patch/fieldset.h"
#include "suite.h"

static const struct fieldset *set(struct fieldsets *f, const char *text) {
	const struct fieldset *s = NULL;
	ck_assert_int_eq(fieldset_decode(f, yyjson_mut_doc_get_root(parse(f->a, text)), &s), 0);
	return s;
}

static void is(struct fieldsets *f, const struct fieldset *s, const char *text) {
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 16);
	yyjson_mut_val *v = fieldset_encode(f, json_doc(f->a), s);
	ck_assert(!f->no_memory);
	json_write(&b, v);
	ck_assert_str_eq(text_of(f->a, &b), text);
}

START_TEST(written_as_read_sorted) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct fieldsets f = { .a = a };
	is(&f, set(&f, "{\"f:b\":{},\"f:a\":{\"f:y\":{},\".\":{}}}"), "{\"f:a\":{\".\":{},\"f:y\":{}},\"f:b\":{}}");
	is(&f,
	   set(&f, "{\"v:\\\"b\\\"\":{},\"k:{\\\"protocol\\\":\\\"TCP\\\",\\\"port\\\":443}\":{},\"k:{\\\"port\\\":80,"
		   "\\\"protocol\\\":\\\"TCP\\\"}\":{},\"f:x\":{}}"),
	   "{\"f:x\":{},\"k:{\\\"port\\\":80,\\\"protocol\\\":\\\"TCP\\\"}\":{},\"k:{\\\"port\\\":443,\\\"protocol\\\":"
	   "\\\"TCP\\\"}\":{},\"v:\\\"b\\\"\":{}}");
	is(&f, set(&f, "{\"i:3\":{},\"x:new\":{}}"), "{\"i:3\":{}}");
	ck_assert_ptr_null(set(&f, "{}"));
}
END_TEST

START_TEST(malformed) {
	static const char *const bad[] = { "[]",          "{\"a\":{}}",   "{\"f:a\":1}",        "{\"k:[]\":{}}",
					   "{\"v:\":{}}", "{\"i:x\":{}}", "{\"f:a\":{\"\":{}}}" };
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct fieldsets f = { .a = a };
	const struct fieldset *s;
	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		ck_assert_msg(fieldset_decode(&f, yyjson_mut_doc_get_root(parse(a, bad[i])), &s) < 0, "%s was taken", bad[i]);
}
END_TEST

START_TEST(algebra) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct fieldsets f = { .a = a };
	const struct fieldset *x = set(&f, "{\"f:a\":{\".\":{},\"f:b\":{},\"f:c\":{}},\"f:d\":{}}"),
			      *y = set(&f, "{\"f:a\":{\"f:b\":{},\"f:z\":{}},\"f:e\":{}}");
	is(&f, fieldset_union(&f, x, y), "{\"f:a\":{\".\":{},\"f:b\":{},\"f:c\":{},\"f:z\":{}},\"f:d\":{},\"f:e\":{}}");
	is(&f, fieldset_intersection(&f, x, y), "{\"f:a\":{\"f:b\":{}}}");
	is(&f, fieldset_difference(&f, x, y), "{\"f:a\":{\".\":{},\"f:c\":{}},\"f:d\":{}}");
	is(&f, fieldset_difference(&f, x, set(&f, "{\"f:a\":{}}")), "{\"f:a\":{\"f:b\":{},\"f:c\":{}},\"f:d\":{}}");
	is(&f, fieldset_without(&f, x, set(&f, "{\"f:a\":{}}")), "{\"f:d\":{}}");
	ck_assert_ptr_null(fieldset_difference(&f, x, x));
	ck_assert_ptr_null(fieldset_intersection(&f, x, NULL));
}
END_TEST

START_TEST(paths) {
	static const char *const v[] = { "metadata.labels", "status", NULL };
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct fieldsets f = { .a = a };
	is(&f, fieldset_of_paths(&f, v), "{\"f:metadata\":{\"f:labels\":{}},\"f:status\":{}}");
	ck_assert_ptr_null(fieldset_of_paths(&f, NULL));
}
END_TEST

SUITE_MAIN("schema/fieldset", written_as_read_sorted, malformed, algebra, paths)
