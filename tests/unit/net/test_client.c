/* SPDX-License-Identifier: Apache-2.0 */
/* The client against the server, each on its loop. */
#include "certs.h"
#include "net/client.h"
#include "net/server.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>

static struct test_cert cert;
static struct loop *server_loops[2], *loop;
static struct net_server *server;
static struct net_client *client;
static char url[64];
static atomic_int aborted, ended, sources_closed, streams_closed;

/* ---- the server's side ---- */

static void count_abort(struct exchange *x) { atomic_fetch_add(&aborted, 1); }
static void count_end(struct exchange *x) { atomic_fetch_add(&ended, 1); }

static void text(struct exchange *x, int status, struct slice s) {
	struct http_headers h = { 0 };
	http_headers_add(x->arena, &h, SLICE_LIT("x-method"), x->head.method);
	struct body_part p = { NULL, s };
	exchange_respond(x, status, &h, &p, 1);
}

static void respond_late(void *arg) { text(arg, 200, SLICE_LIT("late")); }

static int pour_pull(void *ctx, struct buf *out, size_t room) {
	size_t *left = ctx;
	size_t n = *left < room ? *left : room;
	buf_reserve(out, n);
	memset(out->p + out->n, 'p', n);
	out->n += n;
	*left -= n;
	return *left ? PULL_MORE : PULL_END;
}
static int wait_pull(void *ctx, struct buf *out, size_t room) {
	if (*(bool *)ctx) return PULL_WAIT;
	*(bool *)ctx = true;
	buf_puts(out, "first");
	return PULL_WAIT;
}
static void count_close(void *ctx) { atomic_fetch_add(&sources_closed, 1); }

static void up_data(void *ctx, struct stream *s, struct slice b) { stream_write(s, b); }
static void up_end(void *ctx, struct stream *s, int err) { stream_close(s); }
static void up_close(void *ctx) { atomic_fetch_add(&streams_closed, 1); }
static const struct stream_handler up = { up_data, up_end, NULL, up_close };

static void handle(void *ctx, struct exchange *x) {
	x->on_abort = count_abort;
	x->on_end = count_end;
	struct slice t = x->head.target;
	if (slice_eqs(t, "/echo")) {
		text(x, x->body_too_large ? 413 : 200, x->body);
	} else if (slice_eqs(t, "/late")) {
		loop_timer_start(x->loop, 100, 0, respond_late, x);
	} else if (slice_eqs(t, "/pour")) {
		size_t *left = arena_alloc(x->arena, sizeof(*left));
		*left = 3000000;
		exchange_respond_source(x, 200, NULL, -1, (struct body_source){ pour_pull, count_close, left });
	} else if (slice_eqs(t, "/watch")) {
		exchange_respond_source(x, 200, NULL, -1, (struct body_source){ wait_pull, count_close, arena_zalloc(x->arena, sizeof(bool)) });
	} else if (slice_eqs(t, "/upgrade") && x->can_upgrade) {
		struct http_headers h = { 0 };
		http_headers_add(x->arena, &h, SLICE_LIT("connection"), SLICE_LIT("Upgrade"));
		http_headers_add(x->arena, &h, SLICE_LIT("upgrade"), SLICE_LIT("echo"));
		struct stream *s;
		exchange_upgrade(x, 101, &h, &up, NULL, &s);
	} else if (slice_eqs(t, "/cert")) {
		text(x, 200, slice_str(x->peer_cert.n ? "with" : "without"));
	} else {
		text(x, 404, SLICE_LIT("not found"));
	}
}

static void setup_options(bool http1_only, struct slice ca, struct slice client_cert, struct slice client_key) {
	test_cert_make(&cert, "test");
	for (size_t i = 0; i < ELEMENTSOF(server_loops); i++) ck_assert_int_eq(loop_start("server", &server_loops[i]), 0);
	struct net_server_options o = { .listen = "127.0.0.1:0", .cert_pem = cert.cert_pem, .key_pem = cert.key_pem,
		.request_client_cert = true, .handler = handle };
	ck_assert_int_eq(net_server_start(server_loops, ELEMENTSOF(server_loops), &o, &server), 0);
	snprintf(url, sizeof(url), "https://localhost:%u", net_server_port(server));
	ck_assert_int_eq(loop_new(&loop), 0);
	struct net_client_options co = { .ca_pem = ca.n ? ca : cert.cert_pem, .http1_only = http1_only, .cert_pem = client_cert,
		.key_pem = client_key };
	ck_assert_int_eq(net_client_new(loop, &co, &client), 0);
}

static void setup_h1(void) { setup_options(true, SLICE_NULL, SLICE_NULL, SLICE_NULL); }
static void setup_h2(void) { setup_options(false, SLICE_NULL, SLICE_NULL, SLICE_NULL); }

static void teardown(void) {
	net_client_free(client);
	loop_free(loop);
	net_server_stop(server);
	for (size_t i = 0; i < ELEMENTSOF(server_loops); i++) loop_stop(server_loops[i]);
}

/* ---- the client's side ---- */

struct result {
	struct net_call *call;
	int status, err, heads, dones;
	enum http_version version;
	size_t bytes;
	char first[32], msg[300], method[16];
	bool pause_at_head, cancel_at_data, stay;
	struct stream *stream;
	bool stream_closed;
};

static int outstanding;

static void on_head(void *ctx, struct net_call *c, const struct http_response_head *h) {
	struct result *r = ctx;
	r->status = h->status;
	r->version = h->version;
	r->heads++;
	struct slice m = http_headers_get(&h->headers, "x-method");
	snprintf(r->method, sizeof(r->method), "%.*s", SLICE_FMT(m));
	if (r->pause_at_head) net_call_pause(c);
}

static void on_data(void *ctx, struct net_call *c, struct slice b) {
	struct result *r = ctx;
	if (r->bytes < sizeof(r->first) - 1) snprintf(r->first + r->bytes, sizeof(r->first) - r->bytes, "%.*s", SLICE_FMT(b));
	r->bytes += b.n;
	if (r->cancel_at_data) net_call_cancel(c);
}

static void on_done(void *ctx, int err, const char *msg) {
	struct result *r = ctx;
	r->err = err;
	r->dones++;
	snprintf(r->msg, sizeof(r->msg), "%s", msg);
	outstanding--;
}

static void s_data(void *ctx, struct stream *s, struct slice b) {
	struct result *r = ctx;
	r->bytes += b.n;
	snprintf(r->first, sizeof(r->first), "%.*s", SLICE_FMT(b));
	stream_close(s);
}
static void s_end(void *ctx, struct stream *s, int err) { stream_close(s); }
static void s_close(void *ctx) {
	((struct result *)ctx)->stream_closed = true;
	outstanding--;
}
static const struct stream_handler s_handler = { s_data, s_end, NULL, s_close };

static void on_upgrade(void *ctx, struct stream *s) {
	struct result *r = ctx;
	r->stream = s;
	net_stream_attach(s, &s_handler, r);
	stream_write(s, SLICE_LIT("ping"));
}

static const struct net_call_handler handler = { on_head, on_data, on_done, on_upgrade };

static void start_at(const char *where, struct result *r, const char *method, const char *target, struct slice body, uint32_t timeout) {
	struct http_header v[] = { { SLICE_LIT("connection"), SLICE_LIT("Upgrade") }, { SLICE_LIT("upgrade"), SLICE_LIT("echo") } };
	struct http_request_head h = { .method = slice_str(method), .target = slice_str(target) };
	if (strcmp(target, "/upgrade") == 0) h.headers = (struct http_headers){ v, 2, 2 };
	ck_assert_int_eq(net_call_start(client, where, &h, body, timeout, &handler, r, &r->call), 0);
	outstanding++;
}

static void start(struct result *r, const char *method, const char *target, struct slice body) {
	start_at(url, r, method, target, body, 0);
}

static void run_all(void) {
	while (outstanding) loop_run(loop, UV_RUN_ONCE);
}

static void check_get(enum http_version version) {
	struct result r[5] = { 0 };
	start(&r[0], "GET", "/nowhere", SLICE_NULL);
	run_all();
	ck_assert_int_eq(r[0].err, 0);
	ck_assert_int_eq(r[0].status, 404);
	ck_assert_int_eq(r[0].version, version);
	ck_assert_str_eq(r[0].first, "not found");
	start(&r[1], "POST", "/echo", SLICE_LIT("hello"));
	start(&r[2], "GET", "/late", SLICE_NULL);
	start(&r[3], "HEAD", "/late", SLICE_NULL);
	start(&r[4], "GET", "/pour", SLICE_NULL);
	run_all();
	for (int i = 1; i < 5; i++) {
		ck_assert_int_eq(r[i].err, 0);
		ck_assert_int_eq(r[i].status, 200);
		ck_assert_int_eq(r[i].dones, 1);
		ck_assert_int_eq(r[i].heads, 1);
	}
	ck_assert_str_eq(r[1].first, "hello");
	ck_assert_str_eq(r[2].first, "late");
	ck_assert_uint_eq(r[3].bytes, 0);
	ck_assert_str_eq(r[3].method, "HEAD");
	ck_assert_uint_eq(r[4].bytes, 3000000);
}

START_TEST(calls_over_http1) { check_get(HTTP_11); }
END_TEST
START_TEST(calls_over_http2) { check_get(HTTP_2); }
END_TEST

static void check_big_bodies(void) {
	size_t n = 3 * 1024 * 1024;
	char *p = malloc(n + 1000000);
	memset(p, 'b', n + 1000000);
	struct result fits = { 0 }, over = { 0 };
	start(&fits, "POST", "/echo", slice_make(p, n));
	start(&over, "POST", "/echo", slice_make(p, n + 1000000));
	run_all();
	free(p);
	ck_assert_int_eq(fits.err, 0);
	ck_assert_uint_eq(fits.bytes, n);
	ck_assert_int_eq(over.err, 0);
	ck_assert_int_eq(over.status, 413);
}

START_TEST(a_body_over_the_limit_is_refused_http1) { check_big_bodies(); }
END_TEST
START_TEST(a_body_over_the_limit_is_refused_http2) { check_big_bodies(); }
END_TEST

static void check_many(void) {
	struct result r[250] = { 0 };
	for (size_t i = 0; i < ELEMENTSOF(r); i++) start(&r[i], "GET", i % 2 ? "/late" : "/nowhere", SLICE_NULL);
	run_all();
	for (size_t i = 0; i < ELEMENTSOF(r); i++) {
		ck_assert_int_eq(r[i].err, 0);
		ck_assert_int_eq(r[i].status, i % 2 ? 200 : 404);
	}
}

START_TEST(more_calls_than_connections_http1) { check_many(); }
END_TEST
START_TEST(more_calls_than_streams_http2) { check_many(); }
END_TEST

static void check_pause(void) {
	struct result r = { .pause_at_head = true };
	start(&r, "GET", "/pour", SLICE_NULL);
	while (!r.heads) loop_run(loop, UV_RUN_ONCE);
	for (int i = 0; i < 20; i++) loop_run(loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(r.bytes, 0);
	ck_assert_int_eq(r.dones, 0);
	net_call_unpause(r.call);
	run_all();
	ck_assert_int_eq(r.err, 0);
	ck_assert_uint_eq(r.bytes, 3000000);
}

START_TEST(pause_stops_the_body_http1) { check_pause(); }
END_TEST
START_TEST(pause_stops_the_body_http2) { check_pause(); }
END_TEST

static void check_cancel(void) {
	struct result watch = { .cancel_at_data = true }, late = { 0 }, after = { 0 };
	start(&watch, "GET", "/watch", SLICE_NULL);
	start(&late, "GET", "/late", SLICE_NULL);
	while (!watch.dones) loop_run(loop, UV_RUN_ONCE);
	ck_assert_int_eq(watch.err, -ECANCELED);
	ck_assert_str_eq(watch.first, "first");
	net_call_cancel(late.call);
	ck_assert_int_eq(late.err, -ECANCELED);
	start(&after, "GET", "/nowhere", SLICE_NULL);
	run_all();
	ck_assert_int_eq(after.status, 404);
	while (atomic_load(&sources_closed) == 0) loop_run(loop, UV_RUN_NOWAIT);
}

START_TEST(cancelling_a_watch_ends_its_source_http1) { check_cancel(); }
END_TEST
START_TEST(cancelling_a_watch_ends_its_source_http2) { check_cancel(); }
END_TEST

static void check_timeout(void) {
	struct result r = { 0 };
	start_at(url, &r, "GET", "/watch", SLICE_NULL, 50);
	run_all();
	ck_assert_int_eq(r.err, -ETIMEDOUT);
}

START_TEST(a_call_times_out_http1) { check_timeout(); }
END_TEST
START_TEST(a_call_times_out_http2) { check_timeout(); }
END_TEST

START_TEST(upgrade_gives_a_raw_stream) {
	struct result r = { 0 };
	start(&r, "GET", "/upgrade", SLICE_NULL);
	run_all();
	ck_assert_int_eq(r.status, 101);
	ck_assert_str_eq(r.first, "ping");
	ck_assert(r.stream_closed);
	ck_assert_int_eq(r.dones, 0);
	while (atomic_load(&streams_closed) == 0) loop_run(loop, UV_RUN_NOWAIT);
}
END_TEST

START_TEST(a_refused_connection_says_so) {
	struct result r = { 0 };
	start_at("https://127.0.0.1:1", &r, "GET", "/", SLICE_NULL, 0);
	run_all();
	ck_assert_int_eq(r.err, -ECONNREFUSED);
	ck_assert_ptr_nonnull(strstr(r.msg, "127.0.0.1:1"));
}
END_TEST

START_TEST(an_unknown_name_says_so) {
	struct result r = { 0 };
	start_at("https://no.such.name.invalid", &r, "GET", "/", SLICE_NULL, 0);
	run_all();
	ck_assert_int_eq(r.err, -EHOSTUNREACH);
}
END_TEST

START_TEST(bad_urls_are_refused) {
	struct http_request_head h = { .method = SLICE_LIT("GET"), .target = SLICE_LIT("/") };
	struct result r = { 0 };
	static const char *const bad[] = { "", "ftp://x", "https://", "https://a:0", "https://a:99999", "https://u@a", "https://a:b" };
	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		ck_assert_int_eq(net_call_start(client, bad[i], &h, SLICE_NULL, 0, &handler, &r, &r.call), -EINVAL);
}
END_TEST

START_TEST(a_foreign_certificate_is_rejected) {
	struct test_cert other;
	test_cert_make(&other, "other");
	setup_options(false, other.cert_pem, SLICE_NULL, SLICE_NULL);
	struct result r = { 0 };
	start(&r, "GET", "/echo", SLICE_NULL);
	run_all();
	ck_assert_int_eq(r.err, -EKEYREJECTED);
	ck_assert_ptr_nonnull(strstr(r.msg, "certificate verify failed"));
	teardown();
}
END_TEST

START_TEST(the_client_certificate_is_handed_up) {
	struct test_cert mine;
	test_cert_make(&mine, "mine");
	setup_options(false, SLICE_NULL, mine.cert_pem, mine.key_pem);
	struct result r = { 0 }, again = { 0 };
	start(&r, "GET", "/cert", SLICE_NULL);
	run_all();
	ck_assert_str_eq(r.first, "with");
	start(&again, "GET", "/cert", SLICE_NULL);
	run_all();
	ck_assert_str_eq(again.first, "with");
	teardown();
}
END_TEST

START_TEST(stopping_the_server_ends_calls) {
	struct result r = { 0 };
	start(&r, "GET", "/watch", SLICE_NULL);
	while (!r.bytes) loop_run(loop, UV_RUN_ONCE);
	net_server_stop(server);
	server = NULL;
	run_all();
	ck_assert_int_lt(r.err, 0);
	ck_assert_int_eq(atomic_load(&sources_closed), 1);
	ck_assert_int_eq(atomic_load(&ended), 1);
}
END_TEST

START_TEST(draining_lets_calls_end) {
	struct result r = { 0 };
	start(&r, "GET", "/late", SLICE_NULL);
	struct result first = { 0 };
	start(&first, "GET", "/nowhere", SLICE_NULL);
	while (!first.dones) loop_run(loop, UV_RUN_ONCE);
	net_server_drain(server);
	run_all();
	ck_assert_int_eq(r.err, 0);
	ck_assert_str_eq(r.first, "late");
}
END_TEST

START_TEST(freeing_the_client_cancels_calls) {
	struct result r[3] = { 0 };
	start(&r[0], "GET", "/watch", SLICE_NULL);
	while (!r[0].bytes) loop_run(loop, UV_RUN_ONCE);
	start(&r[1], "GET", "/late", SLICE_NULL);
	start_at("https://localhost:1", &r[2], "GET", "/", SLICE_NULL, 0);
	net_client_free(client);
	client = NULL;
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(r[i].err, -ECANCELED);
		ck_assert_int_eq(r[i].dones, 1);
	}
}
END_TEST

static void add_both(Suite *s, const char *name, const TTest *h1, const TTest *h2) {
	TCase *a = tcase_create(name), *b = tcase_create(name);
	tcase_add_checked_fixture(a, setup_h1, teardown);
	tcase_add_checked_fixture(b, setup_h2, teardown);
	tcase_add_test(a, h1);
	tcase_add_test(b, h2);
	suite_add_tcase(s, a);
	suite_add_tcase(s, b);
}

int main(void) {
	Suite *s = suite_create("client");
	add_both(s, "calls", calls_over_http1, calls_over_http2);
	add_both(s, "bodies", a_body_over_the_limit_is_refused_http1, a_body_over_the_limit_is_refused_http2);
	add_both(s, "many", more_calls_than_connections_http1, more_calls_than_streams_http2);
	add_both(s, "pause", pause_stops_the_body_http1, pause_stops_the_body_http2);
	add_both(s, "cancel", cancelling_a_watch_ends_its_source_http1, cancelling_a_watch_ends_its_source_http2);
	add_both(s, "timeout", a_call_times_out_http1, a_call_times_out_http2);
	add_both(s, "stop", stopping_the_server_ends_calls, stopping_the_server_ends_calls);
	add_both(s, "drain", draining_lets_calls_end, draining_lets_calls_end);
	add_both(s, "free", freeing_the_client_cancels_calls, freeing_the_client_cancels_calls);
	TCase *h1 = tcase_create("http1");
	tcase_add_checked_fixture(h1, setup_h1, teardown);
	tcase_add_test(h1, upgrade_gives_a_raw_stream);
	tcase_add_test(h1, a_refused_connection_says_so);
	tcase_add_test(h1, an_unknown_name_says_so);
	tcase_add_test(h1, bad_urls_are_refused);
	suite_add_tcase(s, h1);
	TCase *own = tcase_create("certificates");
	tcase_add_test(own, a_foreign_certificate_is_rejected);
	tcase_add_test(own, the_client_certificate_is_handed_up);
	suite_add_tcase(s, own);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
