/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

int file_read(const char *path, struct buf *out) {
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) return -errno;
	for (;;) {
		int r = buf_reserve(out, 4096);
		if (r < 0) return r;
		ssize_t n = read(fd, out->p + out->n, 4096);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return -errno;
		if (n == 0) return 0;
		out->n += (size_t)n;
	}
}

static int write_all(int fd, struct slice bytes) {
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return -errno;
		bytes = slice_from(bytes, (size_t)n);
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int folder_sync(const char *path) {
	char copy[PATH_MAX];
	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy)) return -ENAMETOOLONG;
	_cleanup_close_ int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int file_write(const char *path, struct slice bytes, unsigned mode) {
	char tmp[PATH_MAX];
	if (snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= (int)sizeof(tmp)) return -ENAMETOOLONG;
	(void)unlink(tmp);
	_cleanup_close_ int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0) return -errno;
	int r = fchmod(fd, mode) < 0 ? -errno : write_all(fd, bytes);
	if (r == 0 && rename(tmp, path) < 0) r = -errno;
	if (r < 0) {
		(void)unlink(tmp);
		return r;
	}
	return folder_sync(path);
}

int dir_make(const char *path, unsigned mode) {
	char part[PATH_MAX];
	if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part)) return -ENAMETOOLONG;
	for (char *at = part + 1;; at++) {
		if (*at != '/' && *at != 0) continue;
		char was = *at;
		*at = 0;
		if (mkdir(part, mode) < 0 && errno != EEXIST) return -errno;
		if (was == 0) break;
		*at = was;
	}
	struct stat st;
	if (stat(path, &st) < 0) return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

static int remove_one(const char *path, const struct stat *st k8c_unused, int type k8c_unused, struct FTW *ftw k8c_unused) {
	return remove(path);
}

int dir_remove(const char *path) { return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0 ? -errno : 0; }
