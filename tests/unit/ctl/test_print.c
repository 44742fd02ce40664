/* SPDX-License-Identifier: Apache-2.0 */
/* What objects are printed with, against what Go's packages print. */
#include "ctl/columns.h"
#include "ctl/fault.h"
#include "ctl/goprint.h"
#include "ctl/jsonpath_print.h"
#include "ctl/sort.h"
#include "ctl/tabs.h"
#include "ctl/tree.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static struct ctl run;

static void setup(void) {
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	run = (struct ctl){ .a = arena_new(0), .env = &env_system, .program = "k8ctl", .path = "k8ctl" };
	sink_init(&run.out, fd);
	sink_init(&run.err, fd);
}

static void teardown(void) {
	close(run.out.fd);
	buf_done(&run.out.b);
	buf_done(&run.err.b);
	arena_free(run.a);
}

static yyjson_mut_val *tree(const char *text) {
	yyjson_mut_doc *doc;
	ck_assert_int_eq(json_parse(run.a, slice_str(text), &doc, NULL), 0);
	return doc->root;
}

/* What has been put out since the last call. */
static const char *out(void) {
	const char *s = ctl_text(&run, buf_slice(&run.out.b));
	buf_clear(&run.out.b);
	return s;
}

static const char *text(struct buf *b) { return ctl_take(&run, b).p; }

static const char *laid_out(struct tabs *t, const char *s) {
	struct buf b = BUF_INIT(1 << 16);
	tabs_put(t, slice_str(s));
	ck_assert_int_eq(tabs_flush(t, &b), 0);
	return text(&b);
}

START_TEST(columns_are_as_wide_as_the_lines_that_have_them) {
	struct tabs t;
	tabs_init(&t, 6, 3, false);
	ck_assert_str_eq(laid_out(&t, "NAME\tAGE\nlonger-name\t1d\n"), "NAME          AGE\nlonger-name   1d\n");
	/* The last cell of a line has no say, and a line without the column ends it. */
	ck_assert_str_eq(laid_out(&t, "a\tb\tc\nvery long last cell\na\tb\tc\n"), "a     b     c\nvery long last cell\na     b     c\n");
	/* Runes count, not bytes. */
	ck_assert_str_eq(laid_out(&t, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\tx\nabcd\ty\n"), "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9   x\nabcd   y\n");
	ck_assert_str_eq(laid_out(&t, "no end"), "no end");
	ck_assert_str_eq(laid_out(&t, ""), "");
	tabs_done(&t);
}
END_TEST

START_TEST(remembered_columns_never_get_narrower) {
	struct tabs t;
	tabs_init(&t, 6, 3, true);
	ck_assert_str_eq(laid_out(&t, "a-long-name\tx\n"), "a-long-name   x\n");
	ck_assert_str_eq(laid_out(&t, "b\tx\n"), "b             x\n");
	tabs_forget(&t);
	ck_assert_str_eq(laid_out(&t, "b\tx\n"), "b     x\n");
	tabs_done(&t);
}
END_TEST

START_TEST(trees_are_printed_as_go_prints_maps) {
	static const struct { const char *json, *v, *sharp; } cases[] = {
		{ "{\"b\":[1,\"x\"],\"a\":null}", "map[a:<nil> b:[1 x]]", "map[string]interface {}{\"a\":interface {}(nil), \"b\":[]interface {}{1, \"x\"}}" },
		{ "[]", "[]", "[]interface {}{}" },
		{ "{}", "map[]", "map[string]interface {}{}" },
		{ "\"a\\\"b\"", "a\"b", "\"a\\\"b\"" },
		{ "[true,-5,1.5,{\"x\":{}}]", "[true -5 1.5 map[x:map[]]]", "[]interface {}{true, -5, 1.5, map[string]interface {}{\"x\":map[string]interface {}{}}}" },
	};
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct buf v = BUF_INIT(1 << 16), sharp = BUF_INIT(1 << 16);
		yyjson_mut_val *root = tree(cases[i].json);
		tree_sort(&run, root);
		ck_assert_int_eq(goprint_v(&v, root), 0);
		ck_assert_int_eq(goprint_sharp(&sharp, root), 0);
		ck_assert_str_eq(text(&v), cases[i].v);
		ck_assert_str_eq(text(&sharp), cases[i].sharp);
	}
}
END_TEST

START_TEST(escapes_are_made_visible) {
	struct buf b = BUF_INIT(1 << 16);
	escape_terminal(&b, SLICE_LIT("a\x1b[2Jb\rc\n"));
	ck_assert_str_eq(text(&b), "a^[[2Jb\\rc\n");
}
END_TEST

START_TEST(faults_drive_no_terminal) {
	struct buf b = BUF_INIT(1 << 16);
	(void)ctl_fail_api(&run, &(struct k8c_error){ .err = -EREMOTEIO, .status = 418, .reason = "Odd", .message = "\x1b[2Jgone", .group = "",
						      .kind = "", .name = "", .uid = "" }, NULL);
	faults_print(run.a, &run.faults, &b);
	ck_assert_str_eq(text(&b), "Error from server (Odd): ^[[2Jgone\n");
}
END_TEST

static const char *sorted(const char *json, const char *path) {
	struct buf b = BUF_INIT(1 << 16);
	yyjson_mut_val *list = tree(json);
	if (sort_by(&run, list, path, NULL)) return "fault";
	ck_assert_int_eq(json_write(&b, list), 0);
	return text(&b);
}

START_TEST(objects_are_sorted_by_quantities_numbers_and_words) {
	ck_assert_str_eq(sorted("[{\"a\":\"1Gi\"},{\"a\":\"500Mi\"},{\"a\":\"1\"}]", ".a"), "[{\"a\":\"1\"},{\"a\":\"500Mi\"},{\"a\":\"1Gi\"}]");
	ck_assert_str_eq(sorted("[{\"a\":\"pod-10\"},{\"a\":\"pod-9\"},{\"a\":\"pod-09\"}]", ".a"),
			 "[{\"a\":\"pod-9\"},{\"a\":\"pod-09\"},{\"a\":\"pod-10\"}]");
	ck_assert_str_eq(sorted("[{\"a\":2},{\"b\":1},{\"a\":1.5}]", "{.a}"), "[{\"b\":1},{\"a\":1.5},{\"a\":2}]");
	ck_assert_str_eq(sorted("[]", ".a"), "[]");
	ck_assert_str_eq(sorted("[{\"a\":1}]", ".b"), "fault");
	ck_assert_str_eq(sorted("[{\"a\":1}]", "{.b"), "fault");
}
END_TEST

static const char *by_path(const char *path, const char *json, bool missing, bool as_json) {
	struct jsonpath_printer *p;
	if (jsonpath_printer_new(&run, path, missing, as_json, &p) || jsonpath_printer_print(&run, p, tree(json))) return "fault";
	return out();
}

START_TEST(jsonpath_prints_what_it_finds) {
	static const char list[] = "{\"items\":[{\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":{\"y\":[2]}}]}";
	ck_assert_str_eq(by_path("{.items[*].n}", list, false, false), "a b");
	ck_assert_str_eq(by_path("{range .items[*]}{.n}{\"\\t\"}{.v}{\"\\n\"}{end}", list, false, false), "a\t1\nb\t{\"y\":[2]}\n");
	ck_assert_str_eq(by_path("{.items[0].n}", list, false, true), "[\n    \"a\"\n]\n");
	ck_assert_str_eq(by_path("{.none}", list, true, false), "");
	ck_assert_str_eq(by_path("{.none}", list, false, false), "fault");
	ck_assert_str_eq(by_path("{.items[}", list, true, false), "fault");
}
END_TEST

START_TEST(custom_columns) {
	struct columns *p;
	ck_assert_int_eq(columns_new(&run, "NAME:.metadata.name,ALL:.spec.list[*].x,NONE:.no", true, &p), 0);
	ck_assert_int_eq(columns_print(&run, p, tree("{\"metadata\":{\"name\":\"a\\u001bb\"},\"spec\":{\"list\":[{\"x\":1},{\"x\":\"two\"}]}}")), 0);
	columns_finish(&run, p);
	ck_assert_str_eq(out(), "NAME   ALL     NONE\na^[b   1,two   <none>\n");
	ck_assert_int_eq(columns_new(&run, "A", true, &p), 1);
	ck_assert_int_eq(columns_new(&run, "A B\n.a\n", true, &p), 1);
}
END_TEST

START_TEST(json_is_indented_as_go_indents) {
	struct buf b = BUF_INIT(1 << 16);
	tree_indent(&b, SLICE_LIT("{\"a\":[1,{}],\"b\":[],\"c\":\"x,{\\\"\"}"), 4);
	ck_assert_str_eq(text(&b), "{\n    \"a\": [\n        1,\n        {}\n    ],\n    \"b\": [],\n    \"c\": \"x,{\\\"\"\n}");
}
END_TEST

int main(void) {
	Suite *s = suite_create("ctl/print");
	TCase *t = tcase_create("print");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, columns_are_as_wide_as_the_lines_that_have_them);
	tcase_add_test(t, remembered_columns_never_get_narrower);
	tcase_add_test(t, trees_are_printed_as_go_prints_maps);
	tcase_add_test(t, escapes_are_made_visible);
	tcase_add_test(t, faults_drive_no_terminal);
	tcase_add_test(t, objects_are_sorted_by_quantities_numbers_and_words);
	tcase_add_test(t, jsonpath_prints_what_it_finds);
	tcase_add_test(t, custom_columns);
	tcase_add_test(t, json_is_indented_as_go_indents);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
