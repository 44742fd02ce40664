/* SPDX-License-Identifier: Apache-2.0 */
#include "node/dns/answer.h"
#include "node/dns/server.h"
#include "suite.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>

#define MANY 200u

static struct arena *a;
static void setup(void) { a = arena_new(0); }
static void teardown(void) { a = arena_free(a); }

static const struct dns_port web[] = { { { "http", 4 }, { "TCP", 3 }, 80 }, { { "dns", 3 }, { "UDP", 3 }, 53 } };
static const struct dns_endpoint pair[] = { { { "10.244.0.5", 10 }, { "web-0", 5 }, web, 2 }, { { "10.244.0.6", 10 }, { NULL, 0 }, web, 1 } };
static struct dns_endpoint crowd[MANY];
static char crowd_ips[MANY][16];

static int find_service(void *ctx, struct arena *arena, struct slice ns, struct slice name, struct dns_service *ret) {
	if (!slice_eqs(ns, "shop")) return -ENOENT;
	if (slice_eqs(name, "front")) *ret = (struct dns_service){ .cluster_ip = SLICE_LIT("10.96.0.7"), .ports = web, .n_ports = 2 };
	else if (slice_eqs(name, "pair")) *ret = (struct dns_service){ .headless = true, .endpoints = pair, .n_endpoints = 2 };
	else if (slice_eqs(name, "empty")) *ret = (struct dns_service){ .headless = true };
	else if (slice_eqs(name, "crowd")) *ret = (struct dns_service){ .headless = true, .endpoints = crowd, .n_endpoints = MANY };
	else if (slice_eqs(name, "away")) *ret = (struct dns_service){ .external_name = SLICE_LIT("example.org") };
	else return -ENOENT;
	return 0;
}

static bool namespace_is_there(void *ctx, struct slice ns) { return slice_eqs(ns, "shop"); }

static int find_reverse(void *ctx, struct arena *arena, struct slice ip, struct slice *ret) {
	if (!slice_eqs(ip, "10.96.0.7")) return -ENOENT;
	*ret = SLICE_LIT("front.shop.svc");
	return 0;
}

static const struct dns_zone zone = { { "cluster.local", 13 }, NULL, find_service, namespace_is_there, find_reverse };

/* Asks, and returns the verdict; the answer's records as text, sections marked, in *ret. */
static int ask(const char *name, ldns_rr_type type, uint16_t edns, bool tcp, ldns_pkt **ret) {
	_cleanup_buf_ struct buf out = BUF_INIT(DNS_PACKET_MAX);
	uint8_t *wire = NULL;
	size_t n = 0;
	ldns_pkt *query = NULL;
	ck_assert_int_eq(ldns_pkt_query_new_frm_str(&query, name, type, LDNS_RR_CLASS_IN, LDNS_RD), LDNS_STATUS_OK);
	ldns_pkt_set_id(query, 4711);
	if (edns) ldns_pkt_set_edns_udp_size(query, edns);
	ck_assert_int_eq(ldns_pkt2wire(&wire, query, &n), LDNS_STATUS_OK);
	int r = dns_answer(&zone, a, slice_make(wire, n), tcp, &out);
	*ret = NULL;
	if (r == DNS_ANSWERED) {
		ck_assert_uint_le(out.n, tcp ? DNS_PACKET_MAX : edns ? DNS_UDP_MAX : 512u);
		ck_assert_int_eq(ldns_wire2pkt(ret, (uint8_t *)out.p, out.n), LDNS_STATUS_OK);
		ck_assert_uint_eq(ldns_pkt_id(*ret), 4711);
		ck_assert(ldns_pkt_qr(*ret));
	}
	LDNS_FREE(wire);
	ldns_pkt_free(query);
	return r;
}

static void append(char *text, size_t size, const char *mark, ldns_rr_list *list) {
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		ldns_rr *rr = ldns_rr_list_rr(list, i);
		char *one = ldns_rr2str(rr);
		for (char *c = one; *c; c++)
			if (*c == '\t' || *c == '\n') *c = ' ';
		size_t at = strlen(text);
		snprintf(text + at, size - at, "%s%s", mark, one);
		LDNS_FREE(one);
	}
}

#define SOA "!cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 5 "
#define PAIR_0 "web-0.pair.shop.svc.cluster.local."
#define PAIR_1 "10-244-0-6.pair.shop.svc.cluster.local."
#define FRONT "front.shop.svc.cluster.local."
static const struct { const char *name; ldns_rr_type type; int rcode; const char *records; } cases[] = {
	{ FRONT, LDNS_RR_TYPE_A, 0, FRONT " 5 IN A 10.96.0.7 " },
	{ "Front.SHOP.svc.Cluster.Local.", LDNS_RR_TYPE_A, 0, "Front.SHOP.svc.Cluster.Local. 5 IN A 10.96.0.7 " },
	{ FRONT, LDNS_RR_TYPE_AAAA, 0, SOA },
	{ "nobody.shop.svc.cluster.local.", LDNS_RR_TYPE_A, 3, SOA },
	{ "front.other.svc.cluster.local.", LDNS_RR_TYPE_A, 3, SOA },
	{ "shop.svc.cluster.local.", LDNS_RR_TYPE_A, 0, SOA },
	{ "other.svc.cluster.local.", LDNS_RR_TYPE_A, 3, SOA },
	{ "cluster.local.", LDNS_RR_TYPE_A, 0, SOA },
	{ "x.y.cluster.local.", LDNS_RR_TYPE_A, 3, SOA },
	{ "dns-version.cluster.local.", LDNS_RR_TYPE_TXT, 0, "dns-version.cluster.local. 5 IN TXT \"1.1.0\" " },
	{ "_http._tcp." FRONT, LDNS_RR_TYPE_SRV, 0, "_http._tcp." FRONT " 5 IN SRV 0 100 80 " FRONT " +" FRONT " 5 IN A 10.96.0.7 " },
	{ "_dns._udp." FRONT, LDNS_RR_TYPE_SRV, 0, "_dns._udp." FRONT " 5 IN SRV 0 100 53 " FRONT " +" FRONT " 5 IN A 10.96.0.7 " },
	{ "_dns._tcp." FRONT, LDNS_RR_TYPE_SRV, 3, SOA },
	{ "_no._tcp." FRONT, LDNS_RR_TYPE_SRV, 3, SOA },
	{ "pair.shop.svc.cluster.local.", LDNS_RR_TYPE_A, 0, "pair.shop.svc.cluster.local. 5 IN A 10.244.0.5 pair.shop.svc.cluster.local. 5 IN A 10.244.0.6 " },
	{ PAIR_0, LDNS_RR_TYPE_A, 0, PAIR_0 " 5 IN A 10.244.0.5 " },
	{ PAIR_1, LDNS_RR_TYPE_A, 0, PAIR_1 " 5 IN A 10.244.0.6 " },
	{ "web-1.pair.shop.svc.cluster.local.", LDNS_RR_TYPE_A, 3, SOA },
	{ "empty.shop.svc.cluster.local.", LDNS_RR_TYPE_A, 0, SOA },
	{ "_http._tcp.pair.shop.svc.cluster.local.", LDNS_RR_TYPE_SRV, 0,
	  "_http._tcp.pair.shop.svc.cluster.local. 5 IN SRV 0 100 80 " PAIR_0 " _http._tcp.pair.shop.svc.cluster.local. 5 IN SRV 0 100 80 " PAIR_1
	  " +" PAIR_0 " 5 IN A 10.244.0.5 +" PAIR_1 " 5 IN A 10.244.0.6 " },
	{ "away.shop.svc.cluster.local.", LDNS_RR_TYPE_A, 0, "away.shop.svc.cluster.local. 5 IN CNAME example.org. " },
	{ "10-244-0-9.shop.pod.cluster.local.", LDNS_RR_TYPE_A, 0, "10-244-0-9.shop.pod.cluster.local. 5 IN A 10.244.0.9 " },
	{ "10-244-x-9.shop.pod.cluster.local.", LDNS_RR_TYPE_A, 3, SOA },
	{ "7.0.96.10.in-addr.arpa.", LDNS_RR_TYPE_PTR, 0, "7.0.96.10.in-addr.arpa. 5 IN PTR " FRONT " " },
};

START_TEST(answers) {
	char text[4096] = "";
	ldns_pkt *got;
	ck_assert_int_eq(ask(cases[_i].name, cases[_i].type, 0, false, &got), DNS_ANSWERED);
	append(text, sizeof(text), "", ldns_pkt_answer(got));
	append(text, sizeof(text), "!", ldns_pkt_authority(got));
	append(text, sizeof(text), "+", ldns_pkt_additional(got));
	ck_assert_int_eq(ldns_pkt_get_rcode(got), cases[_i].rcode);
	ck_assert(ldns_pkt_aa(got));
	ck_assert_str_eq(text, cases[_i].records);
	ldns_pkt_free(got);
}
END_TEST

static const char *const elsewhere[] = { "example.org.", "notcluster.local.", "local.", "8.8.8.8.in-addr.arpa.", "." };
START_TEST(names_outside_are_forwarded) {
	ldns_pkt *got;
	ck_assert_int_eq(ask(elsewhere[_i], LDNS_RR_TYPE_A, 0, false, &got), DNS_FORWARD);
}
END_TEST

START_TEST(too_many_for_udp) {
	ldns_pkt *got;
	for (size_t i = 0; i < MANY; i++) {
		snprintf(crowd_ips[i], sizeof(crowd_ips[i]), "10.244.1.%zu", i);
		crowd[i] = (struct dns_endpoint){ .ip = slice_str(crowd_ips[i]) };
	}
	static const struct { uint16_t edns; bool tcp; } ways[] = { { 0, false }, { 1232, false }, { 65000, false }, { 0, true } };
	for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
		ck_assert_int_eq(ask("crowd.shop.svc.cluster.local.", LDNS_RR_TYPE_A, ways[i].edns, ways[i].tcp, &got), DNS_ANSWERED);
		ck_assert_int_eq(ldns_pkt_tc(got), !ways[i].tcp);
		ck_assert_uint_eq(ldns_rr_list_rr_count(ldns_pkt_answer(got)), ways[i].tcp ? MANY : 0);
		ldns_pkt_free(got);
	}
}
END_TEST

static const struct slice broken[] = {
	{ NULL, 0 }, { "x", 1 }, { "\x12\x34\x01\0\0\1\0\0\0\0\0\0", 12 }, { "\x12\x34\x01\0\0\1\0\0\0\0\0\0\3abc", 16 },
	{ "\x12\x34\x01\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", 18 },     /* a name that points to itself */
	{ "\x12\x34\x81\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1", 19 },        /* an answer */
	{ "\x12\x34\x01\0\0\0\0\0\0\0\0\0", 12 },                      /* no question */
	{ "\x12\x34\x29\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1", 19 },        /* an update */
};
START_TEST(broken_packets_are_dropped) {
	_cleanup_buf_ struct buf out = BUF_INIT(4096);
	ck_assert_int_eq(dns_answer(&zone, a, broken[_i], false, &out), DNS_DROP);
	ck_assert_int_eq(dns_refuse(broken[_i], 2, &out), DNS_DROP);
	ck_assert_uint_eq(out.n, 0);
}
END_TEST

START_TEST(refusal) {
	_cleanup_buf_ struct buf out = BUF_INIT(4096);
	static const char query[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1";
	ck_assert_int_eq(dns_refuse(slice_make(query, sizeof(query) - 1), 2, &out), DNS_ANSWERED);
	ck_assert_uint_eq(out.n, sizeof(query) - 1);
	ck_assert_int_eq(out.p[3] & 15, 2);
	ck_assert(memcmp(out.p, query, 2) == 0 && (out.p[2] & 0x80));
}
END_TEST

static const struct { const char *text; size_t n; const char *first, *last; } files[] = {
	{ "nameserver 1.1.1.1\n", 1, "1.1.1.1", "1.1.1.1" },
	{ "# nameserver 9.9.9.9\nsearch a\n nameserver\t1.1.1.1 \nnameserver 8.8.8.8", 2, "1.1.1.1", "8.8.8.8" },
	{ "nameserver 10.244.0.1\nnameserver 8.8.8.8\n", 1, "8.8.8.8", "8.8.8.8" },
	{ "nameserver ::1\nnameserver 1.2.3\nnameserver 1.1.1.1.1.1.1.1.1.1.1\nnameserver\n", 0, NULL, NULL },
	{ "nameserver 1.0.0.1\nnameserver 1.0.0.2\nnameserver 1.0.0.3\nnameserver 1.0.0.4\n", 3, "1.0.0.1", "1.0.0.3" },
	{ "", 0, NULL, NULL },
};
START_TEST(resolvers) {
	char ret[DNS_UPSTREAMS_MAX][16];
	ck_assert_uint_eq(dns_upstreams(slice_str(files[_i].text), "10.244.0.1", ret), files[_i].n);
	if (!files[_i].n) return;
	ck_assert_str_eq(ret[0], files[_i].first);
	ck_assert_str_eq(ret[files[_i].n - 1], files[_i].last);
}
END_TEST

int main(void) {
	TCase *t = tcase_create("all");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, answers, 0, ELEMENTSOF(cases));
	tcase_add_loop_test(t, names_outside_are_forwarded, 0, ELEMENTSOF(elsewhere));
	tcase_add_test(t, too_many_for_udp);
	tcase_add_loop_test(t, broken_packets_are_dropped, 0, ELEMENTSOF(broken));
	tcase_add_test(t, refusal);
	tcase_add_loop_test(t, resolvers, 0, ELEMENTSOF(files));
	return suite_run(suite_create("dns"), t);
}
