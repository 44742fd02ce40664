/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi.h"
#include "schema/openapi/path.h"
#include "schema/openapi/reach.h"
#include "schema/openapi/type.h"

#include <errno.h>
#include <stdio.h>

#define HEAD "{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"Kubernetes\",\"version\":\"1.34\"},"

/* Kinds whose type stands in the document: of resources, of their lists and of their subresources. */
struct kind { const struct schema_type *type; const char *group, *version, *kind; };
#define KINDS_MAX 512

struct kinds { struct kind v[KINDS_MAX]; size_t n; };

static void kind_add(struct kinds *k, const struct schema_type *t, const char *group, const char *version, const char *kind) {
	for (size_t i = 0; i < k->n; i++)
		if (k->v[i].type == t) return;
	if (t && kind && k->n < KINDS_MAX) k->v[k->n++] = (struct kind){ t, group, version, kind };
}

static void kinds_of(struct kinds *k, const struct schema_resource *r) {
	kind_add(k, r->type, r->group, r->version, r->kind);
	if (r->list_kind) kind_add(k, schema_type_of_kind(slice_str(r->group), slice_str(r->version), slice_str(r->list_kind)), r->group, r->version, r->list_kind);
	for (size_t i = 0; i < r->n_subresources; i++) {
		const struct schema_subresource *s = &r->subresources[i];
		kind_add(k, s->type, s->group ? s->group : r->group, s->version ? s->version : r->version, s->kind);
	}
}

static const struct kind *kind_of(const struct kinds *k, const struct schema_type *t) {
	for (size_t i = 0; i < k->n; i++)
		if (k->v[i].type == t) return &k->v[i];
	return NULL;
}

static void put_schemas(struct buf *b, const struct kinds *k, const struct reach *r) {
	for (size_t i = 0; i < r->n; i++) {
		const struct kind *kind = kind_of(k, r->v[i]);
		char gvks[512];
		if (kind) snprintf(gvks, sizeof(gvks), "[{\"group\":\"%s\",\"version\":\"%s\",\"kind\":\"%s\"}]", kind->group, kind->version, kind->kind);
		buf_printf(b, "%s\"%s\":", i ? "," : "", r->v[i]->key);
		openapi_type(b, r->v[i], kind ? gvks : NULL);
	}
}

static int put_document(struct kinds *k, struct reach *r, const struct schema_resource *const *resources, size_t n, struct buf *out) {
	int e = 0;
	for (size_t i = 0; i < n; i++) kinds_of(k, resources[i]);
	for (size_t i = 0; e == 0 && i < k->n; i++) e = reach_add(r, k->v[i].type);
	if (e == 0) e = reach_add(r, schema_type_of_kind(SLICE_LIT("meta.k8s.io"), SLICE_LIT("v1"), SLICE_LIT("DeleteOptions")));
	if (e < 0) return e;
	buf_puts(out, HEAD "\"paths\":{");
	for (size_t i = 0; i < n; i++) openapi_paths(out, resources[i], i == 0);
	buf_puts(out, "},\"components\":{\"schemas\":{");
	put_schemas(out, k, r);
	return buf_puts(out, "},\"securitySchemes\":{\"BearerToken\":{\"type\":\"apiKey\",\"name\":\"authorization\",\"in\":\"header\"}}}}");
}

int schema_openapi_v3(const struct schema_resource *const *resources, size_t n, struct buf *out) {
	struct kinds *k = calloc(1, sizeof(*k));
	struct reach *r = calloc(1, sizeof(*r));
	int e = k && r ? reach_init(r) : -ENOMEM;
	if (e == 0) e = put_document(k, r, resources, n, out);
	if (r) reach_done(r);
	free(k);
	free(r);
	return e;
}

int schema_openapi_v3_empty(struct buf *out) { return buf_puts(out, HEAD "\"paths\":{}}"); }
