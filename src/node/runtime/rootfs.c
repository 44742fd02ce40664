/* SPDX-License-Identifier: Apache-2.0 */
#include "node/runtime/rootfs.h"

#include "node/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define OPEN_RETRIES 64

/* RESOLVE_IN_ROOT answers EAGAIN while somebody renames on the way. */
static int open2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };
	for (int i = 0; i < OPEN_RETRIES; i++) {
		int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd >= 0) return fd;
		if (errno != EAGAIN && errno != EINTR) return -errno;
	}
	return -EAGAIN;
}

int rootfs_open(const char *root, const char *path, int flags) {
	_cleanup_close_ int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) return -errno;
	return open2(dir, path, (uint64_t)flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int rootfs_read(struct arena *a, const char *root, const char *path, size_t max, struct slice *ret) {
	_cleanup_close_ int fd = rootfs_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) return fd;
	struct stat st;
	if (fstat(fd, &st) < 0) return -errno;
	if (!S_ISREG(st.st_mode)) return -EINVAL;
	if (st.st_size < 0 || (uint64_t)st.st_size > max) return -EFBIG;
	char *p = arena_alloc(a, (size_t)st.st_size + 1);
	if (!p) return -ENOMEM;
	size_t n = 0;
	while (n < (size_t)st.st_size) {
		ssize_t got = read(fd, p + n, (size_t)st.st_size - n);
		if (got < 0 && errno == EINTR) continue;
		if (got < 0) return -errno;
		if (got == 0) break;
		n += (size_t)got;
	}
	p[n] = 0;
	*ret = slice_make(p, n);
	return 0;
}

static bool next_element(struct slice *rest, char element[PATH_ELEMENT_MAX + 1], int *ret_err) {
	while (rest->p) {
		struct slice e = slice_cut(rest, '/');
		if (slice_empty(e) || slice_eqs(e, ".")) continue;
		*ret_err = slice_eqs(e, "..") ? -EINVAL : e.n > PATH_ELEMENT_MAX ? -ENAMETOOLONG : 0;
		if (*ret_err == 0) memcpy(element, e.p, e.n), element[e.n] = 0;
		return true;
	}
	return false;
}

/* Makes one directory and opens it; its mode is set whatever the umask. */
static int directory_make(int dir, const char *element, unsigned mode, uint64_t resolve) {
	char proc[64];
	if (mkdirat(dir, element, 0700) < 0) return -errno;
	int fd = open2(dir, element, O_PATH | O_NOFOLLOW | O_DIRECTORY, 0, resolve);
	if (fd < 0) return fd;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (chmod(proc, mode & 07777) == 0) return fd;
	close(fd);
	return -errno;
}

int rootfs_open_beneath(const char *root, const char *path, bool create, unsigned mode) {
	const uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), err = 0;
	char element[PATH_ELEMENT_MAX + 1];
	struct slice rest = slice_str(path);
	if (dir < 0) return -errno;
	while (next_element(&rest, element, &err)) {
		int next = err ? err : open2(dir, element, O_PATH | O_NOFOLLOW, 0, resolve);
		if (next == -ENOENT && create) next = directory_make(dir, element, mode, resolve);
		close(dir);
		if (next < 0) return next;
		dir = next;
	}
	struct stat st;
	if (fstat(dir, &st) == 0 && !S_ISLNK(st.st_mode)) return dir;
	close(dir);
	return -ELOOP;
}

static int element_make(int dir, const char *element, bool directory) {
	if (directory) return mkdirat(dir, element, 0755) < 0 && errno != EEXIST ? -errno : 0;
	_cleanup_close_ int fd = openat(dir, element, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 && errno != EEXIST ? -errno : 0;
}

int rootfs_make_target(const char *root, const char *path, bool directory) {
	char sofar[VOLUME_PATH_MAX] = "", element[PATH_ELEMENT_MAX + 1];
	struct slice rest = slice_str(path);
	int err = 0;
	size_t n = 0;
	while (next_element(&rest, element, &err)) {
		if (err < 0) return err;
		_cleanup_close_ int parent = rootfs_open(root, n ? sofar : "/", O_PATH | O_DIRECTORY);
		if (parent < 0) return parent;
		n += (size_t)snprintf(sofar + n, sizeof(sofar) - n, "/%s", element);
		if (n >= sizeof(sofar)) return -ENAMETOOLONG;
		/* Through links, as the container would see it: only what is missing is made. */
		_cleanup_close_ int there = rootfs_open(root, sofar, O_PATH);
		if (there >= 0) continue;
		int r = element_make(parent, element, directory || rest.p);
		if (r < 0) return r;
	}
	return 0;
}
