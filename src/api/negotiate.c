/* SPDX-License-Identifier: Apache-2.0 */
#include "api/negotiate.h"

#include <errno.h>
#include <ctype.h>

static const struct { enum media media; const char *type; } types[] = {
	{ MEDIA_JSON, "application/json" },
	{ MEDIA_YAML, "application/yaml" },
	{ MEDIA_PROTO, "application/vnd.kubernetes.protobuf" },
};

const char *media_type(enum media m) { return m < ELEMENTSOF(types) ? types[m].type : ""; }

struct slice media_strip(struct slice s) { return slice_trim(slice_cut(&s, ';')); }

static enum media media_of(struct slice type) {
	for (size_t i = 0; i < ELEMENTSOF(types); i++)
		if (slice_ieq(type, slice_str(types[i].type))) return types[i].media;
	return MEDIA_NONE;
}

enum media negotiate_body(struct slice content_type) {
	struct slice t = media_strip(content_type);
	return slice_empty(t) ? MEDIA_JSON : media_of(t);
}

/* ---- one clause of Accept ---- */

struct clause {
	struct slice type;
	int q; /* thousandths */
	struct slice as, g, v;
	bool pretty, foreign;
};

static int parse_q(struct slice s) {
	int whole = s.n && isdigit((unsigned char)s.p[0]) ? s.p[0] - '0' : 1, milli = whole * 1000;
	if (s.n < 2 || s.p[1] != '.') return milli > 1000 ? 1000 : milli;
	int unit = 100;
	for (size_t i = 2; i < s.n && i < 5 && isdigit((unsigned char)s.p[i]); i++, unit /= 10) milli += unit * (s.p[i] - '0');
	return milli > 1000 ? 1000 : milli;
}

static struct slice unquote(struct slice s) {
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"') return slice_make(s.p + 1, s.n - 2);
	return s;
}

static void take_param(struct clause *c, struct slice p) {
	struct slice value = p, key = slice_trim(slice_cut(&value, '='));
	value = unquote(slice_trim(value));
	if (slice_ieq(key, SLICE_LIT("q"))) c->q = parse_q(value);
	else if (slice_eqs(key, "as")) c->as = value;
	else if (slice_eqs(key, "g")) c->g = value;
	else if (slice_eqs(key, "v")) c->v = value;
	else if (slice_eqs(key, "pretty")) c->pretty = slice_eqs(value, "1");
	else if (slice_eqs(key, "charset")) c->foreign |= !slice_ieq(value, SLICE_LIT("utf-8"));
}

static struct clause parse_clause(struct slice text) {
	struct clause c = { .q = 1000 };
	c.type = slice_trim(slice_cut(&text, ';'));
	while (text.n) take_param(&c, slice_trim(slice_cut(&text, ';')));
	return c;
}

/* The transform a clause asks for. False: none we know. */
static bool take_transform(const struct clause *c, enum negotiate_for what, struct negotiated *n) {
	static const struct { const char *as; enum transform t; } transforms[] = {
		{ "Table", AS_TABLE }, { "PartialObjectMetadata", AS_METADATA }, { "PartialObjectMetadataList", AS_METADATA_LIST },
	};
	n->as = AS_OBJECT;
	bool custom = what == NEGOTIATE_CUSTOM || what == NEGOTIATE_CUSTOM_WATCH;
	if (slice_empty(c->as)) return slice_empty(c->g) && slice_empty(c->v) && !(custom && n->media == MEDIA_PROTO);
	if (what == NEGOTIATE_PLAIN) return false;
	if (what == NEGOTIATE_DISCOVERY) {
		n->as = AS_DISCOVERY;
		return slice_eqs(c->g, "apidiscovery.k8s.io") && slice_eqs(c->v, "v2") && slice_eqs(c->as, "APIGroupDiscoveryList");
	}
	n->v1beta1 = slice_eqs(c->v, "v1beta1");
	if (!slice_eqs(c->g, "meta.k8s.io") || (!n->v1beta1 && !slice_eqs(c->v, "v1"))) return false;
	for (size_t i = 0; i < ELEMENTSOF(transforms); i++) {
		if (!slice_eqs(c->as, transforms[i].as)) continue;
		n->as = transforms[i].t;
		return n->as != AS_TABLE || n->media != MEDIA_PROTO;
	}
	return false;
}

static bool clause_serves(const struct clause *c, enum negotiate_for what, struct negotiated *n) {
	if (c->foreign || c->q == 0) return false;
	if (slice_eqs(c->type, "*/*") || slice_ieq(c->type, SLICE_LIT("application/*"))) n->media = MEDIA_JSON;
	else n->media = media_of(c->type);
	if (n->media == MEDIA_NONE || ((what == NEGOTIATE_WATCH || what == NEGOTIATE_CUSTOM_WATCH) && n->media == MEDIA_YAML)) return false;
	return take_transform(c, what, n);
}

int negotiate_accept(struct slice accept, enum negotiate_for what, struct negotiated *ret) {
	struct negotiated best = *ret;
	int best_q = -1;
	if (slice_empty(slice_trim(accept))) accept = SLICE_LIT("*/*");
	while (accept.n) {
		struct clause c = parse_clause(slice_trim(slice_cut(&accept, ',')));
		struct negotiated n = *ret;
		if (c.q <= best_q || !clause_serves(&c, what, &n)) continue;
		n.pretty = ret->pretty || c.pretty;
		best = n;
		best_q = c.q;
	}
	if (best_q < 0) return -ENOENT;
	*ret = best;
	return 0;
}

bool negotiate_routable(struct slice accept) {
	if (slice_empty(slice_trim(accept))) return true;
	while (accept.n) {
		struct slice t = media_strip(slice_cut(&accept, ','));
		for (size_t i = 0; i < ELEMENTSOF(types); i++)
			if (slice_eqs(t, types[i].type)) return true;
		if (slice_eqs(t, "*/*")) return true;
	}
	return false;
}

bool negotiate_names(struct slice accept, const char *type) {
	if (slice_empty(slice_trim(accept))) return true;
	while (accept.n) {
		struct slice t = media_strip(slice_cut(&accept, ','));
		if (slice_eqs(t, "*/*") || slice_eqs(t, type)) return true;
	}
	return false;
}

/* "*" stands for either half of a type. */
static bool clause_takes(const struct clause *c, struct slice type) {
	struct slice sub = c->type, main_ = slice_cut(&sub, '/'), want = type, want_main = slice_cut(&want, '/');
	return (slice_eqs(main_, "*") || slice_eq(main_, want_main)) && (slice_eqs(sub, "*") || slice_eq(sub, want));
}

int negotiate_among(struct slice accept, const char *const *names, size_t n) {
	int best = -ENOENT, best_q = -1;
	if (slice_empty(slice_trim(accept))) accept = SLICE_LIT("*/*");
	while (accept.n) {
		struct clause c = parse_clause(slice_trim(slice_cut(&accept, ',')));
		for (size_t i = 0; c.q > best_q && i < n; i++) {
			if (!clause_takes(&c, slice_str(names[i]))) continue;
			best = (int)i;
			best_q = c.q;
		}
	}
	return best;
}

bool negotiate_pretty(struct slice v, struct slice user_agent) {
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const agents[] = { "curl", "Wget", "Mozilla/5.0" };
	for (size_t i = 0; v.p && i < ELEMENTSOF(yes); i++)
		if (slice_eqs(v, yes[i])) return true;
	for (size_t i = 0; !v.p && i < ELEMENTSOF(agents); i++)
		if (slice_starts(user_agent, slice_str(agents[i]))) return true;
	return false;
}

bool negotiate_gzip(const struct http_headers *h) {
	struct slice v = http_headers_get(h, "accept-encoding");
	while (v.n)
		if (slice_eqs(slice_trim(slice_cut(&v, ',')), "gzip")) return true;
	return false;
}
