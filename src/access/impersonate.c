/* SPDX-License-Identifier: Apache-2.0 */
#include "access/impersonate.h"

#include "access/account.h"
#include "access/limits.h"
#include "access/user.h"
#include "codec/percent.h"

#include <errno.h>

#define PREFIX "impersonate-"
#define EXTRA_PREFIX "impersonate-extra-"
#define AUTH_GROUP "authentication.k8s.io"

enum item_kind { ITEM_USER, ITEM_ACCOUNT, ITEM_GROUP, ITEM_EXTRA, ITEM_UID };

/* One thing that is asked for. Kubernetes keeps these as object references, and prints them so. */
struct item {
	enum item_kind kind;
	struct slice ns, name, key; /* key: of extras */
};

static const struct { const char *kind, *version, *group, *resource; } kinds[] = {
	[ITEM_USER] = { "User", "", "", "users" },
	[ITEM_ACCOUNT] = { "ServiceAccount", "", "", "serviceaccounts" },
	[ITEM_GROUP] = { "Group", "", "", "groups" },
	[ITEM_EXTRA] = { "UserExtra", AUTH_GROUP "/v1", AUTH_GROUP, "userextras" },
	[ITEM_UID] = { "UID", AUTH_GROUP "/v1", AUTH_GROUP, "uids" },
};

struct items {
	struct arena *a;
	struct item *v;
	size_t n, cap;
	int err;
};

static void add(struct items *l, struct item it) {
	if (l->n == l->cap && l->err == 0) {
		size_t cap = l->cap ? 2 * l->cap : 8;
		struct item *v = l->n >= IMPERSONATE_ITEMS_MAX ? NULL : arena_realloc(l->a, l->v, l->cap * sizeof(*v), cap * sizeof(*v));
		if (!v) l->err = l->n >= IMPERSONATE_ITEMS_MAX ? -E2BIG : -ENOMEM;
		else l->v = v, l->cap = cap;
	}
	if (l->err == 0) l->v[l->n++] = it;
}

bool access_impersonate_header(struct slice name) { return slice_starts(name, SLICE_LIT(PREFIX)); }

static void add_user(struct items *l, const struct http_headers *h) {
	struct item it = { .kind = ITEM_ACCOUNT };
	struct slice user = http_headers_get(h, "impersonate-user");
	if (slice_empty(user)) return;
	if (!account_split(user, &it.ns, &it.name)) it = (struct item){ .kind = ITEM_USER, .name = user };
	add(l, it);
}

static void add_extras(struct items *l, const struct http_headers *h) {
	for (size_t i = 0; i < h->n; i++) {
		struct slice name = h->v[i].name, key;
		if (!slice_starts(name, SLICE_LIT(EXTRA_PREFIX))) continue;
		struct slice raw = slice_from(name, sizeof(EXTRA_PREFIX) - 1);
		if (percent_decode_path(l->a, raw, &key, NULL) < 0) key = raw;
		add(l, (struct item){ .kind = ITEM_EXTRA, .name = h->v[i].value, .key = key });
	}
}

static void add_all(struct items *l, const struct http_headers *h) {
	size_t it = 0;
	struct slice value;
	add_user(l, h);
	while (http_headers_next(h, "impersonate-group", &it, &value)) add(l, (struct item){ .kind = ITEM_GROUP, .name = value });
	add_extras(l, h);
	value = http_headers_get(h, "impersonate-uid");
	if (value.n) add(l, (struct item){ .kind = ITEM_UID, .name = value });
}

/* Go prints the references with %v: kind, namespace, name, uid, version, resource version, field path. */
static int refuse(const struct items *l, const char **ret_text) {
	_cleanup_buf_ struct buf b = BUF_INIT(HEADER_BYTES_MAX);
	buf_puts(&b, "requested [");
	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->v[i];
		buf_printf(&b, "%s{%s %.*s %.*s  %s  %.*s}", i ? " " : "", kinds[it->kind].kind, SLICE_FMT(it->ns), SLICE_FMT(it->name),
			   kinds[it->kind].version, SLICE_FMT(it->key));
	}
	buf_puts(&b, "] without impersonating a user");
	*ret_text = buf_err(&b) ? NULL : arena_strndup(l->a, b.p, b.n);
	return *ret_text ? IMPERSONATE_BAD : -ENOMEM;
}

static struct access_attrs attrs_of(const struct access_user *u, const struct item *it) {
	return (struct access_attrs){ .user = u, .is_resource = true, .verb = SLICE_LIT("impersonate"), .ns = it->ns, .name = it->name,
				      .group = slice_str(kinds[it->kind].group), .version = it->kind >= ITEM_EXTRA ? SLICE_LIT("v1") : SLICE_NULL,
				      .resource = slice_str(kinds[it->kind].resource), .subresource = it->key };
}

static int build(const struct items *l, const struct access_user **ret) {
	struct user_builder b;
	struct access_user *u;
	bool groups_given = false;
	user_builder_init(&b, l->a, SLICE_NULL, SLICE_NULL);
	for (size_t i = 0; i < l->n; i++) groups_given |= l->v[i].kind == ITEM_GROUP;
	for (size_t i = 0; i < l->n; i++) {
		const struct item *it = &l->v[i];
		switch (it->kind) {
		case ITEM_USER: b.name = it->name; break;
		case ITEM_UID: b.uid = it->name; break;
		case ITEM_GROUP: user_add_group(&b, it->name); break;
		case ITEM_EXTRA: user_add_extra(&b, it->key, it->name); break;
		case ITEM_ACCOUNT:
			b.name = account_username(l->a, it->ns, it->name);
			if (!groups_given) user_add_group(&b, SLICE_LIT(GROUP_ACCOUNTS));
			if (!groups_given) user_add_group(&b, account_ns_group(l->a, it->ns));
		}
	}
	user_add_authenticated(&b);
	if (slice_eqs(b.name, USER_ANONYMOUS) && !user_has_group(&b, GROUP_UNAUTHENTICATED))
		user_add_group(&b, SLICE_LIT(GROUP_UNAUTHENTICATED));
	int r = user_build(&b, &u);
	if (r < 0) return r;
	*ret = u;
	return IMPERSONATE_DONE;
}

int access_impersonate(struct access *acc, struct arena *a, const struct access_user *u, const struct http_headers *h,
		       const struct access_user **ret, struct access_attrs *ret_denied, const char **ret_text) {
	struct items l = { .a = a };
	*ret = u;
	add_all(&l, h);
	if (l.err) return l.err;
	if (l.n == 0) return IMPERSONATE_NONE;
	if (l.v[0].kind != ITEM_USER && l.v[0].kind != ITEM_ACCOUNT) {
		/* An uid alone is refused as well. */
		return refuse(&l, ret_text);
	}
	for (size_t i = 0; i < l.n; i++) {
		struct access_attrs at = attrs_of(u, &l.v[i]);
		int r = access_authorize(acc, a, &at, ret_text);
		if (r < 0) return r;
		if (r > 0) continue;
		*ret_denied = at;
		return IMPERSONATE_FORBIDDEN;
	}
	return build(&l, ret);
}
