/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/yaml.h"
#include "check_codec.h"

static const struct { const char *yaml, *json; } good[] = {
	{ "", "null" },
	{ "# only a comment\n", "null" },
	{ "a: 1\nb: [x, 'y', \"1\"]\n", "{\"a\":1,\"b\":[\"x\",\"y\",\"1\"]}" },
	{ "b: 1\na: 2\n", "{\"a\":2,\"b\":1}" },
	{ "[yes, No, on, OFF, true, y, n, Y]", "[true,false,true,false,true,true,false,true]" },
	{ "[~, null, Null, NULL, nUll]", "[null,null,null,null,\"nUll\"]" },
	{ "[0x1F, 0o17, 017, 0b101, 1_000, -5, +7, 08, 18446744073709551615, -0x10]",
	  "[31,15,15,5,1000,-5,7,8,18446744073709551615,-16]" },
	{ "[1.5, 1e3, .5, 1., -1.5e-3, 1e, 12e03x, .a]", "[1.5,1000,0.5,1,-0.0015,\"1e\",\"12e03x\",\".a\"]" },
	{ "[2024-01-01, 2001-12-14T21:59:43.10-05:00, 1:20, 2024-13-01]",
	  "[\"2024-01-01\",\"2001-12-14T21:59:43.10-05:00\",\"1:20\",\"2024-13-01\"]" },
	{ "[!!str 5, !!int \"5\", !!float 5, !foo bar, !!binary aGk=]", "[\"5\",5,5,\"bar\",\"hi\"]" },
	{ "1: a\ntrue: b\n1.5: c\n2024-01-01: d\n", "{\"1\":\"a\",\"1.5\":\"c\",\"2024-01-01\":\"d\",\"true\":\"b\"}" },
	{ "a: &x {k: v}\nb: *x\n", "{\"a\":{\"k\":\"v\"},\"b\":{\"k\":\"v\"}}" },
	{ "base: &x {k: v, l: w}\nd:\n  <<: *x\n  k: z\n", "{\"base\":{\"k\":\"v\",\"l\":\"w\"},\"d\":{\"k\":\"z\",\"l\":\"w\"}}" },
	{ "x: &a {k: 1}\nw: &b {k: 2, m: 3}\nz: {<<: [*a, *b]}\n", "{\"w\":{\"k\":2,\"m\":3},\"x\":{\"k\":1},\"z\":{\"k\":1,\"m\":3}}" },
	{ "a: 1\na: 2\n", "{\"a\":2}" },
	{ "---\na: 1\n---\nb: 2\n", "{\"a\":1}" },
	{ "a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}" },
	{ "{\"json\": [1, {\"b\": null}]}", "{\"json\":[1,{\"b\":null}]}" },
	{ "[1.0, -0.0, 1e3, 1e18, 1e20, -2.5e1]", "[1,0,1000,1000000000000000000,100000000000000000000,-25]" },
	{ "&a a: *a\n", "{\"a\":\"a\"}" },
};

START_TEST(reads) {
	yyjson_mut_doc *doc;
	struct yaml_error err = { 0 };
	ck_assert_msg(yaml_parse(arena, slice_str(good[_i].yaml), 0, &doc, &err) == 0, "%s: %s", good[_i].yaml, err.msg);
	ck_assert_str_eq(print(doc->root), good[_i].json);
}
END_TEST

static const struct { const char *yaml, *msg; unsigned flags; } bad[] = {
	{ "kind:\tConfigMap\n\tbad", "yaml: line 2: found a tab character that violates indentation", 0 },
	{ "a: b: c\n- x", "yaml: mapping values are not allowed in this context", 0 },
	{ "a: [b", "yaml: line 1: did not find expected ',' or ']'", 0 },
	{ "a: *nope", "yaml: unknown anchor 'nope' referenced", 0 },
	{ "a: &x [*x]", "yaml: anchor 'x' value contains itself", 0 },
	{ "a:\n  <<: 5\n", "yaml: map merge requires map or sequence of maps as the value", 0 },
	{ "!!int x", "yaml: cannot decode !!str `x` as a !!int", 0 },
	{ "!!binary '*'", "yaml: !!binary value contains invalid base64 data", 0 },
	{ "[.inf]", "json: unsupported value: +Inf", 0 },
	{ "~: 1", "unsupported map key of type: %!s(<nil>), key: <nil>", 0 },
	{ "data:\n  a: 1\n  b: 2\n  a: 3\n  1: x\n  1: y\n", "yaml: unmarshal errors:\n  line 4: key \"a\" already set in map\n  line 6: key 1 already set in map", YAML_STRICT },
	{ "a: \x01", "yaml: control characters are not allowed", 0 },
};

START_TEST(errors_are_worded_like_yaml_v2) {
	yyjson_mut_doc *doc;
	struct yaml_error err = { 0 };
	ck_assert_int_eq(yaml_parse(arena, slice_str(bad[_i].yaml), bad[_i].flags, &doc, &err), -EBADMSG);
	ck_assert_str_eq(err.msg, bad[_i].msg);
}
END_TEST

START_TEST(alias_bombs_are_refused) {
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	buf_puts(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 9; i++) {
		buf_printf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++) buf_printf(&b, "*a%d,", i - 1);
		buf_puts(&b, "]\n");
	}
	yyjson_mut_doc *doc;
	struct yaml_error err = { 0 };
	ck_assert_int_eq(yaml_parse(arena, buf_slice(&b), 0, &doc, &err), -EBADMSG);
	ck_assert_str_eq(err.msg, "yaml: document contains excessive aliasing");
}
END_TEST

START_TEST(depth_is_limited) {
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	for (unsigned i = 0; i <= YAML_DEPTH_MAX; i++) buf_putc(&b, '[');
	yyjson_mut_doc *doc;
	struct yaml_error err = { 0 };
	ck_assert_int_eq(yaml_parse(arena, buf_slice(&b), 0, &doc, &err), -EBADMSG);
	ck_assert_str_eq(err.msg, "yaml: exceeded max depth of 10000");
}
END_TEST

START_TEST(duplicates_are_told_apart_from_faults) {
	const char *dups = "unset";
	ck_assert_int_eq(yaml_duplicates(arena, slice_str("a: {b: 1, b: 2}\n"), &dups), 0);
	ck_assert_str_eq(dups, "yaml: unmarshal errors:\n  line 1: key \"b\" already set in map");
	ck_assert_int_eq(yaml_duplicates(arena, slice_str("a: 1\n"), &dups), 0);
	ck_assert_ptr_null(dups);
	ck_assert_int_eq(yaml_duplicates(arena, slice_str("a: ["), &dups), -EBADMSG);
}
END_TEST

/* Answers of kubectl create configmap --dry-run=client -o yaml, value by value. */
static const struct { const char *json, *yaml; } written[] = {
	{ "{\"b\":1,\"a\":{\"x\":[{\"k\":\"v\",\"l\":[]},\"s\"],\"e\":{}}}", "a:\n  e: {}\n  x:\n  - k: v\n    l: []\n  - s\nb: 1\n" },
	{ "{\"a10\":1,\"a9\":2,\"A\":3,\"_\":4,\"a\":5}", "_: 4\nA: 3\na: 5\na9: 2\na10: 1\n" },
	{ "[\"a: b\",\"\",\"it's\",\"# c\",\" lead\",\"a\\tb\",\"*x\",\"-\",\".\",\"x \",\"null\",\"~\",\"y\",\"1e3\",\"0x1F\",\"1:20\",\"2024-01-01\",\"1_000\",\"0o17\"]",
	  "- 'a: b'\n- \"\"\n- it's\n- '# c'\n- ' lead'\n- \"a\\tb\"\n- '*x'\n- '-'\n- .\n- 'x '\n- \"null\"\n- \"~\"\n- \"y\"\n- \"1e3\"\n- \"0x1F\"\n"
	  "- \"1:20\"\n- \"2024-01-01\"\n- \"1_000\"\n- \"0o17\"\n" },
	{ "{\"ml\":\"a\\nb\\n\\n\",\"ml2\":\"  lead\\nb\",\"ml3\":\"a \\nb\",\"n\":\"a\\r\\nb\"}",
	  "ml: |+\n  a\n  b\n\nml2: |2-\n    lead\n  b\nml3: \"a \\nb\"\n\"n\": \"a\\r\\nb\"\n" },
	{ "{\"a\":\"x\\n\\n\"}", "a: |+\n  x\n\n" },
	{ "[1,-5,1.5,1e21,1234567.5,true,null,18446744073709551615]", "- 1\n- -5\n- 1.5\n- 1e+21\n- 1.2345675e+06\n- true\n- null\n- 18446744073709551615\n" },
	{ "[\"h\xc3\xa9\xe4\xb8\x96\xf0\x9f\x98\x80\"]", "- \"h\xc3\xa9\xe4\xb8\x96\\U0001F600\"\n" },
	{ "\"x\"", "x\n" },
	{ "{}", "{}\n" },
	{ "[[1,[2]]]", "- - 1\n  - - 2\n" },
};

START_TEST(writes_like_kubectl) {
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	yaml_write(&b, parse(written[_i].json));
	ck_assert_str_eq(text_of(&b), written[_i].yaml);
}
END_TEST

START_TEST(long_text_is_folded_at_eighty_columns) {
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	yaml_write(&b, parse("{\"long\":\"word with spaces word with spaces word with spaces word with spaces word with spaces \"}"));
	ck_assert_str_eq(text_of(&b), "long: 'word with spaces word with spaces word with spaces word with spaces word with\n  spaces '\n");
}
END_TEST

START_TEST(whole_floats_become_integers) {
	yyjson_mut_doc *doc;
	ck_assert_int_eq(yaml_parse(arena, SLICE_LIT("[1.0, 1e3, 1e20]"), 0, &doc, NULL), 0);
	ck_assert(yyjson_mut_is_int(yyjson_mut_arr_get(doc->root, 0)) && yyjson_mut_is_int(yyjson_mut_arr_get(doc->root, 1)));
	ck_assert(yyjson_mut_is_real(yyjson_mut_arr_get(doc->root, 2)));
}
END_TEST

START_TEST(order_can_be_kept) {
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	yaml_write_ordered(&b, parse("{\"b\":1,\"a\":2}"));
	ck_assert_str_eq(text_of(&b), "b: 1\na: 2\n");
}
END_TEST

START_TEST(streams_are_cut_at_separators) {
	struct slice rest = SLICE_LIT("---\na: 1\n---\n--- # not one\nb: 2\n---   \nc: 3"), doc;
	ck_assert(yaml_next_document(&rest, &doc) && slice_eqs(doc, "a: 1\n"));
	ck_assert(yaml_next_document(&rest, &doc) && slice_eqs(doc, "--- # not one\nb: 2\n"));
	ck_assert(yaml_next_document(&rest, &doc) && slice_eqs(doc, "c: 3"));
	ck_assert(!yaml_next_document(&rest, &doc));
	ck_assert(yaml_is_json(SLICE_LIT(" \n {}")) && !yaml_is_json(SLICE_LIT("a: {}")) && !yaml_is_json(SLICE_NULL));
}
END_TEST

static void add(TCase *t) {
	tcase_add_loop_test(t, reads, 0, ELEMENTSOF(good));
	tcase_add_loop_test(t, errors_are_worded_like_yaml_v2, 0, ELEMENTSOF(bad));
	tcase_add_test(t, alias_bombs_are_refused);
	tcase_add_test(t, depth_is_limited);
	tcase_add_test(t, duplicates_are_told_apart_from_faults);
	tcase_add_loop_test(t, writes_like_kubectl, 0, ELEMENTSOF(written));
	tcase_add_test(t, long_text_is_folded_at_eighty_columns);
	tcase_add_test(t, whole_floats_become_integers);
	tcase_add_test(t, order_can_be_kept);
	tcase_add_test(t, streams_are_cut_at_separators);
}
CODEC_MAIN("yaml", add)
