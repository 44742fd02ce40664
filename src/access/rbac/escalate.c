/* SPDX-License-Identifier: Apache-2.0 */
/* What a user holds, and whether that is enough to hand something on (pkg/registry/rbac/validation/rule.go). */
#include "access/account.h"
#include "access/limits.h"
#include "access/node.h"
#include "codec/goquote.h"
#include "access/rbac/authorize.h"
#include "access/rbac/cover.h"
#include "access/server.h"

#include <errno.h>

/* The bindings that apply, each once, in order. */
struct gather {
	struct arena *a;
	const struct rbac_binding **v;
	size_t n, cap, n_rules;
	bool failed;
};

static bool gather_one(void *ctx, const struct rbac_grant *g) {
	struct gather *c = ctx;
	if (!g->binding->role) return true;
	if (c->n == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 16;
		void *v = arena_realloc(c->a, c->v, c->cap * sizeof(*c->v), cap * sizeof(*c->v));
		c->failed = !v;
		if (!v) return false;
		c->v = v;
		c->cap = cap;
	}
	c->v[c->n++] = g->binding;
	return true;
}

static int by_order(const void *a, const void *b) {
	const struct rbac_binding *const *x = a, *const *y = b;
	return ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

/* The rules themselves stay in the set, which the arena keeps. */
static int rules_of(struct arena *a, const struct rbac_set *s, const struct access_user *u, struct slice ns, struct access_rule **ret,
		    size_t *ret_n) {
	struct gather c = { .a = a };
	size_t n = 0, max = 0;
	rbac_each_grant(s, u, ns, gather_one, &c);
	if (c.failed) return -ENOMEM;
	if (c.n) qsort(c.v, c.n, sizeof(*c.v), by_order);
	for (size_t i = 0; i < c.n; i++) max += c.v[i]->role->n;
	struct access_rule *out = arena_array(a, max + 1, sizeof(*out));
	if (!out) return -ENOMEM;
	for (size_t i = 0; i < c.n; i++) {
		if (i && c.v[i] == c.v[i - 1]) continue;
		for (size_t k = 0; k < c.v[i]->role->n; k++) out[n++] = c.v[i]->role->rules[k].api;
	}
	*ret = out;
	*ret_n = n;
	return 0;
}

int access_rules_for(struct access *acc, struct arena *a, const struct access_user *u, struct slice ns, struct access_rule **ret,
		     size_t *ret_n, const char **ret_errors, bool *ret_incomplete) {
	const struct rbac_set *s = rbac_set_hold(acc, a);
	const char **errors;
	size_t n;
	if (!s) return -ENOMEM;
	int r = rules_of(a, s, u, ns, ret, ret_n);
	if (r == 0) r = rbac_errors(s, a, u, ns, &errors, &n);
	if (r < 0) return r;
	*ret_incomplete = node_identity(u, NULL);
	const char **all = arena_array(a, n + 1, sizeof(*all));
	if (!all) return -ENOMEM;
	if (*ret_incomplete) all[0] = "node authorizer does not support user rule resolution";
	memcpy(all + *ret_incomplete, errors, n * sizeof(*all));
	n += *ret_incomplete;
	*ret_errors = n ? rbac_join_errors(a, all, n) : NULL;
	return n && !*ret_errors ? -ENOMEM : 0;
}

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* One line for each missing rule, sorted, each once. */
static int put_missing(struct arena *a, struct buf *b, struct access_rule *missing, size_t n) {
	const char **lines = arena_array(a, n, sizeof(*lines));
	if (!lines || cover_compact(a, missing, &n) < 0) return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf line = BUF_INIT(REASON_BYTES_MAX);
		cover_describe(&line, &missing[i]);
		lines[i] = buf_err(&line) ? NULL : arena_strndup(a, line.p, line.n);
		if (!lines[i]) return -ENOMEM;
	}
	qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(lines[i], lines[i - 1]) != 0) buf_printf(b, "%s%s", i ? "\n" : "", lines[i]);
	return buf_err(b);
}

static int refuse(struct arena *a, const struct access_user *u, struct access_rule *missing, size_t n, const char *const *errors,
		  size_t n_errors, const char **ret_msg) {
	_cleanup_buf_ struct buf b = BUF_INIT(OBJECT_BYTES_MAX);
	buf_puts(&b, "user ");
	goquote_put(&b, u->name);
	buf_puts(&b, " (groups=");
	goquote_put_list(&b, u->groups, u->n_groups);
	buf_puts(&b, ") is attempting to grant RBAC permissions not currently held:\n");
	int r = put_missing(a, &b, missing, n);
	if (r < 0) return r;
	if (n_errors) buf_printf(&b, "; resolution errors: [%s]", rbac_join_errors(a, errors, n_errors));
	if (buf_err(&b)) return buf_err(&b);
	*ret_msg = arena_strndup(a, b.p, b.n);
	return *ret_msg ? 0 : -ENOMEM;
}

int access_covers(struct access *acc, struct arena *a, const struct access_user *u, struct slice ns, const struct access_rule *rules,
		  size_t n, const char **ret_msg) {
	if (access_user_in_group(u, GROUP_MASTERS)) return 1;
	const struct rbac_set *s = rbac_set_hold(acc, a);
	struct access_rule *owned, *missing;
	const char **errors;
	size_t n_owned, n_missing, n_errors;
	if (!s) return -ENOMEM;
	int r = rules_of(a, s, u, ns, &owned, &n_owned);
	if (r == 0) r = cover_missing(a, owned, n_owned, rules, n, &missing, &n_missing);
	if (r == 0) r = rbac_errors(s, a, u, ns, &errors, &n_errors);
	if (r < 0) return r;
	return n_missing == 0 ? 1 : refuse(a, u, missing, n_missing, errors, n_errors, ret_msg);
}
