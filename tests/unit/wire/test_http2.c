/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http2.h"
#include "wire/wire_limits.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>

/* A client and a server joined by two buffers. */
struct end {
	struct http2 *h2;
	struct buf out;
	int opens, heads, ends, closes, goaways;
	uint32_t close_error;
	size_t bytes;
	char target[64];
	int status;
	struct http2_stream *stream;
	struct arena *arena;
	size_t body_left;
	bool body_waits, hold;
	size_t held;
};

static struct end server, client;

static int s_open(void *ctx, struct http2_stream *s, struct arena **a, void **user) {
	struct end *e = ctx;
	e->opens++;
	e->stream = s;
	*a = e->arena;
	*user = e;
	return 0;
}

static void s_request(void *ctx, void *user, const struct http_request_head *h, bool end) {
	struct end *e = user;
	e->heads++;
	snprintf(e->target, sizeof(e->target), "%.*s %.*s %.*s", SLICE_FMT(h->method), SLICE_FMT(h->target), SLICE_FMT(h->authority));
}

static void c_response(void *ctx, void *user, const struct http_response_head *h, bool end) {
	struct end *e = user;
	e->heads++;
	e->status = h->status;
}

static void on_data(void *ctx, void *user, struct slice b) {
	struct end *e = user;
	e->bytes += b.n;
	if (e->hold) e->held += b.n;
	else http2_consume(e->stream, b.n);
}

static void on_end(void *ctx, void *user) { ((struct end *)user)->ends++; }

static int read_body(void *ctx, void *user, void *p, size_t n, size_t *ret) {
	struct end *e = user;
	if (e->body_waits) return HTTP2_WAIT;
	*ret = e->body_left < n ? e->body_left : n;
	memset(p, 'x', *ret);
	e->body_left -= *ret;
	return e->body_left ? HTTP2_MORE : HTTP2_END;
}

static void on_close(void *ctx, void *user, uint32_t error) {
	struct end *e = user;
	e->closes++;
	e->close_error = error;
	e->stream = NULL;
}

static void on_goaway(void *ctx, uint32_t error) { ((struct end *)ctx)->goaways++; }

static const struct http2_handler s_handler = { .on_open = s_open, .on_request = s_request, .on_data = on_data, .on_end = on_end,
	.read = read_body, .on_close = on_close };
static const struct http2_handler c_handler = { .on_response = c_response, .on_data = on_data, .on_end = on_end, .read = read_body,
	.on_close = on_close, .on_goaway = on_goaway };

static int move(struct end *from, struct end *to) {
	int r = http2_pull(from->h2, &from->out, SIZE_MAX / 2);
	if (r >= 0) r = http2_feed(to->h2, buf_slice(&from->out), 1);
	size_t n = from->out.n;
	buf_clear(&from->out);
	return r < 0 ? r : n > 0;
}

static void exchange_all(void) {
	int a, b;
	do {
		a = move(&client, &server);
		b = move(&server, &client);
	} while (a > 0 || b > 0);
}

static void setup(void) {
	server = client = (struct end){ .out = BUF_INIT(1 << 26) };
	server.arena = arena_new(0);
	client.arena = arena_new(0);
	ck_assert_int_eq(http2_server_new(&s_handler, &server, &server.h2), 0);
	ck_assert_int_eq(http2_client_new(&c_handler, &client, &client.h2), 0);
}

static void teardown(void) {
	http2_free(server.h2);
	http2_free(client.h2);
	buf_done(&server.out);
	buf_done(&client.out);
	arena_free(server.arena);
	arena_free(client.arena);
}

static void request(bool body) {
	struct http_header v[] = { { SLICE_LIT("connection"), SLICE_LIT("close") }, { SLICE_LIT("x-a"), SLICE_LIT("b") } };
	struct http_request_head h = { .method = SLICE_LIT("GET"), .target = SLICE_LIT("/a?b"), .authority = SLICE_LIT("h:1"), .headers = { v, 2, 2 } };
	ck_assert_int_eq(http2_request(client.h2, &h, true, body, client.arena, &client, &client.stream), 0);
}

START_TEST(a_request_is_answered) {
	request(false);
	exchange_all();
	ck_assert_str_eq(server.target, "GET /a?b h:1");
	ck_assert_int_eq(server.ends, 1);
	ck_assert_int_eq(http2_respond(server.stream, 201, NULL, false), 0);
	exchange_all();
	ck_assert_int_eq(client.status, 201);
	ck_assert_int_eq(client.ends, 1);
	ck_assert_int_eq(client.closes, 1);
	ck_assert_int_eq(server.closes, 1);
	ck_assert_uint_eq(client.close_error, HTTP2_NO_ERROR);
	ck_assert(http2_alive(server.h2) && http2_alive(client.h2));
}
END_TEST

START_TEST(bodies_flow_both_ways) {
	client.body_left = 3000000;
	request(true);
	exchange_all();
	ck_assert_uint_eq(server.bytes, 3000000);
	server.body_left = 5000000;
	http2_respond(server.stream, 200, NULL, true);
	exchange_all();
	ck_assert_uint_eq(client.bytes, 5000000);
	ck_assert_int_eq(client.closes, 1);
}
END_TEST

START_TEST(what_is_not_consumed_is_not_sent) {
	request(false);
	exchange_all();
	client.hold = true;
	server.body_left = 5000000;
	http2_respond(server.stream, 200, NULL, true);
	exchange_all();
	ck_assert_uint_eq(client.bytes, HTTP2_STREAM_WINDOW);
	client.hold = false;
	http2_consume(client.stream, client.held);
	exchange_all();
	ck_assert_uint_eq(client.bytes, 5000000);
}
END_TEST

static int trailers;
static char trailer[64];

static void c_trailers(void *ctx, void *user, const struct http_headers *h) {
	trailers++;
	ck_assert_int_eq(((struct end *)user)->ends, 0);
	snprintf(trailer, sizeof(trailer), "%.*s", SLICE_FMT(http_headers_get(h, "grpc-status")));
}

/* SETTINGS; then on stream 1 a head with status 200, "hi", and trailers. */
static const struct slice answer_with_trailers = SLICE_LIT("\0\0\0\4\0\0\0\0\0" "\0\0\1\1\4\0\0\0\1\x88" "\0\0\2\0\0\0\0\0\1hi"
	"\0\0\x10\1\5\0\0\0\1\0\x0bgrpc-status\x02" "14");

START_TEST(trailers_come_behind_the_body) {
	struct http2_handler h = c_handler;
	struct http_request_head head = { .method = SLICE_LIT("POST"), .target = SLICE_LIT("/"), .authority = SLICE_LIT("a") };
	if (_i == 0) h.on_trailers = c_trailers;
	http2_free(client.h2);
	ck_assert_int_eq(http2_client_new(&h, &client, &client.h2), 0);
	ck_assert_int_eq(http2_request(client.h2, &head, false, false, client.arena, &client, &client.stream), 0);
	ck_assert_int_ge(http2_pull(client.h2, &client.out, SIZE_MAX / 2), 0);
	ck_assert_int_eq(http2_feed(client.h2, answer_with_trailers, 1), 0);
	ck_assert_int_eq(client.status, 200);
	ck_assert_uint_eq(client.bytes, 2);
	ck_assert_int_eq(client.ends, 1);
	ck_assert_int_eq(trailers, _i == 0);
	if (_i == 0) ck_assert_str_eq(trailer, "14");
}
END_TEST

START_TEST(a_waiting_body_is_resumed) {
	request(false);
	exchange_all();
	server.body_left = 10;
	server.body_waits = true;
	http2_respond(server.stream, 200, NULL, true);
	exchange_all();
	ck_assert_int_eq(client.status, 200);
	ck_assert_uint_eq(client.bytes, 0);
	server.body_waits = false;
	http2_resume(server.stream);
	exchange_all();
	ck_assert_uint_eq(client.bytes, 10);
	ck_assert_int_eq(client.ends, 1);
}
END_TEST

START_TEST(a_reset_reaches_the_other_side) {
	request(false);
	exchange_all();
	http2_reset(client.stream, HTTP2_CANCEL);
	exchange_all();
	ck_assert_int_eq(server.closes, 1);
	ck_assert_uint_eq(server.close_error, HTTP2_CANCEL);
}
END_TEST

START_TEST(a_detached_stream_is_silent) {
	request(false);
	exchange_all();
	http2_respond(server.stream, 200, NULL, false);
	http2_detach(client.stream, HTTP2_CANCEL);
	exchange_all();
	ck_assert_int_eq(client.heads + client.ends + client.closes, 0);
	ck_assert_uint_eq(http2_streams(client.h2), 0);
}
END_TEST

START_TEST(goaway_lets_streams_end) {
	request(false);
	exchange_all();
	http2_goaway(server.h2);
	exchange_all();
	ck_assert_int_eq(client.goaways, 1);
	ck_assert(!http2_room(client.h2));
	http2_respond(server.stream, 200, NULL, false);
	exchange_all();
	ck_assert_int_eq(client.status, 200);
	ck_assert(!http2_alive(server.h2));
}
END_TEST

START_TEST(streams_have_a_limit) {
	exchange_all();
	for (unsigned i = 0; i < HTTP2_STREAMS_MAX; i++) request(false);
	ck_assert(!http2_room(client.h2));
	exchange_all();
	ck_assert_int_eq(server.opens, (int)HTTP2_STREAMS_MAX);
}
END_TEST

START_TEST(closing_tells_every_stream) {
	request(false);
	exchange_all();
	server.h2 = http2_free(server.h2);
	ck_assert_int_eq(server.closes, 1);
	ck_assert_int_ne((int)server.close_error, HTTP2_NO_ERROR);
}
END_TEST

/* ---- hostile peers, frame by frame ---- */

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static void frame(struct buf *b, unsigned type, unsigned flags, uint32_t id, const void *p, size_t n) {
	char head[9] = { (char)(n >> 16), (char)(n >> 8), (char)n, (char)type, (char)flags, (char)(id >> 24), (char)(id >> 16), (char)(id >> 8), (char)id };
	buf_put(b, head, 9);
	buf_put(b, p, n);
}

/* GET / on https with the literal authority "a". */
static const char request_block[] = "\x82\x84\x87\x01\x01" "a";

static void put_headers(struct buf *b, uint32_t id, bool end_stream) {
	frame(b, 1, 4 | (end_stream ? 1 : 0), id, request_block, sizeof(request_block) - 1);
}

enum flood { SETTINGS_FLOOD, PING_FLOOD, PRIORITY_FLOOD, EMPTY_DATA_FLOOD, WINDOW_FLOOD, RAPID_RESET, MADE_YOU_RESET, TRAILER_FLOOD, FLOODS };

static void put_flood(struct buf *b, enum flood kind, uint32_t i) {
	static const char one[4] = { 0, 0, 0, 1 }, zero[8], cancel[4] = { 0, 0, 0, 8 };
	uint32_t id = 2 * i + 3;
	switch (kind) {
	case SETTINGS_FLOOD: frame(b, 4, 0, 0, NULL, 0); break;
	case PING_FLOOD: frame(b, 6, 0, 0, zero, 8); break;
	case PRIORITY_FLOOD: frame(b, 2, 0, 1, "\0\0\0\0\x10", 5); break;
	case EMPTY_DATA_FLOOD: frame(b, 0, 0, 1, NULL, 0); break;
	case WINDOW_FLOOD: frame(b, 8, 0, 0, one, 4); break;
	case RAPID_RESET:
		put_headers(b, id, true);
		frame(b, 3, 0, id, cancel, 4);
		break;
	case MADE_YOU_RESET:
		put_headers(b, id, true);
		frame(b, 8, 0, id, zero, 4);
		break;
	case TRAILER_FLOOD: frame(b, 1, 4, 1, NULL, 0); break;
	default: break;
	}
}

START_TEST(floods_end_the_connection) {
	struct buf b = BUF_INIT(1 << 24);
	buf_puts(&b, PREFACE);
	frame(&b, 4, 0, 0, NULL, 0);
	put_headers(&b, 1, false);
	ck_assert_int_eq(http2_feed(server.h2, buf_slice(&b), 1), 0);
	int r = 0;
	uint32_t i = 0;
	for (; i < 3000 && r == 0 && http2_alive(server.h2); i++) {
		buf_clear(&b);
		put_flood(&b, (enum flood)_i, i);
		r = http2_feed(server.h2, buf_slice(&b), 2);
		if (r == 0) http2_pull(server.h2, &server.out, SIZE_MAX / 2);
		buf_clear(&server.out);
	}
	ck_assert_msg(r == -EPROTO || !http2_alive(server.h2), "flood %d went on for %u frames", _i, i);
	/* The farewell can still be taken, and nothing more is looked at. */
	ck_assert_int_ge(http2_pull(server.h2, &server.out, SIZE_MAX / 2), 0);
	buf_clear(&b);
	int heads = server.heads;
	put_headers(&b, 99999, true);
	(void)http2_feed(server.h2, buf_slice(&b), 3);
	ck_assert_int_eq(server.heads, heads);
	buf_done(&b);
}
END_TEST

START_TEST(continuations_have_a_limit) {
	struct buf b = BUF_INIT(1 << 24);
	buf_puts(&b, PREFACE);
	frame(&b, 4, 0, 0, NULL, 0);
	frame(&b, 1, 0, 1, request_block, sizeof(request_block) - 1);
	for (int i = 0; i < 1000; i++) frame(&b, 9, 0, 1, NULL, 0);
	ck_assert_int_lt(http2_feed(server.h2, buf_slice(&b), 1), 0);
	buf_done(&b);
}
END_TEST

START_TEST(an_honest_client_is_not_a_flood) {
	exchange_all();
	uint64_t now = 1;
	for (int i = 0; i < 3000; i++) {
		request(false);
		move(&client, &server);
		http2_respond(server.stream, 200, NULL, false);
		ck_assert_int_ge(http2_pull(server.h2, &server.out, SIZE_MAX / 2), 0);
		ck_assert_int_eq(http2_feed(client.h2, buf_slice(&server.out), now++), 0);
		buf_clear(&server.out);
	}
	ck_assert_int_eq(client.closes, 3000);
}
END_TEST

START_TEST(cancelling_watches_that_began_is_no_flood) {
	exchange_all();
	for (int i = 0; i < 3000; i++) {
		request(false);
		exchange_all();
		server.body_waits = true;
		http2_respond(server.stream, 200, NULL, true);
		exchange_all();
		http2_reset(client.stream, HTTP2_CANCEL);
		exchange_all();
		ck_assert(http2_alive(server.h2));
	}
	ck_assert_int_eq(server.closes, 3000);
	ck_assert_int_eq(client.goaways, 0);
}
END_TEST

START_TEST(heads_over_the_limit_get_431) {
	char *big = malloc(60000);
	memset(big, 'a', 60000);
	struct http_header v[20];
	for (int i = 0; i < 20; i++) v[i] = (struct http_header){ SLICE_LIT("x"), slice_make(big, 60000) };
	struct http_request_head h = { .method = SLICE_LIT("GET"), .target = SLICE_LIT("/"), .authority = SLICE_LIT("h"), .headers = { v, 18, 20 } };
	ck_assert_int_eq(http2_request(client.h2, &h, true, false, client.arena, &client, &client.stream), 0);
	exchange_all();
	free(big);
	ck_assert_int_eq(server.heads, 0);
	ck_assert_msg(client.status == 431 || client.closes, "status %d", client.status);
	ck_assert_int_ne(client.status, 200);
}
END_TEST

int main(void) {
	Suite *s = suite_create("http2");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_request_is_answered);
	tcase_add_test(t, bodies_flow_both_ways);
	tcase_add_test(t, what_is_not_consumed_is_not_sent);
	tcase_add_loop_test(t, trailers_come_behind_the_body, 0, 2);
	tcase_add_test(t, a_waiting_body_is_resumed);
	tcase_add_test(t, a_reset_reaches_the_other_side);
	tcase_add_test(t, a_detached_stream_is_silent);
	tcase_add_test(t, goaway_lets_streams_end);
	tcase_add_test(t, streams_have_a_limit);
	tcase_add_test(t, closing_tells_every_stream);
	tcase_add_loop_test(t, floods_end_the_connection, 0, FLOODS);
	tcase_add_test(t, continuations_have_a_limit);
	tcase_add_test(t, an_honest_client_is_not_a_flood);
	tcase_add_test(t, cancelling_watches_that_began_is_no_flood);
	tcase_add_test(t, heads_over_the_limit_get_431);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
