/* SPDX-License-Identifier: Apache-2.0 */
/* apply view-last-applied and set-last-applied. */
#include "codec/yaml.h"
#include "ctl/apply.h"
#include "ctl/dryrun.h"
#include "ctl/last_applied.h"
#include "ctl/tree.h"
#include "ctl/write.h"

static const struct flag view_flags[] = {
	{ "all", FLAG_BOOL, NULL, 0, NULL, "all objects of the type" },
	{ "output", FLAG_STRING, "yaml", 'o', NULL, "yaml or json" },
	{ "selector", FLAG_STRING, NULL, 'l', NULL, "label selector" },
	{ 0 },
};

static int view(struct ctl *c, const char *text) {
	const char *output = flag_text(&c->flags, "output"), *msg;
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	yyjson_mut_doc *doc;
	if (strcmp(output, "yaml") != 0 && strcmp(output, "json") != 0)
		return ctl_usage(c, "Unexpected -o output mode: %s, the flag 'output' must be one of yaml|json", output);
	if (tree_parse(c, slice_str(text), &doc, &msg) < 0) return ctl_fail(c, "%s", msg);
	/* JSON stays as it was written; the newline of the annotation's text ends it. */
	if (!strcmp(output, "yaml")) (void)yaml_write(&b, doc->root);
	else tree_indent(&b, slice_str(text), 2);
	sink_put(&c->out, ctl_take(c, &b));
	return 0;
}

static int view_run(struct ctl *c, const char *const *args, size_t n) {
	struct pick p = write_pick(c, args, n, PICK_FETCH | PICK_LATEST);
	struct infos l = { 0 };
	if (infos_pick(c, &p, &l) || c->faults.n) return 1;
	for (size_t i = 0; i < l.n; i++)
		if (!last_applied_text(l.v[i].doc->root))
			return l.v[i].source ? ctl_fail(c, "error when no last-applied-configuration annotation found on resource: %s\n %s: <nil>", l.v[i].name,
							ctl_quote(c, slice_str(l.v[i].source))) : 0;
	for (size_t i = 0; i < l.n; i++)
		if (view(c, last_applied_text(l.v[i].doc->root))) return 1;
	return 0;
}

/* ---- set ---- */

static const struct flag set_flags[] = {
	{ "create-annotation", FLAG_BOOL, NULL, 0, NULL, "also for objects that were never applied" },
	{ 0 },
};

static bool same_json(struct ctl *c, const char *a, const char *b) {
	yyjson_mut_doc *da, *db;
	const char *msg;
	if (tree_parse(c, slice_str(a), &da, &msg) < 0 || tree_parse(c, slice_str(b), &db, &msg) < 0) return !strcmp(a, b);
	return json_equal(da->root, db->root);
}

/* What `i` shall say, when it does not say it yet; NULL otherwise. 0 or 1 with a fault noted. */
static int set_wanted(struct ctl *c, struct info *i, const char **ret) {
	const char *text = last_applied_plain(c, i->doc->root), *now;
	if (info_fetch(c, i, true, NULL)) return 1;
	now = last_applied_text(i->doc->root);
	if (!now && !flag_on(&c->flags, "create-annotation"))
		return ctl_fail(c, "no last-applied-configuration annotation found on resource: %s, to create the annotation, run the command with "
				   "--create-annotation", i->name);
	*ret = now && same_json(c, now, text) ? NULL : text;
	if (!*ret) ctl_out(c, "set-last-applied %s: no changes required.\n", i->name);
	return 0;
}

static int set_one(struct ctl *c, struct printer *p, struct info *i, const char *text) {
	yyjson_mut_doc *patch = tree_new(c);
	tree_set(c, patch, tree_obj(c, patch, patch->root, "metadata.annotations"), LAST_APPLIED, tree_string(c, patch, text));
	if (dryrun_mode(c) != DRYRUN_CLIENT &&
	    write_send(c, i, "PATCH", "application/merge-patch+json", tree_text(c, patch->root), NULL, "patching"))
		return 1;
	return print_done(c, p, i->doc->root, "configured");
}

static int set_run(struct ctl *c, const char *const *args, size_t n) {
	struct printer *p;
	struct infos l = { 0 };
	(void)args;
	(void)n;
	if (dryrun_check(c) || printer_new(c, 0, &p)) return 1;
	if (!flags_get(&c->flags, "filename")->n) return ctl_fail(c, "must specify one of -f and -k");
	if (infos_files(c, 0, &l)) return 1;
	const char **texts = ctl_array(c, l.n, sizeof(*texts));
	for (size_t i = 0; i < l.n; i++)
		if (set_wanted(c, &l.v[i], &texts[i])) return 1;
	for (size_t i = 0; i < l.n; i++)
		if (texts[i] && set_one(c, p, &l.v[i], texts[i])) return 1;
	return c->faults.n > 0;
}

static const struct flag *const view_tables[] = { view_flags, file_flags, NULL };
static const struct flag *const set_tables[] = { set_flags, dryrun_flags, print_flags, file_flags, NULL };
const struct command apply_view_last_applied = { "view-last-applied", NULL, "(TYPE [NAME | -l label] | TYPE/NAME | -f FILE)",
						 "Print what was applied last", view_tables, view_run, NULL };
const struct command apply_set_last_applied = { "set-last-applied", NULL, "-f FILE", "Say that a file was applied last, without applying it", set_tables,
						set_run, NULL };
