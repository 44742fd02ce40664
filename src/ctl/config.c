/* SPDX-License-Identifier: Apache-2.0 */
/* config: what kubeconfig files say, and short changes of them. */
#include "ctl/config.h"
#include "ctl/kubeconf.h"
#include "ctl/tabs.h"
#include "ctl/tree.h"

static const char *args_text(struct ctl *c, const char *const *args, size_t n) {
	struct strings s = { 0 };
	for (size_t i = 0; i < n; i++) strings_add(c, &s, args[i]);
	return strings_join(c, &s, " ");
}

static int current_run(struct ctl *c, const char *const *args, size_t n) {
	struct kubeconf k;
	(void)args;
	(void)n;
	if (kubeconf_load(c, &k)) return 1;
	if (!*kubeconf_current(&k)) return ctl_fail(c, "current-context is not set");
	ctl_out(c, "%s\n", kubeconf_current(&k));
	return 0;
}

/* ---- lists ---- */

static const struct flag contexts_flags[] = {
	{ "no-headers", FLAG_BOOL, NULL, 0, NULL, "no line of headers" },
	{ "output", FLAG_STRING, NULL, 'o', NULL, "name" },
	{ 0 },
};

static void print_contexts(struct ctl *c, const struct kubeconf *k, const struct strings *names) {
	bool name = *flag_text(&c->flags, "output") != 0;
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	struct tabs t;
	tabs_init(&t, 6, 3, true);
	if (!name && !flag_on(&c->flags, "no-headers")) tabs_printf(&t, "CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n");
	for (size_t i = 0; i < names->n; i++) {
		const yyjson_mut_val *v = kubeconf_find(k, KUBECONF_CONTEXT, names->v[i]);
		if (name) tabs_printf(&t, "%s\n", names->v[i]);
		else tabs_printf(&t, "%s\t%s\t%s\t%s\t%s\n", !strcmp(kubeconf_current(k), names->v[i]) ? "*" : " ", names->v[i], text_at(v, "cluster"),
				 text_at(v, "user"), text_at(v, "namespace"));
	}
	(void)tabs_flush(&t, &b);
	tabs_done(&t);
	sink_put(&c->out, ctl_take(c, &b));
}

static int contexts_run(struct ctl *c, const char *const *args, size_t n) {
	const char *output = flag_text(&c->flags, "output");
	struct kubeconf k;
	struct strings names = { 0 };
	if (*output && strcmp(output, "name") != 0)
		return ctl_fail(c, "--output %s is not available in kubectl config get-contexts; resetting to default output format", output);
	if (kubeconf_load(c, &k)) return 1;
	if (!n) names = kubeconf_names(c, &k, KUBECONF_CONTEXT);
	for (size_t i = 0; i < n; i++) {
		if (kubeconf_find(&k, KUBECONF_CONTEXT, args[i])) strings_add(c, &names, args[i]);
		else (void)ctl_fail(c, "context %s not found", args[i]);
	}
	strings_sort(&names);
	print_contexts(c, &k, &names);
	return c->faults.n > 0;
}

static int print_names(struct ctl *c, enum kubeconf_kind kind) {
	struct kubeconf k;
	if (kubeconf_load(c, &k)) return 1;
	struct strings names = kubeconf_names(c, &k, kind);
	ctl_out(c, "NAME\n");
	for (size_t i = 0; i < names.n; i++) ctl_out(c, "%s\n", names.v[i]);
	return 0;
}

static int clusters_run(struct ctl *c, const char *const *args, size_t n) { return (void)args, (void)n, print_names(c, KUBECONF_CLUSTER); }
static int users_run(struct ctl *c, const char *const *args, size_t n) { return (void)args, (void)n, print_names(c, KUBECONF_USER); }

/* ---- changes ---- */

static int use_run(struct ctl *c, const char *const *args, size_t n) {
	struct kubeconf k;
	if (n != 1) return ctl_fail(c, "Unexpected args: [%s]", args_text(c, args, n));
	if (kubeconf_load(c, &k)) return 1;
	if (!*args[0]) return ctl_fail(c, "empty context names are not allowed");
	if (!kubeconf_find(&k, KUBECONF_CONTEXT, args[0])) return ctl_fail(c, "no context exists with the name: %s", ctl_quote(c, slice_str(args[0])));
	kubeconf_set_current(c, &k, args[0]);
	if (kubeconf_save(c, &k)) return 1;
	ctl_out(c, "Switched to context %s.\n", ctl_quote(c, slice_str(args[0])));
	return 0;
}

static int delete_entry(struct ctl *c, enum kubeconf_kind kind, const char *name) {
	struct kubeconf k;
	const char *what = kubeconf_member_name(kind);
	if (kubeconf_load(c, &k)) return 1;
	bool active = kind == KUBECONF_CONTEXT && !strcmp(kubeconf_current(&k), name);
	if (!kubeconf_remove(&k, kind, name)) return ctl_fail(c, "cannot delete %s %s, not in %s", what, name, kubeconf_path(&k));
	if (active) ctl_err(c, "warning: this removed your active context, use \"kubectl config use-context\" to select a different one\n");
	if (kubeconf_save(c, &k)) return 1;
	ctl_out(c, "deleted %s %s from %s\n", what, name, kubeconf_path(&k));
	return 0;
}

static int delete_context_run(struct ctl *c, const char *const *args, size_t n) {
	return n == 1 ? delete_entry(c, KUBECONF_CONTEXT, args[0]) : ctl_usage(c, "context to delete is required");
}
static int delete_cluster_run(struct ctl *c, const char *const *args, size_t n) {
	return n == 1 ? delete_entry(c, KUBECONF_CLUSTER, args[0]) : ctl_usage(c, "cluster to delete is required");
}
static int delete_user_run(struct ctl *c, const char *const *args, size_t n) {
	return n == 1 ? delete_entry(c, KUBECONF_USER, args[0]) : ctl_usage(c, "user to delete is required");
}

static int rename_run(struct ctl *c, const char *const *args, size_t n) {
	struct kubeconf k;
	if (n != 2) return ctl_fail(c, "Unexpected args: [%s]", args_text(c, args, n));
	if (!*args[1]) return ctl_fail(c, "You must specify a new non-empty context name");
	const char *from = ctl_quote(c, slice_str(args[0])), *to = ctl_quote(c, slice_str(args[1]));
	if (kubeconf_load(c, &k)) return 1;
	if (!kubeconf_find(&k, KUBECONF_CONTEXT, args[0]))
		return ctl_fail(c, "cannot rename the context %s, it's not in %s", from, kubeconf_path(&k));
	if (kubeconf_find(&k, KUBECONF_CONTEXT, args[1]))
		return ctl_fail(c, "cannot rename the context %s, the context %s already exists in %s", from, to, kubeconf_path(&k));
	bool active = !strcmp(kubeconf_current(&k), args[0]);
	kubeconf_rename(c, &k, KUBECONF_CONTEXT, args[0], args[1]);
	if (active) kubeconf_set_current(c, &k, args[1]);
	if (kubeconf_save(c, &k)) return 1;
	ctl_out(c, "Context %s renamed to %s.\n", from, to);
	return 0;
}

static const struct flag *const contexts_tables[] = { contexts_flags, NULL };
static const struct command current_context = { "current-context", NULL, NULL, "Print the current context", NULL, current_run, NULL };
static const struct command delete_cluster = { "delete-cluster", NULL, "NAME", "Delete a cluster", NULL, delete_cluster_run, NULL };
static const struct command delete_context = { "delete-context", NULL, "NAME", "Delete a context", NULL, delete_context_run, NULL };
static const struct command delete_user = { "delete-user", NULL, "NAME", "Delete a user", NULL, delete_user_run, NULL };
static const struct command get_clusters = { "get-clusters", NULL, NULL, "Print the clusters' names", NULL, clusters_run, NULL };
static const struct command get_contexts = { "get-contexts", NULL, "[NAME...]", "Print contexts", contexts_tables, contexts_run, NULL };
static const struct command get_users = { "get-users", NULL, NULL, "Print the users' names", NULL, users_run, NULL };
static const struct command rename_context = { "rename-context", NULL, "NAME NEW_NAME", "Give a context another name", NULL, rename_run, NULL };
static const struct command use_context = { "use-context", "use", "NAME", "Set the current context", NULL, use_run, NULL };

static const struct command *const subs[] = {
	&current_context, &delete_cluster, &delete_context, &delete_user, &get_clusters, &get_contexts, &get_users, &rename_context, &config_set,
	&config_set_cluster, &config_set_context, &config_set_credentials, &config_unset, &use_context, &config_view, NULL,
};
const struct command command_config = { "config", NULL, "SUBCOMMAND", "Read and change kubeconfig files", NULL, NULL, subs };
