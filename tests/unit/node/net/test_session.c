/* SPDX-License-Identifier: Apache-2.0 */
#include "node/stream/session.h"
#include "suite.h"

static void is(const struct buf *b, const char *want) {
	ck_assert_msg(slice_eqs(buf_slice(b), want), "got %.*s", (int)b->n, b->p ? b->p : "");
}

START_TEST(a_good_end) {
	_cleanup_buf_ struct buf b = BUF_INIT(4096);
	ck_assert_int_eq(session_status_exit(&b, 0), 0);
	is(&b, "{\"metadata\":{},\"status\":\"Success\"}");
}
END_TEST

START_TEST(an_exit_code) {
	_cleanup_buf_ struct buf b = BUF_INIT(4096);
	ck_assert_int_eq(session_status_exit(&b, 137), 0);
	is(&b, "{\"metadata\":{},\"status\":\"Failure\",\"message\":\"command terminated with non-zero exit code: exit status 137\","
	       "\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"137\"}]}}");
}
END_TEST

START_TEST(an_error_is_quoted) {
	_cleanup_buf_ struct buf b = BUF_INIT(4096);
	ck_assert_int_eq(session_status_error(&b, "no \"x\"\n"), 0);
	is(&b, "{\"metadata\":{},\"status\":\"Failure\",\"message\":\"no \\\"x\\\"\\n\",\"reason\":\"InternalError\",\"code\":500}");
}
END_TEST

static const struct { const char *query; bool in, out, err, tty; } queries[] = {
	{ "", false, false, false, false },
	{ "command=ls&stdout=true&stderr=true", false, true, true, false },
	{ "stdin=true&stdout=true&tty=true", true, true, false, true },
	{ "input=1&output=1&error=1", true, true, true, false },
	/* A terminal has one output. */
	{ "input=1&output=1&error=1&tty=1", true, true, false, true },
	{ "stdin=false&stdout=true", false, true, false, false },
};
START_TEST(streams_of_a_query) {
	struct session_options o = session_options_of(slice_str(queries[_i].query));
	ck_assert_int_eq(o.in, queries[_i].in);
	ck_assert_int_eq(o.out, queries[_i].out);
	ck_assert_int_eq(o.err, queries[_i].err);
	ck_assert_int_eq(o.tty, queries[_i].tty);
}
END_TEST

int main(void) {
	TCase *t = tcase_create("all");
	tcase_add_test(t, a_good_end);
	tcase_add_test(t, an_exit_code);
	tcase_add_test(t, an_error_is_quoted);
	tcase_add_loop_test(t, streams_of_a_query, 0, ELEMENTSOF(queries));
	return suite_run(suite_create("session"), t);
}
