/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/fields.h"
#include "codec/labels.h"
#include "check_codec.h"

/* Messages as recorded from a v1.34 server. */
static const struct { const char *text, *msg; } bad[] = {
	{ "app=>web", "unable to parse requirement: found '>', expected: identifier" },
	{ "app in web", "unable to parse requirement: found 'web' expected: '('" },
	{ "app in (web", "unable to parse requirement: found '', expected: ',' or ')'" },
	{ "a b=c", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt" },
	{ "app=not valid!", "found 'valid', expected: ',' or 'end of string'" },
	{ "app>abc", "unable to parse requirement: values[0]: Invalid value: \"abc\": for 'Gt', 'Lt' operators, the value must be an integer" },
	{ "app=web,,tier", "found ',', expected: identifier after ','" },
	{ ",", "found ',', expected: !, identifier, or 'end of string'" },
	{ "!", "unable to parse requirement: found '', expected: identifier" },
	{ "app=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	  "unable to parse requirement: values[0][app]: Invalid value: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\": must be no more than 63 characters" },
	{ "a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier" },
	{ "-a=b",
	  "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
	  "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
};
START_TEST(label_errors) {
	struct labels_selector s;
	const char *msg = NULL;
	ck_assert_int_eq(labels_parse(arena, slice_str(bad[_i].text), &s, &msg), -EBADMSG);
	ck_assert_str_eq(msg, bad[_i].msg);
}
END_TEST

static const struct { const char *text, *labels, *shown; bool match; } selectors[] = {
	{ "", "{\"a\":\"b\"}", "", true },
	{ "a=b", "{\"a\":\"b\"}", "a=b", true },
	{ "a==b", "{\"a\":\"c\"}", "a==b", false },
	{ "a!=b", "{}", "a!=b", true },
	{ "z, a in (x,b,x) , !c", "{\"a\":\"b\",\"z\":\"\"}", "a in (b,x),!c,z", true },
	{ "a notin (x)", "{}", "a notin (x)", true },
	{ "a notin (x)", "{\"a\":\"x\"}", "a notin (x)", false },
	{ "n>5,n<7", "{\"n\":\"6\"}", NULL, true },
	{ "n>5", "{\"n\":\"six\"}", "n>5", false },
	{ "n>5", "{}", "n>5", false },
	{ "a in (,)", "{\"a\":\"\"}", "a in ()", true },
	{ "a=", "{\"a\":\"\"}", "a=", true },
	{ "in in (in,notin)", "{\"in\":\"notin\"}", "in in (in,notin)", true },
	{ "!a", "{\"a\":\"\"}", "!a", false },
	{ "x.y/z", "{\"x.y/z\":\"1\"}", "x.y/z", true },
};
START_TEST(label_matching) {
	struct labels_selector s;
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	ck_assert_int_eq(labels_parse(arena, slice_str(selectors[_i].text), &s, NULL), 0);
	ck_assert(labels_match(&s, parse(selectors[_i].labels)) == selectors[_i].match);
	labels_format(&b, &s);
	if (selectors[_i].shown) ck_assert_str_eq(text_of(&b), selectors[_i].shown);
}
END_TEST

START_TEST(label_objects) {
	struct labels_selector s;
	const char *msg = NULL;
	struct slice v;
	ck_assert_int_eq(labels_from_object(arena, NULL, &s, NULL), 0);
	ck_assert(!labels_match(&s, parse("{}")));
	ck_assert_int_eq(labels_from_object(arena, parse("{}"), &s, NULL), 0);
	ck_assert(labels_match(&s, NULL));
	const char *both = "{\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":[{\"key\":\"c\",\"operator\":\"In\",\"values\":[\"1\",\"2\"]},{\"key\":\"d\",\"operator\":\"DoesNotExist\"}]}";
	ck_assert_int_eq(labels_from_object(arena, parse(both), &s, NULL), 0);
	ck_assert(labels_match(&s, parse("{\"a\":\"b\",\"c\":\"2\"}")));
	ck_assert(!labels_match(&s, parse("{\"a\":\"b\",\"c\":\"2\",\"d\":\"\"}")));
	ck_assert(labels_exact(&s, SLICE_LIT("a"), &v) && slice_eqs(v, "b"));
	ck_assert(!labels_exact(&s, SLICE_LIT("c"), &v));
	ck_assert_int_eq(labels_from_object(arena, parse("{\"matchExpressions\":[{\"key\":\"c\",\"operator\":\"Nope\"}]}"), &s, &msg), -EBADMSG);
	ck_assert_str_eq(msg, "\"Nope\" is not a valid label selector operator");
	ck_assert_int_eq(labels_from_object(arena, parse("{\"matchExpressions\":[{\"key\":\"c\",\"operator\":\"In\"}]}"), &s, &msg), -EBADMSG);
	ck_assert_int_eq(labels_from_map(arena, parse("{\"x\":\"y\"}"), &s), 0);
	ck_assert(labels_match(&s, parse("{\"x\":\"y\",\"z\":\"\"}")) && !labels_match(&s, parse("{}")));
}
END_TEST

static struct slice one_field(const void *ctx, struct slice field) {
	return slice_eqs(field, "metadata.name") ? slice_str(ctx) : SLICE_NULL;
}

static const struct { const char *text, *msg; } bad_fields[] = {
	{ "metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'" },
	{ "metadata.name in (a,b)", "invalid selector: 'metadata.name in (a,b)'; can't understand 'b)'" },
	{ "metadata.name=a\\b", "invalid field selector: invalid escape sequence: \\b" },
	{ "a=b=c", "invalid field selector: unescaped character in value: 61" },
	{ "a=b\\", "invalid field selector: invalid escape sequence: \\" },
};
START_TEST(field_errors) {
	struct fields_selector s;
	const char *msg = NULL;
	ck_assert_int_eq(fields_parse(arena, slice_str(bad_fields[_i].text), &s, &msg), -EBADMSG);
	ck_assert_str_eq(msg, bad_fields[_i].msg);
}
END_TEST

START_TEST(field_matching) {
	struct fields_selector s;
	struct slice v;
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	ck_assert_int_eq(fields_parse(arena, SLICE_LIT("metadata.name==a\\,b,x!=y,"), &s, NULL), 0);
	ck_assert_uint_eq(s.n, 2);
	ck_assert(fields_match(&s, one_field, "a,b") && !fields_match(&s, one_field, "a"));
	ck_assert(fields_exact(&s, "metadata.name", &v) && slice_eqs(v, "a,b") && !fields_exact(&s, "x", &v));
	fields_format(&b, &s);
	ck_assert_str_eq(text_of(&b), "metadata.name=a\\,b,x!=y");
	ck_assert_int_eq(fields_parse(arena, SLICE_LIT(""), &s, NULL), 0);
	ck_assert(s.n == 0 && fields_match(&s, one_field, "any"));
}
END_TEST

static void add(TCase *t) {
	tcase_add_loop_test(t, label_errors, 0, ELEMENTSOF(bad));
	tcase_add_loop_test(t, label_matching, 0, ELEMENTSOF(selectors));
	tcase_add_test(t, label_objects);
	tcase_add_loop_test(t, field_errors, 0, ELEMENTSOF(bad_fields));
	tcase_add_test(t, field_matching);
}
CODEC_MAIN("selectors", add)
