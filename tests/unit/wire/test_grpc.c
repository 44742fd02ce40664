/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/grpc.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>

struct seen {
	char log[256];
	size_t n;
	int answer;
};

static int on_message(void *ctx, struct slice m) {
	struct seen *s = ctx;
	s->n += (size_t)snprintf(s->log + s->n, sizeof(s->log) - s->n, "[%.*s]", SLICE_FMT(m));
	return s->answer;
}

static const struct slice three = SLICE_LIT("\0\0\0\0\3abc\0\0\0\0\0\0\0\0\0\2de");

START_TEST(messages_are_cut_wherever_the_bytes_are) {
	for (size_t step = 1; step <= three.n; step++) {
		struct grpc_reader r;
		struct seen s = { 0 };
		grpc_reader_init(&r, 16);
		for (size_t at = 0; at < three.n; at += step)
			ck_assert_int_eq(grpc_feed(&r, slice_upto(slice_from(three, at), step), on_message, &s), 0);
		ck_assert_str_eq(s.log, "[abc][][de]");
		ck_assert(grpc_reader_idle(&r));
		grpc_reader_done(&r);
	}
}
END_TEST

START_TEST(what_is_put_is_read) {
	struct buf b = BUF_INIT(64);
	struct grpc_reader r;
	struct seen s = { 0 };
	grpc_reader_init(&r, 16);
	ck_assert_int_eq(grpc_put(&b, SLICE_LIT("hello")), 0);
	ck_assert(slice_eq(buf_slice(&b), SLICE_LIT("\0\0\0\0\5hello")));
	ck_assert_int_eq(grpc_feed(&r, buf_slice(&b), on_message, &s), 0);
	ck_assert_str_eq(s.log, "[hello]");
	grpc_reader_done(&r);
	buf_done(&b);
}
END_TEST

static const struct {
	struct slice bytes;
	int answer, err;
	bool idle;
} bad[] = {
	{ SLICE_LIT("\1\0\0\0\1x"), 0, -EBADMSG, true },        /* compressed */
	{ SLICE_LIT("\0\0\0\0\x11"), 0, -EMSGSIZE, true },      /* 17 bytes, 16 allowed */
	{ SLICE_LIT("\0\xff\xff\xff\xff"), 0, -EMSGSIZE, true },
	{ SLICE_LIT("\0\0\0\0\1x\0\0\0\0\1y"), -ECANCELED, -ECANCELED, true }, /* the owner stops */
	{ SLICE_LIT("\0\0\0\0\2x"), 0, 0, false },              /* ends inside a message */
};

START_TEST(bad_streams_are_refused) {
	struct grpc_reader r;
	struct seen s = { .answer = bad[_i].answer };
	grpc_reader_init(&r, 16);
	ck_assert_int_eq(grpc_feed(&r, bad[_i].bytes, on_message, &s), bad[_i].err);
	if (!bad[_i].err) ck_assert_int_eq(grpc_reader_idle(&r), bad[_i].idle);
	grpc_reader_done(&r);
}
END_TEST

START_TEST(the_status_is_in_the_trailers) {
	struct http_header v[] = { { SLICE_LIT("grpc-status"), SLICE_LIT("14") }, { SLICE_LIT("grpc-message"), SLICE_LIT("etcdserver: no leader") } };
	struct http_headers h = { v, 2, 2 };
	struct slice message;
	int code;
	ck_assert_int_eq(grpc_status(&h, &code, &message), 0);
	ck_assert_int_eq(code, GRPC_UNAVAILABLE);
	ck_assert(slice_eqs(message, "etcdserver: no leader"));
	v[0].value = SLICE_LIT("-1");
	ck_assert_int_eq(grpc_status(&h, &code, &message), -EBADMSG);
	v[0].name = SLICE_LIT("other");
	ck_assert_int_eq(grpc_status(&h, &code, &message), -ENOENT);
}
END_TEST

int main(void) {
	Suite *s = suite_create("grpc");
	TCase *t = tcase_create("all");
	tcase_add_test(t, messages_are_cut_wherever_the_bytes_are);
	tcase_add_test(t, what_is_put_is_read);
	tcase_add_loop_test(t, bad_streams_are_refused, 0, ELEMENTSOF(bad));
	tcase_add_test(t, the_status_is_in_the_trailers);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
