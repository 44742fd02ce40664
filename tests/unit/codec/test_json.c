/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "codec/json.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

static struct arena *arena;
static void setup(void) { arena = arena_new(0); }
static void teardown(void) { arena = arena_free(arena); }

static yyjson_mut_val *parse(const char *text) {
	yyjson_mut_doc *doc;
	struct json_error err;
	ck_assert_int_eq(json_parse(arena, slice_str(text), &doc, &err), 0);
	return doc->root;
}

static void check_written(const char *in, const char *want) {
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	ck_assert_int_eq(json_write(&b, parse(in)), 0);
	buf_putc(&b, 0);
	ck_assert_str_eq(b.p, want);
}

static const struct { const char *text, *msg; size_t offset; } bad[] = {
	{ "", "unexpected end of JSON input", 0 },
	{ "   ", "unexpected end of JSON input", 3 },
	{ "{", "unexpected end of JSON input", 1 },
	{ "{\"kind\": \"ConfigMap\", ", "unexpected end of JSON input", 22 },
	{ "{\"kind\":\"ConfigMap\"} trailing", "invalid character 't' after top-level value", 21 },
	{ "{'kind': 1}", "invalid character '\\'' looking for beginning of object key string", 1 },
	{ "metadata:", "invalid character 'm' looking for beginning of value", 0 },
	{ "noll", "invalid character 'o' in literal null (expecting 'u')", 1 },
	{ "trux", "invalid character 'x' in literal true (expecting 'e')", 3 },
	{ "{\"a\" 1}", "invalid character '1' after object key", 5 },
	{ "{\"a\":1 2}", "invalid character '2' after object key:value pair", 7 },
	{ "{\"a\":1,}", "invalid character '}' looking for beginning of object key string", 7 },
	{ "[1,]", "invalid character ']' looking for beginning of value", 3 },
	{ "[1 2]", "invalid character '2' after array element", 3 },
	{ "-x", "invalid character 'x' in numeric literal", 1 },
	{ "1.x", "invalid character 'x' after decimal point in numeric literal", 2 },
	{ "1ex", "invalid character 'x' in exponent of numeric literal", 2 },
	{ "012", "invalid character '1' after top-level value", 1 },
	{ "\"a\nb\"", "invalid character '\\n' in string literal", 2 },
	{ "\"\\q\"", "invalid character 'q' in string escape code", 2 },
	{ "\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape", 5 },
	{ "\xc2\x81", "invalid character '\xc3\x82' looking for beginning of value", 0 },
	{ "\x81", "invalid character '\\u0081' looking for beginning of value", 0 },
	{ "\x7f", "invalid character '\\x7f' looking for beginning of value", 0 },
	{ "1e999", "json: cannot unmarshal number 1e999 into Go value of type float64", 0 },
};

START_TEST(errors_are_worded_like_go) {
	yyjson_mut_doc *doc = NULL;
	struct json_error err;
	ck_assert_int_eq(json_parse(arena, slice_str(bad[_i].text), &doc, &err), -EBADMSG);
	ck_assert_str_eq(err.msg, bad[_i].msg);
	ck_assert_uint_eq(err.offset, bad[_i].offset);
	ck_assert_ptr_null(doc);
}
END_TEST

static const struct { const char *in, *out; } written[] = {
	{ " { \"b\" : [ 1 , -2, 18446744073709551615 ] , \"a\" : { } } ", "{\"b\":[1,-2,18446744073709551615],\"a\":{}}" },
	{ "\"<a&b>\\u2028\\u2029\\u0001\\u007f\\b\\f\\n\\r\\t\\\"\\\\/\"", "\"\\u003ca\\u0026b\\u003e\\u2028\\u2029\\u0001\x7f\\b\\f\\n\\r\\t\\\"\\\\/\"" },
	{ "\"\xff\xed\xa0\x80x\"", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\"" },
	{ "\"\\ud800\\u0041\\ud83d\\ude00\\udc00\"", "\"\xef\xbf\xbd" "A\xf0\x9f\x98\x80\xef\xbf\xbd\"" },
	{ "[1.0,1.5,1e21,1e20,1e-6,1e-7,123456789.125,0.1,-0.5,1e100,5e-324]",
	  "[1,1.5,1e+21,100000000000000000000,0.000001,1e-7,123456789.125,0.1,-0.5,1e+100,5e-324]" },
	{ "{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}" },
	{ "[[],{},[[]],null,true,false]", "[[],{},[[]],null,true,false]" },
};

START_TEST(writes_like_go) { check_written(written[_i].in, written[_i].out); }
END_TEST

static struct slice nested(size_t depth) {
	char *p = arena_alloc(arena, depth * 2 + 1);
	memset(p, '[', depth);
	memset(p + depth, ']', depth);
	return slice_make(p, depth * 2);
}

START_TEST(depth_is_limited) {
	yyjson_mut_doc *doc;
	struct json_error err;
	ck_assert_int_eq(json_parse(arena, nested(JSON_DEPTH_MAX), &doc, &err), 0);
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	ck_assert_int_eq(json_write(&b, doc->root), 0);
	ck_assert_uint_eq(b.n, JSON_DEPTH_MAX * 2);
	yyjson_mut_val *copy = json_copy(doc, doc->root);
	ck_assert(json_equal(copy, doc->root));
	ck_assert_int_eq(json_parse(arena, nested(JSON_DEPTH_MAX + 1), &doc, &err), -EBADMSG);
	ck_assert_str_eq(err.msg, "exceeded max depth");
}
END_TEST

START_TEST(pretty_as_marshal_indent) {
	_cleanup_buf_ struct buf tree = BUF_INIT(1 << 20), text = BUF_INIT(1 << 20);
	const char *compact = "{\"a\":[1,{\"b\":\"x{,:\\\"\"}],\"c\":{},\"d\":[]}";
	const char *want = "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x{,:\\\"\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}";
	json_write_pretty(&tree, parse(compact));
	json_pretty(&text, slice_str(compact));
	ck_assert(slice_eqs(buf_slice(&tree), want));
	ck_assert(slice_eqs(buf_slice(&text), want));
}
END_TEST

static const struct { const char *a, *b; bool equal; } pairs[] = {
	{ "{\"a\":1,\"b\":{\"x\":[1,2]}}", "{\"b\":{\"x\":[1,2]},\"a\":1}", true },
	{ "{\"a\":1}", "{\"b\":1}", false },
	{ "{\"a\":1,\"b\":2}", "{\"b\":1,\"a\":2}", false },
	{ "1", "1.0", true },
	{ "9007199254740993", "9007199254740992.0", false },
	{ "18446744073709551615", "-1", false },
	{ "-1", "-1.0", true },
	{ "[1,2]", "[2,1]", false },
	{ "\"1\"", "1", false },
	{ "null", "null", true },
	{ "null", "false", false },
	{ "[{}]", "[[]]", false },
};

START_TEST(text_without_memory_is_empty_text) {
	yyjson_mut_doc *doc;
	struct json_error err;
	ck_assert_int_eq(json_parse(arena, SLICE_NULL, &doc, &err), -EBADMSG);
	ck_assert_str_eq(err.msg, "unexpected end of JSON input");
}
END_TEST

START_TEST(equality) {
	ck_assert(json_equal(parse(pairs[_i].a), parse(pairs[_i].b)) == pairs[_i].equal);
	ck_assert(json_equal(parse(pairs[_i].b), parse(pairs[_i].a)) == pairs[_i].equal);
}
END_TEST

START_TEST(members) {
	yyjson_mut_doc *doc;
	ck_assert_int_eq(json_parse(arena, slice_str("{\"a\":{\"b\":{\"c\":\"x\",\"n\":-5,\"t\":true}},\"d\":1,\"d\":2}"), &doc, NULL), 0);
	yyjson_mut_val *root = doc->root;
	ck_assert(slice_eqs(json_path_str(root, "a.b.c"), "x"));
	ck_assert_ptr_null(json_path_str(root, "a.b.n").p);
	ck_assert_ptr_null(json_path(root, "a.x.c"));
	ck_assert_int_eq(json_path_int(root, "a.b.n", 7), -5);
	ck_assert_int_eq(json_path_int(root, "a.b.c", 7), 7);
	ck_assert(json_path_bool(root, "a.b.t", false));
	ck_assert_int_eq(json_path_int(root, "d", 0), 2);
	ck_assert(json_set_int(doc, root, "d", 3));
	ck_assert(json_set_str(doc, root, "e", slice_str("new")));
	ck_assert(json_set_bool(doc, json_ensure_obj(doc, root, "f.g"), "h", true));
	ck_assert_ptr_null(json_ensure_obj(doc, root, "e.x"));
	ck_assert(json_del(root, "a"));
	ck_assert(!json_del(root, "a"));
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	json_write(&b, root);
	ck_assert(slice_eqs(buf_slice(&b), "{\"d\":1,\"d\":3,\"e\":\"new\",\"f\":{\"g\":{\"h\":true}}}"));
}
END_TEST

START_TEST(copies_are_deep) {
	yyjson_mut_doc *doc = json_doc(arena);
	yyjson_mut_val *v = parse("{\"a\":[1,{\"b\":null}],\"c\":\"text\"}"), *c = json_copy(doc, v);
	ck_assert(json_equal(v, c));
	json_set_int(doc, c, "c", 1);
	ck_assert(!json_equal(v, c));
	ck_assert(slice_eqs(json_path_str(v, "c"), "text"));
}
END_TEST

static const char *print(const yyjson_mut_val *v) {
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	ck_assert_int_eq(json_write(&b, v), 0);
	return arena_strndup(arena, b.p, b.n);
}

START_TEST(fractions_keep_their_text_where_asked) {
	static const char text[] = "{\"a\":[1000.0,1e3,2.5,7,-0.50,12345678901234567890],\"b\":1.0}";
	yyjson_mut_doc *doc = NULL;
	struct json_error e;
	ck_assert_int_eq(json_parse_fractions(arena, slice_str(text), &doc, &e), 0);
	ck_assert_str_eq(print(doc->root), text);
	ck_assert_str_eq(print(json_copy(doc, doc->root)), text);
	ck_assert_int_eq(json_plain_numbers(doc->root), 0);
	ck_assert_str_eq(print(doc->root), "{\"a\":[1000,1000,2.5,7,-0.5,12345678901234567890],\"b\":1}");
	ck_assert_str_eq(print(parse(text)), print(doc->root));
	ck_assert_int_eq(json_parse_fractions(arena, SLICE_LIT("[1.0,"), &doc, &e), -EBADMSG);
}
END_TEST

int main(void) {
	Suite *s = suite_create("codec/json");
	TCase *t = tcase_create("json");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, errors_are_worded_like_go, 0, ELEMENTSOF(bad));
	tcase_add_loop_test(t, writes_like_go, 0, ELEMENTSOF(written));
	tcase_add_test(t, depth_is_limited);
	tcase_add_test(t, pretty_as_marshal_indent);
	tcase_add_loop_test(t, equality, 0, ELEMENTSOF(pairs));
	tcase_add_test(t, text_without_memory_is_empty_text);
	tcase_add_test(t, members);
	tcase_add_test(t, copies_are_deep);
	tcase_add_test(t, fractions_keep_their_text_where_asked);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
