/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/patch.h"
#include "check_codec.h"

/* RFC 7396 appendix A, and what upstream does beyond it. */
static const struct { const char *target, *patch, *result; } merges[] = {
	{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
	{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
	{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
	{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
	{ "{\"e\":null}", "{\"a\":1}", "{\"a\":1,\"e\":null}" },
	{ "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
	{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
	{ "{\"z\":{\"y\":1,\"x\":2},\"a\":1}", "{\"b\":[{\"n\":null,\"k\":1}]}", "{\"a\":1,\"b\":[{\"k\":1}],\"z\":{\"y\":1,\"x\":2}}" },
	{ "{\"a\":1}", "[1]", "[1]" },
};
START_TEST(merge) {
	yyjson_mut_doc *doc = parse_doc(merges[_i].target);
	yyjson_mut_val *root = doc->root, *patch = parse(merges[_i].patch);
	ck_assert_int_eq(patch_merge(doc, &root, patch), 0);
	ck_assert_str_eq(print(root), merges[_i].result);
	ck_assert_str_eq(print(patch), merges[_i].patch);
}
END_TEST

static const char *deep(size_t n, const char *leaf) {
	struct buf b = BUF_INIT(1 << 20);
	for (size_t i = 0; i < n; i++) buf_puts(&b, "{\"a\":");
	buf_puts(&b, leaf);
	for (size_t i = 0; i < n; i++) buf_putc(&b, '}');
	return text_of(&b);
}

START_TEST(merge_is_linear_in_depth) {
	yyjson_mut_doc *doc = parse_doc(deep(9990, "1"));
	yyjson_mut_val *root = doc->root;
	ck_assert_int_eq(patch_merge(doc, &root, parse(deep(9990, "{\"x\":null,\"y\":2}"))), 0);
	ck_assert_str_eq(print(root), deep(9990, "{\"y\":2}"));
}
END_TEST

#define TARGET "{\"data\":{\"b\":\"1\",\"a\":\"2\"},\"list\":[1,2,3],\"kept\":{\"z\":1,\"y\":2},\"nul\":null}"
static const struct { const char *patch, *result, *msg; } ops[] = {
	{ "[]", "{\"data\":{\"b\":\"1\",\"a\":\"2\"},\"kept\":{\"z\":1,\"y\":2},\"list\":[1,2,3],\"nul\":null}", NULL },
	{ "[{\"op\":\"add\",\"path\":\"/data/c~1d~0\",\"value\":3}]", "{\"data\":{\"a\":\"2\",\"b\":\"1\",\"c/d~\":3},\"kept\":{\"z\":1,\"y\":2},\"list\":[1,2,3],\"nul\":null}", NULL },
	{ "[{\"op\":\"add\",\"path\":\"/list/-\",\"value\":9},{\"op\":\"add\",\"path\":\"/list/0\",\"value\":8},{\"op\":\"remove\",\"path\":\"/list/-1\"},{\"op\":\"remove\",\"path\":\"/data\"}]",
	  "{\"kept\":{\"z\":1,\"y\":2},\"list\":[8,1,2,3],\"nul\":null}", NULL },
	{ "[{\"op\":\"move\",\"from\":\"/kept\",\"path\":\"/data/k\"},{\"op\":\"remove\",\"path\":\"/list\"}]",
	  "{\"data\":{\"a\":\"2\",\"b\":\"1\",\"k\":{\"z\":1,\"y\":2}},\"nul\":null}", NULL },
	{ "[{\"op\":\"copy\",\"from\":\"/list\",\"path\":\"/l2\"},{\"op\":\"replace\",\"path\":\"/list\",\"value\":null},{\"op\":\"remove\",\"path\":\"/kept\"},{\"op\":\"remove\",\"path\":\"/data\"}]",
	  "{\"l2\":[1,2,3],\"list\":null,\"nul\":null}", NULL },
	{ "[{\"op\":\"test\",\"path\":\"/list\",\"value\":[1,2.0,3]},{\"op\":\"test\",\"path\":\"/nope\",\"value\":null},{\"op\":\"test\",\"path\":\"/nul\",\"value\":null},{\"op\":\"replace\",\"path\":\"/data\",\"value\":1},{\"op\":\"remove\",\"path\":\"/kept\"}]",
	  "{\"data\":1,\"list\":[1,2,3],\"nul\":null}", NULL },
	{ "[{\"op\":\"test\",\"path\":\"/data/a\",\"value\":\"x\"}]", NULL, "testing path /data/a failed: test failed" },
	{ "[{\"op\":\"remove\",\"path\":\"/data/x\"}]", NULL, "error in remove for path: '/data/x': Unable to remove nonexistent key: x: missing value" },
	{ "[{\"op\":\"add\",\"path\":\"/no/x\",\"value\":1}]", NULL, "add operation does not apply: doc is missing path: \"/no/x\": missing value" },
	{ "[{\"op\":\"replace\",\"path\":\"/data/x\",\"value\":1},{\"op\":\"remove\",\"path\":\"/list\"},{\"op\":\"remove\",\"path\":\"/kept\"}]",
	  "{\"data\":{\"a\":\"2\",\"b\":\"1\",\"x\":1},\"nul\":null}", NULL },
	{ "[{\"op\":\"replace\",\"path\":\"\",\"value\":{\"b\":1,\"a\":2}}]", "{\"a\":2,\"b\":1}", NULL },
	{ "[{\"op\":\"replace\",\"path\":\"/list/7\",\"value\":1}]", NULL, "replace operation does not apply: doc is missing key: /list/7: missing value" },
	{ "[{\"op\":\"add\",\"path\":\"/list/9\",\"value\":1}]", NULL, "error in add for path: '/list/9': Unable to access invalid index: 9: invalid index referenced" },
	{ "[{\"op\":\"add\",\"path\":\"\",\"value\":1}]", NULL, "add operation does not apply: doc is missing path: \"\": missing value" },
	{ "[{\"op\":\"frob\",\"path\":\"/a\"}]", NULL, "Unexpected kind: frob" },
	{ "[{\"op\":\"move\",\"from\":\"/nope\",\"path\":\"/a\"}]", NULL, "error in move for path: 'nope': unable to get nonexistent key: nope: missing value" },
	{ "[{\"op\":\"add\",\"value\":1}]", NULL, "add operation failed to decode path: missing value" },
};
START_TEST(json_patch) {
	yyjson_mut_doc *doc = parse_doc(TARGET);
	yyjson_mut_val *root = doc->root, *patch = parse(ops[_i].patch);
	const char *msg = NULL;
	ck_assert_int_eq(patch_json_check(arena, patch, &msg), 0);
	ck_assert_int_eq(patch_json(arena, doc, &root, patch, &msg), ops[_i].msg ? -EINVAL : 0);
	if (ops[_i].msg) ck_assert_str_eq(msg, ops[_i].msg);
	else ck_assert_str_eq(print(root), ops[_i].result);
	ck_assert_str_eq(print(patch), print(parse(ops[_i].patch)));
}
END_TEST

static const struct { const char *patch, *msg; } shapes[] = {
	{ "{\"op\":\"add\"}", "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp" },
	{ "\"x\"", "json: cannot unmarshal string into Go value of type []handlers.jsonPatchOp" },
	{ "[1]", "json: cannot unmarshal number into Go value of type handlers.jsonPatchOp" },
	{ "[{\"op\":5}]", "json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string" },
};
START_TEST(shape) {
	const char *msg = NULL;
	ck_assert_int_eq(patch_json_check(arena, parse(shapes[_i].patch), &msg), -EBADMSG);
	ck_assert_str_eq(msg, shapes[_i].msg);
}
END_TEST

START_TEST(too_many_operations) {
	struct buf b = BUF_INIT(1 << 20);
	const char *msg = NULL;
	buf_putc(&b, '[');
	for (int i = 0; i < 10001; i++) buf_puts(&b, i ? ",{\"op\":\"x\"}" : "{\"op\":\"x\"}");
	buf_putc(&b, ']');
	ck_assert_int_eq(patch_json_check(arena, parse(text_of(&b)), &msg), -E2BIG);
	ck_assert_str_eq(msg, "The allowed maximum operations in a JSON patch is 10000, got 10001");
}
END_TEST

START_TEST(copies_cannot_explode) {
	struct buf b = BUF_INIT(1 << 20);
	const char *msg = NULL;
	buf_putc(&b, '[');
	for (int i = 0; i < 40; i++) buf_printf(&b, "%s{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/k%d\"}", i ? "," : "", i);
	buf_putc(&b, ']');
	yyjson_mut_doc *doc = parse_doc("{\"a\":{\"x\":\"0123456789\"}}");
	yyjson_mut_val *root = doc->root;
	ck_assert_int_eq(patch_json(arena, doc, &root, parse(text_of(&b)), &msg), -EINVAL);
	ck_assert(strstr(msg, "exceeding the limit 3145728") != NULL);
}
END_TEST

static void add(TCase *t) {
	tcase_add_loop_test(t, merge, 0, ELEMENTSOF(merges));
	tcase_add_test(t, merge_is_linear_in_depth);
	tcase_add_loop_test(t, json_patch, 0, ELEMENTSOF(ops));
	tcase_add_loop_test(t, shape, 0, ELEMENTSOF(shapes));
	tcase_add_test(t, too_many_operations);
	tcase_add_test(t, copies_cannot_explode);
}
CODEC_MAIN("patch", add)
