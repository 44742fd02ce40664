/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/quantity.h"
#include "check_codec.h"

static struct quantity q(const char *text) {
	struct quantity v;
	ck_assert_msg(quantity_parse(slice_str(text), &v, NULL) == 0, "%s", text);
	return v;
}
static const char *show(struct quantity v) {
	char out[QUANTITY_TEXT];
	quantity_format(v, out);
	return arena_strdup(arena, out);
}

static const struct { const char *in, *out; } canonical[] = {
	{ "0", "0" }, { "100m", "100m" }, { "1.5", "1500m" }, { "1.5Gi", "1536Mi" }, { "1024Ki", "1Mi" }, { "1000k", "1M" }, { "0.5Gi", "512Mi" },
	{ "1024", "1024" }, { "1000", "1k" }, { "12e6", "12e6" }, { "12E6", "12e6" }, { "1e3", "1e3" }, { "1E", "1E" }, { "1Ei", "1Ei" }, { "0.1m", "100u" },
	{ "1n", "1n" }, { "0.1n", "1n" }, { "-5", "-5" }, { "-1.5Ki", "-1536" }, { "+5", "5" }, { "0.0001Ki", "102400u" }, { "512", "512" }, { "1.1Ki", "1126400m" },
	{ "9223372036854775807", "9223372036854775807" }, { "16Ei", "9223372036854775807" }, { ".5", "500m" }, { "1.", "1" }, { "00", "0" },
	{ "1e-3", "1e-3" }, { "100e-3", "100e-3" }, { "3.001", "3001m" }, { "1500m", "1500m" }, { "2000m", "2" }, { "1Ki", "1Ki" },
};
START_TEST(canonical_form) { ck_assert_str_eq(show(q(canonical[_i].in)), canonical[_i].out); }
END_TEST

static const struct { const char *in, *msg; } bad[] = {
	{ "", QUANTITY_ERR_FORMAT }, { "abc", QUANTITY_ERR_FORMAT }, { "1x", QUANTITY_ERR_FORMAT }, { "1 ", QUANTITY_ERR_FORMAT }, { "1e", QUANTITY_ERR_SUFFIX },
	{ "1KiB", QUANTITY_ERR_FORMAT }, { "1mm", QUANTITY_ERR_SUFFIX }, { "1ki", QUANTITY_ERR_SUFFIX }, { "1.2.3", QUANTITY_ERR_FORMAT }, { "0x1", QUANTITY_ERR_FORMAT },
};
START_TEST(errors) {
	struct quantity v;
	const char *msg = NULL;
	ck_assert_int_eq(quantity_parse(slice_str(bad[_i].in), &v, &msg), -EBADMSG);
	ck_assert_str_eq(msg, bad[_i].msg);
}
END_TEST

START_TEST(arithmetic) {
	ck_assert_str_eq(show(quantity_add(q("1Gi"), q("1Mi"))), "1025Mi");
	ck_assert_str_eq(show(quantity_add(q("0"), q("1Mi"))), "1Mi");
	ck_assert_str_eq(show(quantity_sub(q("1"), q("100m"))), "900m");
	ck_assert_int_eq(quantity_cmp(q("1000m"), q("1")), 0);
	ck_assert_int_lt(quantity_cmp(q("999m"), q("1")), 0);
	ck_assert_int_eq(quantity_value(q("1001m")), 2);
	ck_assert_int_eq(quantity_value(q("-1001m")), -2);
	ck_assert_int_eq(quantity_milli(q("1u")), 1);
	ck_assert_int_eq(quantity_value(q("1e30")), INT64_MAX);
	ck_assert_str_eq(show(quantity_round_milli(q("1.0001"))), "1001m");
	ck_assert_str_eq(show(quantity_from_milli(2500, QUANTITY_DECIMAL_SI)), "2500m");
	ck_assert(quantity_is_whole(q("1Gi")) && !quantity_is_whole(q("1m")));
}
END_TEST

START_TEST(text_that_go_keeps) {
	ck_assert(q("05").verbatim && q("1.250").verbatim && q("1Gi").verbatim && q("100m").verbatim);
	ck_assert(!q("1000").verbatim && !q("1.5").verbatim && !q("1024Ki").verbatim && !q("0.5").verbatim && !q("8Ki").verbatim);
}
END_TEST

static void add(TCase *t) {
	tcase_add_loop_test(t, canonical_form, 0, ELEMENTSOF(canonical));
	tcase_add_loop_test(t, errors, 0, ELEMENTSOF(bad));
	tcase_add_test(t, arithmetic);
	tcase_add_test(t, text_that_go_keeps);
}
CODEC_MAIN("quantity", add)
