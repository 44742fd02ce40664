/* SPDX-License-Identifier: Apache-2.0 */
#include "node/image/layer.h"

#include "node/files.h"
#include "node/limits.h"
#include "node/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"
#define WHITEOUT_META ".wh..wh."
#define UNPACK_TIMEOUT_MS (30u * 60u * 1000u)

struct unpack {
	struct loop *loop;
	char *archive, *dir, *part;
	void (*done)(void *, int, const char *);
	void *ctx;
	int err;
	char why[CHILD_ERROR_SHOWN + 64];
};

/* `path` names the marker; its directory is the part before the last slash. */
static int convert_marker(const char *path, const char *name) {
	size_t dir_n = strlen(path) - strlen(name);
	char target[VOLUME_PATH_MAX * 2];
	if (unlink(path) < 0) return -errno;
	if (strcmp(name, WHITEOUT_OPAQUE) == 0) {
		snprintf(target, sizeof(target), "%.*s", (int)dir_n - 1, path);
		return lsetxattr(target, "trusted.overlay.opaque", "y", 1, 0) < 0 ? -errno : 0;
	}
	if (strncmp(name, WHITEOUT_META, sizeof(WHITEOUT_META) - 1) == 0) return 0;
	const char *hidden = name + sizeof(WHITEOUT_PREFIX) - 1;
	if (*hidden == 0 || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0) return -EBADMSG;
	if (snprintf(target, sizeof(target), "%.*s%s", (int)dir_n, path, hidden) >= (int)sizeof(target)) return -ENAMETOOLONG;
	/* A layer that has both the file and its whiteout keeps the file. */
	return mknod(target, S_IFCHR, makedev(0, 0)) < 0 && errno != EEXIST ? -errno : 0;
}

int layer_convert_whiteouts(const char *dir) {
	char *paths[] = { (char *)dir, NULL };
	FTS *f = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	if (!f) return -errno;
	int r = 0;
	for (FTSENT *e; r == 0 && (e = fts_read(f));) {
		if (e->fts_level > (int)LAYER_DEPTH_MAX) r = -ELOOP;
		else if (e->fts_info == FTS_ERR || e->fts_info == FTS_DNR) r = -e->fts_errno;
		else if (e->fts_info != FTS_D && e->fts_info != FTS_DP && strncmp(e->fts_name, WHITEOUT_PREFIX, 4) == 0)
			r = convert_marker(e->fts_path, e->fts_name);
	}
	fts_close(f);
	return r;
}

static void unpack_free(struct unpack *u) {
	free(u->archive);
	free(u->dir);
	free(u->part);
	free(u);
}

static void convert_work(void *arg) {
	struct unpack *u = arg;
	if (u->err == 0) u->err = layer_convert_whiteouts(u->part);
	bool kept = u->err == 0 && rename(u->part, u->dir) == 0;
	/* Another pull may have brought the same layer first. */
	if (u->err == 0 && !kept && errno != EEXIST && errno != ENOTEMPTY) u->err = -errno;
	if (!kept) (void)files_remove_tree(u->part);
}

static void convert_done(void *arg) {
	struct unpack *u = arg;
	if (u->err < 0 && !u->why[0]) snprintf(u->why, sizeof(u->why), "failed to unpack layer: %s", strerror(-u->err));
	u->done(u->ctx, u->err, u->err < 0 ? u->why : NULL);
	unpack_free(u);
}

static void on_unpacked(void *ctx, const struct proc_result *r) {
	struct unpack *u = ctx;
	if (r->code != 0) {
		struct slice text = proc_error_text(r);
		u->err = -EBADMSG;
		snprintf(u->why, sizeof(u->why), "failed to unpack layer: %.*s", SLICE_FMT(text));
	}
	int err = work_run(u->loop, convert_work, convert_done, u);
	if (err == 0) return;
	u->err = err;
	convert_work(u);
	convert_done(u);
}

static struct unpack *unpack_new(struct loop *l, const char *archive, const char *dir) {
	struct unpack *u = calloc(1, sizeof(*u));
	if (!u) return NULL;
	u->loop = l;
	u->archive = strdup(archive);
	u->dir = strdup(dir);
	if (u->archive && u->dir && asprintf(&u->part, "%s.part-%p", dir, (void *)u) >= 0) return u;
	u->part = NULL;
	unpack_free(u);
	return NULL;
}

int layer_unpack(struct loop *l, const char *archive, const char *dir, void (*done)(void *, int, const char *), void *ctx) {
	struct unpack *u = unpack_new(l, archive, dir);
	if (!u) return -ENOMEM;
	u->done = done;
	u->ctx = ctx;
	int r = files_mkdir_p(u->part, 0755);
	const char *argv[] = { "tar", "--extract", "--file", u->archive, "--directory", u->part, "--numeric-owner", "--same-owner",
			       "--same-permissions", "--delay-directory-restore", "--xattrs",
			       "--xattrs-include=security.capability", "--xattrs-include=user.*", NULL };
	if (r == 0) r = proc_start(l, &(struct proc_options){ .argv = argv, .timeout_ms = UNPACK_TIMEOUT_MS }, on_unpacked, u, NULL);
	if (r < 0) unpack_free(u);
	return r;
}
