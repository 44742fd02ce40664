/* SPDX-License-Identifier: Apache-2.0 */
/* access lint: what in a cluster's RBAC objects gives more than is likely meant, or nothing at all. */
#include "ctl/access.h"
#include "ctl/session.h"
#include "ctl/tree.h"

struct linting {
	struct ctl *c;
	const struct rbac *r;
	struct tabs table;
	size_t found;
};

static void report(struct linting *l, const char *level, const struct info *where, const char *text) {
	static const char *const head[] = { "LEVEL", "OBJECT", "FINDING" };
	const char *const cells[] = { level, rbac_name(l->c, where), text };
	if (!l->found++) access_row(l->c, &l->table, head, ELEMENTSOF(head));
	access_row(l->c, &l->table, cells, ELEMENTSOF(cells));
}

/* ---- roles ---- */

static bool one(const yyjson_mut_val *rule, const char *list, const char *text) {
	yyjson_mut_val *v;
	json_each(json_get(rule, list), v) if (!strcmp(text_of(v), text)) return true;
	return false;
}

/* Rights that are worth more than they look: verb, group, resource, what it comes to. */
static const struct { const char *verb, *group, *resource, *level, *text; } risky[] = {
	{ "escalate", RBAC_GROUP, "roles", "high", "escalate on roles: may give itself every right" },
	{ "escalate", RBAC_GROUP, "clusterroles", "high", "escalate on clusterroles: may give itself every right" },
	{ "bind", RBAC_GROUP, "roles", "high", "bind on roles: may bind itself to roles beyond its own rights" },
	{ "bind", RBAC_GROUP, "clusterroles", "high", "bind on clusterroles: may bind itself to roles beyond its own rights" },
	{ "impersonate", "", "users", "high", "impersonate users" },
	{ "impersonate", "", "groups", "high", "impersonate groups" },
	{ "impersonate", "", "serviceaccounts", "high", "impersonate service accounts" },
	{ "list", "", "secrets", "high", "list secrets: shows their contents" },
	{ "watch", "", "secrets", "high", "watch secrets: shows their contents" },
	{ "create", "", "pods/exec", "medium", "create pods/exec: commands in every pod, with its account" },
	{ "get", "", "pods/exec", "medium", "get pods/exec: commands in every pod, with its account" },
	{ "create", "", "serviceaccounts/token", "high", "create serviceaccounts/token: tokens of every account" },
};

static const char *list_text(struct ctl *c, const yyjson_mut_val *rule, const char *list) {
	struct strings s = { 0 };
	yyjson_mut_val *v;
	json_each(json_get(rule, list), v) strings_add(c, &s, *text_of(v) ? text_of(v) : "\"\"");
	return strings_join(c, &s, ", ");
}

static bool lint_wildcards(struct linting *l, const struct info *role, const yyjson_mut_val *rule) {
	bool verbs = one(rule, "verbs", "*"), groups = one(rule, "apiGroups", "*"), resources = one(rule, "resources", "*");
	if (verbs && groups && resources) {
		report(l, "high", role, "everything: verbs, apiGroups and resources are \"*\"");
		return true;
	}
	struct ctl *c = l->c;
	bool paths = json_first(json_get(rule, "nonResourceURLs")) != NULL;
	if (verbs && !paths) report(l, "medium", role, ctl_printf(c, "verbs \"*\" on %s: also those that are added later", list_text(c, rule, "resources")));
	if (resources)
		report(l, "medium", role, ctl_printf(c, "resources \"*\" of API group %s: also those that are added later%s", list_text(c, rule, "apiGroups"),
						     rule_has(rule, "apiGroups", "") ? ", and secrets" : ""));
	if (groups && !resources) report(l, "low", role, ctl_printf(c, "apiGroups \"*\" for %s", list_text(c, rule, "resources")));
	return false;
}

static void lint_rule(struct linting *l, const struct info *role, const yyjson_mut_val *rule) {
	if (lint_wildcards(l, role, rule) || json_first(json_get(rule, "resourceNames"))) return;
	for (size_t i = 0; i < ELEMENTSOF(risky); i++) {
		/* What a "*" holds has been told; names alone are looked at here. */
		if (one(rule, "verbs", risky[i].verb) && rule_has(rule, "apiGroups", risky[i].group) && one(rule, "resources", risky[i].resource))
			report(l, risky[i].level, role, risky[i].text);
	}
}

static bool systems_own(const struct info *i) {
	return slice_starts(slice_str(i->name), SLICE_LIT("system:")) ||
	       !strcmp(text_of(json_get(json_path(i->doc->root, "metadata.labels"), "kubernetes.io/bootstrapping")), "rbac-defaults");
}

static void lint_roles(struct linting *l, const struct infos *roles, const char *ns) {
	yyjson_mut_val *rule;
	for (size_t i = 0; i < roles->n; i++) {
		const struct info *role = &roles->v[i];
		if (systems_own(role) || (ns && *role->ns && strcmp(role->ns, ns) != 0)) continue;
		json_each(json_get(role->doc->root, "rules"), rule) lint_rule(l, role, rule);
	}
}

/* ---- bindings ---- */

static void lint_subject(struct linting *l, const struct info *b, const yyjson_mut_val *s) {
	struct ctl *c = l->c;
	const char *kind = text_at(s, "kind"), *name = text_at(s, "name"), *role = text_at(b->doc->root, "roleRef.name");
	bool admin = !strcmp(role, "cluster-admin"), account = !strcmp(kind, "ServiceAccount"), group = !strcmp(kind, "Group");
	if (admin && account && !strcmp(name, "default"))
		report(l, "high", b, ctl_printf(c, "cluster-admin for %s: every pod that names no account has it", subject_name(c, s)));
	else if (account && !strcmp(name, "default"))
		report(l, "low", b, ctl_printf(c, "%s for %s: every pod that names no account has it", rbac_ref_name(c, b), subject_name(c, s)));
	else if (admin && group && slice_starts(slice_str(name), SLICE_LIT("system:serviceaccounts")))
		report(l, "high", b, ctl_printf(c, "cluster-admin for every service account of %s", subject_name(c, s)));
	else if (admin && account)
		report(l, "medium", b, ctl_printf(c, "cluster-admin for %s", subject_name(c, s)));
	if (group && (!strcmp(name, "system:unauthenticated") || !strcmp(name, "system:authenticated")))
		report(l, !strcmp(name, "system:authenticated") ? "medium" : "high", b, ctl_printf(c, "%s for everybody (%s)", rbac_ref_name(c, b), name));
	if (!strcmp(kind, "User") && !strcmp(name, "system:anonymous")) report(l, "high", b, ctl_printf(c, "%s for anybody without credentials", rbac_ref_name(c, b)));
}

static void lint_bindings(struct linting *l, const struct infos *bindings, const char *ns) {
	yyjson_mut_val *s;
	for (size_t i = 0; i < bindings->n; i++) {
		const struct info *b = &bindings->v[i];
		if (systems_own(b) || (ns && *b->ns && strcmp(b->ns, ns) != 0)) continue;
		if (!rbac_role_of(l->r, b)) report(l, "medium", b, ctl_printf(l->c, "%s does not exist; whoever makes it decides what the binding gives", rbac_ref_name(l->c, b)));
		if (!json_first(json_get(b->doc->root, "subjects"))) report(l, "low", b, "no subjects");
		json_each(json_get(b->doc->root, "subjects"), s) lint_subject(l, b, s);
	}
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct rbac r;
	struct linting l = { .c = c, .r = &r };
	(void)args;
	if (n) return ctl_usage(c, "no arguments are taken");
	/* A namespace narrows it down only when it was asked for. */
	const char *ns = session_namespace_forced(c) ? session_namespace(c) : NULL;
	if (rbac_load(c, &r)) return 1;
	tabs_init(&l.table, 0, 3, false);
	if (!ns) lint_roles(&l, &r.cluster_roles, NULL);
	lint_roles(&l, &r.roles, ns);
	if (!ns) lint_bindings(&l, &r.cluster_bindings, NULL);
	lint_bindings(&l, &r.bindings, ns);
	access_table(c, &l.table);
	if (!l.found) ctl_err(c, "Nothing found.\n");
	c->exit_code = l.found ? 1 : 0;
	return 0;
}

static const struct flag *const tables[] = { NULL };
const struct command access_lint = { "lint", NULL, "[-n NAMESPACE]", "Roles and bindings that give too much, or nothing", tables, run, NULL };
