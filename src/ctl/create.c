/* SPDX-License-Identifier: Apache-2.0 */
/* create -f and replace -f: objects as they stand in files. The generators of create are its own commands (create_*.c). */
#include "ctl/create.h"
#include "ctl/delete.h"
#include "ctl/dryrun.h"
#include "ctl/last_applied.h"
#include "ctl/tree.h"
#include "ctl/write.h"

static int write_one(struct ctl *c, struct printer *printer, struct info *i, const char *method, const char *doing, const char *done) {
	struct buf q = BUF_INIT(4096);
	query_add(&q, "fieldValidation", validate_mode(c));
	const char *query = ctl_take(c, &q).p;
	last_applied_update(c, i->doc, flag_on(&c->flags, "save-config"));
	if (dryrun_mode(c) != DRYRUN_CLIENT && write_send(c, i, method, NULL, tree_text(c, i->doc->root), query, doing)) return 1;
	return print_done(c, printer, i->doc->root, done);
}

static int write_files(struct ctl *c, size_t n, const char *method, const char *doing, const char *done) {
	struct infos l = { 0 };
	struct printer *printer;
	if (n) return ctl_usage(c, "unexpected args: %s", c->flags.args[0]);
	if (printer_new(c, 0, &printer) || dryrun_check(c) || !validate_mode(c)) return 1;
	if (!flags_get(&c->flags, "filename")->n) return ctl_fail(c, "must specify one of -f and -k");
	if (infos_files(c, 0, &l) && !l.n) return 1;
	for (size_t i = 0; i < l.n; i++) (void)write_one(c, printer, &l.v[i], method, doing, done);
	if (!l.n && !c->faults.n) return ctl_fail(c, "no objects passed to %s", c->command->name);
	return c->faults.n > 0;
}

static int create_run(struct ctl *c, const char *const *args, size_t n) { return (void)args, write_files(c, n, "POST", "creating", "created"); }

/* ---- replace --force: all are deleted, then all are made anew ---- */

static int replace_deleted(struct ctl *c, struct infos *l) {
	static const char *const said[] = { [DRYRUN_NONE] = "", [DRYRUN_CLIENT] = " (dry run)", [DRYRUN_SERVER] = " (server dry run)" };
	int64_t grace = flag_int(&c->flags, "grace-period");
	for (size_t i = 0; i < l->n; i++) {
		int r = dryrun_mode(c) == DRYRUN_CLIENT ? 0 : delete_send(c, &l->v[i], delete_policy(c), grace < 0 ? 0 : grace);
		if (r == 1) return 1;
		if (r == 0) ctl_out(c, "%s \"%s\" deleted%s\n", resource_kind_name(c, l->v[i].r), l->v[i].name, said[dryrun_mode(c)]);
	}
	(void)sink_flush(&c->out);
	for (size_t i = 0; i < l->n && dryrun_mode(c) == DRYRUN_NONE; i++)
		if (delete_wait(c, &l->v[i], "")) return 1;
	return 0;
}

static int replace_forced(struct ctl *c) {
	struct infos l = { 0 };
	struct printer *printer;
	if (!flags_get(&c->flags, "filename")->n) return ctl_fail(c, "must specify one of -f and -k");
	if (printer_new(c, 0, &printer) || dryrun_check(c) || !validate_mode(c) || !delete_policy(c)) return 1;
	if (infos_files(c, 0, &l) || c->faults.n || replace_deleted(c, &l)) return 1;
	for (size_t i = 0; i < l.n; i++) {
		(void)json_del(json_get(l.v[i].doc->root, "metadata"), "resourceVersion");
		(void)write_one(c, printer, &l.v[i], "POST", "replacing", "replaced");
	}
	return c->faults.n > 0;
}

static int replace_run(struct ctl *c, const char *const *args, size_t n) {
	(void)args;
	if (flag_int(&c->flags, "grace-period") >= 0 && !flag_on(&c->flags, "force")) return ctl_fail(c, "--grace-period must have --force specified");
	if (flag_int(&c->flags, "timeout") && !flag_on(&c->flags, "force")) return ctl_fail(c, "--timeout must have --force specified");
	return flag_on(&c->flags, "force") && !n ? replace_forced(c) : write_files(c, n, "PUT", "replacing", "replaced");
}

#define SAVE_CONFIG { "save-config", FLAG_BOOL, NULL, 0, NULL, "say that it was applied, for a later apply" }
static const struct flag create_manager[] = { FLAG_MANAGER("kubectl-create"), SAVE_CONFIG, { 0 } };
static const struct flag replace_manager[] = { FLAG_MANAGER("kubectl-replace"), SAVE_CONFIG, { 0 } };
static const struct flag *const create_tables[] = { create_manager, validate_flags, dryrun_flags, print_flags, file_flags, NULL };
static const struct flag *const replace_tables[] = { replace_manager, delete_step_flags, validate_flags, dryrun_flags, print_flags, file_flags, NULL };
const struct command command_create = { "create", NULL, "-f FILE", "Create objects from files or from flags", create_tables, create_run, create_generators };
const struct command command_replace = { "replace", NULL, "-f FILE", "Replace objects by what files say", replace_tables, replace_run, NULL };
