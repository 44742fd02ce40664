/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines as pflag reads them. */
#include "ctl/flags.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

static const struct flag table[] = {
	{ "output", FLAG_STRING, NULL, 'o', NULL, "" },   { "all-namespaces", FLAG_BOOL, NULL, 'A', NULL, "" },
	{ "limit", FLAG_INT, "500", 0, NULL, "" },	  { "timeout", FLAG_DURATION, "1s", 't', NULL, "" },
	{ "filename", FLAG_ARRAY, NULL, 'f', NULL, "" },  { "label", FLAG_LIST, "d", 'L', NULL, "" },
	{ "dry-run", FLAG_STRING, "none", 0, "unchanged", "" }, { 0 },
};

static struct arena *a;
static struct flags f;
static const char *msg;

static int parse(const char *line) {
	char *argv[32];
	int argc = 0;
	f = (struct flags){ .a = a };
	msg = NULL;
	ck_assert(flags_add(&f, table));
	for (struct slice rest = slice_str(line); rest.p;) argv[argc++] = arena_slice_str(a, slice_cut(&rest, ' '));
	argv[argc] = NULL;
	return flags_parse(&f, argc, argv, &msg);
}

START_TEST(flags_and_arguments_mix) {
	ck_assert_int_eq(parse("get pods -oyaml -A --limit=5 x --timeout 1m30s -f a -f=b -- -o"), 0);
	ck_assert_str_eq(flag_text(&f, "output"), "yaml");
	ck_assert(flag_on(&f, "all-namespaces") && flag_given(&f, "limit") && !flag_given(&f, "dry-run"));
	ck_assert_int_eq(flag_int(&f, "limit"), 5);
	ck_assert_int_eq(flag_int(&f, "timeout"), 90000000000);
	const struct flag_value *files = flags_get(&f, "filename");
	ck_assert(files->n == 2 && !strcmp(files->list[1], "b"));
	ck_assert(f.n_args == 4 && !strcmp(f.args[2], "x") && !strcmp(f.args[3], "-o") && f.dash == 3);
}
END_TEST

START_TEST(defaults_and_bare_flags) {
	ck_assert_int_eq(parse("-Ao name --dry-run -L a,b -L \"c,d\""), 0);
	ck_assert_str_eq(flag_text(&f, "output"), "name");
	ck_assert_str_eq(flag_text(&f, "dry-run"), "unchanged");
	const struct flag_value *labels = flags_get(&f, "label");
	ck_assert(labels->n == 3 && !strcmp(labels->list[2], "c,d"));
	ck_assert_int_eq(parse("--all_namespaces=false"), 0);
	ck_assert(!flag_on(&f, "all-namespaces") && flags_get(&f, "label")->n == 1 && flag_int(&f, "limit") == 500);
}
END_TEST

START_TEST(faults_are_worded_as_pflag_words_them) {
	static const struct { const char *line, *msg; } cases[] = {
		{ "--no", "unknown flag: --no" },
		{ "-Ax", "unknown shorthand flag: 'x' in -Ax" },
		{ "--output", "flag needs an argument: --output" },
		{ "-Ao", "flag needs an argument: 'o' in -Ao" },
		{ "--=x", "bad flag syntax: --=x" },
		{ "--limit=x", "invalid argument \"x\" for \"--limit\" flag: strconv.ParseInt: parsing \"x\": invalid syntax" },
		{ "-A=maybe", "invalid argument \"maybe\" for \"-A, --all-namespaces\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax" },
	};
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		ck_assert_int_eq(parse(cases[i].line), -EINVAL);
		ck_assert_str_eq(msg, cases[i].msg);
	}
	ck_assert_int_eq(parse("-t 5"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(msg, "-t, --timeout"));
	ck_assert_int_eq(parse("get -h --no"), 0);
	ck_assert(f.help);
}
END_TEST

static void setup(void) { a = arena_new(0); }
static void teardown(void) { arena_free(a); }

int main(void) {
	Suite *s = suite_create("ctl/flags");
	TCase *t = tcase_create("flags");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, flags_and_arguments_mix);
	tcase_add_test(t, defaults_and_bare_flags);
	tcase_add_test(t, faults_are_worded_as_pflag_words_them);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
