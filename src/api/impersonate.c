/* SPDX-License-Identifier: Apache-2.0 */
/* Impersonate-* headers (spec section 4.8; apiserver's endpoints/filters/impersonation.go). */
#include "api/identity.h"

#include "api/limits.h"
#include "codec/percent.h"

#include <errno.h>

#define EXTRA_PREFIX SLICE_LIT("impersonate-extra-")
#define AUTHN_GROUP SLICE_LIT("authentication.k8s.io")

enum item_kind { ITEM_SERVICE_ACCOUNT, ITEM_USER, ITEM_GROUP, ITEM_EXTRA, ITEM_UID };
static const struct { const char *kind, *resource; bool authn; } kinds[] = {
	[ITEM_SERVICE_ACCOUNT] = { "ServiceAccount", "serviceaccounts", false }, [ITEM_USER] = { "User", "users", false },
	[ITEM_GROUP] = { "Group", "groups", false }, [ITEM_EXTRA] = { "UserExtra", "userextras", true },
	[ITEM_UID] = { "UID", "uids", true },
};
struct item { enum item_kind kind; struct slice ns, name, extra_key; };

struct wish {
	struct item v[IMPERSONATION_ITEMS_MAX];
	size_t n;
	bool has_user, has_groups, has_extra, has_uid, overflow;
};

static void add(struct wish *w, struct item i) {
	if (w->n < IMPERSONATION_ITEMS_MAX) w->v[w->n++] = i;
	else w->overflow = true;
}

/* "system:serviceaccount:<ns>:<name>" taken apart. */
static bool split_account(struct slice user, struct slice *ns, struct slice *name) {
	static const struct slice prefix = SLICE_LIT("system:serviceaccount:");
	if (!slice_starts(user, prefix)) return false;
	struct slice rest = slice_from(user, prefix.n);
	*ns = slice_cut(&rest, ':');
	*name = rest;
	return ns->n && name->n && slice_chr(*name, ':') < 0;
}

static void add_user(struct wish *w, struct slice user) {
	struct item i = { .kind = ITEM_USER, .name = user };
	if (slice_empty(user)) return;
	w->has_user = true;
	if (split_account(user, &i.ns, &i.name)) i.kind = ITEM_SERVICE_ACCOUNT;
	else i.name = user, i.ns = SLICE_NULL;
	add(w, i);
}

static struct slice extra_key(struct arena *a, struct slice header) {
	struct slice raw = slice_from(header, EXTRA_PREFIX.n), key = raw;
	if (percent_decode_path(a, raw, &key, NULL) < 0) key = raw;
	return key;
}

static void gather(struct request *r, struct wish *w) {
	const struct http_headers *h = &r->x->head.headers;
	size_t it = 0;
	struct slice v;
	add_user(w, http_headers_get(h, "impersonate-user"));
	while (http_headers_next(h, "impersonate-group", &it, &v)) {
		w->has_groups = true;
		add(w, (struct item){ .kind = ITEM_GROUP, .name = v });
	}
	for (size_t i = 0; i < h->n; i++) {
		if (!slice_starts(h->v[i].name, EXTRA_PREFIX)) continue;
		w->has_extra = true;
		add(w, (struct item){ .kind = ITEM_EXTRA, .name = h->v[i].value, .extra_key = extra_key(r->a, h->v[i].name) });
	}
	v = http_headers_get(h, "impersonate-uid");
	w->has_uid = v.n > 0;
	if (w->has_uid) add(w, (struct item){ .kind = ITEM_UID, .name = v });
}

/* Go prints the object references that stand for the items: {Kind Namespace Name UID APIVersion ResourceVersion FieldPath}. */
static const struct status *without_user(struct request *r, const struct wish *w) {
	_cleanup_buf_ struct buf b = BUF_INIT(RESPONSE_BYTES_MAX);
	buf_puts(&b, "requested [");
	for (size_t i = 0; i < w->n; i++)
		buf_printf(&b, "%s{%s %.*s %.*s  %s  %.*s}", i ? " " : "", kinds[w->v[i].kind].kind, SLICE_FMT(w->v[i].ns), SLICE_FMT(w->v[i].name),
			   kinds[w->v[i].kind].authn ? "authentication.k8s.io/v1" : "", SLICE_FMT(w->v[i].extra_key));
	buf_puts(&b, "] without impersonating a user");
	const char *text = arena_strndup(r->a, b.p ? b.p : "", b.n);
	return text ? status_internal_text(r->a, r->x->head.target, text) : status_no_memory();
}

static const struct status *check(struct request *r, const struct item *i) {
	struct access_attrs at = {
		.user = r->user, .is_resource = true, .verb = SLICE_LIT("impersonate"), .resource = slice_str(kinds[i->kind].resource),
		.group = kinds[i->kind].authn ? AUTHN_GROUP : SLICE_NULL, .version = SLICE_LIT("v1"),
		.subresource = i->extra_key, .ns = i->ns, .name = i->name,
	};
	return identity_check(r, &at);
}

/* ---- the new identity ---- */

struct persona {
	struct request *r;
	struct access_user *user;
	struct slice groups[IMPERSONATION_ITEMS_MAX + 4];
	struct access_extra extra[IMPERSONATION_ITEMS_MAX];
	size_t n_groups, n_extra;
};

static bool has_group(const struct persona *p, const char *g) {
	for (size_t i = 0; i < p->n_groups; i++)
		if (slice_eqs(p->groups[i], g)) return true;
	return false;
}

static int add_extra(struct persona *p, const struct item *i) {
	struct access_extra *e = NULL;
	for (size_t k = 0; k < p->n_extra && !e; k++)
		if (slice_eq(p->extra[k].key, i->extra_key)) e = &p->extra[k];
	if (!e) {
		e = &p->extra[p->n_extra++];
		*e = (struct access_extra){ .key = i->extra_key };
	}
	struct slice *v = arena_array(p->r->a, e->n_values + 1, sizeof(*v));
	if (!v) return -ENOMEM;
	if (e->n_values) memcpy(v, e->values, e->n_values * sizeof(*v));
	v[e->n_values++] = i->name;
	e->values = v;
	return 0;
}

static int account_groups(struct persona *p, struct slice ns) {
	const char *of_ns = arena_printf(p->r->a, "system:serviceaccounts:%.*s", SLICE_FMT(ns));
	p->groups[p->n_groups++] = SLICE_LIT("system:serviceaccounts");
	p->groups[p->n_groups++] = slice_str(of_ns);
	return of_ns ? 0 : -ENOMEM;
}

static int assume(struct persona *p, const struct item *i, bool groups_given) {
	switch (i->kind) {
	case ITEM_SERVICE_ACCOUNT:
		p->user->name = slice_str(arena_printf(p->r->a, "system:serviceaccount:%.*s:%.*s", SLICE_FMT(i->ns), SLICE_FMT(i->name)));
		return groups_given ? 0 : account_groups(p, i->ns);
	case ITEM_USER: p->user->name = i->name; return 0;
	case ITEM_GROUP: p->groups[p->n_groups++] = i->name; return 0;
	case ITEM_UID: p->user->uid = i->name; return 0;
	case ITEM_EXTRA: return add_extra(p, i);
	}
	return 0;
}

static int finish(struct persona *p) {
	bool anonymous = slice_eqs(p->user->name, "system:anonymous");
	bool un = has_group(p, "system:unauthenticated"), au = has_group(p, "system:authenticated");
	if (anonymous && !un) p->groups[p->n_groups++] = SLICE_LIT("system:unauthenticated");
	if (!anonymous && !un && !au) p->groups[p->n_groups++] = SLICE_LIT("system:authenticated");
	struct slice *g = arena_array(p->r->a, p->n_groups + 1, sizeof(*g));
	struct access_extra *e = arena_array(p->r->a, p->n_extra + 1, sizeof(*e));
	if (!g || !e) return -ENOMEM;
	memcpy(g, p->groups, p->n_groups * sizeof(*g));
	memcpy(e, p->extra, p->n_extra * sizeof(*e));
	p->user->groups = g, p->user->n_groups = p->n_groups;
	p->user->extra = e, p->user->n_extra = p->n_extra;
	p->r->user = p->user;
	return 0;
}

static const struct status *become(struct request *r, const struct wish *w) {
	struct persona *p = arena_new_of(r->a, struct persona);
	struct access_user *user = arena_new_of(r->a, struct access_user);
	if (!p || !user) return status_no_memory();
	p->r = r;
	p->user = user;
	for (size_t i = 0; i < w->n; i++)
		if (assume(p, &w->v[i], w->has_groups) < 0) return status_no_memory();
	return finish(p) < 0 ? status_no_memory() : NULL;
}

static bool wanted(const struct http_headers *h) {
	for (size_t i = 0; i < h->n; i++)
		if (slice_starts(h->v[i].name, SLICE_LIT("impersonate-"))) return true;
	return false;
}

const struct status *identity_impersonate(struct request *r) {
	if (!wanted(&r->x->head.headers)) return NULL;
	struct wish *w = arena_new_of(r->a, struct wish);
	if (!w) return status_no_memory();
	gather(r, w);
	if (w->overflow) return status_bad_request(r->a, "too many impersonation headers");
	if (!w->has_user) return w->n ? without_user(r, w) : NULL;
	for (size_t i = 0; i < w->n; i++) {
		const struct status *st = check(r, &w->v[i]);
		if (st) return st;
	}
	return become(r, w);
}
