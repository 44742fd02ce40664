/* SPDX-License-Identifier: Apache-2.0 */
/* base64, times, durations, percent-encoding, queries, Go quoting. */
#include "codec/base64.h"
#include "codec/duration.h"
#include "codec/goquote.h"
#include "codec/query.h"
#include "codec/timestamp.h"
#include "check_codec.h"

static const struct { enum base64_kind kind; const char *text, *bytes; long bad; } b64[] = {
	{ BASE64_STD, "", "", -1 }, { BASE64_STD, "aGk=", "hi", -1 }, { BASE64_STD, "aG\nk=\r\n", "hi", -1 }, { BASE64_STD, "aGVsbG8=", "hello", -1 },
	{ BASE64_STD, "not base64!", "", 3 }, { BASE64_STD, "*", "", 0 }, { BASE64_STD, "aGk", "", 0 }, { BASE64_STD, "aGk=x", "", 4 },
	{ BASE64_STD, "aG=", "", 3 }, { BASE64_STD, "aG=x", "", 2 }, { BASE64_STD, "=", "", 0 }, { BASE64_RAW_URL, "_-8", "\xff\xef", -1 },
	{ BASE64_RAW_URL, "aGk=", "", 3 }, { BASE64_RAW_URL, "a", "", 0 }, { BASE64_URL, "_-8=", "\xff\xef", -1 }, { BASE64_RAW_STD, "/+8", "\xff\xef", -1 },
};
START_TEST(base64) {
	_cleanup_buf_ struct buf b = BUF_INIT(100), again = BUF_INIT(100);
	size_t at = 99;
	int r = base64_decode(&b, b64[_i].kind, slice_str(b64[_i].text), &at);
	ck_assert_int_eq(r, b64[_i].bad < 0 ? 0 : -EBADMSG);
	if (r < 0) {
		ck_assert_int_eq((long)at, b64[_i].bad);
		return;
	}
	ck_assert(slice_eqs(buf_slice(&b), b64[_i].bytes));
	base64_encode(&again, b64[_i].kind, buf_slice(&b));
	if (!strchr(b64[_i].text, '\n')) ck_assert(slice_eqs(buf_slice(&again), b64[_i].text));
}
END_TEST

static const struct { const char *text; int64_t sec; uint32_t nsec; const char *msg; } times[] = {
	{ "1970-01-01T00:00:00Z", 0, 0, NULL },
	{ "2006-01-02T15:04:05Z", 1136214245, 0, NULL },
	{ "2006-01-02T15:04:05.5+07:00", 1136214245 - 7 * 3600, 500000000, NULL },
	{ "0001-01-01T00:00:00Z", -62135596800, 0, NULL },
	{ "2024-02-29T23:59:59Z", 1709251199, 0, NULL },
	{ "x", 0, 0, "parsing time \"x\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"x\" as \"2006\"" },
	{ "2006-01-02", 0, 0, "parsing time \"2006-01-02\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\"" },
	{ "2006-13-02T15:04:05Z", 0, 0, "parsing time \"2006-13-02T15:04:05Z\": month out of range" },
	{ "2023-02-29T15:04:05Z", 0, 0, "parsing time \"2023-02-29T15:04:05Z\": day out of range" },
	{ "2006-01-02T15:04:05Zx", 0, 0, "parsing time \"2006-01-02T15:04:05Zx\": extra text: \"x\"" },
	{ "2006-01-02T25:04:05Z", 0, 0, "parsing time \"2006-01-02T25:04:05Z\": hour out of range" },
};
START_TEST(timestamps) {
	struct timestamp t;
	const char *msg = NULL;
	int r = timestamp_parse(arena, slice_str(times[_i].text), &t, &msg);
	ck_assert_int_eq(r, times[_i].msg ? -EBADMSG : 0);
	if (r < 0) {
		ck_assert_str_eq(msg, times[_i].msg);
		return;
	}
	ck_assert_int_eq(t.sec, times[_i].sec);
	ck_assert_uint_eq(t.nsec, times[_i].nsec);
	char out[TIMESTAMP_TEXT];
	timestamp_format(t.sec, out);
	if (times[_i].nsec == 0) ck_assert_str_eq(out, times[_i].text);
}
END_TEST

START_TEST(micro_times) {
	struct timestamp t;
	char out[TIMESTAMP_TEXT];
	ck_assert_int_eq(timestamp_parse_micro(arena, SLICE_LIT("2006-01-02T15:04:05.000123Z"), &t, NULL), 0);
	timestamp_format_micro(t, out);
	ck_assert_str_eq(out, "2006-01-02T15:04:05.000123Z");
	ck_assert_int_eq(timestamp_parse_micro(arena, SLICE_LIT("2006-01-02T15:04:05Z"), &t, NULL), -EBADMSG);
	timestamp_format_http(784111777, out);
	ck_assert_str_eq(out, "Sun, 06 Nov 1994 08:49:37 GMT");
}
END_TEST

static const struct { const char *text; int64_t ns; const char *shown, *msg; } spans[] = {
	{ "0", 0, "0s", NULL }, { "1h30m", 5400000000000, "1h30m0s", NULL }, { "1.5s", 1500000000, "1.5s", NULL }, { "-2ms", -2000000, "-2ms", NULL },
	{ "100us", 100000, "100\xc2\xb5s", NULL }, { "1h", 3600000000000, "1h0m0s", NULL }, { ".5m", 30000000000, "30s", NULL }, { "7ns", 7, "7ns", NULL },
	{ "abc", 0, NULL, "time: invalid duration \"abc\"" }, { "1", 0, NULL, "time: missing unit in duration \"1\"" },
	{ "1x", 0, NULL, "time: unknown unit \"x\" in duration \"1x\"" }, { "", 0, NULL, "time: invalid duration \"\"" },
	{ "9999999999h", 0, NULL, "time: invalid duration \"9999999999h\"" },
};
START_TEST(durations) {
	int64_t ns;
	const char *msg = NULL;
	char out[DURATION_TEXT];
	ck_assert_int_eq(duration_parse(arena, slice_str(spans[_i].text), &ns, &msg), spans[_i].msg ? -EBADMSG : 0);
	if (spans[_i].msg) {
		ck_assert_str_eq(msg, spans[_i].msg);
		return;
	}
	ck_assert_int_eq(ns, spans[_i].ns);
	duration_format(ns, out);
	ck_assert_str_eq(out, spans[_i].shown);
}
END_TEST

static const struct { int64_t sec; const char *human, *brief; } ages[] = {
	{ -5, "<invalid>", "<invalid>" }, { -1, "0s", "0s" }, { 0, "0s", "0s" }, { 119, "119s", "1m" }, { 120, "2m", "2m" }, { 185, "3m5s", "3m" },
	{ 600, "10m", "10m" }, { 10799, "179m", "2h" }, { 10800, "3h", "3h" }, { 12660, "3h31m", "3h" }, { 28800, "8h", "8h" }, { 172799, "47h", "1d" },
	{ 172800, "2d", "2d" }, { 180000, "2d2h", "2d" }, { 8 * 86400, "8d", "8d" }, { 2 * 365 * 86400, "2y", "2y" }, { (2 * 365 + 3) * 86400, "2y3d", "2y" },
	{ (int64_t)8 * 365 * 86400, "8y", "8y" },
};
START_TEST(human_ages) {
	char out[DURATION_TEXT];
	duration_human(ages[_i].sec * 1000000000, out);
	ck_assert_str_eq(out, ages[_i].human);
	duration_human_short(ages[_i].sec * 1000000000, out);
	ck_assert_str_eq(out, ages[_i].brief);
}
END_TEST

START_TEST(percent) {
	struct slice s;
	const char *msg = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT(100), q = BUF_INIT(100);
	ck_assert_int_eq(percent_decode_path(arena, SLICE_LIT("a%2Fb+c"), &s, NULL), 0);
	ck_assert(slice_eqs(s, "a/b+c"));
	ck_assert_int_eq(percent_decode_query(arena, SLICE_LIT("a%20b+c"), &s, NULL), 0);
	ck_assert(slice_eqs(s, "a b c"));
	ck_assert_int_eq(percent_decode_path(arena, SLICE_LIT("a%zzb"), &s, &msg), -EBADMSG);
	ck_assert_str_eq(msg, "invalid URL escape \"%zz\"");
	ck_assert_int_eq(percent_decode_path(arena, SLICE_LIT("%4"), &s, &msg), -EBADMSG);
	ck_assert_str_eq(msg, "invalid URL escape \"%4\"");
	percent_encode_path(&b, SLICE_LIT("a/b:c d%"));
	ck_assert(slice_eqs(buf_slice(&b), "a%2Fb:c%20d%25"));
	percent_encode_query(&q, SLICE_LIT("a/b:c d&"));
	ck_assert(slice_eqs(buf_slice(&q), "a%2Fb%3Ac+d%26"));
}
END_TEST

START_TEST(queries) {
	struct query q;
	const char *msg = NULL;
	size_t it = 0;
	struct slice v;
	_cleanup_buf_ struct buf b = BUF_INIT(100);
	ck_assert_int_eq(query_parse(arena, SLICE_LIT("a=1&b&a=2%20&c=false&&d="), &q, NULL), 0);
	ck_assert(slice_eqs(query_get(&q, "a"), "1") && query_get(&q, "b").p && !query_get(&q, "x").p);
	ck_assert(query_next(&q, "a", &it, &v) && slice_eqs(v, "1") && query_next(&q, "a", &it, &v) && slice_eqs(v, "2 ") && !query_next(&q, "a", &it, &v));
	ck_assert(query_bool(&q, "b", false) && !query_bool(&q, "c", true) && query_bool(&q, "x", true) && query_bool(&q, "d", false));
	ck_assert_int_eq(query_parse(arena, SLICE_LIT("a=1;b=2&c=%zz&d=3"), &q, &msg), -EBADMSG);
	ck_assert_str_eq(msg, "invalid semicolon separator in query");
	ck_assert(q.n == 1 && slice_eqs(query_get(&q, "d"), "3"));
	query_add(&b, "x", SLICE_LIT("a b"));
	query_add(&b, "y", SLICE_LIT("&"));
	ck_assert(slice_eqs(buf_slice(&b), "x=a+b&y=%26"));
}
END_TEST

START_TEST(quoting) {
	ck_assert_str_eq(goquote(arena, SLICE_LIT("a\"\\\n\x01\xff\xc3\xa9\xc2\xa0\x7f")), "\"a\\\"\\\\\\n\\x01\\xff\xc3\xa9\\u00a0\\x7f\"");
	_cleanup_buf_ struct buf b = BUF_INIT(4096);
	char big[300];
	memset(big, 1, sizeof(big));
	const struct slice list[] = { SLICE_LIT("a\"b"), SLICE_LIT("") };
	ck_assert_int_eq(goquote_put_list(&b, list, 2), 0);
	ck_assert(slice_eqs(buf_slice(&b), "[\"a\\\"b\" \"\"]"));
	b.n = 0;
	ck_assert_int_eq(goquote_put(&b, slice_make(big, sizeof(big))), 0);
	ck_assert(slice_eqs(buf_slice(&b), goquote(arena, slice_make(big, sizeof(big)))));
}
END_TEST

static void add(TCase *t) {
	tcase_add_loop_test(t, base64, 0, ELEMENTSOF(b64));
	tcase_add_loop_test(t, timestamps, 0, ELEMENTSOF(times));
	tcase_add_test(t, micro_times);
	tcase_add_loop_test(t, durations, 0, ELEMENTSOF(spans));
	tcase_add_loop_test(t, human_ages, 0, ELEMENTSOF(ages));
	tcase_add_test(t, percent);
	tcase_add_test(t, queries);
	tcase_add_test(t, quoting);
}
CODEC_MAIN("text", add)
