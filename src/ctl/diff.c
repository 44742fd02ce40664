/* SPDX-License-Identifier: Apache-2.0 */
/* diff: what apply would change, told by diff(1) or $KUBECTL_EXTERNAL_DIFF. Exit codes: 0 nothing, 1 differences, more: errors. */
#include "ctl/apply.h"
#include "codec/yaml.h"
#include "ctl/file.h"
#include "ctl/last_applied.h"
#include "ctl/spawn.h"
#include "ctl/tree.h"
#include "ctl/write.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIFF_ARGS_MAX 64u

/* Two folders with a file per object in each: as it is, as it would be. */
struct sides {
	const char *live, *merged;
	struct strings files;
};

static const struct flag flags[] = {
	{ "concurrency", FLAG_INT, "1", 0, NULL, "accepted for compatibility" },
	{ "field-manager", FLAG_STRING, NULL, 0, NULL, "who would write" },
	{ "force-conflicts", FLAG_BOOL, NULL, 0, NULL, "with --server-side: take fields that others own" },
	{ "selector", FLAG_STRING, NULL, 'l', NULL, "label selector" },
	{ "server-side", FLAG_BOOL, NULL, 0, NULL, "let the server merge" },
	{ "show-managed-fields", FLAG_BOOL, NULL, 0, NULL, "with metadata.managedFields" },
	{ "show-secrets", FLAG_BOOL, NULL, 0, NULL, "with the values of secrets" },
	{ 0 },
};

/* ---- what would be ---- */

static const char *query_of(struct ctl *c, bool server) {
	struct buf q = BUF_INIT(4096);
	const char *given = flag_text(&c->flags, "field-manager");
	query_add(&q, "dryRun", "All");
	query_add(&q, "fieldManager", *given ? given : server ? APPLY_SERVER_MANAGER : APPLY_MANAGER);
	if (server) query_add(&q, "force", flag_on(&c->flags, "force-conflicts") ? "true" : "false");
	return ctl_take(c, &q).p;
}

static int merged_call(struct ctl *c, const struct info *i, const yyjson_mut_doc *live, struct call *ret) {
	struct apply_patch p;
	bool server = flag_on(&c->flags, "server-side");
	*ret = (struct call){ .method = "PATCH", .path = resource_path(c, i->r, i->ns, i->name, NULL), .query = query_of(c, server),
			      .content_type = "application/apply-patch+yaml", .body = tree_text(c, i->doc->root) };
	if (server) return 0;
	if (!live) {
		ret->method = "POST";
		ret->path = resource_path(c, i->r, i->ns, NULL, NULL);
		ret->content_type = NULL;
		return 0;
	}
	/* The annotation is left out: it would differ every time. */
	yyjson_mut_doc *modified;
	const char *msg;
	if (tree_parse(c, slice_str(last_applied_make(c, i->doc->root)), &modified, &msg) < 0) return ctl_fail(c, "%s", msg);
	if (apply_patch_make(c, i->r, modified->root, live->root, &p)) return 1;
	ret->content_type = p.content_type;
	ret->body = json_size(p.doc->root) ? tree_text(c, p.doc->root) : SLICE_NULL;
	ret->what = info_what(c, i, "patching");
	return 0;
}

static int merged_of(struct ctl *c, const struct info *i, yyjson_mut_doc *live, yyjson_mut_doc **ret) {
	struct k8c_reply *reply;
	struct call call;
	if (merged_call(c, i, live, &call)) return 1;
	if (live && !call.body.n) {
		*ret = tree_copy(c, live->root);
		return 0;
	}
	return session_call(c, &call, &reply) || session_parse(c, reply, ret) ? 1 : 0;
}

/* ---- what is shown ---- */

static void mask_member(struct ctl *c, yyjson_mut_doc *doc, const char *name, const char *text) {
	if (doc && json_get(json_get(doc->root, "data"), name)) tree_put(c, doc, tree_obj(c, doc, doc->root, "data"), name, text);
}

/* Values of secrets are stars; those that change are told apart. */
static void mask(struct ctl *c, yyjson_mut_doc *from, yyjson_mut_doc *to) {
	const yyjson_mut_val *before = from ? json_get(from->root, "data") : NULL, *after = json_get(to->root, "data");
	struct strings names = { 0 };
	yyjson_mut_val *k, *v;
	size_t i, n;
	yyjson_mut_obj_foreach((yyjson_mut_val *)(uintptr_t)before, i, n, k, v) strings_add(c, &names, text_of(k));
	yyjson_mut_obj_foreach((yyjson_mut_val *)(uintptr_t)after, i, n, k, v) strings_add(c, &names, text_of(k));
	for (i = 0; i < names.n; i++) {
		const yyjson_mut_val *a = json_get(before, names.v[i]), *b = json_get(after, names.v[i]);
		bool changed = a && b && !json_equal(a, b) && strncmp(text_of(a), "***", 3) != 0;
		if (a && strncmp(text_of(a), "***", 3) == 0) continue;
		mask_member(c, from, names.v[i], changed ? "*** (before)" : "***");
		mask_member(c, to, names.v[i], changed ? "*** (after)" : "***");
	}
}

static int write_side(struct ctl *c, const char *folder, const char *name, yyjson_mut_doc *doc) {
	struct buf b = BUF_INIT(CTL_FILE_MAX);
	const char *path = ctl_printf(c, "%s/%s", folder, name);
	if (doc) {
		tree_sort(c, doc->root);
		(void)yaml_write(&b, doc->root);
	}
	int r = file_write(path, ctl_take(c, &b), 0600);
	return r < 0 ? ctl_fail(c, "open %s: %s", path, file_error(r)) : 0;
}

static int diff_one(struct ctl *c, struct sides *s, struct info *i) {
	struct info now = *i;
	yyjson_mut_doc *merged, *live = NULL;
	char *name = ctl_printf(c, "%s%s%s.%s.%s.%s", i->r->group, *i->r->group ? "." : "", i->r->version, i->r->kind, i->ns, i->name);
	/* Names come from a file; they make no paths. */
	for (char *p = name; *p; p++)
		if (*p == '/') *p = '_';
	int r = info_fetch(c, &now, false, NULL);
	if (r == 1) return 1;
	if (r == 0) live = now.doc;
	if (merged_of(c, i, live, &merged)) return 1;
	for (int k = 0; k < 2 && !flag_on(&c->flags, "show-managed-fields"); k++) {
		yyjson_mut_doc *doc = k ? merged : live;
		if (doc) (void)json_del(json_get(doc->root, "metadata"), "managedFields");
	}
	if (!flag_on(&c->flags, "show-secrets") && !strcmp(i->r->kind, "Secret") && !*i->r->group) mask(c, live, merged);
	strings_add(c, &s->files, name);
	if (live && *text_at(merged->root, "metadata.deletionTimestamp"))
		ctl_err(c, "Warning: Detected changes to resource %s which is currently being deleted.\n", i->name);
	return write_side(c, s->live, name, live) || write_side(c, s->merged, name, merged);
}

/* ---- the program ---- */

static bool plain_argument(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-=", s.p[i])) return false;
	return s.n > 0;
}

static int run_diff(struct ctl *c, const struct sides *s) {
	char *argv[DIFF_ARGS_MAX + 3];
	const char *given = getenv("KUBECTL_EXTERNAL_DIFF");
	size_t n = 0;
	for (struct slice rest = slice_str(given && *given ? given : "diff -u -N"); rest.p && n < DIFF_ARGS_MAX;) {
		struct slice word = slice_cut(&rest, ' ');
		if (!n || plain_argument(word)) argv[n++] = ctl_text(c, word);
	}
	argv[n++] = ctl_printf(c, "%s", s->live);
	argv[n++] = ctl_printf(c, "%s", s->merged);
	argv[n] = NULL;
	int r = spawn_wait(c, argv);
	if (r == -ENOENT) return ctl_fail(c, "failed to run \"%s\": executable file not found in $PATH", argv[0]);
	if (r < 0) return ctl_fail(c, "failed to run \"%s\": %s", argv[0], strerror(-r));
	c->exit_code = r;
	return 0;
}

static const char *make_folder(struct ctl *c, const char *name) {
	const char *tmp = getenv("TMPDIR");
	char *path = ctl_printf(c, "%s/%s-XXXXXX", tmp && *tmp ? tmp : "/tmp", name);
	if (mkdtemp(path)) return path;
	(void)ctl_fail(c, "mkdir %s: %s", path, file_error(-errno));
	return NULL;
}

static void remove_folder(struct ctl *c, const char *folder, const struct strings *files) {
	for (size_t i = 0; folder && i < files->n; i++) (void)unlink(ctl_printf(c, "%s/%s", folder, files->v[i]));
	if (folder) (void)rmdir(folder);
}

static int diff_all(struct ctl *c, struct infos *l) {
	struct sides s = { 0 };
	int r = 1;
	s.live = make_folder(c, "LIVE");
	s.merged = s.live ? make_folder(c, "MERGED") : NULL;
	if (s.merged) {
		r = 0;
		for (size_t i = 0; i < l->n && !r; i++) r = diff_one(c, &s, &l->v[i]);
		if (!r) r = run_diff(c, &s);
	}
	remove_folder(c, s.live, &s.files);
	remove_folder(c, s.merged, &s.files);
	return r;
}

static int try(struct ctl *c, size_t n) {
	struct infos l = { 0 };
	if (n) return ctl_usage(c, "Unexpected args: [%s]", strings_join(c, &(struct strings){ c->flags.args, n, n }, " "));
	if (!flags_get(&c->flags, "filename")->n) return ctl_fail(c, "must specify one of -f and -k");
	if (flag_on(&c->flags, "force-conflicts") && !flag_on(&c->flags, "server-side")) return ctl_fail(c, "--force-conflicts only works with --server-side");
	if (infos_files(c, 0, &l) || c->faults.n || apply_select(c, &l)) return 1;
	return diff_all(c, &l);
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	(void)args;
	if (try(c, n) == 0) return 0;
	/* 1 is for differences. */
	for (size_t i = 0; i < c->faults.n; i++) c->faults.v[i].exit_code = 2;
	return 2;
}

static const struct flag *const tables[] = { flags, file_flags, NULL };
const struct command command_diff = { "diff", NULL, "-f FILE", "Show what apply would change", tables, run, NULL };
