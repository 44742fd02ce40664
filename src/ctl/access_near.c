/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/access_near.h"
#include "ctl/tree.h"

struct near {
	struct ctl *c;
	const struct rbac *r;
	const struct ask *a;
	const struct identity *who;
	struct reasons *to;
};

static void say(struct near *n, const char *text) {
	for (size_t i = 0; i < n->to->n; i++)
		if (!strcmp(n->to->v[i], text)) return;
	if (n->to->n < NEAR_REASONS_MAX) n->to->v[n->to->n++] = text;
	else n->to->left_out++;
}

static const char *list_text(struct ctl *c, const yyjson_mut_val *list) {
	struct strings s = { 0 };
	yyjson_mut_val *v;
	json_each(list, v) strings_add(c, &s, *text_of(v) ? text_of(v) : "\"\"");
	return strings_join(c, &s, ", ");
}

static const char *resource_text(struct ctl *c, const struct ask *a) { return ctl_printf(c, "%s%s%s", a->resource, *a->sub ? "/" : "", a->sub); }

/* ---- bindings of this identity ---- */

static void dangling(struct near *n, const struct info *b) {
	if (!binding_reaches(b, n->a) || !binding_subject(b, n->who) || rbac_role_of(n->r, b)) return;
	say(n, ctl_printf(n->c, "%s is for this identity, but %s does not exist.", rbac_name(n->c, b), rbac_ref_name(n->c, b)));
}

static void elsewhere(struct near *n, const struct info *b) {
	if (!binding_subject(b, n->who) || binding_reaches(b, n->a) || !role_allows(rbac_role_of(n->r, b), n->a)) return;
	const char *where = n->a->url ? "paths are allowed by ClusterRoleBindings only" : !n->a->namespaced ?
			    ctl_printf(n->c, "%s lie in no namespace: a ClusterRoleBinding is needed", n->a->resource) : *n->a->ns ?
			    ctl_printf(n->c, "only in namespace \"%s\", not in \"%s\"", b->ns, n->a->ns) :
			    ctl_printf(n->c, "only in namespace \"%s\", not in all of them", b->ns);
	say(n, ctl_printf(n->c, "%s gives this identity %s, which allows it, but %s.", rbac_name(n->c, b), rbac_ref_name(n->c, b), where));
}

/* A rule that would allow it but for one field. */
static void nearly(struct near *n, const char *role, const yyjson_mut_val *rule) {
	struct ctl *c = n->c;
	const struct ask *a = n->a;
	struct ask plain = *a, other = *a;
	bool verb = rule_has(rule, "verbs", a->verb), group = rule_has(rule, "apiGroups", a->group), resource = rule_names_resource(rule, a);
	plain.sub = "";
	other.name = text_of(json_first(json_get(rule, "resourceNames")));
	if (a->url) return;
	if (verb && resource && !group)
		say(n, ctl_printf(c, "%s allows it for %s of API group %s; they are in group \"%s\".", role, resource_text(c, a), list_text(c, json_get(rule, "apiGroups")), a->group));
	else if (!verb && resource && group)
		say(n, ctl_printf(c, "%s names %s, but its verbs are %s.", role, resource_text(c, a), list_text(c, json_get(rule, "verbs"))));
	else if (*a->sub && group && verb && rule_names_resource(rule, &plain))
		say(n, ctl_printf(c, "%s allows it for %s; the subresource has to be named: \"%s\".", role, a->resource, resource_text(c, a)));
	else if (*other.name && rule_allows(rule, &other))
		say(n, ctl_printf(c, *a->name ? "%s allows it for the names %s only." : "%s allows it for the names %s only; a request without a name is never among them.", role,
				  list_text(c, json_get(rule, "resourceNames"))));
}

static void own_rules(struct near *n, const struct info *b) {
	yyjson_mut_val *rule;
	const struct info *role = binding_reaches(b, n->a) && binding_subject(b, n->who) ? rbac_role_of(n->r, b) : NULL;
	if (role) json_each(json_get(role->doc->root, "rules"), rule) nearly(n, ctl_printf(n->c, "%s (by %s)", rbac_name(n->c, role), rbac_name(n->c, b)), rule);
}

/* ---- bindings of others ---- */

static void account_mixed_up(struct near *n, const struct info *b, const yyjson_mut_val *s) {
	struct ctl *c = n->c;
	const struct identity *who = n->who;
	const char *kind = text_at(s, "kind"), *name = text_at(s, "name"), *ns = text_at(s, "namespace"), *what = rbac_name(c, b);
	if (!strcmp(kind, "ServiceAccount") && !strcmp(name, who->account) && strcmp(ns, who->account_ns) != 0)
		say(n, ctl_printf(c, "%s allows it to ServiceAccount %s/%s; this one is in namespace \"%s\".", what, ns, name, who->account_ns));
	else if (!strcmp(kind, "ServiceAccount") && !strcmp(ns, who->account_ns) && !strcmp(who->account, "default"))
		say(n, ctl_printf(c, "%s allows it to ServiceAccount %s/%s; a pod uses \"default\" unless its spec.serviceAccountName says \"%s\".", what, ns, name, name));
	else if (strcmp(kind, "ServiceAccount") != 0 && !strcmp(name, who->account))
		say(n, ctl_printf(c, "%s allows it to %s \"%s\"; the subject of an account is of kind ServiceAccount, with its namespace.", what, kind, name));
}

static void others(struct near *n, const struct info *b) {
	struct ctl *c = n->c;
	yyjson_mut_val *s;
	if (!binding_reaches(b, n->a) || binding_subject(b, n->who) || !role_allows(rbac_role_of(n->r, b), n->a)) return;
	json_each(json_get(b->doc->root, "subjects"), s) {
		const char *kind = text_at(s, "kind"), *name = text_at(s, "name");
		if (n->who->account) account_mixed_up(n, b, s);
		if (!strcmp(kind, "Group") && !strcmp(name, n->who->user))
			say(n, ctl_printf(c, "%s allows it to a Group of this name; this is a user.", rbac_name(c, b)));
		else if (!strcmp(kind, "User") && strings_has(&n->who->groups, name))
			say(n, ctl_printf(c, "%s allows it to a User \"%s\"; that is a group of this identity.", rbac_name(c, b), name));
	}
}

/* ---- roles that nobody here is bound to ---- */

static void unbound(struct near *n, const struct infos *roles) {
	for (size_t i = 0; i < roles->n; i++) {
		const struct info *role = &roles->v[i];
		bool mine = !*role->ns || !strcmp(role->ns, n->a->ns), own = !slice_starts(slice_str(role->name), SLICE_LIT("system:"));
		if (mine && own && role_allows(role, n->a)) say(n, ctl_printf(n->c, "%s would allow it; no binding gives it to this identity here.", rbac_name(n->c, role)));
	}
}

void access_near(struct ctl *c, const struct rbac *r, const struct ask *a, const struct identity *who, struct reasons *ret) {
	static void (*const looks[])(struct near *, const struct info *) = { dangling, elsewhere, own_rules, others };
	struct near n = { c, r, a, who, ret };
	const struct infos *const lists[] = { &r->bindings, &r->cluster_bindings };
	*ret = (struct reasons){ .n = 0 };
	for (size_t k = 0; k < ELEMENTSOF(looks); k++)
		for (size_t l = 0; l < ELEMENTSOF(lists); l++)
			for (size_t i = 0; i < lists[l]->n; i++) looks[k](&n, &lists[l]->v[i]);
	if (ret->n) return;
	unbound(&n, &r->roles);
	unbound(&n, &r->cluster_roles);
}
