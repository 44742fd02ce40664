/* SPDX-License-Identifier: Apache-2.0 */
#include "access/rbac/cover.h"

#include "access/limits.h"
#include "codec/goquote.h"
#include "base/map.h"

#include <errno.h>

static bool has(const struct slice *v, size_t n, struct slice s) {
	for (size_t i = 0; i < n; i++)
		if (slice_eq(v[i], s)) return true;
	return false;
}

static bool has_or_star(const struct slice *v, size_t n, struct slice s) { return has(v, n, s) || has(v, n, SLICE_LIT("*")); }

/* "x/sub" is also covered by a star before the slash. */
static bool covers_resource(const struct access_rule *owner, struct slice res) {
	if (has_or_star(owner->resources, owner->n_resources, res)) return true;
	ptrdiff_t slash = slice_chr(res, '/');
	if (slash < 0) return false;
	struct slice sub = slice_from(res, (size_t)slash);
	for (size_t i = 0; i < owner->n_resources; i++) {
		struct slice own = owner->resources[i];
		if (own.n == sub.n + 1 && own.p[0] == '*' && slice_ends(own, sub)) return true;
	}
	return false;
}

static bool covers_url(const struct access_rule *owner, struct slice url) {
	for (size_t i = 0; i < owner->n_urls; i++) {
		struct slice own = owner->urls[i];
		if (slice_eq(own, url)) return true;
		if (own.n == 0 || own.p[own.n - 1] != '*') continue;
		while (own.n > 0 && own.p[own.n - 1] == '*') own.n--;
		if (slice_starts(url, own)) return true;
	}
	return false;
}

static bool covers(const struct access_rule *owner, const struct access_rule *atom) {
	if (!has_or_star(owner->verbs, owner->n_verbs, atom->verbs[0])) return false;
	if (atom->n_urls) return covers_url(owner, atom->urls[0]) && owner->n_names == 0;
	return has_or_star(owner->groups, owner->n_groups, atom->groups[0]) && covers_resource(owner, atom->resources[0]) &&
	       (owner->n_names == 0 || (atom->n_names && has(owner->names, owner->n_names, atom->names[0])));
}

struct missing {
	struct arena *a;
	const struct access_rule *owned;
	size_t n_owned;
	struct access_rule *v;
	size_t n, cap, seen;
	int err;
};

static void consider(struct missing *m, const struct access_rule *atom) {
	if (m->err) return;
	if (++m->seen > COVER_ATOMS_MAX) {
		m->err = -E2BIG;
		return;
	}
	for (size_t i = 0; i < m->n_owned; i++)
		if (covers(&m->owned[i], atom)) return;
	if (m->n == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 16;
		struct access_rule *v = arena_realloc(m->a, m->v, m->cap * sizeof(*v), cap * sizeof(*v));
		m->err = v ? 0 : -ENOMEM;
		if (!v) return;
		m->v = v;
		m->cap = cap;
	}
	m->v[m->n++] = *atom;
}

static void break_down(struct missing *m, const struct access_rule *r) {
	for (size_t g = 0; g < r->n_groups; g++)
		for (size_t res = 0; res < r->n_resources; res++)
			for (size_t v = 0; v < r->n_verbs && !m->err; v++) {
				struct access_rule atom = { .groups = &r->groups[g], .n_groups = 1, .resources = &r->resources[res], .n_resources = 1,
							    .verbs = &r->verbs[v], .n_verbs = 1 };
				if (r->n_names == 0) consider(m, &atom);
				for (size_t i = 0; i < r->n_names && !m->err; i++) {
					atom.names = &r->names[i];
					atom.n_names = 1;
					consider(m, &atom);
				}
			}
	for (size_t u = 0; u < r->n_urls; u++)
		for (size_t v = 0; v < r->n_verbs && !m->err; v++)
			consider(m, &(struct access_rule){ .urls = &r->urls[u], .n_urls = 1, .verbs = &r->verbs[v], .n_verbs = 1 });
}

int cover_missing(struct arena *a, const struct access_rule *owned, size_t n_owned, const struct access_rule *wanted, size_t n_wanted,
		  struct access_rule **ret, size_t *ret_n) {
	struct missing m = { .a = a, .owned = owned, .n_owned = n_owned };
	for (size_t i = 0; i < n_wanted && !m.err; i++) break_down(&m, &wanted[i]);
	if (m.err) return m.err;
	*ret = m.v;
	*ret_n = m.n;
	return 0;
}

/* Arrays of this file's making have room for the next power of two; the first verb stands in somebody else's. */
static bool add_verb(struct arena *a, struct access_rule *r, struct slice verb) {
	struct slice *v = (struct slice *)(uintptr_t)r->verbs;
	if ((r->n_verbs & (r->n_verbs - 1)) == 0) {
		v = arena_array(a, 2 * r->n_verbs, sizeof(*v));
		if (!v) return false;
		memcpy(v, r->verbs, r->n_verbs * sizeof(*v));
		r->verbs = v;
	}
	v[r->n_verbs++] = verb;
	return true;
}

/* The place of a permission that names neither objects nor URLs. */
static struct slice place_key(struct arena *a, const struct access_rule *r) {
	struct slice g = r->groups[0], res = r->resources[0];
	char *p = arena_alloc(a, g.n + 1 + res.n);
	if (!p) return SLICE_NULL;
	memcpy(p, g.p, g.n);
	p[g.n] = 0;
	memcpy(p + g.n + 1, res.p, res.n);
	return slice_make(p, g.n + 1 + res.n);
}

static void map_freep(struct map **m) { *m = map_free(*m, NULL); }

int cover_compact(struct arena *a, struct access_rule *rules, size_t *n) {
	_cleanup_(map_freep) struct map *places = map_new(COVER_ATOMS_MAX);
	size_t out = 0;
	if (!places) return -ENOMEM;
	for (size_t i = 0; i < *n; i++) {
		bool simple = rules[i].n_names == 0 && rules[i].n_urls == 0;
		struct slice key = simple ? place_key(a, &rules[i]) : SLICE_NULL;
		if (simple && !key.p) return -ENOMEM;
		struct access_rule *same = simple ? map_get(places, key) : NULL;
		if (same && !add_verb(a, same, rules[i].verbs[0])) return -ENOMEM;
		if (same) continue;
		rules[out] = rules[i];
		if (simple && map_put(places, key, &rules[out], NULL) < 0) return -ENOMEM;
		out++;
	}
	*n = out;
	return 0;
}

static void part(struct buf *b, const char *name, const struct slice *v, size_t n, bool *first) {
	if (n == 0) return;
	if (!*first) buf_puts(b, ", ");
	*first = false;
	buf_puts(b, name);
	goquote_put_list(b, v, n);
}

void cover_describe(struct buf *b, const struct access_rule *r) {
	bool first = true;
	buf_putc(b, '{');
	part(b, "APIGroups:", r->groups, r->n_groups, &first);
	part(b, "Resources:", r->resources, r->n_resources, &first);
	part(b, "NonResourceURLs:", r->urls, r->n_urls, &first);
	part(b, "ResourceNames:", r->names, r->n_names, &first);
	part(b, "Verbs:", r->verbs, r->n_verbs, &first);
	buf_putc(b, '}');
}
