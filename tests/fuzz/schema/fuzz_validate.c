/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any JSON as any kind, created and updated, at any subresource: validation must hold, and every complaint must be whole. The
 * first byte chooses the resource, the second one the subresource; two JSON texts after a NUL byte each are the new and the old object.
 */
#include "schema/schema.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static yyjson_mut_val *object(const struct schema_type *t, struct arena *a, struct slice text)
{
	yyjson_mut_doc *doc;
	struct json_error err;
	const char *msg;
	if (json_parse(a, text, &doc, &err) < 0 || schema_decode_tree(t, a, doc, NULL, &msg) < 0) return NULL;
	if (schema_default(t, doc, yyjson_mut_doc_get_root(doc)) < 0) return NULL;
	return yyjson_mut_doc_get_root(doc);
}

static void check(const struct schema_errors *e, const struct schema_warnings *w)
{
	for (size_t i = 0; i < e->n; i++)
		if (!e->v[i].type || !e->v[i].field || !e->v[i].body || !*e->v[i].body) abort();
	for (size_t i = 0; i < w->n; i++)
		if (!w->v[i]) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct schema_errors created = { 0 }, updated = { 0 };
	struct schema_warnings warnings = { 0 };
	if (!a || n < 2) return 0;
	const struct schema_resource *r = schema_builtin(p[0] % schema_builtin_count());
	const struct schema_subresource *sub = r->n_subresources && p[1] ? &r->subresources[p[1] % r->n_subresources] : NULL;
	struct slice rest = slice_make(p + 2, n - 2), text = slice_cut(&rest, 0);
	if (sub && !sub->type) return 0;
	yyjson_mut_val *obj = object(sub ? sub->type : r->type, a, text);
	yyjson_mut_val *old = rest.p ? object(r->type, a, rest) : NULL;
	if (!obj) return 0;
	if (schema_validate(r, sub, SCHEMA_CREATE, a, obj, NULL, &created, &warnings) < 0) return 0;
	if (old && schema_validate(r, sub, SCHEMA_UPDATE, a, obj, old, &updated, &warnings) < 0) return 0;
	check(&created, &warnings);
	check(&updated, &warnings);
	return 0;
}
