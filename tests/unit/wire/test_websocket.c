/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/kube_channel.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>

struct seen {
	struct buf log;
	int answer;
};

static int on_message(void *ctx, enum ws_opcode op, struct slice p) {
	struct seen *s = ctx;
	buf_printf(&s->log, "%d:%zu:%.*s;", op, p.n, p.n > 32 ? 0 : SLICE_FMT(p));
	return s->answer;
}

static const struct ws_handler handler = { on_message };

#define BYTES(s) SLICE_LIT(s)
static const unsigned char mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

START_TEST(accept_key_of_rfc_6455) {
	char out[WS_ACCEPT_SIZE];
	ws_accept(SLICE_LIT("dGhlIHNhbXBsZSBub25jZQ=="), out);
	ck_assert_str_eq(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
END_TEST

static const struct {
	bool from_client;
	struct slice bytes;
	const char *log;
	int code; /* 0: fine */
} cases[] = {
	/* the examples of RFC 6455, 5.7 */
	{ false, BYTES("\x81\x05Hello"), "1:5:Hello;", 0 },
	{ true, BYTES("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "1:5:Hello;", 0 },
	{ false, BYTES("\x01\x03Hel\x80\x02lo"), "1:5:Hello;", 0 },
	{ false, BYTES("\x89\x05Hello"), "9:5:Hello;", 0 },
	/* a ping between fragments; an empty message; nothing after a close */
	{ false, BYTES("\x02\x01" "a\x89\x01p\x00\x01" "b\x80\x01" "c"), "9:1:p;2:3:abc;", 0 },
	{ false, BYTES("\x82\x00"), "2:0:;", 0 },
	{ false, BYTES("\x88\x02\x03\xe8\x81\x01x"), "8:2:\x03\xe8;", 0 },
	{ false, BYTES("\x88\x00"), "8:0:;", 0 },
	/* refused */
	{ true, BYTES("\x81\x05Hello"), NULL, WS_CLOSE_PROTOCOL },
	{ false, BYTES("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), NULL, WS_CLOSE_PROTOCOL },
	{ false, BYTES("\xc1\x01x"), NULL, WS_CLOSE_PROTOCOL },
	{ false, BYTES("\x83\x00"), NULL, WS_CLOSE_PROTOCOL },
	{ false, BYTES("\x8b\x00"), NULL, WS_CLOSE_PROTOCOL },
	{ false, BYTES("\x80\x00"), NULL, WS_CLOSE_PROTOCOL },
	{ false, BYTES("\x01\x00\x01\x00"), NULL, WS_CLOSE_PROTOCOL },
	{ false, BYTES("\x09\x00"), NULL, WS_CLOSE_PROTOCOL },
	{ false, BYTES("\x89\x7e\x00\x7e"), NULL, WS_CLOSE_PROTOCOL },
	{ false, BYTES("\x88\x01\x03"), NULL, WS_CLOSE_PROTOCOL },
	{ false, BYTES("\x88\x02\x03\xed"), NULL, WS_CLOSE_PROTOCOL },
	{ false, BYTES("\x88\x03\x03\xe8\xff"), NULL, WS_CLOSE_BAD_DATA },
	{ false, BYTES("\x81\x02\xc0\x80"), NULL, WS_CLOSE_BAD_DATA },
	{ false, BYTES("\x81\x03\xed\xa0\x80"), NULL, WS_CLOSE_BAD_DATA },
	{ false, BYTES("\x81\x01\xe2"), NULL, WS_CLOSE_BAD_DATA },
	{ false, BYTES("\x82\x7f\x00\x00\x00\x00\x00\x10\x00\x01"), NULL, WS_CLOSE_TOO_BIG },
	{ false, BYTES("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"), NULL, WS_CLOSE_TOO_BIG },
	{ false, BYTES("\x02\x7e\xff\xff"), "", 0 },
};

static void check_case(size_t i, size_t step) {
	struct seen s = { .log = BUF_INIT(4096) };
	buf_puts(&s.log, "");
	struct ws_reader *r = ws_reader_new(cases[i].from_client, 0, &handler, &s);
	int e = 0;
	for (size_t at = 0; at < cases[i].bytes.n && e == 0; at += step) e = ws_feed(r, slice_upto(slice_from(cases[i].bytes, at), step));
	ck_assert_int_eq(e, cases[i].code ? -EPROTO : 0);
	ck_assert_int_eq(ws_close_code(r), cases[i].code);
	if (cases[i].log) ck_assert_str_eq(s.log.p, cases[i].log);
	ws_reader_free(r);
	buf_done(&s.log);
}

START_TEST(frames_are_understood) {
	check_case((size_t)_i, SIZE_MAX / 2);
	check_case((size_t)_i, 1);
}
END_TEST

START_TEST(what_is_written_can_be_read) {
	static const size_t sizes[] = { 0, 1, 125, 126, 127, 65535, 65536, 1048576 };
	struct seen s = { .log = BUF_INIT(4096) };
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 22);
	char *p = calloc(1, 1048576);
	for (int side = 0; side < 2; side++) {
		struct ws_reader *r = ws_reader_new(side, 0, &handler, &s);
		for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
			char want[32];
			buf_clear(&b);
			buf_clear(&s.log);
			ws_put(&b, WS_BINARY, slice_make(p, sizes[i]), side ? mask : NULL);
			ck_assert_int_eq(ws_feed(r, buf_slice(&b)), 0);
			snprintf(want, sizeof(want), "2:%zu:", sizes[i]);
			ck_assert(strncmp(s.log.p, want, strlen(want)) == 0);
		}
		ws_reader_free(r);
	}
	free(p);
	buf_done(&s.log);
}
END_TEST

START_TEST(fragments_together_have_a_limit) {
	struct seen s = { .log = BUF_INIT(4096) };
	struct ws_reader *r = ws_reader_new(false, 10, &handler, &s);
	ck_assert_int_eq(ws_feed(r, BYTES("\x02\x06" "abcdef")), 0);
	ck_assert_int_eq(ws_feed(r, BYTES("\x80\x05" "ghijk")), -EPROTO);
	ck_assert_int_eq(ws_close_code(r), WS_CLOSE_TOO_BIG);
	ws_reader_free(r);
	buf_done(&s.log);
}
END_TEST

START_TEST(a_handler_can_stop_the_reader) {
	struct seen s = { .log = BUF_INIT(4096), .answer = -EPIPE };
	struct ws_reader *r = ws_reader_new(false, 0, &handler, &s);
	ck_assert_int_eq(ws_feed(r, BYTES("\x82\x01" "a\x82\x01" "b")), -EPIPE);
	ck_assert_str_eq(s.log.p, "2:1:a;");
	ws_reader_free(r);
	buf_done(&s.log);
}
END_TEST

START_TEST(close_frames) {
	_cleanup_buf_ struct buf b = BUF_INIT(4096);
	ws_put_close(&b, WS_CLOSE_GOING_AWAY, SLICE_LIT("bye"), NULL);
	ck_assert_int_eq(memcmp(b.p, "\x88\x05\x03\xe9" "bye", 7), 0);
	ck_assert_int_eq(ws_close_status(slice_make(b.p + 2, 5)), WS_CLOSE_GOING_AWAY);
	ck_assert_int_eq(ws_close_status(SLICE_NULL), WS_CLOSE_NO_STATUS);
}
END_TEST

/* A request head with the given header lines (name, value, ..., NULL). */
static struct http_request_head head_of(struct arena *a, const char *const *lines) {
	struct http_request_head h = { .version = HTTP_11, .method = SLICE_LIT("GET"), .target = SLICE_LIT("/") };
	for (; *lines; lines += 2) http_headers_add(a, &h.headers, slice_str(lines[0]), slice_str(lines[1]));
	return h;
}

START_TEST(handshakes_are_recognised) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *good[] = { "connection", "keep-alive, Upgrade", "upgrade", "WebSocket", "sec-websocket-version", "13",
		"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==", NULL };
	struct http_request_head h = head_of(a, good);
	ck_assert(ws_is_request(&h));
	h.method = SLICE_LIT("POST");
	ck_assert(!ws_is_request(&h));
	for (int i = 1; i < 8; i += 2) {
		const char *bad[9];
		memcpy(bad, good, sizeof(good));
		bad[i] = "x";
		h = head_of(a, bad);
		ck_assert(!ws_is_request(&h));
	}
}
END_TEST

START_TEST(kube_protocols_are_chosen_best_first) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *all[] = { "sec-websocket-protocol", "base64.channel.k8s.io, v4.channel.k8s.io", "sec-websocket-protocol", "v5.channel.k8s.io", NULL };
	const char *other[] = { "sec-websocket-protocol", "chat", NULL }, *none[] = { NULL };
	struct http_request_head h = head_of(a, all);
	ck_assert_str_eq(kube_protocol_choose(&h.headers)->name, "v5.channel.k8s.io");
	h = head_of(a, other);
	ck_assert_ptr_null(kube_protocol_choose(&h.headers));
	h = head_of(a, none);
	ck_assert_str_eq(kube_protocol_choose(&h.headers)->name, "");
	static const char *const ours[] = { "x", "v4.channel.k8s.io", NULL };
	h = head_of(a, all);
	ck_assert_str_eq(ws_choose_protocol(&h.headers, ours), "v4.channel.k8s.io");
}
END_TEST

static int take_message(void *ctx, enum ws_opcode op, struct slice p) {
	buf_clear(ctx);
	buf_put_slice(ctx, p);
	return 0;
}
static const struct ws_handler taker = { take_message };

START_TEST(kube_channels_travel) {
	static const char *const names[] = { "v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "" };
	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		const struct kube_protocol *p = kube_protocol_named(slice_str(names[i]));
		struct buf out = BUF_INIT(4096), message = BUF_INIT(4096), scratch = BUF_INIT(4096);
		struct ws_reader *r = ws_reader_new(true, 0, &taker, &message);
		unsigned channel;
		struct slice data;
		for (size_t n = 0; n < 5; n++) {
			buf_clear(&out);
			kube_channel_put(&out, p, KUBE_STDERR, slice_make("a\0\xff" "bc", n), mask);
			ck_assert_int_eq(ws_feed(r, buf_slice(&out)), 0);
			ck_assert_int_eq(kube_channel_split(p, buf_slice(&message), &scratch, &channel, &data), 0);
			ck_assert_uint_eq(channel, KUBE_STDERR);
			ck_assert(slice_eq(data, slice_make("a\0\xff" "bc", n)));
		}
		buf_clear(&out);
		kube_channel_put_close(&out, p, KUBE_STDIN, mask);
		ck_assert_int_eq(out.n > 0, p->half_close);
		if (p->half_close) {
			ck_assert_int_eq(ws_feed(r, buf_slice(&out)), 0);
			ck_assert_int_eq(kube_channel_split(p, buf_slice(&message), &scratch, &channel, &data), 1);
			ck_assert_uint_eq(channel, KUBE_STDIN);
		}
		ws_reader_free(r);
		buf_done(&out);
		buf_done(&message);
		buf_done(&scratch);
	}
}
END_TEST

START_TEST(malformed_channel_messages_are_refused) {
	_cleanup_buf_ struct buf scratch = BUF_INIT(4096);
	const struct kube_protocol *v5 = kube_protocol_named(SLICE_LIT("v5.channel.k8s.io")), *b64 = kube_protocol_named(SLICE_LIT("base64.channel.k8s.io"));
	unsigned c;
	struct slice d;
	ck_assert_int_eq(kube_channel_split(v5, SLICE_NULL, &scratch, &c, &d), -EPROTO);
	ck_assert_int_eq(kube_channel_split(v5, BYTES("\xff"), &scratch, &c, &d), -EPROTO);
	ck_assert_int_eq(kube_channel_split(v5, BYTES("\xff\x01\x02"), &scratch, &c, &d), -EPROTO);
	ck_assert_int_eq(kube_channel_split(b64, BYTES("xYWJj"), &scratch, &c, &d), -EPROTO);
	ck_assert_int_eq(kube_channel_split(b64, BYTES("1YWJ"), &scratch, &c, &d), -EPROTO);
	ck_assert_int_eq(kube_channel_split(b64, BYTES("1YW!j"), &scratch, &c, &d), -EPROTO);
}
END_TEST

int main(void) {
	Suite *s = suite_create("websocket");
	TCase *t = tcase_create("all");
	tcase_add_test(t, accept_key_of_rfc_6455);
	tcase_add_loop_test(t, frames_are_understood, 0, ELEMENTSOF(cases));
	tcase_add_test(t, what_is_written_can_be_read);
	tcase_add_test(t, fragments_together_have_a_limit);
	tcase_add_test(t, a_handler_can_stop_the_reader);
	tcase_add_test(t, close_frames);
	tcase_add_test(t, handshakes_are_recognised);
	tcase_add_test(t, kube_protocols_are_chosen_best_first);
	tcase_add_test(t, kube_channels_travel);
	tcase_add_test(t, malformed_channel_messages_are_refused);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
