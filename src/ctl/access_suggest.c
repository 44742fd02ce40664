/* SPDX-License-Identifier: Apache-2.0 */
/* access suggest: the least role that allows something, and its binding, to be given to `apply -f -`. */
#include "codec/yaml.h"
#include "ctl/access.h"
#include "ctl/create.h"
#include "ctl/tree.h"

static const struct flag flags[] = {
	{ "name", FLAG_STRING, NULL, 0, NULL, "name of the role and of its binding; otherwise made from the resource" },
	{ 0 },
};

/* Names of objects are lower case letters, digits, '-' and '.'. */
static const char *object_name(struct ctl *c, const struct ask *a) {
	struct buf b = BUF_INIT(1024);
	if (*flag_text(&c->flags, "name")) return flag_text(&c->flags, "name");
	const char *parts[] = { a->url ? "path" : a->resource, a->sub, a->verb };
	for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
		if (!*parts[i]) continue;
		if (b.n) (void)buf_putc(&b, '-');
		for (const char *p = parts[i]; *p; p++) {
			bool plain = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');
			(void)buf_putc(&b, plain ? *p : '-');
		}
	}
	while (b.n && b.p[b.n - 1] == '-') b.n--;
	return ctl_take(c, &b).p;
}

static yyjson_mut_doc *object(struct ctl *c, const char *kind, const char *name, const char *ns) {
	yyjson_mut_doc *doc = tree_new(c);
	tree_put(c, doc, doc->root, "apiVersion", RBAC_GROUP "/v1");
	tree_put(c, doc, doc->root, "kind", kind);
	tree_put(c, doc, doc->root, "metadata.name", name);
	if (*ns) tree_put(c, doc, doc->root, "metadata.namespace", ns);
	return doc;
}

static void print(struct ctl *c, yyjson_mut_doc *doc) {
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	tree_sort(c, doc->root);
	if (yaml_write(&b, doc->root) < 0) (void)ctl_must(NULL);
	sink_put(&c->out, ctl_take(c, &b));
}

static void put_list(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *rule, const char *list, struct slice items) {
	for (struct slice rest = items; rest.p;) tree_append(c, tree_list(c, doc, rule, list), tree_string(c, doc, ctl_text(c, slice_cut(&rest, ','))));
}

static void print_role(struct ctl *c, const struct ask *a, const char *name) {
	yyjson_mut_doc *doc = object(c, *a->ns ? "Role" : "ClusterRole", name, a->ns);
	yyjson_mut_val *rule = ctl_must(yyjson_mut_obj(doc));
	put_list(c, doc, rule, "verbs", slice_str(a->verb));
	if (a->url) put_list(c, doc, rule, "nonResourceURLs", slice_str(a->url));
	if (!a->url) {
		tree_append(c, tree_list(c, doc, rule, "apiGroups"), tree_string(c, doc, a->group));
		tree_append(c, tree_list(c, doc, rule, "resources"), tree_string(c, doc, ctl_printf(c, "%s%s%s", a->resource, *a->sub ? "/" : "", a->sub)));
		if (*a->name) tree_append(c, tree_list(c, doc, rule, "resourceNames"), tree_string(c, doc, a->name));
	}
	tree_append(c, tree_list(c, doc, doc->root, "rules"), rule);
	print(c, doc);
}

static void print_binding(struct ctl *c, const struct ask *a, const struct identity *who, const char *name) {
	yyjson_mut_doc *doc = object(c, *a->ns ? "RoleBinding" : "ClusterRoleBinding", name, a->ns);
	yyjson_mut_val *s = ctl_must(yyjson_mut_obj(doc));
	tree_put(c, doc, doc->root, "roleRef.apiGroup", RBAC_GROUP);
	tree_put(c, doc, doc->root, "roleRef.kind", *a->ns ? "Role" : "ClusterRole");
	tree_put(c, doc, doc->root, "roleRef.name", name);
	tree_put(c, doc, s, "kind", who->account ? "ServiceAccount" : "User");
	tree_put(c, doc, s, "name", who->account ? who->account : who->user);
	if (who->account) tree_put(c, doc, s, "namespace", who->account_ns);
	else tree_put(c, doc, s, "apiGroup", RBAC_GROUP);
	tree_append(c, tree_list(c, doc, doc->root, "subjects"), s);
	print(c, doc);
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct ask a;
	struct identity who;
	if (access_ask(c, args, n, &a) || access_identity(c, &who)) return 1;
	const char *name = object_name(c, &a);
	if (*a.name && (strstr(a.verb, "create") || strstr(a.verb, "deletecollection"))) {
		ctl_err(c, "warning: create and deletecollection carry no name that a rule could ask for: it is left out\n");
		a.name = "";
	}
	print_role(c, &a, name);
	ctl_out(c, "---\n");
	print_binding(c, &a, &who, name);
	return 0;
}

static const struct flag *const tables[] = { flags, access_scope_flags, access_for_flags, NULL };
const struct command access_suggest = { "suggest", NULL, "VERB[,VERB...] RESOURCE[/SUBRESOURCE] [NAME] [--for WHO]",
					"The least role that allows this, ready to apply", tables, run, NULL };
