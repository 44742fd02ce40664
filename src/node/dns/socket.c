/* SPDX-License-Identifier: Apache-2.0 */
#include "node/dns/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* A port that is free for UDP may be taken for TCP. */
#define TRIES 16

static int bound(int type, const char *address, uint16_t *port) {
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(*port) };
	socklen_t n = sizeof(a);
	int one = 1;
	if (inet_pton(AF_INET, address, &a.sin_addr) != 1) return -EINVAL;
	_cleanup_close_ int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one)) < 0) return -errno;
	if (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0) return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || getsockname(fd, (struct sockaddr *)&a, &n) < 0) return -errno;
	*port = ntohs(a.sin_port);
	return TAKE_FD(fd);
}

int dns_sockets(const char *address, uint16_t *port, int *ret_udp, int *ret_tcp) {
	uint16_t asked = *port;
	int r = -EADDRINUSE;
	for (int i = 0; i < TRIES && r == -EADDRINUSE; i++) {
		uint16_t p = asked;
		_cleanup_close_ int udp = bound(SOCK_DGRAM, address, &p);
		if (udp < 0) return udp;
		int tcp = r = bound(SOCK_STREAM, address, &p);
		if (tcp < 0) continue;
		*port = p;
		*ret_udp = TAKE_FD(udp);
		*ret_tcp = tcp;
		return 0;
	}
	return r;
}
