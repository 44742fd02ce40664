/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/file.h"

#include <errno.h>
#include <fcntl.h>

int file_read_fd(struct ctl *c, int fd, struct slice *ret) {
	struct buf b = BUF_INIT(CTL_FILE_MAX);
	for (;;) {
		if (buf_reserve(&b, 65536) < 0) break;
		ssize_t n = read(fd, b.p + b.n, 65536);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) {
			int e = -errno;
			buf_done(&b);
			return e;
		}
		if (n == 0) {
			*ret = ctl_take(c, &b);
			return 0;
		}
		b.n += (size_t)n;
	}
	int e = b.err;
	buf_done(&b);
	return e;
}

int file_read(struct ctl *c, const char *path, struct slice *ret) {
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : file_read_fd(c, fd, ret);
}

int file_write(const char *path, struct slice text, unsigned mode) {
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	return fd < 0 ? -errno : write_all(fd, text);
}

const char *file_error(int err) {
	static const struct { int err; const char *text; } go[] = {
		{ ENOENT, "no such file or directory" }, { EACCES, "permission denied" }, { EISDIR, "is a directory" },
		{ ENOTDIR, "not a directory" }, { E2BIG, "file is too large" }, { EEXIST, "file exists" },
	};
	for (size_t i = 0; i < ELEMENTSOF(go); i++)
		if (go[i].err == -err) return go[i].text;
	return strerror(-err);
}
