/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/command.h"
#include "ctl/plugin.h"

#include <errno.h>
#include <signal.h>

const struct command *const commands[] = {
	&command_access,
	&command_annotate,
	&command_api_resources,
	&command_api_versions,
	&command_apply,
	&command_attach,
	&command_auth,
	&command_cluster_info,
	&command_complete,
	&command_completion,
	&command_config,
	&command_cordon,
	&command_cp,
	&command_create,
	&command_delete,
	&command_diff,
	&command_events,
	&command_exec,
	&command_get,
	&command_label,
	&command_logs,
	&command_patch,
	&command_port_forward,
	&command_replace,
	&command_rollout,
	&command_run,
	&command_scale,
	&command_set,
	&command_uncordon,
	&command_version,
	&command_wait,
	NULL,
};

static bool answers_to(const struct command *cmd, const char *name) {
	if (!strcmp(cmd->name, name)) return true;
	for (struct slice rest = slice_str(cmd->aliases); rest.p;)
		if (slice_eqs(slice_cut(&rest, ' '), name)) return true;
	return false;
}

static const struct command *find(const struct command *const *list, const char *name) {
	for (; *list; list++)
		if (answers_to(*list, name)) return *list;
	return NULL;
}

/* ---- help ---- */

static void help_flags(struct ctl *c, const struct flag *t) {
	for (; t->name; t++) {
		const char *letter = t->letter ? ctl_printf(c, "-%c, ", t->letter) : "    ";
		ctl_out(c, "    %s--%s%s%s:\n\t%s\n", letter, t->name, "=", t->type == FLAG_BOOL && !t->dflt ? "false" : t->dflt ? t->dflt : "", t->help);
	}
}

static int help(struct ctl *c, const struct command *const *subs) {
	const struct command *cmd = c->command;
	if (cmd) ctl_out(c, "%s\n\nUsage:\n  %s%s%s\n", cmd->about, c->path, cmd->usage ? " " : "", cmd->usage ? cmd->usage : "");
	else ctl_out(c, "%s controls the Kubernetes cluster manager.\n\nUsage:\n  %s [flags] [options]\n", c->program, c->program);
	if (subs) {
		ctl_out(c, "\nAvailable Commands:\n");
		for (; *subs; subs++)
			if ((*subs)->name[0] != '_') ctl_out(c, "  %-15s %s\n", (*subs)->name, (*subs)->about);
	}
	if (cmd && cmd->flags) {
		ctl_out(c, "\nOptions:\n");
		for (const struct flag *const *t = cmd->flags; *t; t++) help_flags(c, *t);
	}
	if (!cmd) {
		ctl_out(c, "\nFlags of every command:\n");
		help_flags(c, session_flags);
	}
	return 0;
}

/* ---- one run ---- */

/* The first argument that is no flag and no flag's value; flags of every command may stand before the command. */
static int command_at(struct ctl *c, int argc, char **argv, int from) {
	(void)c;
	for (int i = from; i < argc; i++) {
		if (argv[i][0] != '-') return i;
		if (!strcmp(argv[i], "--")) return argc;
		if (strchr(argv[i], '=')) continue;
		for (const struct flag *t = session_flags; t->name; t++) {
			bool named = !strncmp(argv[i], "--", 2) ? !strcmp(argv[i] + 2, t->name) : t->letter && argv[i][1] == t->letter && !argv[i][2];
			if (named && t->type != FLAG_BOOL) i++;
		}
	}
	return argc;
}

static int unknown_command(struct ctl *c, const struct command *const *list, const char *name) {
	struct strings near = { 0 };
	for (; *list; list++)
		if (!strncmp((*list)->name, name, strlen(name)) && *name) strings_add(c, &near, (*list)->name);
	if (!near.n) return ctl_fail(c, "unknown command \"%s\" for \"%s\"", name, c->path);
	return ctl_fail(c, "unknown command \"%s\" for \"%s\"\n\nDid you mean this?\n\t%s\n", name, c->path, strings_join(c, &near, "\n\t"));
}

static void drop(int *argc, char **argv, int at) {
	memmove(argv + at, argv + at + 1, (size_t)(*argc - at) * sizeof(*argv));
	--*argc;
}

/* Takes the words of the command out of argv. 0, or 1 with a fault. */
static int choose(struct ctl *c, int *argc, char **argv, const struct command *const **ret_subs) {
	const struct command *const *list = commands;
	for (;;) {
		int at = command_at(c, *argc, argv, 1);
		const struct command *found = at < *argc ? find(list, argv[at]) : NULL;
		*ret_subs = list;
		if (!found) {
			if (at < *argc && (!c->command || !c->command->run) && strcmp(argv[at], "help") != 0) {
				if (!c->command && at == 1) plugin_try(c, argv + 1);
				return unknown_command(c, list, argv[at]);
			}
			return 0;
		}
		drop(argc, argv, at);
		c->command = found;
		c->path = ctl_printf(c, "%s %s", c->path, found->name);
		*ret_subs = found->subs;
		if (!found->subs) return 0;
		list = found->subs;
	}
}

static int parse(struct ctl *c, int argc, char **argv) {
	const char *msg = NULL;
	bool ok = true;
	/* A command's own flag hides one of every command (--user of the bindings). */
	for (const struct flag *const *t = c->command ? c->command->flags : NULL; t && *t && ok; t++) ok = flags_add(&c->flags, *t);
	ok = ok && flags_add(&c->flags, session_flags);
	if (!ok) (void)ctl_must(NULL);
	int r = flags_parse(&c->flags, argc - 1, argv + 1, &msg);
	if (r == -EINVAL) return ctl_fail(c, "%s\nSee '%s --help' for usage.", msg, c->path);
	if (r < 0) (void)ctl_must(NULL);
	return 0;
}

static int run(struct ctl *c, int argc, char **argv) {
	const struct command *const *subs;
	if (choose(c, &argc, argv, &subs) || parse(c, argc, argv)) return 1;
	if (c->flags.help || !c->command || !c->command->run) return help(c, subs);
	return c->command->run(c, c->flags.args, c->flags.n_args);
}

int command_main(int argc, char **argv) {
	struct ctl c = { .env = &env_system, .in = 0 };
	const char *slash = strrchr(argv[0], '/');
	(void)signal(SIGPIPE, SIG_IGN);
	c.a = ctl_must(arena_new(CTL_ARENA_MAX));
	c.flags.a = c.a;
	c.program = c.path = slash ? slash + 1 : argv[0];
	sink_init(&c.out, 1);
	sink_init(&c.err, 2);
	int r = run(&c, argc, argv);
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	faults_print(c.a, &c.faults, &b);
	sink_put(&c.err, buf_slice(&b));
	buf_done(&b);
	int code = c.faults.n ? faults_exit_code(&c.faults) : c.exit_code ? c.exit_code : r;
	session_close(&c);
	if (sink_done(&c.out) < 0 && code == 0) code = 1;
	(void)sink_done(&c.err);
	arena_free(c.a);
	return code;
}
