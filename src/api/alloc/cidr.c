/* SPDX-License-Identifier: Apache-2.0 */
#include "api/alloc/cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

int cidr_address(struct slice text, uint32_t *ret) {
	char s[INET_ADDRSTRLEN];
	struct in_addr a;
	if (text.n == 0 || text.n >= sizeof(s)) return -EINVAL;
	memcpy(s, text.p, text.n);
	s[text.n] = 0;
	if (inet_pton(AF_INET, s, &a) != 1) return -EINVAL;
	*ret = ntohl(a.s_addr);
	return 0;
}

int cidr_parse(const char *text, struct cidr *ret) {
	struct slice rest = slice_str(text), ip = slice_cut(&rest, '/');
	int64_t bits;
	uint32_t a;
	if (cidr_address(ip, &a) < 0 || slice_int(rest, 1, 30, &bits) < 0) return -EINVAL;
	ret->mask = ~(uint32_t)0 << (32 - bits);
	ret->base = a & ret->mask;
	return 0;
}

void cidr_format(uint32_t ip, char out[16]) { snprintf(out, 16, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255); }
bool cidr_contains(const struct cidr *c, uint32_t ip) { return (ip & c->mask) == c->base; }
uint32_t cidr_usable(const struct cidr *c) { return ~c->mask - 1; }

uint32_t cidr_static_band(const struct cidr *c) {
	uint32_t n = cidr_usable(c), band = n / 16;
	if (n < 16) return 0;
	if (band < 16) band = 16;
	return band > 256 ? 256 : band;
}
