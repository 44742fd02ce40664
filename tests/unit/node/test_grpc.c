/* SPDX-License-Identifier: Apache-2.0 */
#include "node/grpc_check.h"

#include <check.h>
#include <errno.h>

static const struct { struct slice service, want; } requests[] = {
	{ { "", 0 }, { "\0\0\0\0\0", 5 } },
	{ { "a.b", 3 }, { "\0\0\0\0\5\12\3a.b", 10 } },
};

START_TEST(requests_name_their_service) {
	_cleanup_buf_ struct buf b = BUF_INIT(256);
	ck_assert_int_eq(grpc_check_request(&b, requests[_i].service), 0);
	ck_assert(slice_eq(buf_slice(&b), requests[_i].want));
}
END_TEST

static const struct { struct slice body; int err; unsigned status; } answers[] = {
	{ { "\0\0\0\0\2\10\1", 7 }, 0, 1 },
	{ { "\0\0\0\0\2\10\2", 7 }, 0, 2 },
	{ { "\0\0\0\0\0", 5 }, 0, 0 },                             /* nothing said is UNKNOWN */
	{ { "\0\0\0\0\6\22\2hi\10\1", 11 }, 0, 1 },                /* behind a field of a later version */
	{ { "\0\0\0\0\2\10\1\0\0\0\0\2\10\2", 14 }, 0, 1 },        /* the first message counts */
	{ { "\0\0\0\0\3\10\201\1", 8 }, 0, 129 },
	{ { "", 0 }, -EBADMSG, 0 },
	{ { "\0\0\0\0", 4 }, -EBADMSG, 0 },
	{ { "\0\0\0\0\3\10\1", 7 }, -EBADMSG, 0 },                 /* cut off */
	{ { "\1\0\0\0\2\10\1", 7 }, -EBADMSG, 0 },                 /* compressed */
	{ { "\0\0\0\0\1\10", 6 }, -EBADMSG, 0 },                   /* no value */
	{ { "\0\0\0\0\3\22\7a", 8 }, -EBADMSG, 0 },                /* longer than the message */
	{ { "\0\0\0\0\1\13", 6 }, -EBADMSG, 0 },                   /* a group */
	{ { "\0\0\0\0\14\10\377\377\377\377\377\377\377\377\377\377\1", 17 }, -EBADMSG, 0 }, /* a number without an end */
};

START_TEST(answers_are_read) {
	uint64_t status = 0;
	ck_assert_int_eq(grpc_check_status(answers[_i].body, &status), answers[_i].err);
	ck_assert_uint_eq(status, answers[_i].status);
}
END_TEST

int main(void) {
	Suite *s = suite_create("node-grpc");
	TCase *t = tcase_create("health check");
	tcase_add_loop_test(t, requests_name_their_service, 0, ELEMENTSOF(requests));
	tcase_add_loop_test(t, answers_are_read, 0, ELEMENTSOF(answers));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
