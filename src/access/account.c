/* SPDX-License-Identifier: Apache-2.0 */
#include "access/account.h"

/* Byte by byte: what a name holds is none of printf's business. */
static struct slice join(struct arena *a, struct slice head, struct slice ns, const struct slice *name) {
	char *p = arena_alloc(a, head.n + ns.n + 1 + (name ? name->n : 0));
	size_t n = head.n;
	if (!p) return SLICE_NULL;
	memcpy(p, head.p, head.n);
	if (ns.n) memcpy(p + n, ns.p, ns.n);
	n += ns.n;
	if (!name) return slice_make(p, n);
	p[n++] = ':';
	if (name->n) memcpy(p + n, name->p, name->n);
	return slice_make(p, n + name->n);
}

struct slice account_username(struct arena *a, struct slice ns, struct slice name) {
	return join(a, SLICE_LIT(ACCOUNT_USER_PREFIX), ns, &name);
}

struct slice account_ns_group(struct arena *a, struct slice ns) { return join(a, SLICE_LIT(GROUP_ACCOUNTS ":"), ns, NULL); }

static bool alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/* RFC 1123 label. */
static bool is_label(struct slice s, size_t max) {
	if (s.n == 0 || s.n > max || !alnum(s.p[0]) || !alnum(s.p[s.n - 1])) return false;
	for (size_t i = 0; i < s.n; i++)
		if (!alnum(s.p[i]) && s.p[i] != '-') return false;
	return true;
}

static bool is_subdomain(struct slice s) {
	if (s.n == 0 || s.n > 253) return false;
	while (s.p) {
		bool last = slice_chr(s, '.') < 0;
		if (!is_label(slice_cut(&s, '.'), 253)) return false;
		if (last) return true;
	}
	return false;
}

bool account_split(struct slice user, struct slice *ret_ns, struct slice *ret_name) {
	if (!slice_starts(user, SLICE_LIT(ACCOUNT_USER_PREFIX))) return false;
	struct slice rest = slice_from(user, sizeof(ACCOUNT_USER_PREFIX) - 1);
	ptrdiff_t colon = slice_chr(rest, ':');
	if (colon < 0) return false;
	struct slice ns = slice_upto(rest, (size_t)colon), name = slice_from(rest, (size_t)colon + 1);
	if (!is_label(ns, 63) || !is_subdomain(name)) return false;
	*ret_ns = ns;
	*ret_name = name;
	return true;
}

bool account_matches(struct slice user, struct slice ns, struct slice name) {
	size_t p = sizeof(ACCOUNT_USER_PREFIX) - 1;
	return user.n == p + ns.n + 1 + name.n && slice_starts(user, SLICE_LIT(ACCOUNT_USER_PREFIX)) &&
	       slice_eq(slice_make(user.p + p, ns.n), ns) && user.p[p + ns.n] == ':' &&
	       slice_eq(slice_make(user.p + p + ns.n + 1, name.n), name);
}
