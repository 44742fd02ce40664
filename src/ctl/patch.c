/* SPDX-License-Identifier: Apache-2.0 */
/* patch and scale. */
#include "ctl/dryrun.h"
#include "ctl/file.h"
#include "ctl/tree.h"
#include "ctl/write.h"


static const struct flag patch_flags[] = {
	{ "patch", FLAG_STRING, NULL, 'p', NULL, "the patch, JSON or YAML" },
	{ "patch-file", FLAG_STRING, NULL, 0, NULL, "file with the patch" },
	{ "subresource", FLAG_STRING, NULL, 0, NULL, "patch this subresource" },
	{ "type", FLAG_STRING, "strategic", 0, NULL, "json, merge or strategic" },
	FLAG_MANAGER("kubectl-patch"),
	{ 0 },
};

static const struct { const char *name, *type; } types[] = {
	{ "json", "application/json-patch+json" }, { "merge", "application/merge-patch+json" },
	{ "strategic", "application/strategic-merge-patch+json" },
};

static const char *patch_type(struct ctl *c) {
	const char *name = ctl_lower(c, slice_str(flag_text(&c->flags, "type")));
	for (size_t i = 0; i < ELEMENTSOF(types); i++)
		if (!strcmp(name, types[i].name)) return types[i].type;
	(void)ctl_fail(c, "--type must be one of [json merge strategic], not %s", ctl_quote(c, slice_str(flag_text(&c->flags, "type"))));
	return NULL;
}

static int patch_body(struct ctl *c, yyjson_mut_doc **ret) {
	struct slice text = slice_str(flag_text(&c->flags, "patch"));
	const char *file = flag_text(&c->flags, "patch-file"), *msg = NULL;
	if (*file && text.n) return ctl_fail(c, "cannot specify --patch and --patch-file together");
	if (!*file && !text.n) return ctl_fail(c, "must specify --patch or --patch-file containing the contents of the patch");
	int r = *file ? file_read(c, file, &text) : 0;
	if (r < 0) return ctl_fail(c, "unable to read patch file: open %s: %s", file, file_error(r));
	if (tree_parse_yaml(c, text, ret, &msg) < 0) return ctl_fail(c, "unable to parse %s: %s", ctl_quote(c, text), msg);
	return 0;
}

static int patch_one(struct ctl *c, struct printer *printer, struct info *i, const char *type, const yyjson_mut_doc *patch) {
	struct buf q = BUF_INIT(4096);
	const char *sub = flag_text(&c->flags, "subresource");
	yyjson_mut_val *before = i->doc->root;
	struct k8c_reply *reply;
	/* Without sending anything only the server knows how lists are merged: a client's dry run is one of the server's. */
	if (dryrun_mode(c) == DRYRUN_CLIENT) query_add(&q, "dryRun", "All");
	dryrun_query(c, &q, NULL);
	struct call call = { .method = "PATCH", .path = resource_path(c, i->r, i->ns, i->name, *sub ? sub : NULL), .query = ctl_take(c, &q).p,
			     .content_type = type, .body = tree_text(c, patch->root), .what = info_what(c, i, "patching") };
	if (session_call(c, &call, &reply) || session_parse(c, reply, &i->doc)) return 1;
	return print_done(c, printer, i->doc->root, json_equal(before, i->doc->root) ? "patched (no change)" : "patched");
}

static int patch_run(struct ctl *c, const char *const *args, size_t n) {
	struct pick p = write_pick(c, args, n, PICK_FETCH | PICK_LATEST);
	struct infos l = { 0 };
	struct printer *printer;
	yyjson_mut_doc *patch;
	const char *type = patch_type(c);
	if (!type || patch_body(c, &patch) || printer_new(c, 0, &printer) || dryrun_check(c)) return 1;
	if (infos_pick(c, &p, &l) && !l.n) return 1;
	for (size_t i = 0; i < l.n; i++) (void)patch_one(c, printer, &l.v[i], type, patch);
	return c->faults.n > 0;
}

static const struct flag *const patch_tables[] = { patch_flags, dryrun_flags, print_flags, file_flags, NULL };
const struct command command_patch = { "patch", NULL, "(-f FILE | TYPE NAME) [-p PATCH|--patch-file FILE]", "Change fields of an object", patch_tables,
				       patch_run, NULL };

/* ---- scale ---- */

static const struct flag scale_flags[] = {
	{ "all", FLAG_BOOL, NULL, 0, NULL, "all objects of the type" },
	{ "current-replicas", FLAG_INT, "-1", 0, NULL, "only when it is this many now" },
	{ "replicas", FLAG_INT, "0", 0, NULL, "how many" },
	{ "resource-version", FLAG_STRING, NULL, 0, NULL, "only this version" },
	FLAG_MANAGER("kubectl-scale"),
	{ 0 },
};

static int scale_checked(struct ctl *c, yyjson_mut_doc *scale) {
	const char *rv = flag_text(&c->flags, "resource-version"), *now = text_at(scale->root, "metadata.resourceVersion");
	int64_t want = flag_int(&c->flags, "current-replicas"), is = json_path_int(scale->root, "spec.replicas", 0);
	if (want >= 0 && want != is) return ctl_fail(c, "Expected replicas to be %lld, was %lld", (long long)want, (long long)is);
	if (*rv && strcmp(rv, now) != 0) return ctl_fail(c, "Expected resource version to be %s, was %s", rv, now);
	return 0;
}

static int scale_one(struct ctl *c, struct printer *printer, struct info *i) {
	struct buf q = BUF_INIT(4096);
	struct k8c_reply *reply;
	yyjson_mut_doc *scale, *patch = tree_new(c);
	const char *path = resource_path(c, i->r, i->ns, i->name, "scale"), *rv = flag_text(&c->flags, "resource-version");
	bool checked = flag_int(&c->flags, "current-replicas") >= 0 || *rv;
	if (dryrun_mode(c) == DRYRUN_CLIENT) return print_done(c, printer, i->doc->root, "scaled");
	if (checked && (session_json(c, &(struct call){ .path = path }, &scale) || scale_checked(c, scale))) return 1;
	if (checked) tree_put(c, patch, patch->root, "metadata.resourceVersion", text_at(scale->root, "metadata.resourceVersion"));
	(void)json_set_int(patch, tree_obj(c, patch, patch->root, "spec"), "replicas", flag_int(&c->flags, "replicas"));
	dryrun_query(c, &q, NULL);
	struct call call = { .method = "PATCH", .path = path, .query = ctl_take(c, &q).p, .content_type = "application/merge-patch+json",
			     .body = tree_text(c, patch->root) };
	return session_call(c, &call, &reply) ? 1 : print_done(c, printer, i->doc->root, "scaled");
}

static int scale_run(struct ctl *c, const char *const *args, size_t n) {
	struct pick p = write_pick(c, args, n, PICK_FETCH);
	struct infos l = { 0 };
	struct printer *printer;
	if (!flag_given(&c->flags, "replicas")) return ctl_fail(c, "required flag(s) \"replicas\" not set");
	if (flag_int(&c->flags, "replicas") < 0)
		return ctl_fail(c, "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0");
	if (printer_new(c, 0, &printer) || dryrun_check(c)) return 1;
	if (infos_pick(c, &p, &l) && !l.n) return 1;
	for (size_t i = 0; i < l.n; i++) (void)scale_one(c, printer, &l.v[i]);
	if (!l.n && !c->faults.n) return ctl_fail(c, "no objects passed to scale");
	return c->faults.n > 0;
}

static const struct flag *const scale_tables[] = { scale_flags, dryrun_flags, print_flags, file_flags, select_flags, NULL };
const struct command command_scale = { "scale", NULL, "--replicas=COUNT (-f FILE | TYPE NAME)", "Set how many pods a workload has", scale_tables, scale_run, NULL };
