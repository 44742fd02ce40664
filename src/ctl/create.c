/* SPDX-License-Identifier: Apache-2.0 */
/* create -f and replace -f: objects as they stand in files. The generators of create are its own commands (create_*.c). */
#include "ctl/create.h"
#include "ctl/dryrun.h"
#include "ctl/tree.h"
#include "ctl/write.h"

static int write_one(struct ctl *c, struct printer *printer, struct info *i, const char *method, const char *doing, const char *done) {
	struct buf q = BUF_INIT(4096);
	query_add(&q, "fieldValidation", validate_mode(c));
	const char *query = ctl_take(c, &q).p;
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
static int replace_run(struct ctl *c, const char *const *args, size_t n) { return (void)args, write_files(c, n, "PUT", "replacing", "replaced"); }

static const struct flag create_manager[] = { FLAG_MANAGER("kubectl-create"), { 0 } };
static const struct flag replace_manager[] = { FLAG_MANAGER("kubectl-replace"), { 0 } };
static const struct flag *const create_tables[] = { create_manager, validate_flags, dryrun_flags, print_flags, file_flags, NULL };
static const struct flag *const replace_tables[] = { replace_manager, validate_flags, dryrun_flags, print_flags, file_flags, NULL };
const struct command command_create = { "create", NULL, "-f FILE", "Create objects from files or from flags", create_tables, create_run, create_generators };
const struct command command_replace = { "replace", NULL, "-f FILE", "Replace objects by what files say", replace_tables, replace_run, NULL };
