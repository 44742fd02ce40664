/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/jsonpath.h"
#include "check_codec.h"

#define OBJECT                                                                                                                          \
	"{\"kind\":\"Thing\",\"metadata\":{\"name\":\"t\",\"labels\":{\"app\":\"x\"}},\"spec\":{\"nul\":null,\"f\":1.5,\"big\":10000000,\"e\":1e21," \
	"\"s\":\"str\",\"t\":true,\"list\":[{\"name\":\"a\",\"v\":1,\"up\":true},{\"name\":\"b\",\"v\":2},{\"name\":\"c\"}],\"empty\":[],"  \
	"\"a.b\":\"dotted\",\"m\":{\"z\":1,\"q\":{\"q\":2}},\"nested\":[{\"l\":[1,2]},{\"l\":[]},{\"l\":[3]}]}}"

/* What kubectl v1.32 prints for the same object and template. */
static const struct { const char *template, *out; } good[] = {
	{ "{@}", NULL }, { "{.spec.f} {.spec.big} {.spec.e} {.spec.t}", "1.5 10000000 1e+21 true" }, { "{.}", "" },
	{ "{.spec.list[*].name}", "a b c" }, { "{.spec.list[0]}", "{\"name\":\"a\",\"up\":true,\"v\":1}" }, { "{.spec.list[-1].name}", "c" },
	{ "{.spec.list[0:2].name}", "a b" }, { "{.spec.list[?(@.name==\"b\")].v}", "2" }, { "{.spec.list[?(@.v>1)].name}", "b" },
	{ "{.spec.list[?(@.v)].name}", "a b" }, { "{range .spec.list[*]}{.name}{\"\\t\"}{.v}{\"\\n\"}{end}", "a\t1\nb\t2\nc\t\n" },
	{ "{.spec.empty[*]}", "" }, { "{.spec['a\\.b']}", "dotted" }, { "{.spec.a\\.b}", "dotted" }, { "{..name}", "t a b c" },
	{ "{.spec.m}", "{\"q\":{\"q\":2},\"z\":1}" }, { "{.spec.nope}", "" }, { "{.spec!}", "" }, { "text {.spec.s} more", "text str more" },
	{ "{range .spec.nested[*]}[{range .l[*]}{@},{end}]{end}!", "[1,2,][][3,]!" }, { "{range .spec.list[*]}{.name}", "abc" },
	{ "{.spec['s','t']}", "str true" }, { "{.spec.list[0,2].name}", "a c" }, { "{.spec.list[::2].name}", "a c" },
	{ "{.spec.list[?(@.up==true)].name}", "a" }, { "{.spec.list[?(@.name!=\"a\")].name}", "b c" }, { "{\"a\\u00e9\\n\"}", "a\xc3\xa9\n" },
	{ "{'x'}", "x" }, { "{5}", "5" }, { "{1.5}", "1.5" }, { "{.spec.list.name}", "" }, { "{.spec.m.*}", "1 {\"q\":2}" },
	{ "{range .spec.empty[*]}x{.y}{end}z", "z" }, { "{$.spec.s}", "str" }, { "{ .spec.s }", "str" }, { "{.spec.s}{.spec.t}", "strtrue" },
	{ "{.spec.list[1:1].name}", "" }, { "plain", "plain" },
};
START_TEST(prints_like_kubectl) {
	struct jsonpath *p;
	const char *msg = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	ck_assert_msg(jsonpath_parse(arena, slice_str(good[_i].template), &p, &msg) == 0, "%s: %s", good[_i].template, msg);
	ck_assert_msg(jsonpath_print(p, arena, parse(OBJECT), JSONPATH_ALLOW_MISSING, &b, &msg) == 0, "%s: %s", good[_i].template, msg);
	if (good[_i].out) ck_assert_str_eq(text_of(&b), good[_i].out);
	else ck_assert(b.n > 250);
}
END_TEST

static const struct { const char *template, *msg; } bad[] = {
	{ "{.spec.empty[0]}", "array index out of bounds: index 0, length 0" }, { "{.spec.list[9]}", "array index out of bounds: index 9, length 3" },
	{ "{.spec.list[", "unterminated array" }, { "{.spec", "unclosed action" }, { "{end}", "not in range, nothing to end" },
	{ "{.spec.list[?(@.v==\"x\")].name}", "incompatible types for comparison" }, { "{foo}", "unrecognized identifier foo" },
	{ "{.spec.s[0]}", "string is not array or slice" }, { "{....}", "invalid multiple recursive descent" },
	{ "{.spec.list[?(@.name=~\"a\")].v}", "unrecognized character in action: U+007E '~'" },
	{ "{.spec.list[2:1].name}", "starting index 2 is greater than ending index 1" },
	{ "{.spec.list[0:9].name}", "array index out of bounds: index 8, length 3" }, { "{.spec.list[x]}", "invalid array index x" },
	{ "{.spec.list[?(@.name==\"b\"].v}", "unterminated filter" }, { "{.spec.list[?(@.name==\"b\")", "unclosed array expect ]" },
	{ "{\"abc}", "unterminated quoted string" }, { "{1.2.3}", "cannot parse number 1.2.3" }, { "{.spec.list[?(@.name<>\"b\")].v}", "unrecognized filter operator <>" },
	{ "{.spec.list[?(@.up<true)].v}", "invalid type for comparison" }, { "{.spec.list[::0].v}", "step must be > 0" },
};
START_TEST(complains_like_kubectl) {
	struct jsonpath *p;
	const char *msg = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	int r = jsonpath_parse(arena, slice_str(bad[_i].template), &p, &msg);
	if (r == 0) r = jsonpath_print(p, arena, parse(OBJECT), JSONPATH_ALLOW_MISSING, &b, &msg);
	ck_assert_int_eq(r, -EBADMSG);
	ck_assert_str_eq(msg, bad[_i].msg);
}
END_TEST

START_TEST(missing_fields_can_be_errors) {
	struct jsonpath *p;
	const char *msg = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	ck_assert_int_eq(jsonpath_parse(arena, SLICE_LIT("{.spec.nope}"), &p, &msg), 0);
	ck_assert_int_eq(jsonpath_print(p, arena, parse(OBJECT), 0, &b, &msg), -EBADMSG);
	ck_assert_str_eq(msg, "nope is not found");
}
END_TEST

START_TEST(relaxed_paths) {
	static const char *const same[] = { "spec.s", ".spec.s", "{spec.s}", "{.spec.s}" };
	struct jsonpath *p;
	const yyjson_mut_val **v;
	size_t n;
	const char *msg = NULL;
	for (size_t i = 0; i < ELEMENTSOF(same); i++) {
		ck_assert_int_eq(jsonpath_parse_relaxed(arena, slice_str(same[i]), &p, &msg), 0);
		ck_assert_int_eq(jsonpath_find(p, arena, parse(OBJECT), 0, &v, &n, &msg), 0);
		ck_assert(n == 1 && slice_eqs(json_str(v[0]), "str"));
	}
	ck_assert_int_eq(jsonpath_parse_relaxed(arena, SLICE_LIT("{a}{b}"), &p, &msg), -EBADMSG);
	ck_assert_int_eq(jsonpath_parse_relaxed(arena, SLICE_LIT(""), &p, &msg), -EBADMSG);
}
END_TEST

START_TEST(work_is_bounded) {
	struct buf t = BUF_INIT(1 << 20), o = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
	struct jsonpath *p;
	for (int i = 0; i < 200; i++) buf_puts(&t, "{range ..[*]}");
	ck_assert_int_eq(jsonpath_parse(arena, buf_slice(&t), &p, NULL), 0);
	for (int i = 0; i < 2000; i++) buf_puts(&o, "[");
	for (int i = 0; i < 2000; i++) buf_puts(&o, "]");
	buf_putc(&o, 0);
	ck_assert_int_eq(jsonpath_print(p, arena, parse(o.p), JSONPATH_ALLOW_MISSING, &out, NULL), -E2BIG);
	buf_done(&t);
	buf_done(&o);
	buf_done(&out);
}
END_TEST

static void add(TCase *t) {
	tcase_add_loop_test(t, prints_like_kubectl, 0, ELEMENTSOF(good));
	tcase_add_loop_test(t, complains_like_kubectl, 0, ELEMENTSOF(bad));
	tcase_add_test(t, missing_fields_can_be_errors);
	tcase_add_test(t, relaxed_paths);
	tcase_add_test(t, work_is_bounded);
}
CODEC_MAIN("jsonpath", add)
