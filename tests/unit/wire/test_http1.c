/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http1.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>

/* What came out of the parser, as text to compare. */
struct seen {
	struct buf log;
	int heads, ends;
	struct http1_framing framing;
	int answer; /* what on_request returns */
};

static void log_headers(struct buf *b, const struct http_headers *h) {
	for (size_t i = 0; i < h->n; i++) buf_printf(b, "%.*s=%.*s;", SLICE_FMT(h->v[i].name), SLICE_FMT(h->v[i].value));
}

static int on_request(void *ctx, const struct http_request_head *h, const struct http1_framing *f) {
	struct seen *s = ctx;
	s->heads++;
	s->framing = *f;
	buf_printf(&s->log, "%.*s %.*s [%.*s] ", SLICE_FMT(h->method), SLICE_FMT(h->target), SLICE_FMT(h->authority));
	log_headers(&s->log, &h->headers);
	buf_putc(&s->log, '|');
	return s->answer;
}

static int on_response(void *ctx, const struct http_response_head *h, const struct http1_framing *f) {
	struct seen *s = ctx;
	s->heads++;
	s->framing = *f;
	buf_printf(&s->log, "%d ", h->status);
	log_headers(&s->log, &h->headers);
	buf_putc(&s->log, '|');
	return s->answer;
}

static int on_body(void *ctx, struct slice b) {
	buf_put_slice(&((struct seen *)ctx)->log, b);
	return 0;
}

static void on_end(void *ctx) {
	struct seen *s = ctx;
	s->ends++;
	buf_puts(&s->log, "$");
}

static const struct http1_handler handler = { on_request, on_response, on_body, on_end };

/* Feeds `text` in pieces of `step` bytes as one message; returns the bytes taken or the error. */
static ssize_t feed(struct http1_parser *p, struct slice text, size_t step) {
	size_t at = 0;
	while (at < text.n) {
		ssize_t n = http1_feed(p, slice_upto(slice_from(text, at), step));
		if (n < 0) return n;
		at += (size_t)n;
		if ((size_t)n < step) break;
	}
	return (ssize_t)at;
}

static const struct {
	const char *text, *log;
	int64_t length;
	bool keep, upgrade, expect;
} good[] = {
	{ "GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n", "GET /a?b=c [h] host=h;|$", 0, true, false, false },
	/* Methods llhttp does not know; the API answers them with 405. */
	{ "FROB / HTTP/1.1\r\nHost: h\r\n\r\n", "FROB / [h] host=h;|$", 0, true, false, false },
	{ "get / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx", "get / [h] host=h;content-length=1;|x$", 1, true, false, false },
	{ "GET / HTTP/1.0\r\n\r\n", "GET / [] |$", 0, false, false, false },
	{ "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / [] connection=keep-alive;|$", 0, true, false, false },
	{ "\r\nPOST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", "POST /p [h] host=h;content-length=3;|abc$", 3, true, false, false },
	{ "PATCH / HTTP/1.1\r\nHOST: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n",
	  "PATCH / [h] host=h;transfer-encoding=chunked;|abcde$", -1, true, false, false },
	{ "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Empty:\r\n\r\n", "GET / [h] host=h;connection=close;x-empty=;|$", 0, false, false, false },
	{ "GET / HTTP/1.1\r\nHost: h\r\nX-Pad:   \t v  \t\r\n\r\n", "GET / [h] host=h;x-pad=v;|$", 0, true, false, false },
	{ "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
	  "PUT / [h] host=h;expect=100-continue;content-length=1;|x$", 1, true, false, true },
	{ "GET http://a.b:80/c?d HTTP/1.1\r\nHost: h\r\n\r\n", "GET /c?d [a.b:80] host=h;|$", 0, true, false, false },
	{ "GET http://a.b?d HTTP/1.1\r\nHost: h\r\n\r\n", "GET ?d [a.b] host=h;|$", 0, true, false, false },
	{ "POST /exec HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n",
	  "POST /exec [h] host=h;connection=Upgrade;upgrade=SPDY/3.1;|$", 0, true, true, false },
	{ "POST /exec HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n\r\n",
	  "POST /exec [h] host=h;connection=Upgrade;upgrade=SPDY/3.1;content-length=0;|$", 0, true, true, false },
	{ "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "CONNECT a:1 [a:1] host=a:1;|$", 0, false, false, false },
};

static void check_good(size_t i, size_t step) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct seen s = { .log = BUF_INIT(1 << 16) };
	struct http1_parser *p = http1_new(HTTP1_REQUESTS, &handler, &s);
	http1_begin(p, a, SLICE_NULL);
	ck_assert(http1_idle(p));
	struct slice t = slice_str(good[i].text);
	ck_assert_int_eq(feed(p, t, step), (ssize_t)t.n);
	ck_assert_str_eq(s.log.p, good[i].log);
	ck_assert_int_eq(s.framing.length, good[i].length);
	ck_assert_int_eq(s.framing.keep_alive, good[i].keep);
	ck_assert_int_eq(s.framing.upgrade, good[i].upgrade);
	ck_assert_int_eq(s.framing.expect_continue, good[i].expect);
	http1_free(p);
	buf_done(&s.log);
}

START_TEST(requests_are_understood) {
	check_good((size_t)_i, SIZE_MAX / 2);
	check_good((size_t)_i, 1);
	check_good((size_t)_i, 7);
}
END_TEST

static const struct {
	const char *text;
	int status;
} bad[] = {
	{ "GET / HTTP/1.1\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },
	/* request smuggling */
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 501 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400 },
	{ "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX0\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400 },
	/* line ends */
	{ "GET / HTTP/1.1\nHost: a\n\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\rX: y\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400 },
	/* syntax */
	{ "GET / HTTP/1.1\r\nHo st: a\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: a\r\nX: \001\r\n\r\n", 400 },
	{ "GET / x HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505 },
	{ "GET / HTTP/9.9\r\nHost: a\r\n\r\n", 400 },
	{ "NO@SUCH / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ " / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "AMETHODOFTHIRTYTHREELETTERSISMUCH / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
	{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400 },
	{ "\x16\x03\x01", 400 },
};

static void check_bad(size_t i, size_t step) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct seen s = { .log = BUF_INIT(1 << 16) };
	struct http1_parser *p = http1_new(HTTP1_REQUESTS, &handler, &s);
	http1_begin(p, a, SLICE_NULL);
	const char *msg = NULL;
	ck_assert_msg(feed(p, slice_str(bad[i].text), step) == -EPROTO, "accepted: %s", bad[i].text);
	ck_assert_int_eq(s.ends, 0);
	ck_assert_msg(http1_error(p, &msg) == bad[i].status, "%d for %s", http1_error(p, &msg), bad[i].text);
	ck_assert_int_gt(strlen(msg), 0);
	http1_free(p);
	buf_done(&s.log);
}

START_TEST(malformed_requests_are_refused) {
	check_bad((size_t)_i, SIZE_MAX / 2);
	check_bad((size_t)_i, 1);
}
END_TEST

START_TEST(pipelined_requests_wait) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct seen s = { .log = BUF_INIT(1 << 16) };
	struct http1_parser *p = http1_new(HTTP1_REQUESTS, &handler, &s);
	struct slice t = SLICE_LIT("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\nHost: h\r\n\r\nrest");
	http1_begin(p, a, SLICE_NULL);
	ssize_t n = http1_feed(p, t);
	ck_assert_int_eq(s.ends, 1);
	t = slice_from(t, (size_t)n);
	ck_assert(slice_starts(t, SLICE_LIT("GET /2")));
	http1_begin(p, a, SLICE_NULL);
	n = http1_feed(p, t);
	ck_assert_int_eq(s.ends, 2);
	ck_assert(slice_eqs(slice_from(t, (size_t)n), "rest"));
	http1_free(p);
	buf_done(&s.log);
}
END_TEST

START_TEST(bytes_behind_an_upgrade_are_left) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct seen s = { .log = BUF_INIT(1 << 16) };
	struct http1_parser *p = http1_new(HTTP1_REQUESTS, &handler, &s);
	struct slice t = SLICE_LIT("GET /u HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n\x81\x01z");
	http1_begin(p, a, SLICE_NULL);
	ssize_t n = http1_feed(p, t);
	ck_assert_int_eq(s.ends, 1);
	ck_assert_int_eq((ssize_t)t.n - n, 3);
	http1_free(p);
	buf_done(&s.log);
}
END_TEST

/* One message made of a start, many repetitions and an end: the status it is refused with, or 0. */
static int status_of_long(const char *start, const char *again, size_t times) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct seen s = { .log = BUF_INIT(1 << 24) };
	struct http1_parser *p = http1_new(HTTP1_REQUESTS, &handler, &s);
	http1_begin(p, a, SLICE_NULL);
	ssize_t r = http1_feed(p, slice_str(start));
	for (size_t i = 0; i < times && r >= 0; i++) r = http1_feed(p, slice_str(again));
	const char *msg;
	int status = r < 0 ? http1_error(p, &msg) : 0;
	http1_free(p);
	buf_done(&s.log);
	return status;
}

START_TEST(heads_have_a_limit) {
	char big[1025];
	memset(big, 'a', 1024);
	big[1024] = 0;
	ck_assert_int_eq(status_of_long("GET / HTTP/1.1\r\nHost: h\r\nX: ", big, 1000), 0);
	ck_assert_int_eq(status_of_long("GET / HTTP/1.1\r\nHost: h\r\nX: ", big, 1025), 431);
	ck_assert_int_eq(status_of_long("GET /", big, 1025), 431);
	ck_assert_int_eq(status_of_long("GET / HTTP/1.1\r\nHost: h\r\n", "a: b\r\n", 40000), 431);
}
END_TEST

START_TEST(chunk_extensions_and_trailers_have_a_limit) {
	static const char head[] = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
	ck_assert_int_eq(status_of_long(head, "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=b\r\nx\r\n", 100), 0);
	ck_assert_int_eq(status_of_long(head, "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=b\r\nx\r\n", 1000), 431);
	ck_assert_int_eq(status_of_long("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "a: b\r\n", 1000), 431);
	ck_assert_int_eq(status_of_long(head, "1\r\nx\r\n", 100000), 0);
}
END_TEST

START_TEST(a_handler_can_stop_the_parser) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct seen s = { .log = BUF_INIT(1 << 16), .answer = -ECANCELED };
	struct http1_parser *p = http1_new(HTTP1_REQUESTS, &handler, &s);
	http1_begin(p, a, SLICE_NULL);
	ck_assert_int_eq(http1_feed(p, SLICE_LIT("GET / HTTP/1.1\r\nHost: h\r\n\r\n")), -ECANCELED);
	ck_assert_int_eq(s.ends, 0);
	http1_free(p);
	buf_done(&s.log);
}
END_TEST

static const struct {
	const char *method, *text, *log;
	bool at_eof, keep, upgrade;
	size_t left;
} answers[] = {
	{ "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore", "200 content-length=2;|ok$", false, true, false, 4 },
	{ "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "200 transfer-encoding=chunked;|ok$", false, true, false, 0 },
	{ "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", "200 connection=close;|until the end$", true, false, false, 0 },
	{ "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHTTP", "200 content-length=2;|$", false, true, false, 4 },
	{ "GET", "HTTP/1.1 204 No Content\r\n\r\n", "204 |$", false, true, false, 0 },
	{ "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "304 content-length=9;|$", false, true, false, 0 },
	{ "POST", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 ", "100 |$", false, true, false, 9 },
	{ "GET", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nraw", "101 connection=Upgrade;upgrade=x;|$", false, true, true, 3 },
	{ "CONNECT", "HTTP/1.1 200 Connection established\r\n\r\n\x16\x03", "200 |$", false, true, true, 2 },
};

START_TEST(responses_are_understood) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct seen s = { .log = BUF_INIT(1 << 16) };
	struct http1_parser *p = http1_new(HTTP1_RESPONSES, &handler, &s);
	http1_begin(p, a, slice_str(answers[_i].method));
	struct slice t = slice_str(answers[_i].text);
	ssize_t n = http1_feed(p, t);
	if (answers[_i].at_eof) {
		ck_assert_int_eq(s.ends, 0);
		ck_assert_int_eq(http1_finish(p), 0);
	}
	ck_assert_str_eq(s.log.p, answers[_i].log);
	ck_assert_int_eq((ssize_t)t.n - n, (ssize_t)answers[_i].left);
	if (!answers[_i].upgrade) ck_assert_int_eq(s.framing.keep_alive, answers[_i].keep);
	ck_assert_int_eq(s.framing.upgrade, answers[_i].upgrade);
	http1_free(p);
	buf_done(&s.log);
}
END_TEST

START_TEST(a_response_cut_short_is_an_error) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct seen s = { .log = BUF_INIT(1 << 16) };
	struct http1_parser *p = http1_new(HTTP1_RESPONSES, &handler, &s);
	http1_begin(p, a, SLICE_LIT("GET"));
	ck_assert_int_gt(http1_feed(p, SLICE_LIT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")), 0);
	ck_assert_int_eq(http1_finish(p), -EPROTO);
	http1_begin(p, a, SLICE_LIT("GET"));
	ck_assert_int_eq(http1_finish(p), 0);
	http1_free(p);
	buf_done(&s.log);
}
END_TEST

START_TEST(heads_are_written_safely) {
	_cleanup_buf_ struct buf b = BUF_INIT(4096);
	struct http_header v[] = { { SLICE_LIT("content-type"), SLICE_LIT("a/b") }, { SLICE_LIT("x-evil"), SLICE_LIT("a\r\nSet-Cookie: b") } };
	struct http_headers h = { v, 2, 2 };
	http1_put_response(&b, 404, &h);
	http1_put_header_u64(&b, "Content-Length", 12);
	ck_assert_str_eq(b.p, "HTTP/1.1 404 Not Found\r\nContent-Type: a/b\r\nX-Evil: a  Set-Cookie: b\r\nContent-Length: 12\r\n");
	buf_clear(&b);
	http1_put_request(&b, SLICE_LIT("GET"), SLICE_LIT("/a b\r\nX: y"), NULL);
	ck_assert_str_eq(b.p, "GET /a b  X: y HTTP/1.1\r\n");
	buf_clear(&b);
	http1_put_chunk_size(&b, 0x1f3);
	ck_assert_str_eq(b.p, "1f3\r\n");
}
END_TEST

START_TEST(dates_and_reasons) {
	char d[HTTP_DATE_SIZE];
	http_date(784111777, d);
	ck_assert_str_eq(d, "Sun, 06 Nov 1994 08:49:37 GMT");
	ck_assert_str_eq(http_reason(422), "Unprocessable Entity");
	ck_assert_str_eq(http_reason(799), "");
}
END_TEST

START_TEST(header_lists_are_searched) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct http_headers h = { 0 };
	for (int i = 0; i < 100; i++) ck_assert_int_eq(http_headers_add(a, &h, SLICE_LIT("a"), SLICE_LIT("x, Y ,z")), 0);
	http_headers_add(a, &h, SLICE_LIT("b"), SLICE_LIT("1"));
	ck_assert(slice_eqs(http_headers_get(&h, "b"), "1"));
	ck_assert_ptr_null(http_headers_get(&h, "c").p);
	ck_assert(http_headers_token(&h, "a", "y"));
	ck_assert(!http_headers_token(&h, "a", "x, y"));
	ck_assert(!http_headers_token(&h, "c", "y"));
}
END_TEST

int main(void) {
	Suite *s = suite_create("http1");
	TCase *t = tcase_create("all");
	tcase_add_loop_test(t, requests_are_understood, 0, ELEMENTSOF(good));
	tcase_add_loop_test(t, malformed_requests_are_refused, 0, ELEMENTSOF(bad));
	tcase_add_loop_test(t, responses_are_understood, 0, ELEMENTSOF(answers));
	tcase_add_test(t, pipelined_requests_wait);
	tcase_add_test(t, bytes_behind_an_upgrade_are_left);
	tcase_add_test(t, heads_have_a_limit);
	tcase_add_test(t, chunk_extensions_and_trailers_have_a_limit);
	tcase_add_test(t, a_handler_can_stop_the_parser);
	tcase_add_test(t, a_response_cut_short_is_an_error);
	tcase_add_test(t, heads_are_written_safely);
	tcase_add_test(t, dates_and_reasons);
	tcase_add_test(t, header_lists_are_searched);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
