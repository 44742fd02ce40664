/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/address.h"
#include "base/slice.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

int address_split(const char *text, char host[ADDRESS_MAX], uint16_t *ret_port) {
	struct slice all = slice_str(text), name;
	const char *colon = strrchr(text, ':');
	uint64_t port;
	if (!colon) return -EINVAL;
	name = slice_upto(all, (size_t)(colon - text));
	if (name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']') name = slice_make(name.p + 1, name.n - 2);
	if (name.n >= ADDRESS_MAX || slice_uint(slice_str(colon + 1), 65535, &port) < 0) return -EINVAL;
	if (name.n == 0) name = SLICE_LIT("0.0.0.0");
	memcpy(host, name.p, name.n);
	host[name.n] = 0;
	unsigned char bytes[16];
	if (inet_pton(AF_INET, host, bytes) != 1 && inet_pton(AF_INET6, host, bytes) != 1) return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

int address_in_cidr(const char *cidr, uint32_t n, char out[ADDRESS_MAX]) {
	struct slice bits_text = slice_str(cidr), ip_text = slice_cut(&bits_text, '/');
	unsigned char ip[16];
	char text[ADDRESS_MAX];
	uint64_t bits;
	if (ip_text.n >= sizeof(text) || slice_empty(bits_text)) return -EINVAL;
	memcpy(text, ip_text.p, ip_text.n);
	text[ip_text.n] = 0;
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	unsigned width = family == AF_INET ? 32 : 128;
	if (inet_pton(family, text, ip) != 1 || slice_uint(bits_text, width, &bits) < 0) return -EINVAL;
	if (width - bits < 32 && n >= 1u << (width - bits)) return -ERANGE;
	uint64_t carry = n;
	for (unsigned i = width / 8; i-- > 0;) {
		unsigned kept = bits >= (i + 1) * 8 ? 8 : bits > i * 8 ? (unsigned)(bits - i * 8) : 0;
		ip[i] = (unsigned char)(ip[i] & (0xff00u >> kept)); /* host bits of the base off */
		carry += ip[i];
		ip[i] = (unsigned char)carry;
		carry >>= 8;
	}
	return inet_ntop(family, ip, out, ADDRESS_MAX) ? 0 : -EINVAL;
}

void address_of_machine(char out[ADDRESS_MAX]) {
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) }, from;
	socklen_t n = sizeof(from);
	snprintf(out, ADDRESS_MAX, "127.0.0.1");
	/* 203.0.113.0/24 is documentation space (RFC 5737): only the routing decision is wanted. */
	inet_pton(AF_INET, "203.0.113.1", &to.sin_addr);
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) return;
	if (getsockname(fd, (struct sockaddr *)&from, &n) == 0) inet_ntop(AF_INET, &from.sin_addr, out, ADDRESS_MAX);
}

bool address_is_loopback(const char *host) { return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0; }
bool address_is_any(const char *host) { return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0; }
