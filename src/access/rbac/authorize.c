/* SPDX-License-Identifier: Apache-2.0 */
#include "access/rbac/authorize.h"

#include "access/limits.h"

#include <errno.h>

struct search {
	struct rbac_request q;
	const struct rbac_grant *found;
	bool unresolved;
};

static bool try_grant(void *ctx, const struct rbac_grant *g) {
	struct search *s = ctx;
	const struct rbac_role *role = g->binding->role;
	if (!role) {
		s->unresolved = true;
		return true;
	}
	for (size_t i = 0; i < role->n; i++)
		if (rbac_rule_allows(&role->rules[i], &s->q)) {
			s->found = g;
			return false;
		}
	return true;
}

/* Names the first subject of the binding that the user is: the one Kubernetes would name. */
static const char *describe(struct arena *a, const struct rbac_grant *g, const struct access_user *u) {
	_cleanup_buf_ struct buf b = BUF_INIT(REASON_BYTES_MAX);
	struct rbac_grant first = { .binding = g->binding, .subject = 0 };
	while (first.subject < g->subject && !rbac_subject_is(&g->binding->subjects[first.subject], u)) first.subject++;
	buf_reserve(&b, 256);
	buf_puts(&b, "RBAC: allowed by ");
	rbac_grant_describe(&b, &first);
	return buf_err(&b) ? NULL : arena_strndup(a, b.p, b.n);
}

struct collect {
	struct arena *a;
	const struct rbac_binding **v;
	size_t n, cap;
	bool failed;
};

static bool collect_missing(void *ctx, const struct rbac_grant *g) {
	struct collect *c = ctx;
	if (!g->binding->missing) return true;
	size_t at = c->n;
	while (at > 0 && c->v[at - 1]->order > g->binding->order) at--;
	if (at > 0 && c->v[at - 1] == g->binding) return true; /* bound twice, by name and by group */
	if (c->n == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 8;
		void *v = arena_realloc(c->a, c->v, c->cap * sizeof(*c->v), cap * sizeof(*c->v));
		c->failed = !v;
		if (!v) return false;
		c->v = v;
		c->cap = cap;
	}
	memmove(c->v + at + 1, c->v + at, (c->n - at) * sizeof(*c->v));
	c->v[at] = g->binding;
	c->n++;
	return true;
}

int rbac_errors(const struct rbac_set *s, struct arena *a, const struct access_user *u, struct slice ns, const char ***ret,
		size_t *ret_n) {
	struct collect c = { .a = a };
	size_t n = 0;
	rbac_each_grant(s, u, ns, collect_missing, &c);
	const char **out = c.failed ? NULL : arena_array(a, c.n + 1, sizeof(*out));
	if (!out) return -ENOMEM;
	for (size_t i = 0; i < c.n; i++) {
		bool known = false;
		for (size_t k = 0; k < n && !known; k++) known = strcmp(out[k], c.v[i]->missing) == 0;
		if (known) continue;
		out[n] = arena_strdup(a, c.v[i]->missing);
		if (!out[n++]) return -ENOMEM;
	}
	*ret = out;
	*ret_n = n;
	return 0;
}

const char *rbac_join_errors(struct arena *a, const char *const *errors, size_t n) {
	_cleanup_buf_ struct buf b = BUF_INIT(REASON_BYTES_MAX);
	if (n == 1) return errors[0];
	for (size_t i = 0; i < n; i++) buf_printf(&b, "%s%s", i ? ", " : "[", errors[i]);
	buf_putc(&b, ']');
	return buf_err(&b) ? NULL : arena_strndup(a, b.p, b.n);
}

static int denied(const struct rbac_set *s, struct arena *a, const struct access_attrs *at, const char **ret_reason) {
	const char **errors;
	size_t n;
	int r = rbac_errors(s, a, at->user, at->is_resource ? at->ns : SLICE_NULL, &errors, &n);
	if (r < 0 || n == 0) return r;
	const char *joined = rbac_join_errors(a, errors, n);
	*ret_reason = joined ? arena_printf(a, "RBAC: %s", joined) : NULL;
	return *ret_reason ? 0 : -ENOMEM;
}

int rbac_authorize(const struct rbac_set *s, struct arena *a, const struct access_attrs *at, const char **ret_reason) {
	struct search search = { .q = rbac_request_of(at) };
	*ret_reason = "";
	rbac_each_grant(s, at->user, at->is_resource ? at->ns : SLICE_NULL, try_grant, &search);
	if (!search.found) return search.unresolved ? denied(s, a, at, ret_reason) : 0;
	const char *reason = describe(a, search.found, at->user);
	if (!reason) return -ENOMEM;
	*ret_reason = reason;
	return 1;
}
