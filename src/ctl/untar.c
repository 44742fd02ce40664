/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/untar.h"
#include "ctl/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct untar {
	struct ctl *c;
	struct tar_reader reader;
	const char *prefix, *target, *hint;
	int file;             /* the one being written, or -1 */
	const char *file_name;
	size_t entries;
};

/* ---- names ---- */

/* No name that leads out: every component is a plain one. */
static bool stays_inside(struct slice name) {
	while (name.p) {
		struct slice part = slice_cut(&name, '/');
		if (slice_eqs(part, "..")) return false;
	}
	return true;
}

/* What of an entry's name is behind the prefix, without slashes at its ends; false when it is not below it. */
static bool below_prefix(const struct untar *u, const char *name, struct slice *ret) {
	struct slice s = slice_str(name), p = slice_str(u->prefix);
	while (s.n > 2 && slice_starts(s, SLICE_LIT("./"))) s = slice_from(s, 2);
	while (s.n && s.p[0] == '/') s = slice_from(s, 1);
	while (s.n && s.p[s.n - 1] == '/') s.n--;
	if (p.n && (!slice_starts(s, p) || (s.n > p.n && s.p[p.n] != '/'))) return false;
	s = slice_from(s, p.n);
	while (s.n && s.p[0] == '/') s = slice_from(s, 1);
	*ret = s;
	return true;
}

/* ---- the file system ---- */

/* Opens the folder that `rel` lies in, below the target, making folders; no links are followed. *ret_last is the last component.
 * A descriptor or -errno. */
static int open_parent(const struct untar *u, struct slice rel, struct slice *ret_last) {
	int dir = open(u->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT && mkdir(u->target, 0777) == 0) dir = open(u->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) return -errno;
	for (;;) {
		struct slice rest = rel, part = slice_cut(&rest, '/');
		if (!rest.p) break;
		rel = rest;
		if (!part.n || slice_eqs(part, ".")) continue;
		const char *name = ctl_text(u->c, part);
		(void)mkdirat(dir, name, 0777);
		int next = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), err = errno;
		close(dir);
		if (next < 0) return -err;
		dir = next;
	}
	*ret_last = rel;
	return dir;
}

static int make_dir(const struct untar *u, struct slice rel) {
	struct slice last;
	struct stat st;
	if (!rel.n) return mkdir(u->target, 0777) < 0 && errno != EEXIST ? -errno : 0;
	int dir = open_parent(u, rel, &last), r = 0;
	if (dir < 0) return dir;
	const char *name = ctl_text(u->c, last);
	if (mkdirat(dir, name, 0777) < 0) r = errno == EEXIST && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) ? 0 : -EEXIST;
	close(dir);
	return r;
}

/* A new file in the place of what is there, unless that is a link or a folder. */
static int make_file(struct untar *u, struct slice rel, unsigned mode) {
	const int how = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK;
	struct slice last;
	/* The target itself is what the user named: a link there is the user's. */
	if (!rel.n) {
		u->file = open(u->target, how, mode & 0777);
		return u->file < 0 ? -errno : 0;
	}
	int dir = open_parent(u, rel, &last);
	if (dir < 0) return dir;
	u->file = openat(dir, ctl_text(u->c, last), how | O_NOFOLLOW, mode & 0777);
	int r = u->file < 0 ? -errno : 0;
	close(dir);
	return r;
}

/* ---- the archive ---- */

static int on_entry(void *ctx, const struct tar_entry *e) {
	struct untar *u = ctx;
	struct ctl *c = u->c;
	struct slice rel;
	u->entries++;
	u->file = -1;
	u->file_name = ctl_printf(c, "%s", e->name);
	if (!below_prefix(u, e->name, &rel) || !stays_inside(rel)) {
		ctl_err(c, "warning: file %s is outside target destination, skipping\n", ctl_quote(c, slice_str(e->name)));
		return 0;
	}
	if (e->type == TAR_SYMLINK || e->type == TAR_HARDLINK) {
		ctl_err(c, "warning: skipping %s: %s -> %s%s\n", e->type == TAR_SYMLINK ? "symlink" : "hard link", ctl_quote(c, slice_str(e->name)),
			ctl_quote(c, slice_str(e->link)), u->hint);
		return 0;
	}
	if (e->type == TAR_OTHER) return 0;
	int r = e->type == TAR_DIR ? make_dir(u, rel) : make_file(u, rel, e->mode | 0600);
	if (r == -ELOOP || r == -ENOTDIR) {
		ctl_err(c, "warning: file %s would be written through a link, skipping\n", ctl_quote(c, slice_str(e->name)));
		return 0;
	}
	if (r < 0) (void)ctl_fail(c, "%s: %s", u->file_name, file_error(r));
	return r;
}

static int on_data(void *ctx, struct slice bytes) {
	struct untar *u = ctx;
	int r = u->file < 0 ? 0 : write_all(u->file, bytes);
	if (r < 0) (void)ctl_fail(u->c, "%s: %s", u->file_name, file_error(r));
	return r;
}

static int on_entry_end(void *ctx) {
	struct untar *u = ctx;
	int r = u->file >= 0 && close(u->file) < 0 ? -errno : 0;
	u->file = -1;
	if (r < 0) (void)ctl_fail(u->c, "%s: %s", u->file_name, file_error(r));
	return r;
}

static void free_untar(void *p) {
	struct untar *u = p;
	if (u->file >= 0) close(u->file);
	tar_reader_done(&u->reader);
}

int untar_new(struct ctl *c, const char *prefix, const char *target, const char *hint, struct untar **ret) {
	static const struct tar_handler h = { on_entry, on_data, on_entry_end };
	struct untar *u = ctl_array(c, 1, sizeof(*u));
	*u = (struct untar){ .c = c, .prefix = prefix, .target = target, .hint = hint, .file = -1 };
	tar_reader_init(&u->reader, &h, u);
	*ret = u;
	return arena_defer(c->a, free_untar, u);
}

int untar_feed(struct untar *u, struct slice bytes) {
	size_t faults = u->c->faults.n;
	int r = tar_feed(&u->reader, bytes);
	if (r < 0 && u->c->faults.n == faults) (void)ctl_fail(u->c, "tar contents corrupted");
	return r;
}

int untar_finish(struct untar *u) {
	if (u->c->faults.n) return 1;
	if (!tar_complete(&u->reader)) return ctl_fail(u->c, "tar contents corrupted: unexpected EOF");
	return 0;
}
