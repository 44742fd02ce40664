/* SPDX-License-Identifier: Apache-2.0 */
/* access matrix: what one identity may do, a line per resource. */
#include "ctl/access.h"
#include "ctl/session.h"
#include "ctl/tree.h"

#define MATRIX_ROWS_MAX 100000u

static const char *const verbs[] = { "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection" };

/* A resource in a group, as rules name it. */
struct row {
	const char *group, *resource;
	bool all[ELEMENTSOF(verbs)], some[ELEMENTSOF(verbs)]; /* some: only objects with certain names */
	struct strings others;                                 /* verbs beyond these */
};

struct matrix {
	struct row *v;
	size_t n, cap;
};

static struct row *row_of(struct ctl *c, struct matrix *m, const char *group, const char *resource) {
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->v[i].group, group) && !strcmp(m->v[i].resource, resource)) return &m->v[i];
	if (m->n == MATRIX_ROWS_MAX) return &m->v[m->n - 1];
	if (m->n == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 64;
		m->v = ctl_must(arena_realloc(c->a, m->v, m->cap * sizeof(*m->v), cap * sizeof(*m->v)));
		m->cap = cap;
	}
	m->v[m->n++] = (struct row){ .group = group, .resource = resource };
	return &m->v[m->n - 1];
}

static void add_verb(struct ctl *c, struct row *r, const char *verb, bool names) {
	bool every = !strcmp(verb, "*"), known = every;
	for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
		if (!every && strcmp(verb, verbs[i]) != 0) continue;
		known = true;
		*(names ? &r->some[i] : &r->all[i]) = true;
	}
	if ((!known || every) && !strings_has(&r->others, verb)) strings_add(c, &r->others, verb);
}

static void add_rule(struct ctl *c, struct matrix *m, const yyjson_mut_val *rule) {
	yyjson_mut_val *g, *r, *v;
	bool names = json_first(json_get(rule, "resourceNames")) != NULL;
	json_each(json_get(rule, "apiGroups"), g)
		json_each(json_get(rule, "resources"), r)
			json_each(json_get(rule, "verbs"), v) add_verb(c, row_of(c, m, text_of(g), text_of(r)), text_of(v), names);
	json_each(json_get(rule, "nonResourceURLs"), r)
		json_each(json_get(rule, "verbs"), v) add_verb(c, row_of(c, m, "", text_of(r)), text_of(v), false);
}

static int from_bindings(struct ctl *c, struct matrix *m, const char *ns) {
	struct identity who;
	struct rbac r;
	struct ask a = { .ns = ns, .namespaced = true };
	yyjson_mut_val *rule;
	if (access_identity(c, &who) || rbac_load(c, &r)) return 1;
	const struct infos *const lists[] = { &r.cluster_bindings, &r.bindings };
	for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
		for (size_t k = 0; k < lists[i]->n; k++) {
			const struct info *b = &lists[i]->v[k], *role = binding_reaches(b, &a) && binding_subject(b, &who) ? rbac_role_of(&r, b) : NULL;
			if (role) json_each(json_get(role->doc->root, "rules"), rule) add_rule(c, m, rule);
		}
	}
	return 0;
}

/* Without rights to read roles the server still tells the caller's own rules. */
static int from_server(struct ctl *c, struct matrix *m, const char *ns) {
	yyjson_mut_doc *doc = tree_new(c), *answer;
	yyjson_mut_val *rule;
	tree_put(c, doc, doc->root, "apiVersion", "authorization.k8s.io/v1");
	tree_put(c, doc, doc->root, "kind", "SelfSubjectRulesReview");
	tree_put(c, doc, doc->root, "spec.namespace", ns);
	struct call call = { .method = "POST", .path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", .body = tree_text(c, doc->root) };
	if (session_json(c, &call, &answer)) return 1;
	json_each(json_path(answer->root, "status.resourceRules"), rule) add_rule(c, m, rule);
	json_each(json_path(answer->root, "status.nonResourceRules"), rule) add_rule(c, m, rule);
	if (json_path_bool(answer->root, "status.incomplete", false))
		ctl_err(c, "warning: the list may be incomplete: %s\n", text_at(answer->root, "status.evaluationError"));
	return 0;
}

static int by_name(const void *a, const void *b) {
	const struct row *x = a, *y = b;
	int r = strcmp(x->group, y->group);
	return r ? r : strcmp(x->resource, y->resource);
}

static void print(struct ctl *c, struct matrix *m) {
	const char *cells[ELEMENTSOF(verbs) + 2] = { "RESOURCE" };
	struct tabs t;
	tabs_init(&t, 0, 2, false);
	for (size_t i = 0; i < ELEMENTSOF(verbs); i++) cells[i + 1] = verbs[i];
	cells[ELEMENTSOF(verbs) + 1] = "OTHER";
	access_row(c, &t, cells, ELEMENTSOF(cells));
	if (m->n) qsort(m->v, m->n, sizeof(*m->v), by_name);
	for (size_t i = 0; i < m->n; i++) {
		struct row *r = &m->v[i];
		cells[0] = *r->group ? ctl_printf(c, "%s.%s", r->resource, r->group) : r->resource;
		for (size_t k = 0; k < ELEMENTSOF(verbs); k++) cells[k + 1] = r->all[k] ? "yes" : r->some[k] ? "some" : "-";
		strings_sort(&r->others);
		cells[ELEMENTSOF(verbs) + 1] = r->others.n ? strings_join(c, &r->others, ",") : "-";
		access_row(c, &t, cells, ELEMENTSOF(cells));
	}
	access_table(c, &t);
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct matrix m = { 0 };
	(void)args;
	if (n) return ctl_usage(c, "no arguments are taken");
	const char *ns = flag_on(&c->flags, "all-namespaces") ? "" : session_namespace(c);
	if (!ns) return 1;
	bool computed = flag_given(&c->flags, "for") || flag_given(&c->flags, "for-group") || !*ns;
	if (computed ? from_bindings(c, &m, ns) : from_server(c, &m, ns)) return 1;
	print(c, &m);
	return 0;
}

static const struct flag *const tables[] = { access_scope_flags, access_for_flags, NULL };
const struct command access_matrix = { "matrix", NULL, "[--for WHO]", "What somebody may do, resource by resource", tables, run, NULL };
