/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the RBAC objects of a snapshot into a set. */
#include "access/account.h"
#include "access/limits.h"
#include "access/rbac/set.h"

#include <errno.h>
#include <stdio.h>

#define GROUP "rbac.authorization.k8s.io/"

struct compile {
	const struct store_snapshot *sn;
	struct rbac_set *set;
	uint32_t order;
	struct slice ns; /* of the last role binding, shared by those that follow */
};

static struct slice text_of(yyjson_val *v) {
	return yyjson_is_str(v) ? slice_make(yyjson_get_str(v), yyjson_get_len(v)) : SLICE_NULL;
}

static struct slice copy(struct compile *c, struct slice s) { return s.n ? arena_slice_dup(c->set->arena, s) : SLICE_NULL; }

static int map_add(struct map *m, struct slice key, void *v) {
	int r = map_put(m, key, v, NULL);
	return r < 0 ? r : 0;
}

static struct slice role_key(char *stack, size_t cap, struct slice ns, struct slice name) {
	if (ns.n + 1 + name.n > cap) return SLICE_NULL;
	if (ns.n) memcpy(stack, ns.p, ns.n);
	stack[ns.n] = '/';
	if (name.n) memcpy(stack + ns.n + 1, name.p, name.n);
	return slice_make(stack, ns.n + 1 + name.n);
}

static int add_role(struct compile *c, const struct store_obj *o) {
	char stack[1024];
	struct slice key = role_key(stack, sizeof(stack), o->key.ns, o->key.name);
	struct rbac_role *role = arena_new_of(c->set->arena, struct rbac_role);
	struct rbac_rule *rules = NULL;
	yyjson_doc *d = yyjson_read(o->json->p, o->json->n, 0);
	int r = role ? 0 : -ENOMEM;
	if (r == 0) r = rbac_rules_read(c->set->arena, yyjson_obj_get(yyjson_doc_get_root(d), "rules"), &rules, &role->n);
	yyjson_doc_free(d);
	if (r < 0 || !key.p) return r;
	role->rules = rules;
	return map_add(c->set->roles, key, role);
}

static int read_subjects(struct compile *c, yyjson_val *list, struct rbac_binding *b) {
	static const struct { const char *name; enum rbac_subject_kind kind; } kinds[] = {
		{ "User", RBAC_USER }, { "Group", RBAC_GROUP }, { "ServiceAccount", RBAC_ACCOUNT },
	};
	size_t i, max, n = 0;
	yyjson_val *item;
	struct rbac_subject *v = arena_array(c->set->arena, yyjson_arr_size(list) + 1, sizeof(*v));
	if (!v) return -ENOMEM;
	yyjson_arr_foreach(list, i, max, item) {
		struct slice kind = text_of(yyjson_obj_get(item, "kind")), ns = text_of(yyjson_obj_get(item, "namespace"));
		size_t k = 0;
		while (k < ELEMENTSOF(kinds) && !slice_eqs(kind, kinds[k].name)) k++;
		if (k == ELEMENTSOF(kinds)) continue;
		bool account = kinds[k].kind == RBAC_ACCOUNT;
		v[n] = (struct rbac_subject){ .kind = kinds[k].kind, .name = copy(c, text_of(yyjson_obj_get(item, "name"))),
					      .ns = !account ? SLICE_NULL : ns.n ? copy(c, ns) : b->ns };
		if (account && slice_empty(v[n].ns)) continue; /* a cluster binding has no namespace to lend */
		n++;
	}
	b->subjects = v;
	b->n_subjects = n;
	return 0;
}

/* Finds the role, or words what the lookup would have said. */
static int resolve(struct compile *c, struct rbac_binding *b) {
	char stack[1024];
	struct arena *a = c->set->arena;
	bool cluster = slice_eqs(b->role_kind, "ClusterRole");
	if (!cluster && !slice_eqs(b->role_kind, "Role")) {
		b->missing = arena_printf(a, "unsupported role reference kind: \"%.*s\"", SLICE_FMT(b->role_kind));
		return b->missing ? 0 : -ENOMEM;
	}
	struct slice key = role_key(stack, sizeof(stack), cluster ? SLICE_NULL : b->ns, b->role_name);
	b->role = key.p ? map_get(c->set->roles, key) : NULL;
	if (b->role) return 0;
	b->missing = arena_printf(a, "%s.rbac.authorization.k8s.io \"%.*s\" not found", cluster ? "clusterrole" : "role",
				  SLICE_FMT(b->role_name));
	return b->missing ? 0 : -ENOMEM;
}

static struct rbac_holder *holder_of(struct compile *c, struct map *m, struct slice name) {
	struct rbac_holder *h = map_get(m, name);
	if (h) return h;
	h = arena_new_of(c->set->arena, struct rbac_holder);
	return h && map_add(m, name, h) == 0 ? h : NULL;
}

static int hand_out(struct compile *c, struct rbac_binding *b, uint32_t subject) {
	const struct rbac_subject *s = &b->subjects[subject];
	struct arena *a = c->set->arena;
	char stack[sizeof(ACCOUNT_USER_PREFIX) + 64 + 256];
	struct slice name = s->name;
	if (s->kind == RBAC_ACCOUNT) {
		if (s->ns.n + s->name.n + 1 > sizeof(stack) - sizeof(ACCOUNT_USER_PREFIX)) return 0; /* longer than any account's */
		int n = snprintf(stack, sizeof(stack), ACCOUNT_USER_PREFIX "%.*s:%.*s", SLICE_FMT(s->ns), SLICE_FMT(s->name));
		name = slice_make(stack, (size_t)n);
	}
	struct rbac_holder *h = holder_of(c, s->kind == RBAC_GROUP ? c->set->groups : c->set->users, name);
	if (!h) return -ENOMEM;
	if (h->n && h->grants[h->n - 1].binding == b) return 0; /* named twice */
	if (h->n == h->cap) {
		size_t cap = h->cap ? 2 * h->cap : 2;
		struct rbac_grant *v = arena_realloc(a, h->grants, h->cap * sizeof(*v), cap * sizeof(*v));
		if (!v) return -ENOMEM;
		h->grants = v;
		h->cap = cap;
	}
	h->grants[h->n++] = (struct rbac_grant){ .binding = b, .subject = subject };
	if (slice_empty(b->ns)) h->n_cluster = h->n;
	return 0;
}

static int read_binding(struct compile *c, const struct store_obj *o, yyjson_val *root, struct rbac_binding *b) {
	yyjson_val *ref = yyjson_obj_get(root, "roleRef");
	if (!slice_eq(c->ns, o->key.ns)) c->ns = copy(c, o->key.ns);
	*b = (struct rbac_binding){ .order = c->order++, .name = copy(c, o->key.name), .ns = c->ns,
				    .role_kind = copy(c, text_of(yyjson_obj_get(ref, "kind"))),
				    .role_name = copy(c, text_of(yyjson_obj_get(ref, "name"))) };
	return read_subjects(c, yyjson_obj_get(root, "subjects"), b);
}

static int add_binding(struct compile *c, const struct store_obj *o) {
	struct rbac_binding *b = arena_new_of(c->set->arena, struct rbac_binding);
	yyjson_doc *d = yyjson_read(o->json->p, o->json->n, 0);
	int r = b ? read_binding(c, o, yyjson_doc_get_root(d), b) : -ENOMEM;
	yyjson_doc_free(d);
	if (r == 0) r = resolve(c, b);
	for (uint32_t i = 0; r == 0 && i < b->n_subjects; i++) r = hand_out(c, b, i);
	return r;
}

static int each(struct compile *c, const char *resource, int (*fn)(struct compile *c, const struct store_obj *o)) {
	struct store_cursor cur;
	int r = 0;
	store_scan(c->sn, slice_str(resource), SLICE_NULL, NULL, &cur);
	for (struct store_obj *o = store_next(&cur); o && r == 0; o = store_next(&cur)) r = fn(c, o);
	return r;
}

int rbac_compile(const struct store_snapshot *sn, uint64_t generation, struct rbac_set **ret) {
	struct rbac_set *s = calloc(1, sizeof(*s));
	if (!s) return -ENOMEM;
	s->refs = 1;
	s->generation = generation;
	s->rv = store_snapshot_rv(sn);
	s->arena = arena_new(RBAC_ARENA_MAX);
	s->users = map_new(RBAC_SUBJECTS_MAX);
	s->groups = map_new(RBAC_SUBJECTS_MAX);
	s->roles = map_new(RBAC_SUBJECTS_MAX);
	struct compile c = { .sn = sn, .set = s };
	int r = s->arena && s->users && s->groups && s->roles ? 0 : -ENOMEM;
	if (r == 0) r = each(&c, GROUP "clusterroles", add_role);
	if (r == 0) r = each(&c, GROUP "roles", add_role);
	if (r == 0) r = each(&c, GROUP "clusterrolebindings", add_binding);
	if (r == 0) r = each(&c, GROUP "rolebindings", add_binding);
	if (r < 0) {
		rbac_set_unref(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}
