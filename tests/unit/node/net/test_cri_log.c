/* SPDX-License-Identifier: Apache-2.0 */
#include "node/stream/cri_log.h"
#include "suite.h"

#define T1 "2026-01-01T00:00:01.000000000Z "
#define T2 "2026-01-01T00:00:02.500000000Z "
#define T3 "2026-01-01T00:00:03.000000000Z "
#define SECOND 1000000000ll
#define BASE 1767225600ll /* 2026-01-01 */

static const char log_text[] = T1 "stdout F one\n" T2 "stderr P half\n" T2 "stderr F  and half\n" T3 "stdout F \n" T3 "stdout F last\n";

/* What a reader is sent of a file. */
static void expect(const char *file, struct cri_log_options o, const char *want) {
	_cleanup_buf_ struct buf out = BUF_INIT(1u << 20);
	struct cri_log l;
	struct slice rest = slice_str(file);
	int r = 0;
	cri_log_init(&l, &o);
	while (rest.n && r == 0) r = cri_log_line(&l, slice_cut(&rest, '\n'), &out);
	ck_assert_int_ge(r, 0);
	ck_assert_msg(slice_eqs(buf_slice(&out), want), "got \"%.*s\", want \"%s\"", (int)out.n, out.p ? out.p : "", want);
}

START_TEST(pieces_become_lines) { expect(log_text, (struct cri_log_options){ .limit_bytes = -1 }, "one\nhalf and half\n\nlast\n"); }
END_TEST

START_TEST(one_time_for_a_line_in_pieces) {
	expect(log_text, (struct cri_log_options){ .timestamps = true, .limit_bytes = -1 }, T1 "one\n" T2 "half and half\n" T3 "\n" T3 "last\n");
}
END_TEST

START_TEST(since) {
	expect(log_text, (struct cri_log_options){ .limit_bytes = -1, .since_ns = (BASE + 3) * SECOND }, "\nlast\n");
	expect(log_text, (struct cri_log_options){ .limit_bytes = -1, .since_ns = (BASE + 2) * SECOND }, "half and half\n\nlast\n");
	expect(log_text, (struct cri_log_options){ .limit_bytes = -1, .since_ns = (BASE + 4) * SECOND }, "");
}
END_TEST

static const struct { int64_t limit; const char *want; } limits[] = {
	{ 1, "o" }, { 3, "one" }, { 4, "one\n" }, { 6, "one\nha" }, { 1000, "one\nhalf and half\n\nlast\n" },
};
START_TEST(limit) { expect(log_text, (struct cri_log_options){ .limit_bytes = limits[_i].limit }, limits[_i].want); }
END_TEST

START_TEST(limit_counts_times) { expect(log_text, (struct cri_log_options){ .timestamps = true, .limit_bytes = (int64_t)sizeof(T1) }, T1 "o"); }
END_TEST

START_TEST(what_is_no_log_line_is_left_out) {
	expect("\nnonsense\n" T1 "stdin F x\n" T1 "stdout X x\n" T1 "stdout\n" T1 "stdout F yes\n", (struct cri_log_options){ .limit_bytes = -1 }, "yes\n");
}
END_TEST

static const struct { int64_t n; const char *from; } tails[] = {
	{ 1, T3 "stdout F last\n" }, { 2, T3 "stdout F \n" }, { 3, T2 "stderr P half\n" }, { 4, T1 "stdout F one\n" }, { 5, T1 "stdout F one\n" }, { -1, T1 "stdout F one\n" },
};
START_TEST(tail) {
	size_t at = cri_log_tail(slice_str(log_text), tails[_i].n);
	ck_assert_msg(slice_starts(slice_str(log_text + at), slice_str(tails[_i].from)), "%s", log_text + at);
	if (tails[_i].n < 0 || tails[_i].n > 3) ck_assert_uint_eq(at, 0);
}
END_TEST

START_TEST(tail_of_nothing) {
	ck_assert_uint_eq(cri_log_tail(slice_str(log_text), 0), sizeof(log_text) - 1);
	ck_assert_uint_eq(cri_log_tail(SLICE_NULL, 3), 0);
	ck_assert_uint_eq(cri_log_tail(SLICE_LIT("\n"), 1), 0);
}
END_TEST

int main(void) {
	TCase *t = tcase_create("all");
	tcase_add_test(t, pieces_become_lines);
	tcase_add_test(t, one_time_for_a_line_in_pieces);
	tcase_add_test(t, since);
	tcase_add_loop_test(t, limit, 0, ELEMENTSOF(limits));
	tcase_add_test(t, limit_counts_times);
	tcase_add_test(t, what_is_no_log_line_is_left_out);
	tcase_add_loop_test(t, tail, 0, ELEMENTSOF(tails));
	tcase_add_test(t, tail_of_nothing);
	return suite_run(suite_create("cri log"), t);
}
