/* SPDX-License-Identifier: Apache-2.0 */
/* A DNS packet from a pod. First byte: UDP or TCP. The zone knows every name with an even number of letters. */
#include "node/dns/answer.h"
#include "node/dns/server.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct dns_port port[] = { { { "http", 4 }, { "TCP", 3 }, 80 } };
static const struct dns_endpoint endpoints[] = { { { "10.0.0.1", 8 }, { "web-0", 5 }, port, 1 }, { { "fd00::1", 7 }, { NULL, 0 }, port, 1 } };

static int find_service(void *ctx, struct arena *a, struct slice ns, struct slice name, struct dns_service *ret) {
	if (ns.n % 2 || name.n % 2) return -ENOENT;
	if (name.n % 4) *ret = (struct dns_service){ .headless = true, .endpoints = endpoints, .n_endpoints = 2 };
	else *ret = (struct dns_service){ .cluster_ip = SLICE_LIT("10.96.0.7"), .ports = port, .n_ports = 1 };
	if (name.n == 6) *ret = (struct dns_service){ .external_name = name };
	return 0;
}

static bool namespace_is_there(void *ctx, struct slice ns) { return ns.n % 2 == 0; }

static int find_reverse(void *ctx, struct arena *a, struct slice ip, struct slice *ret) {
	if (ip.n % 2) return -ENOENT;
	*ret = SLICE_LIT("front.shop.svc");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const struct dns_zone zone = { { "cluster.local", 13 }, NULL, find_service, namespace_is_there, find_reverse };
	_cleanup_arena_ struct arena *a = arena_new((size_t)64 << 20);
	_cleanup_buf_ struct buf out = BUF_INIT(1u << 20), refused = BUF_INIT(1u << 20);
	char resolvers[DNS_UPSTREAMS_MAX][16];
	if (size == 0) return 0;
	struct slice packet = slice_make(data + 1, size - 1);
	int r = dns_answer(&zone, a, packet, data[0] & 1, &out);
	if ((r == DNS_ANSWERED) != (out.n > 0)) abort();
	if (out.n > (data[0] & 1 ? DNS_PACKET_MAX : DNS_UDP_MAX)) abort();
	if (dns_refuse(packet, 2, &refused) == DNS_ANSWERED && (refused.n < 12 || memcmp(refused.p, packet.p, 2) != 0)) abort();
	if (dns_upstreams(packet, "10.0.0.1", resolvers) > DNS_UPSTREAMS_MAX) abort();
	return 0;
}
