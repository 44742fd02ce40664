/* SPDX-License-Identifier: Apache-2.0 */
#include "access/rbac/set.h"

#include "access/account.h"
#include "codec/goquote.h"
#include "access/server.h"

struct rbac_set *rbac_set_ref(struct rbac_set *s) {
	atomic_fetch_add(&s->refs, 1);
	return s;
}

struct rbac_set *rbac_set_unref(struct rbac_set *s) {
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1) return NULL;
	map_free(s->users, NULL);
	map_free(s->groups, NULL);
	map_free(s->roles, NULL);
	arena_free(s->arena);
	free(s);
	return NULL;
}

void rbac_set_drop(void *s) { (void)rbac_set_unref(s); }

bool rbac_subject_is(const struct rbac_subject *s, const struct access_user *u) {
	switch (s->kind) {
	case RBAC_USER: return slice_eq(s->name, u->name);
	case RBAC_ACCOUNT: return account_matches(u->name, s->ns, s->name);
	case RBAC_GROUP:
		for (size_t i = 0; i < u->n_groups; i++)
			if (slice_eq(u->groups[i], s->name)) return true;
	}
	return false;
}

const struct rbac_set *rbac_set_hold(struct access *acc, struct arena *a) {
	struct publish_slot *slot;
	struct rbac_set *s = publish_acquire(&acc->rules, &slot);
	if (s) rbac_set_ref(s);
	publish_release(slot);
	return s && arena_defer(a, rbac_set_drop, s) == 0 ? s : NULL;
}

/* First namespaced grant whose namespace is not before `ns`. */
static size_t lower_bound(const struct rbac_holder *h, struct slice ns) {
	size_t lo = h->n_cluster, hi = h->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (slice_cmp(h->grants[mid].binding->ns, ns) < 0) lo = mid + 1;
		else hi = mid;
	}
	return lo;
}

static bool visit(const struct rbac_holder *h, struct slice ns, bool (*fn)(void *ctx, const struct rbac_grant *g), void *ctx) {
	if (!h) return true;
	if (slice_empty(ns)) {
		for (size_t i = 0; i < h->n_cluster; i++)
			if (!fn(ctx, &h->grants[i])) return false;
		return true;
	}
	for (size_t i = lower_bound(h, ns); i < h->n && slice_eq(h->grants[i].binding->ns, ns); i++)
		if (!fn(ctx, &h->grants[i])) return false;
	return true;
}

static bool visit_all(const struct rbac_set *s, const struct access_user *u, struct slice ns,
		      bool (*fn)(void *ctx, const struct rbac_grant *g), void *ctx) {
	if (!visit(map_get(s->users, u->name), ns, fn, ctx)) return false;
	for (size_t i = 0; i < u->n_groups; i++)
		if (!visit(map_get(s->groups, u->groups[i]), ns, fn, ctx)) return false;
	return true;
}

void rbac_each_grant(const struct rbac_set *s, const struct access_user *u, struct slice ns,
		     bool (*fn)(void *ctx, const struct rbac_grant *g), void *ctx) {
	if (visit_all(s, u, SLICE_NULL, fn, ctx) && ns.n) (void)visit_all(s, u, ns, fn, ctx);
}

static bool visit_holder(const struct rbac_holder *h, bool (*fn)(void *ctx, const struct rbac_grant *g), void *ctx) {
	for (size_t i = 0; h && i < h->n; i++)
		if (!fn(ctx, &h->grants[i])) return false;
	return true;
}

void rbac_each_grant_anywhere(const struct rbac_set *s, const struct access_user *u, bool (*fn)(void *ctx, const struct rbac_grant *g),
			      void *ctx) {
	bool on = visit_holder(map_get(s->users, u->name), fn, ctx);
	for (size_t i = 0; on && i < u->n_groups; i++) on = visit_holder(map_get(s->groups, u->groups[i]), fn, ctx);
}

static void quote_pair(struct buf *b, struct slice first, struct slice second) {
	char stack[512];
	if (first.n + second.n + 1 > sizeof(stack)) { /* names are shorter; an odd one is shown without its end */
		first = slice_upto(first, sizeof(stack) / 2);
		second = slice_upto(second, sizeof(stack) / 2 - 1);
	}
	memcpy(stack, first.p, first.n);
	stack[first.n] = '/';
	memcpy(stack + first.n + 1, second.p, second.n);
	goquote_put(b, slice_make(stack, first.n + 1 + second.n));
}

void rbac_grant_describe(struct buf *b, const struct rbac_grant *g) {
	static const char *const kinds[] = { [RBAC_USER] = "User ", [RBAC_GROUP] = "Group ", [RBAC_ACCOUNT] = "ServiceAccount " };
	const struct rbac_binding *bind = g->binding;
	const struct rbac_subject *s = &bind->subjects[g->subject];
	buf_puts(b, bind->ns.n ? "RoleBinding " : "ClusterRoleBinding ");
	if (bind->ns.n) quote_pair(b, bind->name, bind->ns);
	else goquote_put(b, bind->name);
	buf_puts(b, " of ");
	buf_put_slice(b, bind->role_kind);
	buf_putc(b, ' ');
	goquote_put(b, bind->role_name);
	buf_puts(b, " to ");
	buf_puts(b, kinds[s->kind]);
	if (s->kind == RBAC_ACCOUNT) quote_pair(b, s->name, s->ns);
	else goquote_put(b, s->name);
}
