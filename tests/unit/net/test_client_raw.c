/* SPDX-License-Identifier: Apache-2.0 */
/* The client against servers and proxies that answer from a script, well or badly. */
#include "certs.h"
#include "net/client.h"
#include "net/server.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

/* ---- a scripted server: one connection after the other, each reads heads and says lines of its script ---- */

struct script {
	const char *const *connections; /* NULL-terminated; per connection its answers, '\1' between them: wait for a head first;
					 * "-": say nothing and wait for the peer's end; "tunnel": be a CONNECT proxy */
	int fd;
	uint16_t port;
	pthread_t thread;
	int accepted;
	char seen[65536]; /* what was received */
	size_t seen_n;
};

static bool read_head(struct script *s, int fd) {
	size_t from = s->seen_n;
	while (!memmem(s->seen + from, s->seen_n - from, "\r\n\r\n", 4)) {
		ssize_t n = recv(fd, s->seen + s->seen_n, sizeof(s->seen) - 1 - s->seen_n, 0);
		if (n <= 0) return false;
		s->seen_n += (size_t)n;
		s->seen[s->seen_n] = 0;
	}
	return true;
}

static void wait_for_end(int fd) {
	char rest[4096];
	while (recv(fd, rest, sizeof(rest), 0) > 0) {}
}

static bool carry(int from, int to) {
	char b[16384];
	ssize_t n = recv(from, b, sizeof(b), 0);
	return n > 0 && send(to, b, (size_t)n, MSG_NOSIGNAL) == n;
}

static void tunnel(struct script *s, int fd) {
	unsigned port = 0;
	if (!read_head(s, fd) || sscanf(s->seen, "CONNECT localhost:%u HTTP/1.1\r\n", &port) != 1) return;
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int to = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(to, (struct sockaddr *)&a, sizeof(a)) == 0) {
		static const char ok[] = "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n";
		send(fd, ok, sizeof(ok) - 1, MSG_NOSIGNAL);
		struct pollfd p[2] = { { fd, POLLIN, 0 }, { to, POLLIN, 0 } };
		while (poll(p, 2, -1) > 0)
			if ((p[0].revents && !carry(fd, to)) || (p[1].revents && !carry(to, fd))) break;
	}
	close(to);
}

static void play(struct script *s, int fd, const char *text) {
	if (strcmp(text, "tunnel") == 0) {
		tunnel(s, fd);
		return;
	}
	if (strcmp(text, "-") == 0) {
		wait_for_end(fd);
		return;
	}
	struct slice rest = slice_str(text);
	while (rest.p) {
		struct slice answer = slice_cut(&rest, '\1');
		if (!read_head(s, fd)) return;
		send(fd, answer.p, answer.n, MSG_NOSIGNAL);
	}
}

static void *run_script(void *arg) {
	struct script *s = arg;
	for (const char *const *c = s->connections; *c; c++) {
		int fd = accept(s->fd, NULL, NULL);
		if (fd < 0) break;
		s->accepted++;
		play(s, fd, *c);
		shutdown(fd, SHUT_WR);
		close(fd);
	}
	return NULL;
}

static struct script script;
static struct loop *loop;
static struct net_client *client;
static char url[64];

static void script_start(const char *const *connections) {
	script.connections = connections;
	script.fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	ck_assert_int_eq(bind(script.fd, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(listen(script.fd, 8), 0);
	ck_assert_int_eq(getsockname(script.fd, (struct sockaddr *)&a, &n), 0);
	script.port = ntohs(a.sin_port);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", script.port);
	ck_assert_int_eq(pthread_create(&script.thread, NULL, run_script, &script), 0);
}

static void client_start(const struct net_client_options *o) {
	static const struct net_client_options none;
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(net_client_new(loop, o ? o : &none, &client), 0);
}

static void stop(void) {
	net_client_free(client);
	loop_free(loop);
	shutdown(script.fd, SHUT_RDWR);
	close(script.fd);
	pthread_join(script.thread, NULL);
}

struct result {
	int status, err, dones;
	char body[64], msg[400];
	size_t n;
};

static int outstanding;

static void on_head(void *ctx, struct net_call *c, const struct http_response_head *h) { ((struct result *)ctx)->status = h->status; }
static void on_data(void *ctx, struct net_call *c, struct slice b) {
	struct result *r = ctx;
	if (r->n + b.n < sizeof(r->body)) memcpy(r->body + r->n, b.p, b.n);
	r->n += b.n;
}
static void on_done(void *ctx, int err, const char *msg) {
	struct result *r = ctx;
	r->err = err;
	r->dones++;
	snprintf(r->msg, sizeof(r->msg), "%s", msg);
	outstanding--;
}
static const struct net_call_handler handler = { on_head, on_data, on_done, NULL };

static struct result call(const char *to, const char *method) {
	struct result r = { 0 };
	struct http_request_head h = { .method = slice_str(method), .target = SLICE_LIT("/x") };
	ck_assert_int_eq(net_call_start(client, to, &h, SLICE_NULL, 0, &handler, &r, NULL), 0);
	ck_assert_int_eq(r.dones, 0); /* never from inside the start */
	outstanding++;
	while (outstanding) loop_run(loop, UV_RUN_ONCE);
	ck_assert_int_eq(r.dones, 1);
	return r;
}

static const struct {
	const char *answer;
	int err, status;
	const char *body;
} answers[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0, 200, "ok" },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0, 200, "ok" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n", 0, 200, "ok" },
	{ "HTTP/1.0 200 OK\r\n\r\nuntil the end", 0, 200, "until the end" },
	{ "HTTP/1.1 204 No Content\r\n\r\n", 0, 204, "" },
	{ "HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n", 0, 302, "" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", -ECONNRESET, 200, "ok" },
	{ "", -ECONNRESET, 0, "" },
	{ "HTTP/1.1 2", -ECONNRESET, 0, "" },
	{ "garbage\r\n\r\n", -EPROTO, 0, "" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok", -EPROTO, 0, "" },
	{ "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", -EPROTO, 0, "" },
	{ "\x15\x03\x01\x00\x02\x02\x46", -EPROTO, 0, "" },
};

START_TEST(answers_good_and_bad) {
	const char *const c[] = { answers[_i].answer, NULL };
	script_start(c);
	client_start(NULL);
	struct result r = call(url, "GET");
	ck_assert_msg(r.err == answers[_i].err, "%d (%s)", r.err, r.msg);
	ck_assert_int_eq(r.status, answers[_i].status);
	ck_assert_str_eq(r.body, answers[_i].body);
	ck_assert(r.err == 0 || *r.msg);
	stop();
}
END_TEST

START_TEST(the_request_names_its_host_and_length) {
	const char *const c[] = { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\1HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL };
	script_start(c);
	client_start(NULL);
	ck_assert_int_eq(call(url, "POST").err, 0);
	ck_assert_int_eq(call(url, "GET").err, 0);
	stop();
	char want[200];
	snprintf(want, sizeof(want), "POST /x HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 0\r\n\r\nGET /x HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n",
		 script.port, script.port);
	ck_assert_str_eq(script.seen, want);
	ck_assert_int_eq(script.accepted, 1);
}
END_TEST

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

START_TEST(a_get_is_sent_again_when_the_idle_connection_closed) {
	/* The first connection answers once, takes the second head and hangs up on it. */
	const char *const c[] = { OK "\1", OK, NULL };
	script_start(c);
	client_start(NULL);
	ck_assert_int_eq(call(url, "GET").err, 0);
	struct result r = call(url, "GET");
	ck_assert_msg(r.err == 0, "%s", r.msg);
	ck_assert_str_eq(r.body, "ok");
	stop();
	ck_assert_int_eq(script.accepted, 2);
}
END_TEST

START_TEST(a_post_is_not_sent_twice) {
	const char *const c[] = { OK "\1", OK, NULL };
	script_start(c);
	client_start(NULL);
	ck_assert_int_eq(call(url, "GET").err, 0);
	ck_assert_int_eq(call(url, "POST").err, -ECONNRESET);
	stop();
	ck_assert_int_eq(script.accepted, 1);
}
END_TEST

START_TEST(bytes_behind_an_answer_are_no_answer_to_the_next_call) {
	const char *const c[] = { OK "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", OK, NULL };
	script_start(c);
	client_start(NULL);
	ck_assert_str_eq(call(url, "GET").body, "ok");
	ck_assert_str_eq(call(url, "GET").body, "ok");
	stop();
	ck_assert_int_eq(script.accepted, 2);
}
END_TEST

START_TEST(a_silent_server_times_out_in_the_handshake) {
	const char *const c[] = { "-", NULL };
	script_start(c);
	client_start(&(struct net_client_options){ .insecure = true, .connect_timeout_ms = 100 });
	snprintf(url, sizeof(url), "https://127.0.0.1:%u", script.port);
	struct result r = call(url, "GET");
	ck_assert_int_eq(r.err, -ETIMEDOUT);
	stop();
}
END_TEST

/* ---- proxies ---- */

static void server_handle(void *ctx, struct exchange *x) {
	struct body_part p = { NULL, SLICE_LIT("through") };
	exchange_respond(x, 200, NULL, &p, 1);
}

START_TEST(calls_go_through_a_proxy) {
	static struct test_cert cert;
	struct loop *sl;
	struct net_server *server;
	const char *const c[] = { "tunnel", NULL };
	test_cert_make(&cert, "test");
	ck_assert_int_eq(loop_start("server", &sl), 0);
	struct net_server_options o = { .listen = "127.0.0.1:0", .cert_pem = cert.cert_pem, .key_pem = cert.key_pem, .handler = server_handle };
	ck_assert_int_eq(net_server_start(&sl, 1, &o, &server), 0);
	script_start(c);
	client_start(&(struct net_client_options){ .ca_pem = cert.cert_pem, .proxy_url = url });
	char to[64];
	snprintf(to, sizeof(to), "https://localhost:%u", net_server_port(server));
	struct result r = call(to, "GET");
	ck_assert_msg(r.err == 0, "%s", r.msg);
	ck_assert_str_eq(r.body, "through");
	r = call(to, "GET");
	ck_assert_str_eq(r.body, "through");
	stop();
	net_server_stop(server);
	loop_stop(sl);
	ck_assert_int_eq(script.accepted, 1);
}
END_TEST

static const struct {
	const char *answer;
	int err;
} proxies[] = {
	{ "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", -ECONNREFUSED },
	{ "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", -ECONNREFUSED },
	{ "nonsense\r\n\r\n", -EPROTO },
	{ "", -ECONNRESET },
};

START_TEST(a_proxy_that_refuses) {
	const char *const c[] = { proxies[_i].answer, NULL };
	script_start(c);
	client_start(&(struct net_client_options){ .insecure = true, .proxy_url = url });
	struct result r = call("https://localhost:1", "GET");
	ck_assert_msg(r.err == proxies[_i].err, "%d (%s)", r.err, r.msg);
	ck_assert_ptr_nonnull(strstr(r.msg, "127.0.0.1"));
	stop();
}
END_TEST

int main(void) {
	Suite *s = suite_create("client against scripts");
	TCase *t = tcase_create("all");
	tcase_add_loop_test(t, answers_good_and_bad, 0, ELEMENTSOF(answers));
	tcase_add_test(t, the_request_names_its_host_and_length);
	tcase_add_test(t, a_get_is_sent_again_when_the_idle_connection_closed);
	tcase_add_test(t, a_post_is_not_sent_twice);
	tcase_add_test(t, bytes_behind_an_answer_are_no_answer_to_the_next_call);
	tcase_add_test(t, a_silent_server_times_out_in_the_handshake);
	tcase_add_test(t, calls_go_through_a_proxy);
	tcase_add_loop_test(t, a_proxy_that_refuses, 0, ELEMENTSOF(proxies));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
