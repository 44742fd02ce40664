/* SPDX-License-Identifier: Apache-2.0 */
#include "node/files.h"

#include "node/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <mntent.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define MOUNTS_BELOW_MAX 16384u

int files_mkdir_p(const char *path, mode_t mode) {
	char copy[VOLUME_PATH_MAX];
	size_t n = strlen(path);
	if (n == 0 || n >= sizeof(copy)) return -ENAMETOOLONG;
	memcpy(copy, path, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (copy[i] != '/' && copy[i] != 0) continue;
		char c = copy[i];
		copy[i] = 0;
		if (mkdir(copy, mode) < 0 && errno != EEXIST) return -errno;
		copy[i] = c;
	}
	struct stat st;
	if (stat(path, &st) < 0) return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

static int write_all(int fd, struct slice bytes) {
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return -errno;
		bytes = slice_from(bytes, (size_t)n);
	}
	return 0;
}

int files_write(const char *path, struct slice bytes, mode_t mode, bool durable) {
	char tmp[VOLUME_PATH_MAX + 8];
	if (snprintf(tmp, sizeof(tmp), "%s.new", path) >= (int)sizeof(tmp)) return -ENAMETOOLONG;
	_cleanup_close_ int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) return -errno;
	int r = write_all(fd, bytes);
	if (r == 0 && fchmod(fd, mode) < 0) r = -errno;
	if (r == 0 && durable && fsync(fd) < 0) r = -errno;
	if (r == 0 && rename(tmp, path) < 0) r = -errno;
	if (r < 0) (void)unlink(tmp);
	return r;
}

int files_read(const char *path, struct buf *ret) {
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) return -errno;
	struct stat st;
	if (fstat(fd, &st) < 0) return -errno;
	if (!S_ISREG(st.st_mode)) return -EINVAL;
	for (;;) {
		if (ret->n == ret->max) return -EFBIG;
		size_t want = ret->max - ret->n < 65536 ? ret->max - ret->n : 65536;
		if (buf_reserve(ret, want) < 0) return buf_err(ret);
		ssize_t n = read(fd, ret->p + ret->n, want);
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) return n < 0 ? -errno : 0;
		ret->n += (size_t)n;
	}
}

int files_read_arena(struct arena *a, const char *path, size_t max, struct slice *ret) {
	_cleanup_buf_ struct buf b = BUF_INIT(max + 1);
	int r = files_read(path, &b);
	if (r < 0) return r;
	struct slice copy = arena_slice_dup(a, buf_slice(&b));
	if (!copy.p) return -ENOMEM;
	*ret = copy;
	return 0;
}

static FTS *tree_open(const char *path) {
	char *paths[] = { (char *)path, NULL };
	return fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
}

int files_remove_tree(const char *path) {
	FTS *f = tree_open(path);
	if (!f) return errno == ENOENT ? 0 : -errno;
	int r = 0;
	for (FTSENT *e; (e = fts_read(f));) {
		int done = 0;
		if (e->fts_info == FTS_DP) done = rmdir(e->fts_accpath);
		else if (e->fts_info != FTS_D && e->fts_info != FTS_DC) done = unlink(e->fts_accpath);
		if (done < 0 && errno != ENOENT && r == 0) r = -errno;
	}
	fts_close(f);
	return r;
}

uint64_t files_tree_bytes(const char *path) {
	FTS *f = tree_open(path);
	if (!f) return 0;
	uint64_t total = 0;
	for (FTSENT *e; (e = fts_read(f));)
		if (e->fts_info != FTS_DP && e->fts_statp) total += (uint64_t)e->fts_statp->st_blocks * 512u;
	fts_close(f);
	return total;
}

static bool is_below(const char *dir, const char *path) {
	size_t n = strlen(dir);
	return strncmp(dir, path, n) == 0 && (path[n] == 0 || path[n] == '/');
}

/* The mount points at or below `path`, in mount order, one allocation each. */
static int mounts_below(const char *path, char ***ret, size_t *ret_n) {
	FILE *f = setmntent("/proc/self/mounts", "re");
	if (!f) return -errno;
	char **list = NULL, line[VOLUME_PATH_MAX * 4];
	size_t n = 0;
	struct mntent m;
	while (n < MOUNTS_BELOW_MAX && getmntent_r(f, &m, line, sizeof(line))) {
		if (!is_below(path, m.mnt_dir)) continue;
		char **more = realloc(list, (n + 1) * sizeof(*list));
		if (!more) break;
		list = more;
		list[n] = strdup(m.mnt_dir);
		if (!list[n]) break;
		n++;
	}
	endmntent(f);
	*ret = list;
	*ret_n = n;
	return 0;
}

int files_unmount_below(const char *path) {
	char **list;
	size_t n;
	int r = mounts_below(path, &list, &n);
	if (r < 0) return r;
	for (size_t i = n; i > 0; i--) {
		if (umount2(list[i - 1], UMOUNT_NOFOLLOW) < 0 && umount2(list[i - 1], UMOUNT_NOFOLLOW | MNT_DETACH) < 0
		    && errno != EINVAL)
			r = -errno;
		free(list[i - 1]);
	}
	free(list);
	return r;
}

bool files_is_mount(const char *path) {
	struct statx sx;
	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &sx) < 0) return false;
	return (sx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}
