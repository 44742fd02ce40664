/* SPDX-License-Identifier: Apache-2.0 */
#include "node/volume/atomic_writer.h"

#include "node/files.h"
#include "node/limits.h"
#include "node/volume/ownership.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define DATA_LINK "..data"
#define DATA_LINK_NEW "..data_tmp"
#define VERSION_NAME_MAX 64

struct writer {
	const char *dir;
	const struct volume_file *files;
	size_t n;
	char old[VERSION_NAME_MAX], fresh[VERSION_NAME_MAX]; /* names of version directories; old may be "" */
};

bool volume_path_valid(struct slice path) {
	if (slice_empty(path) || path.p[0] == '/' || path.n > VOLUME_PATH_MAX || memchr(path.p, 0, path.n)) return false;
	if (slice_starts(path, SLICE_LIT(".."))) return false;
	struct slice rest = path;
	while (rest.p) {
		struct slice e = slice_cut(&rest, '/');
		if (slice_empty(e) || e.n > PATH_ELEMENT_MAX || slice_eqs(e, "..") || slice_eqs(e, ".")) return false;
	}
	return true;
}

static int path_in(char out[VOLUME_PATH_MAX * 2], const struct writer *w, const char *version, struct slice rest) {
	int n = snprintf(out, VOLUME_PATH_MAX * 2, "%s/%s%s%.*s", w->dir, version, *version && rest.n ? "/" : "", SLICE_FMT(rest));
	return n < (int)VOLUME_PATH_MAX * 2 ? 0 : -ENAMETOOLONG;
}

static void old_version_find(struct writer *w) {
	char path[VOLUME_PATH_MAX * 2], target[VERSION_NAME_MAX];
	w->old[0] = 0;
	if (path_in(path, w, "", SLICE_LIT(DATA_LINK)) < 0) return;
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = 0;
	if (strncmp(target, "..", 2) == 0 && !strchr(target, '/')) memcpy(w->old, target, sizeof(target));
}

static bool file_is_same(struct writer *w, const struct volume_file *f) {
	char path[VOLUME_PATH_MAX * 2];
	_cleanup_buf_ struct buf b = BUF_INIT(f->bytes.n + 1);
	return path_in(path, w, w->old, f->path) == 0 && files_read(path, &b) == 0 && slice_eq(buf_slice(&b), f->bytes);
}

static size_t files_count(struct writer *w) {
	char path[VOLUME_PATH_MAX * 2];
	if (path_in(path, w, w->old, SLICE_NULL) < 0) return 0;
	char *paths[] = { path, NULL };
	FTS *f = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	size_t n = 0;
	for (FTSENT *e; f && (e = fts_read(f));) n += e->fts_info != FTS_D && e->fts_info != FTS_DP;
	if (f) fts_close(f);
	return n;
}

static bool nothing_changed(struct writer *w) {
	if (!w->old[0] || files_count(w) != w->n) return false;
	for (size_t i = 0; i < w->n; i++)
		if (!file_is_same(w, &w->files[i])) return false;
	return true;
}

static int version_make(struct writer *w, const struct env *env) {
	char path[VOLUME_PATH_MAX * 2];
	time_t now = (time_t)env_now_sec(env);
	uint32_t random;
	struct tm tm;
	int r = env_random(env, &random, sizeof(random));
	if (r < 0) return r;
	gmtime_r(&now, &tm);
	size_t n = strftime(w->fresh, sizeof(w->fresh), "..%Y_%m_%d_%H_%M_%S.", &tm);
	snprintf(w->fresh + n, sizeof(w->fresh) - n, "%u", random);
	r = path_in(path, w, w->fresh, SLICE_NULL);
	if (r < 0) return r;
	if (mkdir(path, 0755) < 0) return -errno;
	/* mkdir obeys the umask. */
	return chmod(path, 0755) < 0 ? -errno : 0;
}

static int parents_make(struct writer *w, struct slice path) {
	char full[VOLUME_PATH_MAX * 2];
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] != '/') continue;
		int r = path_in(full, w, w->fresh, slice_upto(path, i));
		if (r < 0) return r;
		if (mkdir(full, 0755) < 0 && errno != EEXIST) return -errno;
		if (chmod(full, 0755) < 0) return -errno;
	}
	return 0;
}

static int file_write(struct writer *w, const struct volume_file *f) {
	char path[VOLUME_PATH_MAX * 2];
	int r = parents_make(w, f->path);
	if (r == 0) r = path_in(path, w, w->fresh, f->path);
	if (r < 0) return r;
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) return -errno;
	struct slice left = f->bytes;
	while (left.n) {
		ssize_t n = write(fd, left.p, left.n);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return -errno;
		left = slice_from(left, (size_t)n);
	}
	if (f->uid >= 0 && fchown(fd, (uid_t)f->uid, (gid_t)-1) < 0) return -errno;
	return fchmod(fd, f->mode & 07777) < 0 ? -errno : 0;
}

static int version_switch(struct writer *w) {
	char fresh[VOLUME_PATH_MAX * 2], data[VOLUME_PATH_MAX * 2];
	int r = path_in(fresh, w, "", SLICE_LIT(DATA_LINK_NEW));
	if (r == 0) r = path_in(data, w, "", SLICE_LIT(DATA_LINK));
	if (r < 0) return r;
	(void)unlink(fresh);
	if (symlink(w->fresh, fresh) < 0) return -errno;
	if (rename(fresh, data) == 0) return 0;
	r = -errno;
	(void)unlink(fresh);
	return r;
}

static struct slice top_element(struct slice path) {
	struct slice rest = path;
	return slice_cut(&rest, '/');
}

static int visible_make(struct writer *w) {
	char link[VOLUME_PATH_MAX * 2], target[VOLUME_PATH_MAX];
	for (size_t i = 0; i < w->n; i++) {
		struct slice top = top_element(w->files[i].path);
		int r = path_in(link, w, "", top);
		if (r < 0) return r;
		snprintf(target, sizeof(target), DATA_LINK "/%.*s", SLICE_FMT(top));
		if (symlink(target, link) < 0 && errno != EEXIST) return -errno;
	}
	return 0;
}

static bool is_wanted(const struct writer *w, const char *name) {
	if (strcmp(name, DATA_LINK) == 0 || strcmp(name, w->fresh) == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return true;
	for (size_t i = 0; i < w->n; i++)
		if (slice_eqs(top_element(w->files[i].path), name)) return true;
	return false;
}

static void obsolete_remove(struct writer *w) {
	char path[VOLUME_PATH_MAX * 2];
	DIR *d = opendir(w->dir);
	for (struct dirent *e; d && (e = readdir(d));) {
		if (is_wanted(w, e->d_name) || path_in(path, w, "", slice_str(e->d_name)) < 0) continue;
		(void)files_remove_tree(path);
	}
	if (d) closedir(d);
}

static int version_write(struct writer *w, int64_t fs_group) {
	char path[VOLUME_PATH_MAX * 2];
	int r = 0;
	for (size_t i = 0; i < w->n && r == 0; i++) r = file_write(w, &w->files[i]);
	if (r == 0) r = path_in(path, w, w->fresh, SLICE_NULL);
	if (r == 0 && fs_group >= 0) r = volume_set_group(path, (uint32_t)fs_group, false, false);
	if (r == 0) r = version_switch(w);
	if (r < 0 && path_in(path, w, w->fresh, SLICE_NULL) == 0) (void)files_remove_tree(path);
	return r;
}

int atomic_writer_write(const char *dir, const struct volume_file *files, size_t n, int64_t fs_group, const struct env *env) {
	struct writer w = { .dir = dir, .files = files, .n = n };
	if (strlen(dir) >= VOLUME_PATH_MAX) return -ENAMETOOLONG;
	for (size_t i = 0; i < n; i++)
		if (!volume_path_valid(files[i].path)) return -EINVAL;
	old_version_find(&w);
	if (nothing_changed(&w)) return 0;
	int r = version_make(&w, env);
	if (r == 0) r = version_write(&w, fs_group);
	if (r == 0) r = visible_make(&w);
	if (r < 0) return r;
	obsolete_remove(&w);
	return 1;
}
