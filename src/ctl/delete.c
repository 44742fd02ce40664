/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/delete.h"
#include "ctl/dryrun.h"
#include "ctl/tree.h"
#include "ctl/write.h"

#include <errno.h>

static const struct flag flags[] = {
	{ "all", FLAG_BOOL, NULL, 0, NULL, "all objects of the types" },
	{ "all-namespaces", FLAG_BOOL, NULL, 'A', NULL, "objects of all namespaces" },
	{ "cascade", FLAG_STRING, "background", 0, "background", "what becomes of dependents: background, orphan, foreground" },
	{ "force", FLAG_BOOL, NULL, 0, NULL, "do not wait for the object to end (with a grace period of 0)" },
	{ "grace-period", FLAG_INT, "-1", 0, NULL, "seconds to end in; -1: the object's own" },
	{ "ignore-not-found", FLAG_BOOL, NULL, 0, NULL, "an object that does not exist is no error" },
	{ "now", FLAG_BOOL, NULL, 0, NULL, "a grace period of one second" },
	{ "output", FLAG_STRING, NULL, 'o', NULL, "name: only the names" },
	{ "timeout", FLAG_DURATION, "0s", 0, NULL, "how long to wait; 0: for ever" },
	{ "wait", FLAG_BOOL, "true", 0, NULL, "wait until the objects are gone" },
	{ 0 },
};

const struct flag delete_step_flags[] = {
	{ "cascade", FLAG_STRING, "background", 0, "background", "what becomes of dependents: background, orphan, foreground" },
	{ "force", FLAG_BOOL, NULL, 0, NULL, "delete and create anew what cannot be changed" },
	{ "grace-period", FLAG_INT, "-1", 0, NULL, "seconds to end in; -1: the object's own" },
	{ "timeout", FLAG_DURATION, "0s", 0, NULL, "how long to wait; 0: for ever" },
	{ "wait", FLAG_BOOL, NULL, 0, NULL, "wait until the objects are gone" },
	{ 0 },
};

static const struct { const char *text, *policy; } cascades[] = {
	{ "background", "Background" }, { "orphan", "Orphan" }, { "foreground", "Foreground" }, { "true", "Background" }, { "false", "Orphan" },
};

const char *delete_policy(struct ctl *c) {
	const char *cascade = flag_text(&c->flags, "cascade");
	for (size_t i = 0; i < ELEMENTSOF(cascades); i++)
		if (!strcmp(cascade, cascades[i].text)) return cascades[i].policy;
	(void)ctl_fail(c, "invalid cascade value (%s). Must be \"background\", \"foreground\", or \"orphan\"", cascade);
	return NULL;
}

struct deleting {
	const char *policy;
	int64_t grace; /* -1: unset */
	bool quiet;    /* not found is no error */
	bool name;     /* -o name */
};

static int check(struct ctl *c, struct deleting *d) {
	const char *output = flag_text(&c->flags, "output");
	bool force = flag_on(&c->flags, "force"), now = flag_on(&c->flags, "now");
	d->policy = delete_policy(c);
	if (!d->policy) return 1;
	d->name = !strcmp(output, "name");
	if (*output && !d->name) return ctl_fail(c, "unexpected -o output mode: %s. We only support '-o name'", output);
	d->grace = flag_int(&c->flags, "grace-period");
	if (now && d->grace != -1) return ctl_fail(c, "--now and --grace-period cannot be specified together");
	if (now) d->grace = 1;
	if (d->grace == 0 && !force) d->grace = 1; /* zero is only for --force */
	if (force && d->grace < 0) d->grace = 0;
	if (force && d->grace > 0) return ctl_fail(c, "--force and --grace-period greater than 0 cannot be specified together");
	if (force && dryrun_mode(c) == DRYRUN_NONE)
		ctl_err(c, "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource "
			   "may continue to run on the cluster indefinitely.\n");
	d->quiet = flag_on(&c->flags, "ignore-not-found");
	return 0;
}

static void tell(struct ctl *c, const struct deleting *d, const struct info *i) {
	static const char *const suffix[] = { "", " (dry run)", " (server dry run)" };
	const char *kind = resource_kind_name(c, i->r);
	if (d->name) ctl_out(c, "%s/%s\n", kind, i->name);
	else ctl_out(c, "%s \"%s\" %sdeleted%s\n", kind, i->name, d->grace == 0 ? "force " : "", suffix[dryrun_mode(c)]);
}

static struct call delete_call(struct ctl *c, const struct info *i, const char *policy, int64_t grace) {
	yyjson_mut_doc *doc = tree_new(c);
	tree_put(c, doc, doc->root, "propagationPolicy", policy);
	if (grace >= 0) (void)json_set_int(doc, doc->root, "gracePeriodSeconds", grace);
	if (dryrun_mode(c) == DRYRUN_SERVER) tree_append(c, tree_list(c, doc, doc->root, "dryRun"), tree_string(c, doc, "All"));
	return (struct call){ .method = "DELETE", .path = resource_path(c, i->r, i->ns, i->name, NULL), .body = tree_text(c, doc->root) };
}

int delete_send(struct ctl *c, const struct info *i, const char *policy, int64_t grace) {
	struct call call = delete_call(c, i, policy, grace);
	struct k8c_reply *reply;
	int r = session_try(c, &call, &reply);
	if (r == 1) return reply->error.status == 404 ? 2 : ctl_fail_api(c, &reply->error, info_what(c, i, "deleting"));
	return r != 0;
}

/* 0; 1: failed; 2: was not there. *ret_uid is what was deleted, or "". */
static int delete_one(struct ctl *c, const struct deleting *d, struct info *i, const char **ret_uid) {
	yyjson_mut_doc *answer;
	struct k8c_reply *reply;
	*ret_uid = "";
	if (dryrun_mode(c) == DRYRUN_CLIENT) return tell(c, d, i), 0;
	struct call call = delete_call(c, i, d->policy, d->grace);
	int r = session_try(c, &call, &reply);
	if (r == 1 && reply->error.status == 404 && d->quiet) return 2;
	if (r == 1) return ctl_fail_api(c, &reply->error, info_what(c, i, "deleting"));
	if (r || session_parse(c, reply, &answer)) return 1;
	tell(c, d, i);
	(void)sink_flush(&c->out);
	*ret_uid = *text_at(answer->root, "metadata.uid") ? text_at(answer->root, "metadata.uid") : text_at(answer->root, "details.uid");
	return 0;
}

/* ---- waiting ---- */

struct gone {
	const char *uid;
	struct ctl *c;
	bool timed_out;
};

static int is_gone(void *ctx, const yyjson_mut_val *root) {
	const struct gone *g = ctx;
	return !root || (*g->uid && strcmp(text_at(root, "metadata.uid"), g->uid) != 0);
}

static void on_gone(void *ctx, const struct k8c_error *err) {
	struct gone *g = ctx;
	g->timed_out = err && err->err == -ETIMEDOUT;
	/* Whoever may delete but not read does not wait. */
	if (err && !g->timed_out && err->err != -EPERM) (void)ctl_fail_api(g->c, err, NULL);
}

int delete_wait(struct ctl *c, const struct info *i, const char *uid) {
	static const struct k8c_wait_handler h = { is_gone, on_gone };
	struct k8c_target t = { .group = i->r->group, .version = i->r->version, .resource = i->r->name, .name = i->name,
				.ns = i->r->namespaced ? i->ns : NULL };
	struct gone g = { .uid = uid, .c = c };
	int64_t ms = flag_int(&c->flags, "timeout") / 1000000;
	(void)k8c_wait_wait(c->client, &t, ms <= 0 ? 0 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms, &h, &g);
	return g.timed_out ? ctl_fail(c, "timed out waiting for the condition on %s/%s", i->r->name, i->name) : 0;
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct pick p = write_pick(c, args, n, 0);
	struct deleting d = { 0 };
	struct infos l = { 0 };
	if (dryrun_check(c) || check(c, &d)) return 1;
	bool selected = (p.selector && *p.selector) || (p.field_selector && *p.field_selector);
	if (selected && (p.flags & PICK_ALL)) return ctl_fail(c, "cannot set --all and --selector at the same time");
	/* What was found by looking may be gone by now. */
	d.quiet = d.quiet || ((p.flags & PICK_ALL || selected) && !flag_given(&c->flags, "ignore-not-found"));
	if (infos_pick(c, &p, &l) && !l.n) return 1;
	const char **uids = ctl_array(c, l.n, sizeof(*uids));
	for (size_t i = 0; i < l.n; i++) {
		int r = delete_one(c, &d, &l.v[i], &uids[i]);
		if (r) uids[i] = "";
	}
	if (!l.n && !c->faults.n) ctl_out(c, "No resources found\n");
	bool wait = flag_on(&c->flags, "wait") && !d.name && dryrun_mode(c) == DRYRUN_NONE && d.grace != 0;
	for (size_t i = 0; i < l.n && wait; i++)
		if (*uids[i]) (void)delete_wait(c, &l.v[i], uids[i]);
	return c->faults.n > 0;
}

static const struct flag *const tables[] = { flags, dryrun_flags, file_flags, select_flags, NULL };
const struct command command_delete = { "delete", NULL, "(-f FILE | TYPE [NAME | -l label | --all])", "Delete objects", tables, run, NULL };
