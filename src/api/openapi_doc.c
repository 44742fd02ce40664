/* SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi_doc.h"

#include "schema/openapi.h"

#include <errno.h>

static const char *path_of(struct arena *a, const struct schema_resource *r) {
	return r->group[0] ? arena_printf(a, "apis/%s/%s", r->group, r->version) : arena_printf(a, "api/%s", r->version);
}

/* Is the path that of the resource's group version? */
static bool is_at(const struct schema_resource *r, struct slice path) {
	struct slice version = path, first = slice_cut(&version, '/');
	if (!r->group[0]) return slice_eqs(first, "api") && slice_eqs(version, r->version);
	struct slice group = slice_cut(&version, '/');
	return slice_eqs(first, "apis") && slice_eqs(group, r->group) && slice_eqs(version, r->version);
}

static size_t resources_at(const struct catalog *c, struct slice path, const struct schema_resource **v) {
	size_t n = 0;
	for (size_t i = 0; i < c->n_resources; i++)
		if (is_at(c->resources[i], path)) v[n++] = c->resources[i];
	return n;
}

/* The group that a path like "apis/apps" names; groups of custom resources have no document of their own. */
static const char *group_at(const struct catalog *c, struct slice path) {
	if (!slice_starts(path, SLICE_LIT("apis/"))) return NULL;
	for (size_t i = 0; i < c->n_builtin; i++)
		if (c->resources[i]->group[0] && slice_eqs(slice_from(path, 5), c->resources[i]->group)) return c->resources[i]->group;
	return NULL;
}

static int plain_at(struct slice path) {
	for (size_t i = 0; i < schema_openapi_plain_count(); i++)
		if (slice_eqs(path, schema_openapi_plain_name(i))) return (int)i;
	return -ENOENT;
}

bool openapi_doc_exists(const struct catalog *c, struct slice path) {
	for (size_t i = 0; i < c->n_resources; i++)
		if (is_at(c->resources[i], path)) return true;
	return plain_at(path) >= 0 || group_at(c, path);
}

int openapi_doc_write(const struct catalog *c, struct slice path, struct buf *b) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const struct schema_resource **v = a ? arena_array(a, c->n_resources, sizeof(*v)) : NULL;
	if (!v) return -ENOMEM;
	if (slice_eqs(path, OPENAPI_DOC_V2)) return schema_openapi_v2(c->resources, c->n_resources, b);
	size_t n = resources_at(c, path, v);
	const char *group = group_at(c, path);
	int plain = plain_at(path);
	if (n) return schema_openapi_v3(v, n, b);
	if (plain >= 0) return schema_openapi_v3_plain((size_t)plain, b);
	return group ? schema_openapi_v3_group(group, b) : -ENOENT;
}

/* A group (version) is entered with its first resource. */
static bool seen_before(const struct catalog *c, size_t i, bool group_only) {
	for (size_t k = 0; k < i; k++) {
		const struct schema_resource *o = c->resources[k], *r = c->resources[i];
		if (!strcmp(o->group, r->group) && (group_only || !strcmp(o->version, r->version))) return true;
	}
	return false;
}

static int each_of(struct arena *a, const struct catalog *c, size_t i, int (*fn)(void *ctx, const char *path), void *ctx) {
	const struct schema_resource *r = c->resources[i];
	const char *group = arena_printf(a, "apis/%s", r->group), *path = path_of(a, r);
	if (!group || !path) return -ENOMEM;
	int e = r->group[0] && !r->is_custom && !seen_before(c, i, true) ? fn(ctx, group) : 0;
	return e == 0 && !seen_before(c, i, false) ? fn(ctx, path) : e;
}

int openapi_doc_each(const struct catalog *c, int (*fn)(void *ctx, const char *path), void *ctx) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	int e = a ? 0 : -ENOMEM;
	for (size_t i = 0; e == 0 && i < schema_openapi_plain_count(); i++) e = fn(ctx, schema_openapi_plain_name(i));
	for (size_t i = 0; e == 0 && i < c->n_resources; i++) e = each_of(a, c, i, fn, ctx);
	return e;
}
