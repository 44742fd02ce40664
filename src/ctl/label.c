/* SPDX-License-Identifier: Apache-2.0 */
/* label and annotate: KEY=VALUE and KEY- on any number of objects, sent as a merge patch of what changes. */
#include "codec/labels.h"
#include "ctl/dryrun.h"
#include "ctl/tree.h"
#include "ctl/write.h"

struct meta {
	const char *what, *path, *done, *not_done, *noun; /* "label", "metadata.labels", "labeled", "not labeled" */
	bool checked;                                     /* values have the form of labels */
};
static const struct meta label = { "label", "metadata.labels", "labeled", "not labeled", "label", true };
static const struct meta annotation = { "annotation", "metadata.annotations", "annotated", "annotated", "annotation", false };

struct changes {
	struct strings keys, values; /* parallel */
	struct strings remove;
	size_t n_objects;            /* arguments that are no change */
};

/* Arguments from the first change on; one with a slash before its '=' names an object only when there was no change yet. */
static bool is_change(const char *arg) {
	size_t n = strlen(arg);
	return strchr(arg, '=') || (n > 1 && arg[n - 1] == '-');
}

static int take_change(struct ctl *c, const struct meta *m, const char *arg, struct changes *ch) {
	const char *eq = strchr(arg, '=');
	if (!eq) {
		strings_add(c, &ch->remove, ctl_text(c, slice_make(arg, strlen(arg) - 1)));
		return 0;
	}
	const char *value = eq + 1, *bad = m->checked ? labels_check_value(slice_str(value)) : NULL;
	if (eq == arg) return ctl_fail(c, "invalid %s spec: %s", m->what, arg);
	if (bad) return ctl_fail(c, "invalid label value: %s: %s", ctl_quote(c, slice_str(arg)), bad);
	strings_add(c, &ch->keys, ctl_text(c, slice_make(arg, (size_t)(eq - arg))));
	strings_add(c, &ch->values, value);
	return 0;
}

static int split(struct ctl *c, const struct meta *m, const char *const *args, size_t n, struct changes *ch) {
	bool begun = false;
	for (size_t i = 0; i < n; i++) {
		begun = begun || is_change(args[i]);
		if (!begun) ch->n_objects++;
		else if (!is_change(args[i])) return ctl_fail(c, "all resources must be specified before %s changes: %s", m->what, args[i]);
		else if (take_change(c, m, args[i], ch)) return 1;
	}
	for (size_t i = 0; i < ch->remove.n; i++)
		if (strings_has(&ch->keys, ch->remove.v[i]))
			return ctl_fail(c, "can not both modify and remove %s %s in the same command", m->what, m->checked ? "a label" : "an annotation");
	return 0;
}

static int check_overwrite(struct ctl *c, const struct meta *m, const struct changes *ch, const yyjson_mut_val *map) {
	struct strings clash = { 0 };
	if (flag_on(&c->flags, "overwrite")) return 0;
	for (size_t i = 0; i < ch->keys.n; i++) {
		const char *now = text_of(json_get(map, ch->keys.v[i]));
		if (!json_get(map, ch->keys.v[i]) || !strcmp(now, ch->values.v[i])) continue;
		if (m->checked)
			strings_add(c, &clash, ctl_printf(c, "'%s' already has a value (%s), and --overwrite is false", ch->keys.v[i], now));
		else
			strings_add(c, &clash, ctl_printf(c, "--overwrite is false but found the following declared annotation(s): '%s' already has a value (%s)",
							  ch->keys.v[i], now));
	}
	return clash.n ? ctl_fail(c, "%s", strings_join(c, &clash, "\n")) : 0;
}

/* Changes the map of i->doc; *patch gets what differs. True when something does. */
static bool apply(struct ctl *c, const struct meta *m, const struct changes *ch, struct info *i, yyjson_mut_doc *patch) {
	yyjson_mut_val *map = tree_obj(c, i->doc, i->doc->root, m->path), *to = tree_obj(c, patch, patch->root, m->path);
	bool changed = false;
	for (size_t k = 0; k < ch->keys.n; k++) {
		yyjson_mut_val *now = json_get(map, ch->keys.v[k]);
		if (now && !strcmp(text_of(now), ch->values.v[k])) continue;
		changed = true;
		tree_set(c, i->doc, map, ch->keys.v[k], tree_string(c, i->doc, ch->values.v[k]));
		tree_set(c, patch, to, ch->keys.v[k], tree_string(c, patch, ch->values.v[k]));
	}
	for (size_t k = 0; k < ch->remove.n; k++) {
		if (!json_del(map, ch->remove.v[k])) {
			ctl_out(c, "%s \"%s\" not found.\n", m->noun, ch->remove.v[k]);
			continue;
		}
		changed = true;
		tree_set(c, patch, to, ch->remove.v[k], ctl_must(yyjson_mut_null(patch)));
	}
	if (!json_size(map)) (void)json_del(json_get(i->doc->root, "metadata"), strrchr(m->path, '.') + 1);
	return changed;
}

static const char *done_word(const struct meta *m, const struct changes *ch, bool changed) {
	if (m->checked && !changed) return m->not_done;
	return m->checked && ch->remove.n && !ch->keys.n ? "unlabeled" : m->done;
}

static int list(struct ctl *c, const struct meta *m, const struct infos *l) {
	for (size_t i = 0; i < l->n; i++) {
		struct strings lines = { 0 };
		yyjson_mut_val *k, *v;
		size_t x, n;
		const char *indent = l->n > 1 ? " " : "";
		if (l->n > 1) ctl_out(c, "Listing %ss for %s.%s/%s:\n", m->what, l->v[i].r->kind, l->v[i].r->group, l->v[i].name);
		yyjson_mut_obj_foreach(json_path(l->v[i].doc->root, m->path), x, n, k, v)
			strings_add(c, &lines, ctl_printf(c, "%s%s=%s", indent, text_of(k), text_of(v)));
		strings_sort(&lines);
		for (x = 0; x < lines.n; x++) ctl_out(c, "%s\n", lines.v[x]);
	}
	return 0;
}

static int one(struct ctl *c, struct printer *printer, const struct meta *m, const struct changes *ch, struct info *i) {
	yyjson_mut_doc *patch = tree_new(c);
	const char *rv = flag_text(&c->flags, "resource-version");
	if (check_overwrite(c, m, ch, json_path(i->doc->root, m->path))) return 1;
	bool changed = apply(c, m, ch, i, patch);
	const char *word = done_word(m, ch, changed);
	if (*rv) tree_put(c, patch, patch->root, "metadata.resourceVersion", rv);
	bool send = dryrun_mode(c) != DRYRUN_CLIENT && !flag_on(&c->flags, "local") && (changed || !m->checked);
	if (send && write_send(c, i, "PATCH", "application/merge-patch+json", tree_text(c, patch->root), NULL, "patching")) return 1;
	return print_done(c, printer, i->doc->root, word);
}

static int run_meta(struct ctl *c, const char *const *args, size_t n, const struct meta *m) {
	struct changes ch = { 0 };
	struct infos l = { 0 };
	struct printer *printer;
	if (split(c, m, args, n, &ch) || printer_new(c, 0, &printer) || dryrun_check(c)) return 1;
	struct pick p = write_pick(c, args, ch.n_objects, PICK_FETCH | (flag_on(&c->flags, "local") ? PICK_LOCAL : PICK_LATEST));
	bool listing = flag_on(&c->flags, "list");
	if (!ch.n_objects && !flags_get(&c->flags, "filename")->n) return ctl_fail(c, "one or more resources must be specified as <resource> <name> or <resource>/<name>");
	if (!ch.keys.n && !ch.remove.n && !listing) return ctl_fail(c, "at least one %s update is required", m->what);
	if (infos_pick(c, &p, &l) && !l.n) return 1;
	if (listing) return list(c, m, &l);
	for (size_t i = 0; i < l.n; i++) (void)one(c, printer, m, &ch, &l.v[i]);
	return c->faults.n > 0;
}

static int label_run(struct ctl *c, const char *const *args, size_t n) { return run_meta(c, args, n, &label); }
static int annotate_run(struct ctl *c, const char *const *args, size_t n) { return run_meta(c, args, n, &annotation); }

static const struct flag flags[] = {
	{ "all", FLAG_BOOL, NULL, 0, NULL, "all objects of the type" },
	{ "all-namespaces", FLAG_BOOL, NULL, 'A', NULL, "objects of all namespaces" },
	{ "list", FLAG_BOOL, NULL, 0, NULL, "print what is set" },
	{ "local", FLAG_BOOL, NULL, 0, NULL, "change what -f says and print it; no server" },
	{ "overwrite", FLAG_BOOL, NULL, 0, NULL, "replace values that are set" },
	{ "resource-version", FLAG_STRING, NULL, 0, NULL, "only this version of the object" },
	{ 0 },
};
static const struct flag label_manager[] = { FLAG_MANAGER("kubectl-label"), { 0 } };
static const struct flag annotate_manager[] = { FLAG_MANAGER("kubectl-annotate"), { 0 } };
static const struct flag *const label_tables[] = { flags, label_manager, dryrun_flags, print_flags, file_flags, select_flags, NULL };
static const struct flag *const annotate_tables[] = { flags, annotate_manager, dryrun_flags, print_flags, file_flags, select_flags, NULL };
const struct command command_label = { "label", NULL, "(-f FILE | TYPE NAME) KEY=VALUE | KEY- ...", "Set labels of objects", label_tables, label_run, NULL };
const struct command command_annotate = { "annotate", NULL, "(-f FILE | TYPE NAME) KEY=VALUE | KEY- ...", "Set annotations of objects", annotate_tables,
					  annotate_run, NULL };
