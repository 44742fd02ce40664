/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/rbac.h"
#include "ctl/session.h"
#include "ctl/tree.h"

#define KIND(name_, kind_, one_, namespaced_) { .group = RBAC_GROUP, .version = "v1", .name = name_, .kind = kind_, .singular = one_, .namespaced = namespaced_ }
static const struct resource role_resource = KIND("roles", "Role", "role", true),
			     cluster_role_resource = KIND("clusterroles", "ClusterRole", "clusterrole", false),
			     binding_resource = KIND("rolebindings", "RoleBinding", "rolebinding", true),
			     cluster_binding_resource = KIND("clusterrolebindings", "ClusterRoleBinding", "clusterrolebinding", false);

static int by_name(const void *a, const void *b) {
	const struct info *x = a, *y = b;
	int r = strcmp(x->ns, y->ns);
	return r ? r : strcmp(x->name, y->name);
}

int rbac_load(struct ctl *c, struct rbac *ret) {
	const struct { const struct resource *r; struct infos *to; } lists[] = {
		{ &role_resource, &ret->roles }, { &cluster_role_resource, &ret->cluster_roles },
		{ &binding_resource, &ret->bindings }, { &cluster_binding_resource, &ret->cluster_bindings },
	};
	struct pick p = { .chunk = 500 };
	*ret = (struct rbac){ 0 };
	if (session_open(c)) return 1;
	for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
		if (info_list(c, &(struct info){ .r = lists[i].r, .ns = "" }, &p, lists[i].to)) return 1;
		if (lists[i].to->n) qsort(lists[i].to->v, lists[i].to->n, sizeof(struct info), by_name);
	}
	return 0;
}

const struct info *rbac_role_of(const struct rbac *r, const struct info *binding) {
	const char *name = text_at(binding->doc->root, "roleRef.name");
	bool cluster = !strcmp(text_at(binding->doc->root, "roleRef.kind"), "ClusterRole");
	struct info key = { .ns = cluster ? "" : binding->ns, .name = name };
	const struct infos *l = cluster ? &r->cluster_roles : &r->roles;
	return l->n ? bsearch(&key, l->v, l->n, sizeof(key), by_name) : NULL;
}

/* ---- rules ---- */

static bool list_has(const yyjson_mut_val *list, const char *text) {
	yyjson_mut_val *v;
	json_each(list, v) if (!strcmp(text_of(v), text)) return true;
	return false;
}

bool rule_has(const yyjson_mut_val *rule, const char *list, const char *text) {
	const yyjson_mut_val *l = json_get(rule, list);
	return list_has(l, "*") || list_has(l, text);
}

bool rule_names_resource(const yyjson_mut_val *rule, const struct ask *a) {
	yyjson_mut_val *v;
	json_each(json_get(rule, "resources"), v) {
		struct slice sub = slice_str(text_of(v)), name = slice_cut(&sub, '/');
		if (slice_eqs(name, "*") && !sub.p) return true;
		if ((slice_eqs(name, a->resource) || (slice_eqs(name, "*") && *a->sub)) && slice_eqs(sub.p ? sub : SLICE_LIT(""), a->sub)) return true;
	}
	return false;
}

static bool url_matches(const yyjson_mut_val *rule, const char *url) {
	yyjson_mut_val *v;
	json_each(json_get(rule, "nonResourceURLs"), v) {
		struct slice s = slice_str(text_of(v));
		if (slice_eqs(s, url) || slice_eqs(s, "*")) return true;
		if (s.n && s.p[s.n - 1] == '*' && slice_starts(slice_str(url), slice_upto(s, s.n - 1))) return true;
	}
	return false;
}

bool rule_allows(const yyjson_mut_val *rule, const struct ask *a) {
	const yyjson_mut_val *names = json_get(rule, "resourceNames");
	if (!rule_has(rule, "verbs", a->verb)) return false;
	if (a->url) return url_matches(rule, a->url);
	if (!rule_has(rule, "apiGroups", a->group) || !rule_names_resource(rule, a)) return false;
	return !json_first(names) || (*a->name && list_has(names, a->name));
}

const yyjson_mut_val *role_allows(const struct info *role, const struct ask *a) {
	yyjson_mut_val *rule;
	if (role) json_each(json_get(role->doc->root, "rules"), rule) if (rule_allows(rule, a)) return rule;
	return NULL;
}

/* ---- bindings ---- */

bool binding_reaches(const struct info *binding, const struct ask *a) { return !*binding->ns || (*a->ns && !strcmp(binding->ns, a->ns)); }

static bool is_subject(const yyjson_mut_val *s, const struct identity *who) {
	const char *kind = text_at(s, "kind"), *name = text_at(s, "name");
	if (!strcmp(kind, "User")) return !strcmp(name, who->user);
	if (!strcmp(kind, "Group")) return strings_has(&who->groups, name);
	return who->account && !strcmp(name, who->account) && !strcmp(text_at(s, "namespace"), who->account_ns);
}

const yyjson_mut_val *binding_subject(const struct info *binding, const struct identity *who) {
	yyjson_mut_val *s;
	json_each(json_get(binding->doc->root, "subjects"), s) if (is_subject(s, who)) return s;
	return NULL;
}

/* ---- names ---- */

const char *rbac_name(struct ctl *c, const struct info *i) { return ctl_printf(c, "%s %s%s%s", i->r->kind, i->ns, *i->ns ? "/" : "", i->name); }

const char *rbac_ref_name(struct ctl *c, const struct info *binding) {
	const char *kind = text_at(binding->doc->root, "roleRef.kind"), *ns = strcmp(kind, "Role") ? "" : binding->ns;
	return ctl_printf(c, "%s %s%s%s", kind, ns, *ns ? "/" : "", text_at(binding->doc->root, "roleRef.name"));
}

const char *subject_name(struct ctl *c, const yyjson_mut_val *s) {
	const char *ns = text_at(s, "namespace");
	return ctl_printf(c, "%s %s%s%s", text_at(s, "kind"), ns, *ns ? "/" : "", text_at(s, "name"));
}
