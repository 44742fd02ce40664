/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/spdy3.h"
#include "wire/spdy3_dict.h"
#include "wire/wire_limits.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <zlib.h>

struct end {
	struct spdy *spdy;
	struct buf out, log;
	struct spdy_stream *last;
	bool refuse, silent;
};

static struct end server, client;

static void on_open(void *ctx, struct spdy_stream *s, const struct http_headers *h, bool fin) {
	struct end *e = ctx;
	e->last = s;
	buf_printf(&e->log, "open %u", spdy_stream_id(s));
	for (size_t i = 0; i < h->n; i++) buf_printf(&e->log, " %.*s=%.*s", SLICE_FMT(h->v[i].name), SLICE_FMT(h->v[i].value));
	buf_puts(&e->log, fin ? " fin;" : ";");
	if (e->refuse) spdy_reset(s, SPDY_REFUSED_STREAM);
	else if (!e->silent) spdy_reply(s, NULL);
}

static void on_reply(void *ctx, struct spdy_stream *s, const struct http_headers *h) {
	buf_printf(&((struct end *)ctx)->log, "reply %u %zu;", spdy_stream_id(s), h->n);
}
static void on_data(void *ctx, struct spdy_stream *s, struct slice b) {
	buf_printf(&((struct end *)ctx)->log, "data %u %.*s;", spdy_stream_id(s), b.n > 32 ? 0 : SLICE_FMT(b));
}
static void on_fin(void *ctx, struct spdy_stream *s) { buf_printf(&((struct end *)ctx)->log, "fin %u;", spdy_stream_id(s)); }
static void on_close(void *ctx, struct spdy_stream *s, unsigned status) {
	buf_printf(&((struct end *)ctx)->log, "close %u %u;", spdy_stream_id(s), status);
}
static void on_goaway(void *ctx) { buf_puts(&((struct end *)ctx)->log, "goaway;"); }

static const struct spdy_handler handler = { on_open, on_reply, on_data, on_fin, on_close, on_goaway };

static void setup(void) {
	server = client = (struct end){ .out = BUF_INIT(1 << 24), .log = BUF_INIT(1 << 16) };
	ck_assert_int_eq(spdy_new(true, &handler, &server, &server.out, &server.spdy), 0);
	ck_assert_int_eq(spdy_new(false, &handler, &client, &client.out, &client.spdy), 0);
}

static void teardown(void) {
	spdy_free(server.spdy);
	spdy_free(client.spdy);
	struct buf *all[] = { &server.out, &server.log, &client.out, &client.log };
	for (size_t i = 0; i < ELEMENTSOF(all); i++) buf_done(all[i]);
}

/* In steps of `step` bytes. */
static int move(struct end *from, struct end *to, size_t step) {
	int r = 0;
	for (size_t at = 0; at < from->out.n && r == 0; at += step) r = spdy_feed(to->spdy, slice_upto(slice_from(buf_slice(&from->out), at), step));
	buf_clear(&from->out);
	return r;
}

static void exchange_all(size_t step) {
	while (client.out.n || server.out.n) {
		ck_assert_int_eq(move(&client, &server, step), 0);
		ck_assert_int_eq(move(&server, &client, step), 0);
	}
}

static struct spdy_stream *open_stream(const char *type, bool fin) {
	struct http_header v[] = { { SLICE_LIT("streamType"), slice_str(type) }, { SLICE_LIT("port"), SLICE_LIT("80") } };
	struct http_headers h = { v, 2, 2 };
	struct spdy_stream *s;
	ck_assert_int_eq(spdy_open(client.spdy, &h, fin, NULL, &s), 0);
	return s;
}

START_TEST(the_dictionary_is_the_one_of_spdy3) {
	unsigned char d[SPDY3_DICTIONARY_SIZE];
	spdy3_dictionary(d);
	ck_assert_uint_eq(adler32(adler32(0, NULL, 0), d, sizeof(d)), 0xe3c6a7c2);
}
END_TEST

START_TEST(a_stream_lives_and_ends) {
	size_t step = _i ? 1 : SIZE_MAX / 2;
	struct spdy_stream *a = open_stream("stdin", false), *b = open_stream("error", true);
	exchange_all(step);
	ck_assert_str_eq(server.log.p, "open 1 streamtype=stdin port=80;open 3 streamtype=error port=80 fin;");
	ck_assert_str_eq(client.log.p, "reply 1 0;reply 3 0;");
	ck_assert_int_eq(spdy_write(server.last, SLICE_LIT("oops"), true), 0);
	ck_assert_int_eq(spdy_write(a, SLICE_LIT("hello"), false), 0);
	exchange_all(SIZE_MAX / 2);
	ck_assert_ptr_nonnull(strstr(server.log.p, "close 3 0;data 1 hello;"));
	ck_assert_str_eq(client.log.p, "reply 1 0;reply 3 0;data 3 oops;fin 3;close 3 0;");
	ck_assert_int_eq(spdy_write(a, SLICE_NULL, true), 0);
	ck_assert_int_eq(spdy_write(a, SLICE_LIT("more"), false), -EPIPE);
	exchange_all(step);
	ck_assert_ptr_nonnull(strstr(server.log.p, "fin 1;"));
	ck_assert_uint_eq(spdy_streams(client.spdy), 1);
	(void)b;
}
END_TEST

START_TEST(streams_can_be_refused_and_reset) {
	server.refuse = true;
	open_stream("x", false);
	exchange_all(SIZE_MAX / 2);
	ck_assert_str_eq(client.log.p, "close 1 3;");
	server.refuse = false;
	struct spdy_stream *s = open_stream("y", false);
	exchange_all(SIZE_MAX / 2);
	spdy_reset(s, SPDY_CANCEL);
	exchange_all(SIZE_MAX / 2);
	ck_assert_uint_eq(spdy_streams(server.spdy), 0);
	ck_assert_uint_eq(spdy_streams(client.spdy), 0);
}
END_TEST

START_TEST(a_goaway_stops_new_streams) {
	struct spdy_stream *s;
	spdy_goaway(server.spdy);
	exchange_all(1);
	ck_assert_str_eq(client.log.p, "goaway;");
	ck_assert_int_eq(spdy_open(client.spdy, NULL, false, NULL, &s), -EPIPE);
}
END_TEST

START_TEST(pings_of_the_peer_are_answered) {
	static const char ping[] = "\x80\x03\x00\x06\x00\x00\x00\x04\x00\x00\x00\x01";
	ck_assert_int_eq(spdy_feed(server.spdy, slice_make(ping, 12)), 0);
	ck_assert_uint_eq(server.out.n, 12);
	ck_assert_int_eq(memcmp(server.out.p, ping, 12), 0);
	ck_assert_int_eq(spdy_feed(server.spdy, slice_make("\x80\x03\x00\x06\x00\x00\x00\x04\x00\x00\x00\x02", 12)), 0);
	ck_assert_uint_eq(server.out.n, 12);
}
END_TEST

START_TEST(values_of_one_name_are_several_headers) {
	struct http_header v[] = { { SLICE_LIT("a"), slice_make("1\0002", 3) }, { SLICE_LIT("B-Empty"), SLICE_LIT("") } };
	struct http_headers h = { v, 2, 2 };
	struct spdy_stream *s;
	ck_assert_int_eq(spdy_open(client.spdy, &h, false, NULL, &s), 0);
	exchange_all(SIZE_MAX / 2);
	ck_assert_str_eq(server.log.p, "open 1 a=1 a=2 b-empty=;");
}
END_TEST

START_TEST(large_data_is_cut_into_frames) {
	size_t n = SPDY_DATA_FRAME_MAX + 10;
	struct buf big = BUF_INIT(2 * n);
	buf_reserve(&big, n);
	memset(big.p, 'x', n);
	big.n = n;
	struct spdy_stream *s = open_stream("x", false);
	client.out.max = 2 * n;
	ck_assert_int_eq(spdy_write(s, buf_slice(&big), true), 0);
	exchange_all(SIZE_MAX / 2);
	ck_assert_ptr_nonnull(strstr(server.log.p, "fin 1;"));
	buf_done(&big);
}
END_TEST

START_TEST(streams_have_a_limit) {
	struct spdy_stream *s;
	for (unsigned i = 0; i < SPDY_STREAMS_MAX; i++) ck_assert_int_eq(spdy_open(client.spdy, NULL, false, NULL, &s), 0);
	ck_assert_int_eq(spdy_open(client.spdy, NULL, false, NULL, &s), -E2BIG);
	exchange_all(SIZE_MAX / 2);
	ck_assert_uint_eq(spdy_streams(server.spdy), SPDY_STREAMS_MAX);
}
END_TEST

/* SYN_STREAM for stream 1 whose block inflates to `block`. */
static int feed_block(struct slice block) {
	unsigned char d[SPDY3_DICTIONARY_SIZE], *packed = malloc(1 << 20);
	spdy3_dictionary(d);
	z_stream z = { 0 };
	deflateInit(&z, 9);
	deflateSetDictionary(&z, d, sizeof(d));
	z.next_in = (unsigned char *)(uintptr_t)block.p;
	z.avail_in = (unsigned)block.n;
	z.next_out = packed;
	z.avail_out = 1 << 20;
	deflate(&z, Z_SYNC_FLUSH);
	size_t n = (1 << 20) - z.avail_out;
	deflateEnd(&z);
	struct buf b = BUF_INIT(1 << 21);
	char head[18] = { (char)0x80, 3, 0, 1, 0, (char)((n + 10) >> 16), (char)((n + 10) >> 8), (char)(n + 10), 0, 0, 0, 1 };
	buf_put(&b, head, sizeof(head));
	buf_put(&b, packed, n);
	int r = spdy_feed(server.spdy, buf_slice(&b));
	buf_done(&b);
	free(packed);
	return r;
}

START_TEST(a_header_bomb_is_refused) {
	char *zeros = calloc(1, 900000);
	ck_assert_int_eq(feed_block(slice_make(zeros, 900000)), -EPROTO);
	free(zeros);
}
END_TEST

static const struct {
	struct slice bytes;
} malformed[] = {
	{ SLICE_LIT("\x80\x02\x00\x06\x00\x00\x00\x04\x00\x00\x00\x01") }, /* SPDY/2 */
	{ SLICE_LIT("\x80\x03\x00\x01\x00\xff\xff\xff") },                 /* a frame of 16 MiB */
	{ SLICE_LIT("\x80\x03\x00\x01\x00\x00\x00\x04\x00\x00\x00\x01") }, /* short SYN_STREAM */
	{ SLICE_LIT("\x80\x03\x00\x03\x00\x00\x00\x04\x00\x00\x00\x01") }, /* short RST_STREAM */
	{ SLICE_LIT("\x80\x03\x00\x06\x00\x00\x00\x00") },                 /* empty PING */
	{ SLICE_LIT("\x80\x03\x00\x01\x00\x00\x00\x0a\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00") }, /* not the client's number */
	{ SLICE_LIT("\x80\x03\x00\x01\x00\x00\x00\x0e\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00zlib") },
};

START_TEST(malformed_frames_are_refused) {
	ck_assert_int_eq(spdy_feed(server.spdy, malformed[_i].bytes), -EPROTO);
	ck_assert_int_eq(spdy_feed(server.spdy, SLICE_LIT("x")), -EPROTO);
}
END_TEST

static const struct {
	struct slice block;
} bad_blocks[] = {
	{ SLICE_LIT("\0\0") }, { SLICE_LIT("\0\0\0\1") }, { SLICE_LIT("\0\0\0\1\0\0\0\0\0\0\0\1x") },
	{ SLICE_LIT("\0\0\0\1\0\0\0\1A\0\0\0\1x") }, { SLICE_LIT("\0\0\0\1\xff\xff\xff\xff" "a\0\0\0\1x") },
	{ SLICE_LIT("\0\0\0\2\0\0\0\1a\0\0\0\1x") },
};

START_TEST(malformed_header_blocks_are_refused) { ck_assert_int_eq(feed_block(bad_blocks[_i].block), -EPROTO); }
END_TEST

START_TEST(unknown_frames_and_lost_data_are_ignored) {
	ck_assert_int_eq(spdy_feed(server.spdy, SLICE_LIT("\x80\x03\x00\x09\x00\x00\x00\x02zz\x80\x03\x77\x77\x00\x00\x00\x01z\x00\x00\x00\x07\x01\x00\x00\x02hi")), 0);
	ck_assert_uint_eq(server.log.n, 0);
}
END_TEST

int main(void) {
	Suite *s = suite_create("spdy3");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_dictionary_is_the_one_of_spdy3);
	tcase_add_loop_test(t, a_stream_lives_and_ends, 0, 2);
	tcase_add_test(t, streams_can_be_refused_and_reset);
	tcase_add_test(t, a_goaway_stops_new_streams);
	tcase_add_test(t, pings_of_the_peer_are_answered);
	tcase_add_test(t, values_of_one_name_are_several_headers);
	tcase_add_test(t, large_data_is_cut_into_frames);
	tcase_add_test(t, streams_have_a_limit);
	tcase_add_test(t, a_header_bomb_is_refused);
	tcase_add_loop_test(t, malformed_frames_are_refused, 0, ELEMENTSOF(malformed));
	tcase_add_loop_test(t, malformed_header_blocks_are_refused, 0, ELEMENTSOF(bad_blocks));
	tcase_add_test(t, unknown_frames_and_lost_data_are_ignored);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
