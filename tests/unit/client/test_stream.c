/* SPDX-License-Identifier: Apache-2.0 */
/* exec, attach, port-forward, logs. */
#include "fake.h"
#include "wire/kube_channel.h"
#include "wire/spdy3.h"

#define OK "{\"kind\":\"Status\",\"metadata\":{},\"status\":\"Success\"}"
#define EXITED                                                                                                                   \
	"{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"message\":\"command terminated with non-zero exit code\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"7\"}]}}"

static struct buf journal = BUF_INIT(1 << 16);
static void check_journal(const char *want) {
	buf_putc(&journal, 0);
	ck_assert_str_eq(journal.p, want);
	buf_done(&journal);
}

static void on_open(void *ctx) { buf_puts(&journal, "open "); }
static void on_stdout(void *ctx, struct k8c_bytes b) { buf_printf(&journal, "out:%.*s ", (int)b.n, b.p); }
static void on_stderr(void *ctx, struct k8c_bytes b) { buf_printf(&journal, "err:%.*s ", (int)b.n, b.p); }
static void on_exit_(void *ctx, int code, const struct k8c_error *err) {
	buf_printf(&journal, "exit:%d:%d ", code, err ? err->err : 0);
	*(bool *)ctx = true;
}
static const struct k8c_exec_handler handler = { on_open, on_stdout, on_stderr, NULL, on_exit_ };
static const char *const command[] = { "sh", "-c", "a b", NULL };
static const struct k8c_exec_options options = {
	.size = sizeof(options), .ns = "n", .pod = "p", .container = "c", .command = command, .in = true, .out = true, .err = true
};

static void send_channel(unsigned channel, const char *text) {
	struct buf b = BUF_INIT(1 << 16);
	kube_channel_put(&b, kube_protocol_named(SLICE_LIT("v5.channel.k8s.io")), channel, slice_str(text), NULL);
	fake.stream->h.on_data(fake.stream->ctx, bytes_of(buf_slice(&b)));
	buf_done(&b);
}
static void send_close(void) {
	struct buf b = BUF_INIT(1 << 16);
	ws_put_close(&b, WS_CLOSE_NORMAL, SLICE_NULL, NULL);
	fake.stream->h.on_data(fake.stream->ctx, bytes_of(buf_slice(&b)));
	buf_done(&b);
}

static int on_sent(void *ctx, enum ws_opcode op, struct slice payload) {
	buf_printf(&journal, "%u:", (unsigned char)payload.p[0]);
	if (payload.n > 1 && payload.p[0] == (char)255) buf_printf(&journal, "%u ", (unsigned char)payload.p[1]);
	else buf_printf(&journal, "%.*s ", (int)payload.n - 1, payload.p + 1);
	return 0;
}

START_TEST(a_command) {
	FAKE({ "GET",
	       "/api/v1/namespaces/n/pods/p/exec?command=sh&command=-c&command=a+b&container=c&stdin=true&stdout=true&stderr=true",
	       101, .value = "v5.channel.k8s.io" });
	struct k8c_exec *e;
	bool done = false;
	ck_assert_int_eq(k8c_exec_start(fake.client, &options, &handler, &done, &e), 0);
	settle();
	send_channel(KUBE_STDOUT, "hello");
	send_channel(KUBE_STDERR, "oops");
	ck_assert_int_eq(k8c_exec_write(e, (struct k8c_bytes){ "in", 2 }), 0);
	ck_assert_int_eq(k8c_exec_resize(e, 80, 24), 0);
	ck_assert_int_eq(k8c_exec_close_stdin(e), 0);
	static const struct ws_handler ws = { on_sent };
	struct ws_reader *r = ws_reader_new(true, 0, &ws, NULL);
	ck_assert_int_eq(ws_feed(r, buf_slice(&fake.stream->written)), 0);
	ws_reader_free(r);
	send_channel(KUBE_ERROR, EXITED);
	ck_assert(!done);
	send_channel(KUBE_STDOUT, "late");
	send_close();
	ck_assert(done);
	settle();
	check_journal("open out:hello err:oops 0:in 4:{\"Width\":80,\"Height\":24} 255:0 out:late exit:7:0 ");
	fake_done();
}
END_TEST

START_TEST(ends_of_commands) {
	FAKE({ "GET", "/api/v1", 101, .value = "v4.channel.k8s.io" }, { "GET", "/api/v1", 101, .value = "v5.channel.k8s.io" },
	     { "GET", "/api/v1", 403, "" }, { "GET", "/api/v1", 101, .value = "nonsense" }, { "GET", "/api/v1", 200, "{}" },
	     { "GET", "/api/v1", 101, .value = "v5.channel.k8s.io" });
	struct k8c_exec *e;
	bool done = false;
	k8c_exec_start(fake.client, &options, &handler, &done, &e);
	settle();
	ck_assert_int_eq(k8c_exec_close_stdin(e), -ENOTSUP);
	send_channel(KUBE_ERROR, OK);
	fake.stream->h.on_end(fake.stream->ctx, 0);
	settle();
	done = false;
	k8c_exec_start(fake.client, &options, &handler, &done, &e);
	settle();
	fake.stream->h.on_end(fake.stream->ctx, -ECONNRESET);
	settle();
	for (int i = 0; i < 3; i++) {
		k8c_exec_start(fake.client, &options, &handler, &done, &e);
		settle();
	}
	k8c_exec_start(fake.client, &options, &handler, &done, &e);
	settle();
	k8c_exec_cancel(e);
	settle();
	k8c_exec_start(fake.client, &options, &handler, &done, &e);
	k8c_exec_cancel(e);
	check_journal("open exit:0:0 open exit:-1:-104 exit:-1:-1 exit:-1:-71 exit:-1:-71 open exit:-1:-125 exit:-1:-125 ");
	fake_done();
}
END_TEST

START_TEST(a_server_that_never_switches_protocols_is_not_waited_for) {
	FAKE({ "GET", "/api/v1", 200, "", .open = true });
	struct k8c_exec *e;
	bool done = false;
	fake.client->timeout_ms = 20;
	ck_assert_int_eq(k8c_exec_start(fake.client, &options, &handler, &done, &e), 0);
	run_until(&done);
	check_journal("exit:-1:-110 ");
	fake_done();
}
END_TEST

START_TEST(a_stream_refused_with_401_is_asked_for_once_more_with_the_new_token) {
	static const struct fake_answer script[] = { { "GET", "/api/v1", 401, "" }, { "GET", "/api/v1", 101, .value = "v5.channel.k8s.io" },
						     { "GET", "/api/v1", 401, "" }, { "GET", "/api/v1", 401, "" } };
	char path[] = "/tmp/k8c-token-XXXXXX";
	int fd = mkstemp(path);
	ck_assert_int_eq(write(fd, "one", 3), 3);
	close(fd);
	struct k8c_config_options o = { .size = sizeof(o), .no_kubeconfig = true, .server = "https://x", .token_file = path };
	struct k8c_config *cfg;
	struct k8c_exec *e;
	bool done = false;
	ck_assert_int_eq(k8c_config_load(&o, &cfg, NULL), 0);
	fake_setup(cfg, script, ELEMENTSOF(script));
	ck_assert_int_eq(k8c_exec_start(fake.client, &options, &handler, &done, &e), 0);
	settle();
	k8c_exec_cancel(e);
	settle();
	done = false;
	ck_assert_int_eq(k8c_exec_start(fake.client, &options, &handler, &done, &e), 0);
	run_until(&done);
	ck_assert_uint_eq(fake.n_req, 4);
	ck_assert_str_eq(fake.req[1].authorization, "Bearer one");
	check_journal("open exit:-1:-125 exit:-1:-129 ");
	fake_done();
	k8c_config_unref(cfg);
	unlink(path);
}
END_TEST

/* ---- port-forward: the other side is a SPDY server ---- */

static void f_open(void *ctx) { buf_puts(&journal, "open "); }
static void f_data(void *ctx, struct k8c_bytes b) { buf_printf(&journal, "data:%.*s ", (int)b.n, b.p); }
static void f_close(void *ctx, const struct k8c_error *err) { buf_printf(&journal, "close:%s ", err ? err->message : ""); }
static const struct k8c_forward_handler forward_handler = { f_open, f_data, NULL, f_close };

static struct spdy_stream *peer_data, *peer_error;
static void p_open(void *ctx, struct spdy_stream *s, const struct http_headers *h, bool fin) {
	bool data = slice_eqs(http_headers_get(h, "streamtype"), "data");
	*(data ? &peer_data : &peer_error) = s;
	ck_assert(slice_eqs(http_headers_get(h, "port"), "8080"));
	spdy_reply(s, NULL);
}
static void p_reply(void *ctx, struct spdy_stream *s, const struct http_headers *h) {}
static void p_data(void *ctx, struct spdy_stream *s, struct slice b) { buf_printf(&journal, "peer:%.*s ", SLICE_FMT(b)); }
static void p_fin(void *ctx, struct spdy_stream *s) {}
static void p_close(void *ctx, struct spdy_stream *s, unsigned status) {}
static const struct spdy_handler peer_handler = { p_open, p_reply, p_data, p_fin, p_close, NULL };

static void peer_takes(struct spdy *peer) {
	ck_assert_int_eq(spdy_feed(peer, buf_slice(&fake.stream->written)), 0);
	buf_clear(&fake.stream->written);
}
static void peer_sends(struct buf *out) {
	fake.stream->h.on_data(fake.stream->ctx, bytes_of(buf_slice(out)));
	buf_clear(out);
}

START_TEST(a_port) {
	FAKE({ "POST", "/api/v1/namespaces/n/pods/p/portforward", 101 }, { "POST", "/api/v1/namespaces/n/pods/p/portforward", 101 });
	struct k8c_forward *f;
	struct buf out = BUF_INIT(1 << 20);
	struct spdy *peer;
	ck_assert_int_eq(k8c_forward_start(fake.client, "n", "p", 8080, &forward_handler, NULL, &f), 0);
	settle();
	ck_assert_int_eq(spdy_new(true, &peer_handler, NULL, &out, &peer), 0);
	peer_takes(peer);
	ck_assert_int_eq(k8c_forward_write(f, (struct k8c_bytes){ "ping", 4 }), 0);
	peer_takes(peer);
	spdy_write(peer_data, SLICE_LIT("pong"), false);
	peer_sends(&out);
	k8c_forward_close(f);
	settle();
	spdy_free(peer);
	buf_clear(&out);
	k8c_forward_start(fake.client, "n", "p", 8080, &forward_handler, NULL, &f);
	settle();
	ck_assert_int_eq(spdy_new(true, &peer_handler, NULL, &out, &peer), 0);
	peer_takes(peer);
	spdy_write(peer_error, SLICE_LIT("nobody listens"), true);
	peer_sends(&out);
	settle();
	spdy_free(peer);
	buf_done(&out);
	check_journal("open peer:ping data:pong close: open close:nobody listens ");
	fake_done();
}
END_TEST

static void on_text(void *ctx, struct k8c_bytes b) { buf_printf(&journal, "%.*s|", (int)b.n, b.p); }
static void on_done(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	buf_printf(&journal, "done:%d", err ? err->err : 0);
}

START_TEST(logs) {
	FAKE({ "GET", "/api/v1/namespaces/n/pods/p/log?container=c&follow=true&timestamps=true&tailLines=0&sinceSeconds=5", 200,
	       "line one\nline two\n", .piece = 9 });
	static const struct k8c_request_handler h = { .on_data = on_text, .on_done = on_done };
	struct k8c_log_options o = { .size = sizeof(o),
				     .ns = "n",
				     .pod = "p",
				     .container = "c",
				     .follow = true,
				     .timestamps = true,
				     .has_tail = true,
				     .since_seconds = 5 };
	ck_assert_int_eq(k8c_log_start(fake.client, &o, &h, NULL, NULL), 0);
	settle();
	check_journal("line one\n|line two\n|done:0");
	fake_done();
}
END_TEST

static void add(TCase *t) {
	tcase_add_test(t, a_command);
	tcase_add_test(t, ends_of_commands);
	tcase_add_test(t, a_server_that_never_switches_protocols_is_not_waited_for);
	tcase_add_test(t, a_stream_refused_with_401_is_asked_for_once_more_with_the_new_token);
	tcase_add_test(t, a_port);
	tcase_add_test(t, logs);
}
CLIENT_MAIN("stream", add)
