/* SPDX-License-Identifier: Apache-2.0 */
#include "node/net/ruleset.h"
#include "suite.h"

#include <nftables/libnftables.h>
#include <stdlib.h>

static const struct ruleset_endpoint two[] = { { "10.244.0.5", 80 }, { "10.244.0.6", 8080 } }, one[] = { { "10.244.0.7", 53 } };
static const char *const outside[] = { "192.0.2.9" };
static const struct ruleset_port web_ports[] = { { "tcp", 80, 30080, two, 2 }, { "udp", 53, 0, one, 1 }, { "tcp", 443, 30443, NULL, 0 } };
static const struct ruleset_port sticky_ports[] = { { "tcp", 8080, 0, two, 2 } };
static const struct ruleset_service services[] = {
	{ "10.96.0.20", outside, 1, false, web_ports, 3 },
	{ "10.96.0.21", NULL, 0, true, sticky_ports, 1 },
};
static const struct ruleset some = { "10.244.0.0/24", "10.244.0.0/16", "10.244.0.1", "10.96.0.10", 1053, services, 2 };
static const struct ruleset none = { "10.244.0.0/24", "10.244.0.0/16", "10.244.0.1", NULL, 0, NULL, 0 };

static void has(const struct buf *b, const char *line) {
	ck_assert_msg(slice_find(buf_slice(b), slice_str(line)) >= 0, "not there: %s\nin: %.*s", line, (int)b->n, b->p);
}

/* libnftables reads it: what it says is wrong, without touching the machine. */
static void is_well_formed(struct buf *b) {
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	ck_assert_ptr_nonnull(nft);
	nft_ctx_set_dry_run(nft, true);
	nft_ctx_buffer_error(nft);
	ck_assert_int_eq(buf_putc(b, '\0'), 0);
	int r = nft_run_cmd_from_buffer(nft, b->p);
	const char *why = nft_ctx_get_error_buffer(nft);
	/* Without rights the parser still runs: only what it says counts. */
	ck_assert_msg(r == 0 || strstr(why, "syntax error") == NULL, "%s", why);
	nft_ctx_free(nft);
}

static const char *const lines[] = {
	"table ip k8c {}\ndelete table ip k8c\ntable ip k8c {\n",
	"  elements = { 10.96.0.20, 10.96.0.21, 10.96.0.10 }\n",
	" chain svc-0-0 {\n  meta l4proto tcp dnat ip addr . port to numgen random mod 2 map { 0 : 10.244.0.5 . 80, 1 : 10.244.0.6 . 8080 }\n }\n",
	" chain svc-0-1 {\n  meta l4proto udp dnat to 10.244.0.7:53\n }\n",
	"  meta l4proto tcp dnat ip addr . port to jhash ip saddr mod 2 map { 0 : 10.244.0.5 . 80, 1 : 10.244.0.6 . 8080 }\n",
	"  elements = { 10.96.0.20 . tcp . 80 : goto svc-0-0, 192.0.2.9 . tcp . 80 : goto svc-0-0, 10.96.0.20 . udp . 53 : goto svc-0-1, "
	"192.0.2.9 . udp . 53 : goto svc-0-1, 10.96.0.21 . tcp . 8080 : goto svc-1-0 }\n",
	"  elements = { tcp . 30080 : goto svc-0-0 }\n",
	"  ip daddr 10.96.0.10 udp dport 53 dnat to 10.244.0.1:1053\n  ip daddr 10.96.0.10 tcp dport 53 dnat to 10.244.0.1:1053\n",
	"  ip daddr @cluster-addresses icmp type echo-request dnat to 10.244.0.1\n",
	"  ip saddr 10.244.0.0/24 ip daddr != 10.244.0.0/16 ip daddr != 224.0.0.0/4 masquerade\n",
	"ip saddr 10.244.0.0/24 ip daddr 127.0.0.0/8 drop;",
};

START_TEST(text) {
	_cleanup_buf_ struct buf b = BUF_INIT(RULESET_MAX);
	ck_assert_int_eq(ruleset_write(&some, &b), 0);
	has(&b, lines[_i]);
}
END_TEST

START_TEST(ports_without_endpoints_are_no_rules) {
	_cleanup_buf_ struct buf b = BUF_INIT(RULESET_MAX);
	ck_assert_int_eq(ruleset_write(&some, &b), 0);
	ck_assert_int_lt(slice_find(buf_slice(&b), SLICE_LIT("30443")), 0);
	ck_assert_int_lt(slice_find(buf_slice(&b), SLICE_LIT("svc-0-2")), 0);
}
END_TEST

START_TEST(nothing_gives_empty_maps) {
	_cleanup_buf_ struct buf b = BUF_INIT(RULESET_MAX);
	ck_assert_int_eq(ruleset_write(&none, &b), 0);
	has(&b, " set cluster-addresses {\n  type ipv4_addr\n }\n");
	has(&b, " map services {\n  type ipv4_addr . inet_proto . inet_service : verdict\n }\n");
	ck_assert_int_lt(slice_find(buf_slice(&b), SLICE_LIT("elements")), 0);
	ck_assert_int_lt(slice_find(buf_slice(&b), SLICE_LIT("dport 53")), 0);
}
END_TEST

START_TEST(nft_reads_it) {
	_cleanup_buf_ struct buf b = BUF_INIT(RULESET_MAX), c = BUF_INIT(RULESET_MAX), d = BUF_INIT(4096);
	ck_assert_int_eq(ruleset_write(&some, &b), 0);
	is_well_formed(&b);
	ck_assert_int_eq(ruleset_write(&none, &c), 0);
	is_well_formed(&c);
	ck_assert_int_eq(ruleset_remove(&d), 0);
	is_well_formed(&d);
}
END_TEST

START_TEST(too_much_is_said) {
	_cleanup_buf_ struct buf b = BUF_INIT(200);
	ck_assert_int_eq(ruleset_write(&some, &b), -7 /* E2BIG */);
}
END_TEST

static const struct { const char *text; bool is; } addresses[] = {
	{ "10.0.0.1", true }, { "255.255.255.255", true }, { "10.0.0", false }, { "10.0.0.256", false }, { "::1", false }, { "", false }, { NULL, false }, { "1.2.3.4 ", false },
};
START_TEST(ipv4) { ck_assert_int_eq(ruleset_is_ipv4(addresses[_i].text), addresses[_i].is); }
END_TEST

int main(void) {
	TCase *t = tcase_create("all");
	tcase_add_loop_test(t, text, 0, ELEMENTSOF(lines));
	tcase_add_test(t, ports_without_endpoints_are_no_rules);
	tcase_add_test(t, nothing_gives_empty_maps);
	tcase_add_test(t, nft_reads_it);
	tcase_add_test(t, too_much_is_said);
	tcase_add_loop_test(t, ipv4, 0, ELEMENTSOF(addresses));
	return suite_run(suite_create("ruleset"), t);
}
