/* SPDX-License-Identifier: Apache-2.0 */
#include "node/runtime/cgroup.h"

#include "node/files.h"
#include "node/limits.h"

#include <errno.h>
#include <fts.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>

#define PROCS_BYTES_MAX (4u * MIB)

/* Calls fn with "<mount><path>" for every cgroup hierarchy. */
static int each_hierarchy(const char *path, int (*fn)(const char *full, void *ctx), void *ctx) {
	FILE *f = setmntent("/proc/self/mounts", "re");
	if (!f) return -errno;
	char line[VOLUME_PATH_MAX * 2], full[VOLUME_PATH_MAX];
	struct mntent m;
	int r = 0;
	while (getmntent_r(f, &m, line, sizeof(line))) {
		if (strcmp(m.mnt_type, "cgroup") != 0 && strcmp(m.mnt_type, "cgroup2") != 0) continue;
		if (snprintf(full, sizeof(full), "%s%s", m.mnt_dir, path) >= (int)sizeof(full) || access(full, F_OK) < 0) continue;
		int one = fn(full, ctx);
		if (one < 0) r = one;
	}
	endmntent(f);
	return r;
}

static int remove_tree(const char *full, void *ctx) {
	char *paths[] = { (char *)full, NULL };
	FTS *f = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	if (!f) return -errno;
	int r = 0;
	for (FTSENT *e; (e = fts_read(f));)
		if (e->fts_info == FTS_DP && rmdir(e->fts_accpath) < 0 && errno != ENOENT) r = -errno;
	fts_close(f);
	return r;
}

static void kill_listed(const char *dir, size_t *count) {
	char path[VOLUME_PATH_MAX + 16];
	_cleanup_buf_ struct buf b = BUF_INIT(PROCS_BYTES_MAX);
	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	if (files_read(path, &b) < 0) return;
	struct slice rest = buf_slice(&b);
	while (rest.p) {
		int64_t pid;
		if (slice_int(slice_cut(&rest, '\n'), 2, INT32_MAX, &pid) == 0 && kill((pid_t)pid, SIGKILL) == 0) (*count)++;
	}
}

static int kill_tree(const char *full, void *ctx) {
	char *paths[] = { (char *)full, NULL };
	FTS *f = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	if (!f) return -errno;
	for (FTSENT *e; (e = fts_read(f));)
		if (e->fts_info == FTS_D) kill_listed(e->fts_path, ctx);
	fts_close(f);
	return 0;
}

int cgroup_remove(const char *path) { return each_hierarchy(path, remove_tree, NULL); }

size_t cgroup_kill(const char *path) {
	size_t count = 0;
	(void)each_hierarchy(path, kill_tree, &count);
	return count;
}
