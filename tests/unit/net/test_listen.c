/* SPDX-License-Identifier: Apache-2.0 */
/* Starting, stopping and changing a server. */
#include "certs.h"
#include "net/client.h"
#include "net/server.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>

static struct test_cert cert, other;
static struct loop *loops[2], *mine;

static void handle(void *ctx, struct exchange *x) {
	struct body_part p = { NULL, SLICE_LIT("ok") };
	exchange_respond(x, 200, NULL, &p, 1);
}

static struct net_server_options options(const char *listen) {
	return (struct net_server_options){ .listen = listen, .cert_pem = cert.cert_pem, .key_pem = cert.key_pem, .handler = handle };
}

static void setup(void) {
	test_cert_make(&cert, "one");
	test_cert_make(&other, "two");
	for (size_t i = 0; i < ELEMENTSOF(loops); i++) ck_assert_int_eq(loop_start("server", &loops[i]), 0);
	ck_assert_int_eq(loop_new(&mine), 0);
}

static void teardown(void) {
	for (size_t i = 0; i < ELEMENTSOF(loops); i++) loop_stop(loops[i]);
	loop_free(mine);
}

static int start(const struct net_server_options *o, struct net_server **s) { return net_server_start(loops, ELEMENTSOF(loops), o, s); }

static bool done;
static int done_err;
static void on_head(void *ctx, struct net_call *c, const struct http_response_head *h) {}
static void on_data(void *ctx, struct net_call *c, struct slice b) {}
static void on_done(void *ctx, int err, const char *msg) {
	done = true;
	done_err = err;
}
static const struct net_call_handler handler = { on_head, on_data, on_done, NULL };

/* The result of a GET by a client that trusts only `ca`. */
static int get(const char *host, uint16_t port, struct slice ca) {
	struct net_client *c;
	char url[80];
	struct http_request_head h = { .method = SLICE_LIT("GET"), .target = SLICE_LIT("/") };
	snprintf(url, sizeof(url), "https://%s:%u", host, port);
	ck_assert_int_eq(net_client_new(mine, &(struct net_client_options){ .ca_pem = ca, .server_name = "localhost" }, &c), 0);
	done = false;
	ck_assert_int_eq(net_call_start(c, url, &h, SLICE_NULL, 0, &handler, NULL, NULL), 0);
	while (!done) loop_run(mine, UV_RUN_ONCE);
	net_client_free(c);
	return done_err;
}

START_TEST(a_port_is_taken_once) {
	struct net_server *s, *t;
	char listen[32];
	struct net_server_options o = options("127.0.0.1:0");
	ck_assert_int_eq(start(&o, &s), 0);
	snprintf(listen, sizeof(listen), "127.0.0.1:%u", net_server_port(s));
	o = options(listen);
	ck_assert_int_eq(start(&o, &t), -EADDRINUSE);
	net_server_stop(s);
	ck_assert_int_eq(start(&o, &t), 0);
	ck_assert_int_eq(get("127.0.0.1", net_server_port(t), cert.cert_pem), 0);
	net_server_stop(t);
	net_server_stop(NULL);
}
END_TEST

START_TEST(bad_addresses_and_keys_are_refused) {
	static const char *const bad[] = { "", "localhost:1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "1.2.3:1", "[::1:1", ":x" };
	struct net_server *s;
	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		struct net_server_options o = options(bad[i]);
		ck_assert_msg(start(&o, &s) == -EINVAL, "accepted %s", bad[i]);
	}
	struct net_server_options o = options("127.0.0.1:0");
	o.key_pem = other.key_pem;
	ck_assert_int_eq(start(&o, &s), -EBADMSG);
	o = options("127.0.0.1:0");
	o.cert_pem = SLICE_LIT("no PEM");
	ck_assert_int_eq(start(&o, &s), -EBADMSG);
	struct net_client *c;
	ck_assert_int_eq(net_client_new(mine, &(struct net_client_options){ .ca_pem = SLICE_LIT("no PEM") }, &c), -EBADMSG);
	ck_assert_int_eq(net_client_new(mine, &(struct net_client_options){ .insecure = true, .cert_pem = cert.cert_pem, .key_pem = other.key_pem }, &c), -EBADMSG);
}
END_TEST

START_TEST(listens_on_ipv6) {
	struct net_server *s;
	struct net_server_options o = options("[::1]:0");
	int r = start(&o, &s);
	if (r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT) return; /* a machine without IPv6 */
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(get("[::1]", net_server_port(s), cert.cert_pem), 0);
	net_server_stop(s);
}
END_TEST

START_TEST(a_new_certificate_serves_new_connections) {
	struct net_server *s;
	struct net_server_options o = options("127.0.0.1:0");
	ck_assert_int_eq(start(&o, &s), 0);
	uint16_t port = net_server_port(s);
	ck_assert_int_eq(get("127.0.0.1", port, cert.cert_pem), 0);
	ck_assert_int_eq(get("127.0.0.1", port, other.cert_pem), -EKEYREJECTED);
	ck_assert_int_eq(net_server_set_cert(s, other.cert_pem, cert.key_pem), -EBADMSG);
	ck_assert_int_eq(get("127.0.0.1", port, cert.cert_pem), 0);
	ck_assert_int_eq(net_server_set_cert(s, other.cert_pem, other.key_pem), 0);
	/* Both loops have it when each has run a message posted later. */
	while (get("127.0.0.1", port, other.cert_pem) != 0) {}
	for (int i = 0; i < 8; i++) ck_assert_int_eq(get("127.0.0.1", port, other.cert_pem), 0);
	net_server_stop(s);
}
END_TEST

START_TEST(stops_right_after_the_start_and_while_draining) {
	struct net_server *s;
	struct net_server_options o = options("127.0.0.1:0");
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(start(&o, &s), 0);
		if (i % 2) net_server_drain(s);
		net_server_stop(s);
	}
}
END_TEST

int main(void) {
	Suite *s = suite_create("listen");
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_port_is_taken_once);
	tcase_add_test(t, bad_addresses_and_keys_are_refused);
	tcase_add_test(t, listens_on_ipv6);
	tcase_add_test(t, a_new_certificate_serves_new_connections);
	tcase_add_test(t, stops_right_after_the_start_and_while_draining);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
