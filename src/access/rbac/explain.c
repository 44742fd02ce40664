/* SPDX-License-Identifier: Apache-2.0 */
/* Why not: looks for the binding that nearly allows a denied request and for the roles that would. */
#include "access/account.h"
#include "codec/goquote.h"
#include "access/rbac/set.h"
#include "access/server.h"

#include <errno.h>

#define NEAR_MAX 3u
#define ROLES_MAX 3u
#define HINT_BYTES_MAX 4096u
_Static_assert(NEAR_MAX + ROLES_MAX + 1 == EXPLAIN_HINTS_MAX, "one place for each hint");

/* What keeps a rule from allowing, best first: one thing is near, more is far. */
enum gap { GAP_NAMESPACE, GAP_VERB, GAP_SUBRESOURCE, GAP_NAME, GAP_GROUP, GAP_FAR };

struct near {
	enum gap gap;
	const struct rbac_grant *grant;
	const struct rbac_rule *rule;
};

/* A role that would do; key is "/name" or "ns/name". */
struct candidate {
	struct slice key;
	const struct rbac_role *role;
};

struct explain {
	struct arena *a;
	const struct access_attrs *at;
	bool sees_cluster, sees_ns, sees_all; /* whose roles and bindings may be told */
	struct near near[NEAR_MAX];
	size_t n_near;
	struct candidate roles[ROLES_MAX];
	size_t n_roles;
};

/* Would the rule allow the request if this one part of it were as the rule has it? */
static bool allows_but(const struct rbac_rule *r, const struct access_attrs *at, enum gap gap) {
	static const struct slice star = SLICE_LIT("*");
	struct access_rule api = r->api;
	struct rbac_rule wide;
	struct access_attrs other = *at;
	if (gap == GAP_VERB) api.verbs = &star, api.n_verbs = 1;
	if (gap == GAP_NAME) api.n_names = 0;
	if (gap == GAP_GROUP) api.groups = &star, api.n_groups = 1;
	if (gap == GAP_SUBRESOURCE) other.subresource = SLICE_NULL;
	rbac_rule_init(&wide, &api);
	struct rbac_request q = rbac_request_of(&other);
	return rbac_rule_allows(&wide, &q);
}

static enum gap gap_of(const struct rbac_rule *r, const struct rbac_binding *b, const struct access_attrs *at) {
	struct rbac_request q = rbac_request_of(at);
	bool elsewhere = b->ns.n && !slice_eq(b->ns, at->ns);
	if (rbac_rule_allows(r, &q)) return elsewhere ? GAP_NAMESPACE : GAP_FAR;
	for (enum gap g = GAP_VERB; g < GAP_FAR && !elsewhere; g++) {
		if (g == GAP_SUBRESOURCE && slice_empty(at->subresource)) continue;
		if (!at->is_resource && g != GAP_VERB) continue;
		if (allows_but(r, at, g)) return g;
	}
	return GAP_FAR;
}

static void keep_near(struct explain *e, struct near n) {
	size_t at = e->n_near;
	for (size_t i = 0; i < e->n_near; i++)
		if (e->near[i].grant->binding == n.grant->binding) return;
	while (at > 0 && e->near[at - 1].gap > n.gap) at--;
	if (at == NEAR_MAX) return;
	if (e->n_near < NEAR_MAX) e->n_near++;
	memmove(e->near + at + 1, e->near + at, (e->n_near - at - 1) * sizeof(n));
	e->near[at] = n;
}

/* A binding shows its role's rules as well, so both have to be visible. */
static bool visible(const struct explain *e, const struct rbac_binding *b) {
	if (slice_empty(b->ns) || slice_eqs(b->role_kind, "ClusterRole"))
		if (!e->sees_cluster) return false;
	return slice_empty(b->ns) || (slice_eq(b->ns, e->at->ns) ? e->sees_ns : e->sees_all);
}

static bool look_at_grant(void *ctx, const struct rbac_grant *g) {
	struct explain *e = ctx;
	if (!visible(e, g->binding)) return true;
	struct near best = { .gap = GAP_FAR, .grant = g };
	const struct rbac_role *role = g->binding->role;
	for (size_t i = 0; role && i < role->n; i++) {
		enum gap gap = gap_of(&role->rules[i], g->binding, e->at);
		if (gap < best.gap) best = (struct near){ gap, g, &role->rules[i] };
	}
	if (best.gap < GAP_FAR) keep_near(e, best);
	return true;
}

/* Fewer rules first: the least that does. Then a role of the namespace, then by name. */
static bool better(const struct candidate *x, const struct candidate *y) {
	if (x->role->n != y->role->n) return x->role->n < y->role->n;
	bool cx = x->key.p[0] == '/', cy = y->key.p[0] == '/';
	return cx != cy ? cy : slice_cmp(x->key, y->key) < 0;
}

static void look_at_role(struct explain *e, struct candidate c) {
	struct rbac_request q = rbac_request_of(e->at);
	bool would = false;
	for (size_t i = 0; i < c.role->n && !would; i++) would = rbac_rule_allows(&c.role->rules[i], &q);
	size_t at = e->n_roles;
	while (would && at > 0 && better(&c, &e->roles[at - 1])) at--;
	if (!would || at == ROLES_MAX) return;
	if (e->n_roles < ROLES_MAX) e->n_roles++;
	memmove(e->roles + at + 1, e->roles + at, (e->n_roles - at - 1) * sizeof(c));
	e->roles[at] = c;
}

/* Cluster roles, and the roles of the request's namespace. Those of the system's own parts are no advice. */
static void look_at_roles(struct explain *e, const struct rbac_set *s) {
	size_t it = 0;
	struct slice key;
	void *role;
	while (map_next(s->roles, &it, &key, &role)) {
		bool cluster = key.p[0] == '/';
		if (cluster && (!e->sees_cluster || slice_starts(key, SLICE_LIT("/system:")))) continue;
		if (!cluster && !e->sees_ns) continue;
		if (!cluster && (e->at->ns.n >= key.n || key.p[e->at->ns.n] != '/' || !slice_starts(key, e->at->ns))) continue;
		look_at_role(e, (struct candidate){ key, role });
	}
}

static void put_words(struct buf *b, const struct slice *v, size_t n) {
	for (size_t i = 0; i < n; i++) buf_printf(b, "%s%.*s", i ? ", " : "", SLICE_FMT(v[i]));
}

static void put_resource(struct buf *b, const struct access_attrs *at) {
	buf_put_slice(b, at->resource);
	if (at->subresource.n) buf_printf(b, "/%.*s", SLICE_FMT(at->subresource));
}

static void put_near(struct buf *b, const struct explain *e, const struct near *n) {
	const struct access_rule *r = &n->rule->api;
	rbac_grant_describe(b, n->grant);
	switch (n->gap) {
	case GAP_NAMESPACE:
		buf_puts(b, " allows it in the namespace ");
		goquote_put(b, n->grant->binding->ns);
		break;
	case GAP_VERB:
		buf_puts(b, " allows ");
		put_words(b, r->verbs, r->n_verbs);
		buf_printf(b, ", not %.*s", SLICE_FMT(e->at->verb));
		break;
	case GAP_SUBRESOURCE:
		buf_printf(b, " allows it for %.*s, which does not include ", SLICE_FMT(e->at->resource));
		put_resource(b, e->at);
		break;
	case GAP_NAME:
		buf_puts(b, " allows it only for the names ");
		goquote_put_list(b, r->names, r->n_names);
		break;
	case GAP_GROUP:
		buf_puts(b, " allows it only in the API groups ");
		goquote_put_list(b, r->groups, r->n_groups);
		break;
	case GAP_FAR: break;
	}
}

/* `--serviceaccount=ns:name` or `--user=name`. */
static void put_subject(struct buf *b, const struct access_user *u) {
	struct slice ns, name;
	if (account_split(u->name, &ns, &name)) buf_printf(b, "--serviceaccount=%.*s:%.*s", SLICE_FMT(ns), SLICE_FMT(name));
	else buf_printf(b, "--user=%.*s", SLICE_FMT(u->name));
}

static void put_role(struct buf *b, const struct explain *e, const struct candidate *c) {
	bool cluster = c->key.p[0] == '/';
	struct slice ns = e->at->is_resource ? e->at->ns : SLICE_NULL;
	struct slice name = slice_from(c->key, cluster ? 1 : ns.n + 1);
	buf_puts(b, cluster ? "ClusterRole " : "Role ");
	goquote_put(b, name);
	buf_printf(b, " would allow it: kubectl create %s NAME --%s=%.*s ", ns.n ? "rolebinding" : "clusterrolebinding",
		   cluster ? "clusterrole" : "role", SLICE_FMT(name));
	put_subject(b, e->at->user);
	if (ns.n) buf_printf(b, " -n %.*s", SLICE_FMT(ns));
}

static void put_rule(struct buf *b, const struct explain *e) {
	const struct access_attrs *at = e->at;
	bool namespaced = at->is_resource && at->ns.n;
	buf_printf(b, "a role with just this: kubectl create %s NAME --verb=%.*s ", namespaced ? "role" : "clusterrole", SLICE_FMT(at->verb));
	if (!at->is_resource) {
		buf_printf(b, "--non-resource-url=%.*s", SLICE_FMT(at->path));
		return;
	}
	buf_printf(b, "--resource=%.*s%s%.*s", SLICE_FMT(at->resource), at->group.n ? "." : "", SLICE_FMT(at->group));
	if (at->subresource.n) buf_printf(b, "/%.*s", SLICE_FMT(at->subresource));
	if (at->name.n) buf_printf(b, " --resource-name=%.*s", SLICE_FMT(at->name));
	if (namespaced) buf_printf(b, " -n %.*s", SLICE_FMT(at->ns));
}

/* Takes the text over as a hint; an over-long one is left out. */
static int add_hint(struct explain *e, struct access_hint *v, size_t *n, const char *reason, struct buf *b) {
	const char *text = buf_err(b) ? NULL : arena_strndup(e->a, b->p, b->n);
	int err = buf_err(b);
	buf_done(b);
	if (err == -E2BIG) return 0;
	if (!text) return -ENOMEM;
	v[(*n)++] = (struct access_hint){ reason, text };
	return 0;
}

static int make_hints(struct explain *e, struct access_hint *v, size_t *n) {
	int r = 0;
	for (size_t i = 0; r == 0 && i < e->n_near; i++) {
		struct buf b = BUF_INIT(HINT_BYTES_MAX);
		put_near(&b, e, &e->near[i]);
		r = add_hint(e, v, n, "NearBinding", &b);
	}
	for (size_t i = 0; r == 0 && i < e->n_roles; i++) {
		struct buf b = BUF_INIT(HINT_BYTES_MAX);
		put_role(&b, e, &e->roles[i]);
		r = add_hint(e, v, n, "RoleWouldAllow", &b);
	}
	struct buf b = BUF_INIT(HINT_BYTES_MAX);
	if (r == 0) put_rule(&b, e);
	return r < 0 ? r : add_hint(e, v, n, "RuleWouldAllow", &b);
}

static int may_list(struct access *acc, struct arena *a, const struct access_user *viewer, const char *roles, const char *bindings,
		    struct slice ns, bool *ret) {
	const char *const lists[] = { roles, bindings }, *reason;
	int r = 1;
	for (size_t i = 0; r == 1 && i < ELEMENTSOF(lists); i++) {
		struct access_attrs look = { .user = viewer, .is_resource = true, .verb = SLICE_LIT("list"), .ns = ns, .version = SLICE_LIT("v1"),
					     .group = SLICE_LIT("rbac.authorization.k8s.io"), .resource = slice_str(lists[i]) };
		r = access_authorize(acc, a, &look, &reason);
	}
	*ret = r == 1;
	return r < 0 ? r : 0;
}

static int look_around(struct access *acc, struct arena *a, const struct access_user *viewer, struct explain *e) {
	int r = may_list(acc, a, viewer, "clusterroles", "clusterrolebindings", SLICE_NULL, &e->sees_cluster);
	if (r == 0) r = may_list(acc, a, viewer, "roles", "rolebindings", SLICE_NULL, &e->sees_all);
	e->sees_ns = e->sees_all;
	if (r == 0 && !e->sees_all && e->at->ns.n) r = may_list(acc, a, viewer, "roles", "rolebindings", e->at->ns, &e->sees_ns);
	return r;
}

int access_explain(struct access *acc, struct arena *a, const struct access_user *viewer, const struct access_attrs *at,
		   struct access_hint **ret, size_t *ret_n) {
	struct explain e = { .a = a, .at = at };
	struct access_hint *v = arena_array(a, EXPLAIN_HINTS_MAX, sizeof(*v));
	*ret = v;
	*ret_n = 0;
	int r = v ? look_around(acc, a, viewer, &e) : -ENOMEM;
	if (r < 0 || (!e.sees_cluster && !e.sees_ns)) return r;
	const struct rbac_set *s = rbac_set_hold(acc, a);
	if (!s) return -ENOMEM;
	rbac_each_grant_anywhere(s, at->user, look_at_grant, &e);
	look_at_roles(&e, s);
	return make_hints(&e, v, ret_n);
}
