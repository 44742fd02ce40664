/* SPDX-License-Identifier: Apache-2.0 */
#include "node/volume/ownership.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <sys/stat.h>

static mode_t wanted_mode(mode_t mode, bool writable) {
	mode_t add = writable ? 0660 : 0440;
	if (S_ISDIR(mode)) add |= S_ISGID | 0110;
	return (mode & 07777) | add;
}

static int set_one(FTSENT *e, uint32_t gid, bool writable) {
	if (lchown(e->fts_accpath, (uid_t)-1, gid) < 0) return errno == ENOENT ? 0 : -errno;
	if (S_ISLNK(e->fts_statp->st_mode)) return 0;
	if (!S_ISREG(e->fts_statp->st_mode) && !S_ISDIR(e->fts_statp->st_mode)) return 0;
	return chmod(e->fts_accpath, wanted_mode(e->fts_statp->st_mode, writable)) < 0 && errno != ENOENT ? -errno : 0;
}

static bool root_is_as_wanted(const char *path, uint32_t gid, bool writable) {
	struct stat st;
	return lstat(path, &st) == 0 && st.st_gid == gid && (st.st_mode & 07777) == wanted_mode(st.st_mode, writable);
}

int volume_set_group(const char *path, uint32_t gid, bool writable, bool on_root_mismatch) {
	if (on_root_mismatch && root_is_as_wanted(path, gid, writable)) return 0;
	char *paths[] = { (char *)path, NULL };
	FTS *f = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	if (!f) return -errno;
	int r = 0;
	/* Directories on the way back, so that the root is last and vouches for the rest. */
	for (FTSENT *e; r == 0 && (e = fts_read(f));)
		if (e->fts_info != FTS_D && e->fts_info != FTS_DC) r = set_one(e, gid, writable);
	fts_close(f);
	return r;
}
