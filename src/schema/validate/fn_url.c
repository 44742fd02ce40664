/* SPDX-License-Identifier: Apache-2.0 */
/* URLs as net/url.Parse takes them apart, and host:port pairs. */
#include "schema/validate/function.h"
#include "codec/goquote.h"

#include <ctype.h>

struct url {
	struct slice scheme, user, host, path, query, fragment;
	bool has_user;
};

/* The scheme in front of ':', or none; false when the text begins with ':'. */
static bool cut_scheme(struct slice *rest, struct slice *ret) {
	*ret = SLICE_NULL;
	for (size_t i = 0; i < rest->n; i++) {
		char c = rest->p[i];
		if (isalpha((unsigned char)c)) continue;
		if (c == ':') {
			if (i == 0) return false;
			*ret = slice_upto(*rest, i);
			*rest = slice_make(rest->p + i + 1, rest->n - i - 1);
			return true;
		}
		if (i == 0 || !(isdigit((unsigned char)c) || c == '+' || c == '-' || c == '.')) return true;
	}
	return true;
}

/* Go's complaint about a %-escape, or NULL. */
static const char *escape_fault(struct rule_scope *s, struct slice v) {
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] == '%' && (i + 2 >= v.n || !isxdigit((unsigned char)v.p[i + 1]) || !isxdigit((unsigned char)v.p[i + 2])))
			return arena_printf(s->arena, "invalid URL escape %s", goquote(s->arena, slice_upto(slice_from(v, i), 3)));
	return NULL;
}

static const char *port_fault(struct rule_scope *s, struct slice host) {
	ptrdiff_t close = slice_starts(host, SLICE_LIT("[")) ? slice_chr(host, ']') : -1;
	if (slice_starts(host, SLICE_LIT("[")) && close < 0) return "missing ']' in host";
	struct slice rest = close >= 0 ? slice_from(host, (size_t)close + 1) : host;
	ptrdiff_t colon = slice_chr(rest, ':');
	if (colon < 0) return NULL;
	struct slice port = slice_make(rest.p + colon, rest.n - (size_t)colon);
	for (size_t i = 1; i < port.n; i++)
		if (!isdigit((unsigned char)port.p[i])) return arena_printf(s->arena, "invalid port %s after host", goquote(s->arena, port));
	return NULL;
}

/* NULL, or what net/url says behind `parse "...": `. */
static const char *url_parse(struct rule_scope *s, struct slice text, struct url *ret) {
	struct url u = { 0 };
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f) return "net/url: invalid control character in URL";
	struct slice rest = slice_cut(&(struct slice){ text.p, text.n }, '#');
	if (rest.n < text.n) u.fragment = slice_make(text.p + rest.n + 1, text.n - rest.n - 1);
	if (!text.n) return "empty url";
	if (!cut_scheme(&rest, &u.scheme)) return "missing protocol scheme";
	struct slice query = rest;
	rest = slice_cut(&query, '?');
	u.query = query.p ? query : SLICE_NULL;
	if (!u.scheme.n && !slice_starts(rest, SLICE_LIT("/"))) {
		struct slice first = rest;
		if (slice_chr(slice_cut(&first, '/'), ':') >= 0) return "first path segment in URL cannot contain colon";
	}
	if (slice_starts(rest, SLICE_LIT("//"))) {
		struct slice authority = slice_make(rest.p + 2, rest.n - 2);
		ptrdiff_t slash = slice_chr(authority, '/');
		rest = slash < 0 ? SLICE_NULL : slice_from(authority, (size_t)slash);
		if (slash >= 0) authority.n = (size_t)slash;
		for (size_t i = authority.n; i-- > 0;)
			if (authority.p[i] == '@') {
				u.has_user = true;
				u.user = slice_upto(authority, i);
				authority = slice_make(authority.p + i + 1, authority.n - i - 1);
				break;
			}
		u.host = authority;
		const char *fault = port_fault(s, authority);
		if (fault) return fault;
		for (size_t i = 0; i < authority.n; i++)
			if (authority.p[i] == ' ') return "invalid character \" \" in host name";
	}
	u.path = rest;
	*ret = u;
	return escape_fault(s, rest);
}

/* nil, or Go's error text. */
RULE_DEF(urlFault) {
	struct url u;
	const char *fault = url_parse(s, rv_slice(a), &u);
	return fault ? rule_textf(s, "parse %s: %s", goquote(s->arena, rv_slice(a)), fault) : RV_NONE;
}

/* The part a[1] of URL a[0]; nil when there is no such part. */
RULE_DEF(urlPart) {
	struct url u = { 0 };
	struct slice part = rv_slice(&a[1]);
	if (url_parse(s, rv_slice(a), &u)) return RV_NONE;
	if (slice_eqs(part, "scheme")) return rv_str(u.scheme);
	if (slice_eqs(part, "host")) return rv_str(u.host);
	if (slice_eqs(part, "user")) return u.has_user ? rv_str(u.user) : RV_NONE;
	if (slice_eqs(part, "query")) return rv_str(u.query);
	return rv_str(u.fragment);
}

/* net.SplitHostPort succeeds. */
RULE_DEF(isHostPort) {
	struct slice v = rv_slice(a);
	ptrdiff_t close = slice_starts(v, SLICE_LIT("[")) ? slice_chr(v, ']') : -1;
	if (slice_starts(v, SLICE_LIT("["))) return rv_bool(close > 0 && slice_starts(slice_from(v, (size_t)close + 1), SLICE_LIT(":")));
	ptrdiff_t colon = slice_chr(v, ':');
	return rv_bool(colon >= 0 && slice_chr(slice_from(v, (size_t)colon + 1), ':') < 0);
}
