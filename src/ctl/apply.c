/* SPDX-License-Identifier: Apache-2.0 */
/* apply: objects become what files say; what others set stays. */
#include "ctl/apply.h"
#include "codec/labels.h"
#include "ctl/delete.h"
#include "ctl/dryrun.h"
#include "ctl/last_applied.h"
#include "ctl/tree.h"
#include "ctl/write.h"

static const struct flag flags[] = {
	{ "all", FLAG_BOOL, NULL, 0, NULL, "with --prune: all objects of the types" },
	{ "field-manager", FLAG_STRING, NULL, 0, NULL, "who writes, in metadata.managedFields" },
	{ "force-conflicts", FLAG_BOOL, NULL, 0, NULL, "with --server-side: take fields that others own" },
	{ "openapi-patch", FLAG_BOOL, "true", 0, NULL, "accepted for compatibility; merge keys always come from the server" },
	{ "overwrite", FLAG_BOOL, "true", 0, NULL, "accepted for compatibility; the file always wins" },
	{ "prune", FLAG_BOOL, NULL, 0, NULL, "delete what was applied before and is in no file any more" },
	{ "prune-allowlist", FLAG_ARRAY, NULL, 0, NULL, "with --prune: group/version/kind; may be repeated" },
	{ "selector", FLAG_STRING, NULL, 'l', NULL, "label selector" },
	{ "server-side", FLAG_BOOL, NULL, 0, NULL, "let the server merge" },
	{ "subresource", FLAG_STRING, NULL, 0, NULL, "with --server-side: this subresource" },
	{ 0 },
};

static bool on(struct ctl *c, const char *name) { return flag_on(&c->flags, name); }

static int check_prune(struct ctl *c) {
	if (!on(c, "prune")) return 0;
	if (on(c, "force")) return ctl_fail(c, "--force cannot be used with --prune");
	if (!on(c, "all") && !*flag_text(&c->flags, "selector"))
		return ctl_fail(c, "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you "
				   "did not mean to prune all resources, specify a label selector");
	if (on(c, "server-side")) return ctl_fail(c, "--prune is in alpha and doesn't currently work on objects created by server-side apply");
	return apply_prune_check(c);
}

static int check(struct ctl *c, size_t n) {
	bool server = on(c, "server-side");
	if (n) return ctl_usage(c, "Unexpected args: [%s]", strings_join(c, &(struct strings){ c->flags.args, n, n }, " "));
	if (dryrun_check(c)) return 1;
	if (!flags_get(&c->flags, "filename")->n) return ctl_fail(c, "must specify one of -f and -k");
	if (!validate_mode(c) || !delete_policy(c)) return 1;
	if (on(c, "force-conflicts") && !server) return ctl_fail(c, "--force-conflicts only works with --server-side");
	if (server && dryrun_mode(c) == DRYRUN_CLIENT)
		return ctl_fail(c, "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)");
	if (server && on(c, "force")) return ctl_fail(c, "--force cannot be used with --server-side");
	if (dryrun_mode(c) == DRYRUN_SERVER && on(c, "force")) return ctl_fail(c, "--dry-run=server cannot be used with --force");
	if (on(c, "all") && *flag_text(&c->flags, "selector")) return ctl_fail(c, "cannot set --all and --selector at the same time");
	if (check_prune(c)) return 1;
	if (*flag_text(&c->flags, "subresource") && !server) return ctl_fail(c, "--subresource can only be specified for --server-side");
	return 0;
}

/* Objects are printed at the end, all at once. */
static bool prints_objects(struct ctl *c) {
	const char *output = flag_text(&c->flags, "output");
	return *output && strcmp(output, "name") != 0;
}

static int done(struct ctl *c, struct printer *p, const struct info *i, const char *what) {
	return prints_objects(c) ? 0 : print_done(c, p, i->doc->root, what);
}

/* ---- one object ---- */

static const char *manager_of(struct ctl *c, bool server) {
	const char *given = flag_text(&c->flags, "field-manager");
	return *given ? given : server ? APPLY_SERVER_MANAGER : APPLY_MANAGER;
}

static const char *write_query(struct ctl *c) {
	struct buf q = BUF_INIT(4096);
	if (dryrun_mode(c) == DRYRUN_SERVER) query_add(&q, "dryRun", "All");
	query_add(&q, "fieldManager", manager_of(c, false));
	query_add(&q, "fieldValidation", validate_mode(c));
	return ctl_take(c, &q).p;
}

static int create(struct ctl *c, struct printer *p, struct info *i) {
	struct k8c_reply *reply;
	i->doc = last_applied_with(c, i->doc->root);
	/* A patch would not set them either. */
	tree_drop_nulls(c, i->doc->root);
	if (dryrun_mode(c) != DRYRUN_CLIENT) {
		(void)json_del(json_get(i->doc->root, "metadata"), "resourceVersion");
		struct call call = { .method = "POST", .path = resource_path(c, i->r, i->ns, NULL, NULL), .query = write_query(c),
				     .body = tree_text(c, i->doc->root), .what = info_what(c, i, "creating") };
		if (session_call(c, &call, &reply) || session_parse(c, reply, &i->doc)) return 1;
	}
	return done(c, p, i, "created");
}

static const char *describe(struct ctl *c, const struct info *i) {
	return ctl_printf(c, "Resource: \"%s/%s, Resource=%s\", GroupVersionKind: \"%s/%s, Kind=%s\"\nName: \"%s\", Namespace: \"%s\"", i->r->group,
			  i->r->version, i->r->name, i->r->group, i->r->version, i->r->kind, i->name, i->ns);
}

static const char *failed_what(struct ctl *c, const struct info *i, const struct apply_patch *patch) {
	const char *source = ctl_quote(c, slice_str(i->source));
	return ctl_printf(c, "error when applying patch:\n%s\nto:\n%s\nfor: %s: error when patching %s", tree_text(c, patch->doc->root).p,
			  describe(c, i), source, source);
}

/* Deletes the object and creates it as the file says. */
static int recreate(struct ctl *c, struct info *i, const yyjson_mut_doc *modified) {
	struct k8c_reply *reply;
	if (delete_send(c, i, delete_policy(c), flag_int(&c->flags, "grace-period")) == 1 || delete_wait(c, i, "")) return 1;
	struct call call = { .method = "POST", .path = resource_path(c, i->r, i->ns, NULL, NULL), .query = write_query(c),
			     .body = tree_text(c, modified->root), .what = info_what(c, i, "creating") };
	return session_call(c, &call, &reply) || session_parse(c, reply, &i->doc) ? 1 : 0;
}

/* Makes the patch from what the server has and sends it, again when it was changed meanwhile. i->doc is that at first and the
 * answer afterwards. *ret_changed false: nothing was to be done. */
static int patch(struct ctl *c, struct info *i, const yyjson_mut_doc *modified, bool *ret_changed) {
	for (unsigned try = 0;; try++) {
		struct apply_patch p;
		struct k8c_reply *reply;
		if (apply_patch_make(c, i->r, modified->root, i->doc->root, &p)) return 1;
		*ret_changed = json_size(p.doc->root) > 0;
		if (!*ret_changed) return 0;
		struct call call = { .method = "PATCH", .path = resource_path(c, i->r, i->ns, i->name, NULL), .query = write_query(c),
				     .content_type = p.content_type, .body = tree_text(c, p.doc->root) };
		int r = session_try(c, &call, &reply);
		if (r == 0) return session_parse(c, reply, &i->doc);
		if (r == 2) return 1;
		bool conflict = reply->error.status == 409, invalid = !strcmp(reply->error.reason, "Invalid");
		if (conflict && try < APPLY_RETRIES) {
			if (try) (void)k8c_client_run_once(c->client, 1000);
			if (info_fetch(c, i, true, NULL)) return 1;
			continue;
		}
		if ((conflict || invalid) && on(c, "force")) return recreate(c, i, modified);
		return ctl_fail_api(c, &reply->error, failed_what(c, i, &p));
	}
}

static void warn_deleting(struct ctl *c, const struct info *i) {
	if (*text_at(i->doc->root, "metadata.deletionTimestamp"))
		ctl_err(c, "Warning: Detected changes to resource %s which is currently being deleted.\n", i->name);
}

/* What a dry run of the client shows: the patch as a JSON merge patch, or the server's own dry run where only it knows how. */
static int dry(struct ctl *c, struct info *i, const yyjson_mut_doc *modified, bool *ret_changed) {
	struct apply_patch p;
	struct k8c_reply *reply;
	if (apply_patch_make(c, i->r, modified->root, i->doc->root, &p)) return 1;
	*ret_changed = json_size(p.doc->root) > 0;
	if (!*ret_changed || !prints_objects(c)) return 0;
	struct call call = { .method = "PATCH", .path = resource_path(c, i->r, i->ns, i->name, NULL), .query = "dryRun=All",
			     .content_type = p.content_type, .body = tree_text(c, p.doc->root), .what = info_what(c, i, "patching") };
	return session_call(c, &call, &reply) || session_parse(c, reply, &i->doc) ? 1 : 0;
}

static int apply_client_side(struct ctl *c, struct printer *p, struct info *i) {
	struct info now = *i;
	bool changed = true;
	struct k8c_reply *reply;
	int r = session_try(c, &(struct call){ .path = resource_path(c, i->r, i->ns, i->name, NULL) }, &reply);
	if (r == 1 && reply->error.status == 404) return create(c, p, i);
	if (r == 1) return ctl_fail_api(c, &reply->error, ctl_printf(c, "error when retrieving current configuration of:\n%s\nfrom server for: %s",
								     describe(c, i), ctl_quote(c, slice_str(i->source))));
	if (r || session_parse(c, reply, &now.doc)) return 1;
	yyjson_mut_doc *modified = last_applied_with(c, i->doc->root);
	if (!last_applied_text(now.doc->root))
		ctl_err(c, "Warning: resource %s is missing the " LAST_APPLIED " annotation which is required by %s apply. %s apply should only be used on "
			   "resources created declaratively by either %s create --save-config or %s apply. The missing annotation will be patched "
			   "automatically.\n", ctl_printf(c, "%s/%s", i->r->name, i->name), c->program, c->program, c->program, c->program);
	if (dryrun_mode(c) == DRYRUN_CLIENT ? dry(c, &now, modified, &changed) : patch(c, &now, modified, &changed)) return 1;
	i->doc = now.doc;
	warn_deleting(c, i);
	return done(c, p, i, changed ? "configured" : "unchanged");
}

static int apply_one(struct ctl *c, struct printer *p, struct info *i) {
	const char *generate = text_at(i->doc->root, "metadata.generateName");
	if (!*i->name && *generate) return ctl_fail(c, "from %s: cannot use generate name with apply", generate);
	if (!on(c, "server-side")) return apply_client_side(c, p, i);
	const char *manager = manager_of(c, true);
	if (apply_server_side(c, i, manager)) return 1;
	warn_deleting(c, i);
	return done(c, p, i, "serverside-applied");
}

/* ---- all of them ---- */

int apply_select(struct ctl *c, struct infos *l) {
	const char *text = flag_text(&c->flags, "selector"), *msg = NULL;
	struct labels_selector s;
	size_t n = 0;
	if (!*text) return 0;
	if (labels_parse(c->a, slice_str(text), &s, &msg) < 0) return ctl_fail(c, "%s", msg ? msg : "out of memory");
	for (size_t i = 0; i < l->n; i++)
		if (labels_match(&s, json_path(l->v[i].doc->root, "metadata.labels"))) l->v[n++] = l->v[i];
	l->n = n;
	return 0;
}

static int print_all(struct ctl *c, struct printer *p, const struct infos *l) {
	yyjson_mut_doc *doc = tree_new(c);
	if (!prints_objects(c) || !l->n) return 0;
	if (l->n == 1) return printer_print(c, p, l->v[0].doc->root);
	tree_put(c, doc, doc->root, "apiVersion", "v1");
	tree_put(c, doc, doc->root, "kind", "List");
	(void)tree_obj(c, doc, doc->root, "metadata");
	for (size_t i = 0; i < l->n; i++)
		tree_append(c, tree_list(c, doc, doc->root, "items"), ctl_must(json_copy(doc, l->v[i].doc->root)));
	return printer_print(c, p, doc->root);
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct printer *p;
	struct infos l = { 0 };
	(void)args;
	if (check(c, n) || printer_new(c, 0, &p)) return 1;
	(void)infos_files(c, 0, &l);
	if (apply_select(c, &l)) return 1;
	if (!l.n && !c->faults.n) return ctl_fail(c, "no objects passed to apply");
	for (size_t i = 0; i < l.n; i++) (void)apply_one(c, p, &l.v[i]);
	if (c->faults.n) return 1;
	if (on(c, "prune") && apply_prune(c, &l)) return 1;
	return print_all(c, p, &l);
}

static const struct flag *const tables[] = { flags, delete_step_flags, validate_flags, dryrun_flags, print_flags, file_flags, NULL };
static const struct command *const subs[] = { &apply_set_last_applied, &apply_view_last_applied, NULL };
const struct command command_apply = { "apply", NULL, "-f FILE", "Make objects what files say", tables, run, subs };
