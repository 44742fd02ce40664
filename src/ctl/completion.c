/* SPDX-License-Identifier: Apache-2.0 */
/* completion: small scripts for shells, which ask the program itself (__complete) what may stand at the cursor. */
#include "ctl/command.h"
#include "ctl/pod.h"

/* ---- scripts ---- */

/* The program's name stands in place of every '%'. */
static const struct { const char *shell, *text; } scripts[] = {
	{ "bash", "# bash completion for %\n"
		  "_complete_%() {\n"
		  "	local IFS=$'\\n'\n"
		  "	COMPREPLY=($(% __complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
		  "}\n"
		  "complete -o default -F _complete_% %\n" },
	{ "fish", "# fish completion for %\n"
		  "complete -c % -f -a '(% __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'\n" },
	{ "zsh", "#compdef %\n"
		 "# zsh completion for %\n"
		 "_complete_%() {\n"
		 "	local -a found\n"
		 "	found=(\"${(@f)$(% __complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
		 "	compadd -- ${found:#}\n"
		 "}\n"
		 "compdef _complete_% %\n" },
};

/* What a shell reads as one plain word. */
static bool plain(const char *text) {
	for (const char *p = text; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("._-:/=", *p))) return false;
	return *text != 0;
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	if (!n) return ctl_usage(c, "Shell not specified.");
	if (n > 1) return ctl_usage(c, "Too many arguments. Expected only the shell type.");
	if (!plain(c->program) || strpbrk(c->program, ":/=")) return ctl_fail(c, "the name %s does not fit into a script", ctl_quote(c, slice_str(c->program)));
	for (size_t i = 0; i < ELEMENTSOF(scripts); i++) {
		if (strcmp(scripts[i].shell, args[0]) != 0) continue;
		for (struct slice rest = slice_str(scripts[i].text); rest.p;) {
			sink_put(&c->out, slice_cut(&rest, '%'));
			if (rest.p) sink_put(&c->out, slice_str(c->program));
		}
		return 0;
	}
	return ctl_usage(c, "Unsupported shell type %s.", ctl_quote(c, slice_str(args[0])));
}

static const struct flag *const no_tables[] = { NULL };
const struct command command_completion = { "completion", NULL, "SHELL", "A script that completes command lines (bash, zsh, fish)", no_tables, run, NULL };

/* ---- what may stand at the cursor ---- */

struct line {
	const struct command *command;
	const struct command *const *list; /* commands that may come next; NULL: none */
	struct strings args, flags;        /* behind the command; flags of every command, with their values */
};

static const struct flag *flag_in(const struct flag *t, const char *word) {
	bool full = !strncmp(word, "--", 2);
	for (; t->name; t++)
		if (full ? !strcmp(t->name, word + 2) : t->letter && word[1] == t->letter && !word[2]) return t;
	return NULL;
}

static const struct flag *flag_of(const struct line *l, const char *word, bool *ret_session) {
	const struct flag *f = NULL;
	for (const struct flag *const *t = l->command ? l->command->flags : NULL; t && *t && !f; t++) f = flag_in(*t, word);
	*ret_session = !f;
	return f ? f : flag_in(session_flags, word);
}

static const struct command *command_named(const struct command *const *list, const char *name) {
	for (; list && *list; list++)
		if (!strcmp((*list)->name, name)) return *list;
	return NULL;
}

/* Reads the words before the cursor. */
static void read_line(struct ctl *c, const char *const *words, size_t n, struct line *l) {
	l->list = commands;
	for (size_t i = 0; i < n; i++) {
		const char *word = words[i];
		if (word[0] == '-' && word[1]) {
			bool session = true;
			const char *eq = strchr(word, '=');
			const struct flag *f = flag_of(l, eq ? ctl_text(c, slice_make(word, (size_t)(eq - word))) : word, &session);
			bool value = f && !eq && f->type != FLAG_BOOL && !f->bare && i + 1 < n;
			if (f && session) strings_add(c, &l->flags, word);
			if (value && session) strings_add(c, &l->flags, words[i + 1]);
			i += value;
			continue;
		}
		const struct command *next = command_named(l->list, word);
		if (next) {
			l->command = next;
			l->list = next->subs;
		} else {
			strings_add(c, &l->args, word);
		}
	}
}

static void offer(struct ctl *c, const char *word, const char *begun) {
	if (plain(word) && !strncmp(word, begun, strlen(begun))) ctl_out(c, "%s\n", word);
}

static void offer_flags(struct ctl *c, const struct line *l, const char *begun) {
	for (const struct flag *const *t = l->command ? l->command->flags : NULL; t && *t; t++)
		for (const struct flag *f = *t; f->name; f++) offer(c, ctl_printf(c, "--%s", f->name), begun);
	for (const struct flag *f = session_flags; f->name; f++) offer(c, ctl_printf(c, "--%s", f->name), begun);
}

static void offer_types(struct ctl *c, const char *begun) {
	if (mapper_load(c)) return;
	for (size_t i = 0; i < c->mapper->n; i++)
		if (c->mapper->v[i].preferred) offer(c, c->mapper->v[i].name, begun);
}

static void offer_names(struct ctl *c, const struct resource *r, const char *begun) {
	struct pick p = { .chunk = 500 };
	struct infos found = { 0 };
	const char *ns = session_namespace(c);
	if (!r || !ns || session_open(c) || info_list(c, &(struct info){ .r = r, .ns = r->namespaced ? ns : "" }, &p, &found)) return;
	for (size_t i = 0; i < found.n; i++) offer(c, found.v[i].name, begun);
}

/* Commands whose first argument is a pod, and those that take a type and names. */
static const char *const of_pods[] = { "attach", "cp", "exec", "logs", "port-forward" };
static const char *const of_types[] = { "annotate", "delete", "describe", "edit", "explain", "get", "label", "patch", "scale", "wait" };

static bool among(const char *const *list, size_t n, const char *name) {
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], name)) return true;
	return false;
}

static int complete(struct ctl *c, const char *const *args, size_t n) {
	struct line l = { 0 };
	const char *begun = n ? args[n - 1] : "", *msg = NULL;
	read_line(c, args, n ? n - 1 : 0, &l);
	if (begun[0] == '-') return offer_flags(c, &l, begun), 0;
	for (const struct command *const *s = l.list; s && *s && !l.args.n; s++)
		if ((*s)->name[0] != '_') offer(c, (*s)->name, begun);
	if (!l.command || l.list) return 0;
	/* -n, --context and the like count for what is asked for. */
	if (l.flags.n && flags_parse(&c->flags, (int)l.flags.n, (char **)(uintptr_t)l.flags.v, &msg) < 0) return 0;
	if (among(of_pods, ELEMENTSOF(of_pods), l.command->name) && !l.args.n) offer_names(c, &pod_resource, begun);
	bool types = among(of_types, ELEMENTSOF(of_types), l.command->name);
	if (types && !l.args.n) offer_types(c, begun);
	if (types && l.args.n) offer_names(c, mapper_find(c, l.args.v[0]), begun);
	/* Nothing to offer is no failure. */
	c->faults.n = 0;
	return 0;
}

const struct command command_complete = { "__complete", NULL, "-- WORDS...", "What may stand at the end of this line", no_tables, complete, NULL };
