/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/notify.h"
#include "base/compiler.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int notify_send(const char *state) {
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	if (!path || (path[0] != '/' && path[0] != '@')) return 0;
	size_t n = strlen(path);
	if (n >= sizeof(to.sun_path)) return -E2BIG;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@') to.sun_path[0] = 0; /* abstract name space */
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) return -errno;
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	return sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, len) < 0 ? -errno : 0;
}
