/* SPDX-License-Identifier: Apache-2.0 */
/* rollout restart, pause, resume, status, history, undo. */
#include "ctl/rollout.h"
#include "codec/timestamp.h"
#include "ctl/dryrun.h"
#include "ctl/modify.h"
#include "ctl/tree.h"
#include "ctl/write.h"

int rollout_pick(struct ctl *c, const char *const *args, size_t n, struct infos *ret) {
	struct pick p = write_pick(c, args, n, PICK_FETCH | PICK_LATEST | PICK_TYPES);
	if (!n && !flags_get(&c->flags, "filename")->n) return ctl_fail(c, "required resource not specified");
	if (infos_pick(c, &p, ret) && !ret->n) return 1;
	if (!ret->n && !c->faults.n) ctl_err(c, "No resources found in %s namespace.\n", session_namespace(c));
	return 0;
}

static bool among(const yyjson_mut_val *obj, const char *const *kinds) {
	for (; *kinds; kinds++)
		if (!strcmp(text_at(obj, "kind"), *kinds)) return true;
	return false;
}

/* Told with the object in front, as kubectl does. */
static int refuse(struct ctl *c, const struct info *i, const char *why) {
	return ctl_fail_text(c, ctl_printf(c, "error: %s \"%s\" %s", resource_qualified(c, i->r), i->name, why));
}

static int change_restart(struct ctl *c, const struct info *i, yyjson_mut_doc *doc, void *ctx) {
	static const char *const kinds[] = { "Deployment", "DaemonSet", "StatefulSet", NULL };
	char now[TIMESTAMP_TEXT];
	(void)ctx;
	if (!among(doc->root, kinds)) return refuse(c, i, "restarting is not supported");
	if (json_path_bool(doc->root, "spec.paused", false)) return refuse(c, i, "can't restart paused deployment (run rollout resume first)");
	timestamp_format(env_now_sec(c->env), now);
	tree_set(c, doc, tree_obj(c, doc, doc->root, "spec.template.metadata.annotations"), "kubectl.kubernetes.io/restartedAt", tree_string(c, doc, now));
	return 0;
}

static int change_pause(struct ctl *c, const struct info *i, yyjson_mut_doc *doc, void *ctx) {
	static const char *const kinds[] = { "Deployment", NULL };
	bool pause = *(const bool *)ctx, paused = json_path_bool(doc->root, "spec.paused", false);
	yyjson_mut_val *spec = json_get(doc->root, "spec");
	if (!among(doc->root, kinds)) return refuse(c, i, pause ? "pausing is not supported" : "resuming is not supported");
	if (pause == paused) return refuse(c, i, pause ? "is already paused" : "is not paused");
	if (pause) tree_set(c, doc, spec, "paused", ctl_must(yyjson_mut_bool(doc, true)));
	else (void)json_del(spec, "paused");
	return 0;
}

static int modify(struct ctl *c, const char *const *args, size_t n, const struct modify *m) {
	struct infos l = { 0 };
	struct printer *p;
	if (printer_new(c, 0, &p) || rollout_pick(c, args, n, &l)) return 1;
	return modify_all(c, p, &l, m);
}

static int restart_run(struct ctl *c, const char *const *args, size_t n) {
	return modify(c, args, n, &(struct modify){ .change = change_restart, .done = "restarted", .failed = "failed to patch:", .plain = true });
}
static int pause_run(struct ctl *c, const char *const *args, size_t n) {
	bool pause = true;
	return modify(c, args, n, &(struct modify){ .change = change_pause, .ctx = &pause, .done = "paused", .failed = "failed to patch:", .plain = true });
}
static int resume_run(struct ctl *c, const char *const *args, size_t n) {
	bool pause = false;
	return modify(c, args, n, &(struct modify){ .change = change_pause, .ctx = &pause, .done = "resumed", .failed = "failed to patch:", .plain = true });
}

const struct flag rollout_flags[] = { { "selector", FLAG_STRING, NULL, 'l', NULL, "label selector" }, { 0 } };
static const struct flag manager[] = { FLAG_MANAGER("kubectl-rollout"), { 0 } };
static const struct flag *const tables[] = { rollout_flags, manager, print_flags, file_flags, NULL };
static const struct command restart = { "restart", NULL, "TYPE NAME | -f FILE", "Make all pods anew", tables, restart_run, NULL };
static const struct command pause_command = { "pause", NULL, "TYPE NAME | -f FILE", "Hold a deployment's rollout", tables, pause_run, NULL };
static const struct command resume = { "resume", NULL, "TYPE NAME | -f FILE", "Go on with a rollout that was held", tables, resume_run, NULL };
static const struct command *const subs[] = { &pause_command, &restart, &resume, &rollout_status, NULL };
const struct command command_rollout = { "rollout", NULL, "SUBCOMMAND", "Watch and steer the rollout of workloads", NULL, NULL, subs };
