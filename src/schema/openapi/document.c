/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi.h"
#include "schema/openapi/custom.h"
#include "schema/openapi/parameter.h"
#include "schema/openapi/path.h"
#include "schema/openapi/reach.h"
#include "schema/openapi/type.h"

#include <errno.h>

#define INFO "\"info\":{\"title\":\"Kubernetes\",\"version\":\"1.34\"}"
#define BEARER "{\"BearerToken\":{\"description\":\"Bearer Token authentication\",\"type\":\"apiKey\",\"name\":\"authorization\",\"in\":\"header\"}}"
#define META "io.k8s.apimachinery.pkg.apis.meta.v1."

/* ---- definitions ---- */

static int reach_key(struct reach *r, const char *key) { return reach_add(r, schema_type_by_key(slice_str(key))); }

/* What operations need beside the resource's own type. */
static int reach_verbs(struct reach *r, unsigned verbs, bool custom) {
	static const struct { unsigned verbs; const char *key; bool builtin_only; } needs[] = {
		{ VERB_DELETE | VERB_DELETECOLLECTION, META "DeleteOptions", false }, { VERB_DELETE | VERB_DELETECOLLECTION, META "Status", false },
		{ VERB_PATCH, META "Patch", false }, { VERB_WATCH, META "WatchEvent", true },
	};
	int e = 0;
	for (size_t i = 0; e == 0 && i < ELEMENTSOF(needs); i++)
		if (verbs & needs[i].verbs && !(custom && needs[i].builtin_only)) e = reach_key(r, needs[i].key);
	return e;
}

static int reach_resource(struct reach *r, const struct schema_resource *res) {
	int e = res->is_custom ? reach_key(r, META "ObjectMeta") : reach_add(r, res->type);
	if (e == 0 && res->is_custom) e = reach_key(r, META "ListMeta");
	if (e == 0 && res->list_kind && !res->is_custom)
		e = reach_add(r, schema_type_of_kind(slice_str(res->group), slice_str(res->version), slice_str(res->list_kind)));
	if (e == 0) e = reach_verbs(r, res->verbs, res->is_custom);
	for (size_t i = 0; e == 0 && i < res->n_subresources; i++) {
		e = reach_add(r, res->subresources[i].type);
		if (e == 0 && res->subresources[i].verbs & VERB_PATCH && res->subresources[i].type) e = reach_key(r, META "Patch");
	}
	return e;
}

static int put_definitions(const struct openapi_writer *w, const struct reach *r, const struct schema_resource *const *v, size_t n) {
	int e = 0;
	for (size_t i = 0; i < r->n; i++) openapi_type(w, r->v[i]);
	for (size_t i = 0; e == 0 && i < n; i++)
		if (v[i]->is_custom) e = openapi_custom(w, v[i]);
	return e;
}

static struct reach *reach_free(struct reach *r) {
	if (r) reach_done(r);
	free(r);
	return NULL;
}

static void reach_freep(struct reach **r) { *r = reach_free(*r); }

static struct reach *reach_new(void) {
	struct reach *r = calloc(1, sizeof(*r));
	return r && reach_init(r) == 0 ? r : reach_free(r);
}

/* ---- version 3 ---- */

static int finish_v3(const struct openapi_writer *w, const struct reach *r, const struct schema_resource *const *v, size_t n) {
	buf_puts(w->b, "},\"components\":{\"schemas\":{");
	int e = put_definitions(w, r, v, n);
	return e < 0 ? e : buf_puts(w->b, "},\"securitySchemes\":" BEARER "}}");
}

#define HEAD_V3 "{\"openapi\":\"3.0.0\"," INFO ",\"paths\":{"

int schema_openapi_v3(const struct schema_resource *const *v, size_t n, struct buf *out) {
	_cleanup_(reach_freep) struct reach *r = reach_new();
	struct openapi_writer w = { .b = out, .group = v[0]->group, .version = v[0]->version };
	int e = r ? 0 : -ENOMEM;
	bool builtin = !v[0]->is_custom;
	for (size_t i = 0; e == 0 && i < n; i++) e = reach_resource(r, v[i]);
	if (e == 0 && builtin) e = reach_key(r, META "APIResourceList");
	if (e < 0) return e;
	buf_puts(out, HEAD_V3);
	if (builtin) openapi_version_path(&w, w.group, w.version);
	for (size_t i = 0; i < n; i++) openapi_paths(&w, v[i]);
	return finish_v3(&w, r, v, n);
}

int schema_openapi_v3_group(const char *group, struct buf *out) {
	_cleanup_(reach_freep) struct reach *r = reach_new();
	struct openapi_writer w = { .b = out };
	int e = r ? reach_key(r, META "APIGroup") : -ENOMEM;
	if (e < 0) return e;
	buf_puts(out, HEAD_V3);
	openapi_group_path(&w, group);
	return finish_v3(&w, r, NULL, 0);
}

size_t schema_openapi_plain_count(void) { return openapi_plain_count(); }
const char *schema_openapi_plain_name(size_t i) { return openapi_plain_at(i)->name; }

int schema_openapi_v3_plain(size_t i, struct buf *out) {
	_cleanup_(reach_freep) struct reach *r = reach_new();
	const struct openapi_plain *p = openapi_plain_at(i);
	struct openapi_writer w = { .b = out };
	int e = r ? 0 : -ENOMEM;
	if (e == 0 && p->definition) e = reach_key(r, p->definition);
	if (e < 0) return e;
	buf_puts(out, HEAD_V3);
	openapi_plain_path(&w, p);
	return finish_v3(&w, r, NULL, 0);
}

/* ---- version 2 ---- */

static bool same_group(const struct schema_resource *a, const struct schema_resource *b) { return strcmp(a->group, b->group) == 0; }
static bool same_version(const struct schema_resource *a, const struct schema_resource *b) { return same_group(a, b) && strcmp(a->version, b->version) == 0; }

static bool seen(const struct schema_resource *const *v, size_t i, bool (*same)(const struct schema_resource *, const struct schema_resource *)) {
	for (size_t k = 0; k < i; k++)
		if (same(v[k], v[i])) return true;
	return false;
}

static void put_paths_v2(const struct openapi_writer *w, const struct schema_resource *const *v, size_t n) {
	for (size_t i = 0; i < openapi_plain_count(); i++) openapi_plain_path(w, openapi_plain_at(i));
	for (size_t i = 0; i < n; i++) {
		bool builtin = !v[i]->is_custom;
		if (builtin && v[i]->group[0] && !seen(v, i, same_group)) openapi_group_path(w, v[i]->group);
		if (builtin && !seen(v, i, same_version)) openapi_version_path(w, v[i]->group, v[i]->version);
		openapi_paths(w, v[i]);
	}
}

static int reach_plain(struct reach *r) {
	int e = reach_key(r, META "APIGroup");
	if (e == 0) e = reach_key(r, META "APIResourceList");
	for (size_t i = 0; e == 0 && i < openapi_plain_count(); i++)
		if (openapi_plain_at(i)->definition) e = reach_key(r, openapi_plain_at(i)->definition);
	return e;
}

int schema_openapi_v2(const struct schema_resource *const *v, size_t n, struct buf *out) {
	_cleanup_(reach_freep) struct reach *r = reach_new();
	struct openapi_writer w = { .b = out, .v2 = true };
	int e = r ? reach_plain(r) : -ENOMEM;
	for (size_t i = 0; e == 0 && i < n; i++) e = reach_resource(r, v[i]);
	if (e < 0) return e;
	buf_puts(out, "{\"swagger\":\"2.0\"," INFO ",\"paths\":{");
	put_paths_v2(&w, v, n);
	buf_puts(out, "},\"definitions\":{");
	e = put_definitions(&w, r, v, n);
	if (e < 0) return e;
	buf_putc(out, '}');
	openapi_shared_parameters(&w);
	return buf_puts(out, ",\"securityDefinitions\":" BEARER ",\"security\":[{\"BearerToken\":[]}]}");
}
