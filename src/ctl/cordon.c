/* SPDX-License-Identifier: Apache-2.0 */
/* cordon, uncordon, taint: what keeps pods off nodes. */
#include "ctl/dryrun.h"
#include "ctl/modify.h"
#include "ctl/tree.h"
#include "ctl/write.h"

/* ---- cordon ---- */

static int change_cordon(struct ctl *c, const struct info *i, yyjson_mut_doc *doc, void *ctx) {
	yyjson_mut_val *spec = tree_obj(c, doc, doc->root, "spec");
	(void)i;
	if (*(const bool *)ctx) tree_set(c, doc, spec, "unschedulable", ctl_must(yyjson_mut_bool(doc, true)));
	else (void)json_del(spec, "unschedulable");
	return 0;
}

static int find_nodes(struct ctl *c, const char *const *args, size_t n, struct infos *ret) {
	const char **all = ctl_array(c, n + 1, sizeof(*all));
	const char *selector = flag_text(&c->flags, "selector");
	if (!n && !*selector) return ctl_usage(c, "USAGE: %s NODE [flags]", c->command->name);
	if (n && *selector) return ctl_fail(c, "error: cannot specify both a node name and a --selector option");
	all[0] = "nodes";
	for (size_t i = 0; i < n; i++) all[i + 1] = strncmp(args[i], "node/", 5) ? args[i] : args[i] + 5;
	struct pick p = { .args = all, .n = n + 1, .flags = PICK_FETCH, .selector = selector, .chunk = 500 };
	return infos_pick(c, &p, ret) && !ret->n;
}

static int cordon(struct ctl *c, const char *const *args, size_t n, bool on) {
	struct infos l = { 0 };
	if (dryrun_check(c) || find_nodes(c, args, n, &l)) return 1;
	return modify_all(c, NULL, &l, &(struct modify){ .change = change_cordon, .ctx = &on, .done = on ? "cordoned" : "uncordoned",
							 .unchanged = on ? "already cordoned" : "already uncordoned" });
}

static int cordon_run(struct ctl *c, const char *const *args, size_t n) { return cordon(c, args, n, true); }
static int uncordon_run(struct ctl *c, const char *const *args, size_t n) { return cordon(c, args, n, false); }

static const struct flag selector_flags[] = { { "selector", FLAG_STRING, NULL, 'l', NULL, "label selector" }, { 0 } };
static const struct flag *const cordon_tables[] = { selector_flags, dryrun_flags, NULL };
const struct command command_cordon = { "cordon", NULL, "NODE", "Let no new pods on a node", cordon_tables, cordon_run, NULL };
const struct command command_uncordon = { "uncordon", NULL, "NODE", "Let pods on a node again", cordon_tables, uncordon_run, NULL };
