/* SPDX-License-Identifier: Apache-2.0 */
/* cp: files to and from a container, through the tar that is in it. */
#include "ctl/command.h"
#include "ctl/exec.h"
#include "ctl/session.h"
#include "ctl/tar_tree.h"
#include "ctl/tree.h"
#include "ctl/untar.h"

#include <sys/stat.h>

struct place {
	const char *ns, *pod, *path; /* pod NULL: local */
};

static const struct flag flags[] = {
	{ "container", FLAG_STRING, NULL, 'c', NULL, "which container" },
	{ "no-preserve", FLAG_BOOL, NULL, 0, NULL, "owner and mode are those of a new file in the container" },
	{ 0 },
};

/* ---- places ---- */

static int parse_place(struct ctl *c, const char *text, struct place *ret) {
	struct slice path = slice_str(text), pod = slice_cut(&path, ':');
	*ret = (struct place){ .path = text };
	/* A path with a colon behind a slash is one of this machine. */
	if (!path.p || slice_starts(pod, SLICE_LIT(".")) || slice_starts(pod, SLICE_LIT("/"))) return 0;
	if (!pod.n) return ctl_fail(c, "filespec must match the canonical format: [[namespace/]pod:]file/path");
	struct slice name = pod, ns = slice_cut(&name, '/');
	if (name.p && slice_chr(name, '/') >= 0) return ctl_fail(c, "filespec must match the canonical format: [[namespace/]pod:]file/path");
	ret->pod = ctl_text(c, name.p ? name : pod);
	ret->ns = name.p ? ctl_text(c, ns) : session_namespace(c);
	ret->path = ctl_text(c, path);
	return !ret->ns;
}

/* "a/b" of "/a/b/": how a path stands in an archive. */
static const char *archive_name(struct ctl *c, const char *path) {
	struct slice s = slice_str(path);
	while (s.n && s.p[s.n - 1] == '/') s.n--;
	while (s.n) {
		if (s.p[0] == '/') s = slice_from(s, 1);
		else if (slice_starts(s, SLICE_LIT("./"))) s = slice_from(s, 2);
		else if (slice_starts(s, SLICE_LIT("../"))) s = slice_from(s, 3);
		else break;
	}
	return slice_eqs(s, ".") ? "" : ctl_text(c, s);
}

static const char *base_name(struct ctl *c, const char *path) {
	const char *name = archive_name(c, path), *slash = strrchr(name, '/');
	return slash ? slash + 1 : name;
}

/* ---- the container ---- */

static int find_container(struct ctl *c, const struct place *p, const char **ret) {
	struct info pod = { .r = &pod_resource, .ns = p->ns, .name = p->pod };
	if (session_json(c, &(struct call){ .path = resource_path(c, pod.r, pod.ns, pod.name, NULL) }, &pod.doc)) return 1;
	if (exec_completed(c, pod.doc->root, "exec into a container in")) return 1;
	yyjson_mut_val *v = pod_container_or_default(c, pod.doc->root, flag_text(&c->flags, "container"), false);
	if (!v) return 1;
	*ret = text_at(v, "name");
	return 0;
}

static int take_nothing(void *ctx, struct slice bytes) { return (void)ctx, (void)bytes, 0; }

static bool is_folder(struct ctl *c, const struct place *p, const char *container) {
	const char *const command[] = { "test", "-d", p->path, NULL };
	struct terminal t = { .ns = p->ns, .pod = p->pod, .container = container, .command = command, .out = true, .on_output = take_nothing };
	size_t faults = c->faults.n;
	int code = 1;
	/* Where there is no `test` the path is taken as the file's own. */
	bool yes = terminal_run(c, &t, &code) == 0 && code == 0;
	c->faults.n = faults;
	return yes;
}

static ssize_t read_tree(void *ctx, char *buf, size_t size) { return tar_tree_read(ctx, buf, size); }

static int to_pod(struct ctl *c, const char *from, struct place *to) {
	const char *container, *name;
	struct tar_tree *tree;
	struct stat st;
	struct strings command = { 0 };
	int code;
	if (stat(from, &st) < 0) return ctl_fail(c, "%s doesn't exist in local filesystem", from);
	if (find_container(c, to, &container)) return 1;
	if (is_folder(c, to, container)) to->path = ctl_printf(c, "%s/%s", to->path, base_name(c, from));
	name = base_name(c, to->path);
	const char *slash = strrchr(to->path, '/');
	const char *dir = !slash ? "." : slash == to->path ? "/" : ctl_text(c, slice_make(to->path, (size_t)(slash - to->path)));
	if (!*name) return ctl_fail(c, "filespec must match the canonical format: [[namespace/]pod:]file/path");
	if (tar_tree_new(c, from, name, &tree)) return 1;
	strings_add(c, &command, "tar");
	if (flag_on(&c->flags, "no-preserve")) {
		strings_add(c, &command, "--no-same-permissions");
		strings_add(c, &command, "--no-same-owner");
	}
	strings_add(c, &command, "-xmf");
	strings_add(c, &command, "-");
	strings_add(c, &command, "-C");
	strings_add(c, &command, dir);
	strings_add(c, &command, NULL);
	struct terminal t = { .ns = to->ns, .pod = to->pod, .container = container, .command = command.v, .in = true, .out = true, .err = true,
			      .on_input = read_tree, .ctx = tree };
	return terminal_run(c, &t, &code) || c->faults.n ? 1 : exec_exit(c, code);
}

static int feed_untar(void *ctx, struct slice bytes) { return untar_feed(ctx, bytes); }

static int from_pod(struct ctl *c, const struct place *from, const char *to) {
	const char *container;
	const char *const command[] = { "tar", "cf", "-", from->path, NULL };
	struct stat st;
	struct untar *u;
	int code;
	if (find_container(c, from, &container)) return 1;
	if (stat(to, &st) == 0 && S_ISDIR(st.st_mode) && *base_name(c, from->path)) to = ctl_printf(c, "%s/%s", to, base_name(c, from->path));
	const char *hint = ctl_printf(c, " (consider using \"%s exec -n %s %s -- tar cf - %s | tar xf -\")", c->program, ctl_quote(c, slice_str(from->ns)),
				      ctl_quote(c, slice_str(from->pod)), ctl_quote(c, slice_str(from->path)));
	if (untar_new(c, archive_name(c, from->path), to, hint, &u) < 0) (void)ctl_must(NULL);
	struct terminal t = { .ns = from->ns, .pod = from->pod, .container = container, .command = command, .out = true, .err = true,
			      .on_output = feed_untar, .ctx = u };
	if (terminal_run(c, &t, &code)) return 1;
	return code ? exec_exit(c, code) : untar_finish(u);
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct place from, to;
	if (n != 2) return ctl_fail(c, "source and destination are required");
	if (parse_place(c, args[0], &from) || parse_place(c, args[1], &to)) return 1;
	if (from.pod && to.pod) return ctl_fail(c, "one of src or dest must be a local file specification");
	if (!from.pod && !to.pod) return ctl_fail(c, "one of src or dest must be a remote file specification");
	if (!*from.path || !*to.path) return ctl_fail(c, "filepath can not be empty");
	return from.pod ? from_pod(c, &from, to.path) : to_pod(c, from.path, &to);
}

static const struct flag *const tables[] = { flags, NULL };
const struct command command_cp = { "cp", NULL, "<file-spec-src> <file-spec-dest>", "Copy files to and from containers", tables, run, NULL };
