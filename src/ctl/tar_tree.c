/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/tar_tree.h"
#include "ctl/file.h"
#include "ctl/tar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct pending {
	const char *path, *as;
};

struct tar_tree {
	struct ctl *c;
	struct pending *v;    /* what is still to be put in, the last first */
	size_t n, cap, entries;
	struct buf out;       /* headers and padding on their way */
	size_t out_at;
	int file;             /* the one being read, or -1 */
	const char *file_name;
	uint64_t left, pad;
	bool over;
};

static void add(struct tar_tree *t, const char *path, const char *as) {
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 32;
		t->v = ctl_must(arena_realloc(t->c->a, t->v, t->cap * sizeof(*t->v), cap * sizeof(*t->v)));
		t->cap = cap;
	}
	t->v[t->n++] = (struct pending){ path, as };
}

static void free_tree(void *p) {
	struct tar_tree *t = p;
	if (t->file >= 0) close(t->file);
	buf_done(&t->out);
}

int tar_tree_new(struct ctl *c, const char *path, const char *as, struct tar_tree **ret) {
	struct tar_tree *t = ctl_array(c, 1, sizeof(*t));
	struct stat st;
	if (stat(path, &st) < 0) return ctl_fail(c, "%s doesn't exist in local filesystem", path);
	*t = (struct tar_tree){ .c = c, .file = -1, .out = BUF_INIT((size_t)16 * 1024 * 1024) };
	if (arena_defer(c->a, free_tree, t) < 0) (void)ctl_must(NULL);
	add(t, path, as);
	*ret = t;
	return 0;
}

static int fail(struct tar_tree *t, const char *path, int err) {
	(void)ctl_fail(t->c, "open %s: %s", path, file_error(err));
	return err;
}

static int put_folder(struct tar_tree *t, const struct pending *p, unsigned mode) {
	DIR *d = opendir(p->path);
	struct dirent *e;
	struct strings names = { 0 };
	if (!d) return fail(t, p->path, -errno);
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) strings_add(t->c, &names, ctl_printf(t->c, "%s", e->d_name));
	closedir(d);
	strings_sort(&names);
	for (size_t i = names.n; i > 0; i--)
		add(t, ctl_printf(t->c, "%s/%s", p->path, names.v[i - 1]), ctl_printf(t->c, "%s/%s", p->as, names.v[i - 1]));
	struct tar_entry entry = { TAR_DIR, ctl_printf(t->c, "%s/", p->as), "", 0, mode };
	return tar_put_header(&t->out, &entry);
}

static int put_file(struct tar_tree *t, const struct pending *p) {
	struct stat st;
	t->file = open(p->path, O_RDONLY | O_CLOEXEC);
	if (t->file < 0 || fstat(t->file, &st) < 0) return fail(t, p->path, -errno);
	t->file_name = p->path;
	t->left = (uint64_t)st.st_size;
	t->pad = tar_padding(t->left);
	return tar_put_header(&t->out, &(struct tar_entry){ TAR_FILE, p->as, "", t->left, (unsigned)st.st_mode & 07777 });
}

static int next_entry(struct tar_tree *t) {
	struct stat st;
	if (!t->n) {
		t->over = true;
		return tar_put_end(&t->out);
	}
	struct pending p = t->v[--t->n];
	if (++t->entries > TAR_TREE_ENTRIES_MAX) return fail(t, p.path, -E2BIG);
	/* A loop of links ends at the kernel's own limit. */
	if (stat(p.path, &st) < 0) return fail(t, p.path, -errno);
	if (S_ISDIR(st.st_mode)) return put_folder(t, &p, (unsigned)st.st_mode & 07777);
	return S_ISREG(st.st_mode) ? put_file(t, &p) : 0;
}

/* A file that shrank meanwhile is filled up with zeros: its header has been sent. */
static ssize_t read_file(struct tar_tree *t, char *buf, size_t size) {
	if (size > t->left) size = (size_t)t->left;
	ssize_t n = read(t->file, buf, size);
	if (n < 0) return fail(t, t->file_name, -errno);
	if (!n) memset(buf, 0, size);
	t->left -= n ? (uint64_t)n : size;
	return n ? n : (ssize_t)size;
}

ssize_t tar_tree_read(struct tar_tree *t, char *buf, size_t size) {
	for (;;) {
		if (t->out.n > t->out_at) {
			size_t n = t->out.n - t->out_at < size ? t->out.n - t->out_at : size;
			memcpy(buf, t->out.p + t->out_at, n);
			t->out_at += n;
			return (ssize_t)n;
		}
		buf_clear(&t->out);
		t->out_at = 0;
		if (t->file >= 0 && t->left) return read_file(t, buf, size);
		if (t->file >= 0) {
			close(t->file);
			t->file = -1;
			for (; t->pad; t->pad--) (void)buf_putc(&t->out, 0);
			continue;
		}
		if (t->over) return 0;
		int r = next_entry(t);
		if (r < 0) return r;
	}
}
