/* SPDX-License-Identifier: Apache-2.0 */
/* create role, clusterrole, rolebinding, clusterrolebinding. */
#include "ctl/create.h"
#include "ctl/dryrun.h"
#include "ctl/tree.h"
#include "ctl/write.h"

#define RBAC "rbac.authorization.k8s.io"

static void append_all(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *rule, const char *path, const struct strings *s) {
	for (size_t i = 0; i < s->n; i++) tree_append(c, tree_list(c, doc, rule, path), tree_string(c, doc, s->v[i]));
}

static void add_once(struct ctl *c, struct strings *s, const char *text) {
	if (!strings_has(s, text)) strings_add(c, s, text);
}

/* What --resource says: resources of one API group become one rule. */
struct grouped {
	const char *group;
	struct strings resources;
};

static int group_resources(struct ctl *c, struct grouped *g, size_t *n) {
	const struct flag_value *list = flags_get(&c->flags, "resource");
	for (size_t i = 0; i < list->n; i++) {
		struct slice rest = slice_str(list->list[i]), name = slice_cut(&rest, '/');
		const char *plain = ctl_text(c, name), *group = "", *plural = plain;
		if (!name.n) return ctl_fail(c, "resource name must not be empty");
		if (strcmp(plain, "*") != 0) {
			const struct resource *r = mapper_resource(c, plain);
			if (!r) return 1;
			group = r->group;
			plural = r->name;
		}
		size_t k = 0;
		while (k < *n && strcmp(g[k].group, group) != 0) k++;
		if (k == *n) g[(*n)++] = (struct grouped){ .group = group };
		add_once(c, &g[k].resources, rest.n ? ctl_printf(c, "%s/%.*s", plural, SLICE_FMT(rest)) : plural);
	}
	return 0;
}

static void add_rule(struct ctl *c, yyjson_mut_doc *doc, const struct grouped *g, const struct strings *verbs) {
	const struct flag_value *names = flags_get(&c->flags, "resource-name");
	yyjson_mut_val *rule = ctl_must(yyjson_mut_obj(doc));
	tree_append(c, tree_list(c, doc, rule, "apiGroups"), tree_string(c, doc, g->group));
	for (size_t i = 0; i < names->n; i++) tree_append(c, tree_list(c, doc, rule, "resourceNames"), tree_string(c, doc, names->list[i]));
	append_all(c, doc, rule, "resources", &g->resources);
	append_all(c, doc, rule, "verbs", verbs);
	tree_append(c, tree_list(c, doc, doc->root, "rules"), rule);
}

static int role_run(struct ctl *c, const char *const *args, size_t n) {
	const struct flag_value *given = flags_get(&c->flags, "verb");
	struct grouped *g = ctl_array(c, flags_get(&c->flags, "resource")->n, sizeof(*g));
	struct strings verbs = { 0 };
	size_t n_groups = 0;
	bool cluster = !strcmp(c->command->name, "clusterrole");
	const struct flag_value *urls = cluster ? flags_get(&c->flags, "non-resource-url") : NULL;
	if (create_one_name(c, n)) return 1;
	for (size_t i = 0; i < given->n; i++) add_once(c, &verbs, given->list[i]);
	if (!verbs.n) return ctl_fail(c, "at least one verb must be specified");
	if (!flags_get(&c->flags, "resource")->n && (!urls || !urls->n)) return ctl_fail(c, "at least one resource must be specified");
	if (group_resources(c, g, &n_groups)) return 1;
	yyjson_mut_doc *doc = create_object(c, RBAC "/v1", cluster ? "ClusterRole" : "Role", args[0], !cluster);
	for (size_t i = 0; i < n_groups; i++) add_rule(c, doc, &g[i], &verbs);
	if (urls && urls->n) {
		yyjson_mut_val *rule = ctl_must(yyjson_mut_obj(doc));
		for (size_t i = 0; i < urls->n; i++) tree_append(c, tree_list(c, doc, rule, "nonResourceURLs"), tree_string(c, doc, urls->list[i]));
		append_all(c, doc, rule, "verbs", &verbs);
		tree_append(c, tree_list(c, doc, doc->root, "rules"), rule);
	}
	return create_finish(c, doc);
}

/* ---- bindings ---- */

static yyjson_mut_val *subject(struct ctl *c, yyjson_mut_doc *doc, const char *kind, const char *name) {
	yyjson_mut_val *s = ctl_must(yyjson_mut_obj(doc));
	if (strcmp(kind, "ServiceAccount") != 0) tree_put(c, doc, s, "apiGroup", RBAC);
	tree_put(c, doc, s, "kind", kind);
	tree_put(c, doc, s, "name", name);
	tree_append(c, tree_list(c, doc, doc->root, "subjects"), s);
	return s;
}

static int add_subjects(struct ctl *c, yyjson_mut_doc *doc) {
	static const struct { const char *flag, *kind; } kinds[] = { { "user", "User" }, { "group", "Group" } };
	const struct flag_value *accounts = flags_get(&c->flags, "serviceaccount");
	for (size_t k = 0; k < ELEMENTSOF(kinds); k++) {
		const struct flag_value *v = flags_get(&c->flags, kinds[k].flag);
		for (size_t i = 0; i < v->n; i++) (void)subject(c, doc, kinds[k].kind, v->list[i]);
	}
	for (size_t i = 0; i < accounts->n; i++) {
		const char *colon = strchr(accounts->list[i], ':');
		if (!colon || colon == accounts->list[i] || !colon[1]) return ctl_fail(c, "serviceaccount must be <namespace>:<name>");
		yyjson_mut_val *s = subject(c, doc, "ServiceAccount", colon + 1);
		tree_put(c, doc, s, "namespace", ctl_text(c, slice_make(accounts->list[i], (size_t)(colon - accounts->list[i]))));
	}
	return 0;
}

static int binding_run(struct ctl *c, const char *const *args, size_t n) {
	bool cluster = !strcmp(c->command->name, "clusterrolebinding");
	const char *cluster_role = flag_text(&c->flags, "clusterrole"), *role = cluster ? "" : flag_text(&c->flags, "role");
	if (create_one_name(c, n)) return 1;
	if (cluster && !*cluster_role) return ctl_fail(c, "required flag(s) \"clusterrole\" not set");
	if ((*cluster_role != 0) == (*role != 0)) return ctl_fail(c, "exactly one of clusterrole or role must be specified");
	yyjson_mut_doc *doc = create_object(c, RBAC "/v1", cluster ? "ClusterRoleBinding" : "RoleBinding", args[0], !cluster);
	tree_put(c, doc, doc->root, "roleRef.apiGroup", RBAC);
	tree_put(c, doc, doc->root, "roleRef.kind", *role ? "Role" : "ClusterRole");
	tree_put(c, doc, doc->root, "roleRef.name", *role ? role : cluster_role);
	return add_subjects(c, doc) ? 1 : create_finish(c, doc);
}

static const struct flag rule_flags[] = {
	{ "resource", FLAG_LIST, NULL, 0, NULL, "resources, also with a group or subresource" },
	{ "resource-name", FLAG_ARRAY, NULL, 0, NULL, "only these objects" },
	{ "verb", FLAG_LIST, NULL, 0, NULL, "what may be done" },
	{ 0 },
};
static const struct flag url_flags[] = { { "non-resource-url", FLAG_LIST, NULL, 0, NULL, "paths that are no resources" }, { 0 } };
static const struct flag subject_flags[] = {
	{ "clusterrole", FLAG_STRING, NULL, 0, NULL, "the ClusterRole to bind" },
	{ "group", FLAG_ARRAY, NULL, 0, NULL, "group; may be repeated" },
	{ "serviceaccount", FLAG_ARRAY, NULL, 0, NULL, "NAMESPACE:NAME; may be repeated" },
	{ "user", FLAG_ARRAY, NULL, 0, NULL, "user; may be repeated" },
	{ 0 },
};
static const struct flag role_flag[] = { { "role", FLAG_STRING, NULL, 0, NULL, "the Role to bind" }, { 0 } };
#define COMMON create_flags, validate_flags, dryrun_flags, print_flags, NULL
static const struct flag *const role_tables[] = { rule_flags, COMMON };
static const struct flag *const clusterrole_tables[] = { rule_flags, url_flags, COMMON };
static const struct flag *const binding_tables[] = { subject_flags, role_flag, COMMON };
static const struct flag *const clusterbinding_tables[] = { subject_flags, COMMON };
const struct command create_role = { "role", NULL, "NAME --verb=VERB --resource=RESOURCE", "Create a role with one rule per API group", role_tables, role_run, NULL };
const struct command create_clusterrole = { "clusterrole", NULL, "NAME --verb=VERB --resource=RESOURCE", "Create a cluster role", clusterrole_tables, role_run, NULL };
const struct command create_rolebinding = { "rolebinding", NULL, "NAME --clusterrole=NAME|--role=NAME [--user=...]", "Create a role binding", binding_tables,
					    binding_run, NULL };
const struct command create_clusterrolebinding = { "clusterrolebinding", NULL, "NAME --clusterrole=NAME [--user=...]", "Create a cluster role binding",
						   clusterbinding_tables, binding_run, NULL };
