/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi/custom.h"
#include "schema/crd.h"
#include "schema/openapi/name.h"

#include <errno.h>

#define META "io.k8s.apimachinery.pkg.apis.meta.v1."
/* Schemas waiting to be looked at; more than a definition of the size limit can hold side by side are left as they are. */
#define PENDING_MAX 65536u

struct walk {
	yyjson_mut_doc *doc;
	const struct openapi_writer *w;
	yyjson_mut_val **pending;
	size_t n, cap;
	bool failed;
};

static bool flag(const yyjson_mut_val *s, const char *name) { return yyjson_mut_is_true(json_get(s, name)); }

static void push(struct walk *k, yyjson_mut_val *s) {
	if (!yyjson_mut_is_obj(s) || k->n == PENDING_MAX) return;
	if (k->n == k->cap) {
		size_t cap = k->cap ? k->cap * 2 : 64;
		yyjson_mut_val **p = realloc(k->pending, cap * sizeof(*p));
		k->failed |= !p;
		if (!p) return;
		k->pending = p;
		k->cap = cap;
	}
	k->pending[k->n++] = s;
}

static void drop(yyjson_mut_val *s, const char *const *names) {
	for (; *names; names++) json_del(s, *names);
}

/* Members of nullable properties need not be there: old clients would take null for a missing value. */
static void relax_required(yyjson_mut_val *s) {
	yyjson_mut_val *required = json_get(s, "required"), *properties = json_get(s, "properties");
	for (size_t i = 0; i < yyjson_mut_arr_size(required);) {
		if (flag(json_getn(properties, json_str(yyjson_mut_arr_get(required, i))), "nullable")) yyjson_mut_arr_remove(required, i);
		else i++;
	}
	if (required && yyjson_mut_arr_size(required) == 0) json_del(s, "required");
	if (flag(json_get(s, "additionalProperties"), "nullable")) json_del(s, "required");
}

/* What Swagger 2.0 cannot say, and what clients of it misunderstand. */
static void simplify(yyjson_mut_val *s) {
	static const char *const alternatives[] = { "allOf", "anyOf", "not", "oneOf", NULL };
	static const char *const nullable[] = { "items", "nullable", "properties", "type", NULL };
	static const char *const inner[] = { "items", "properties", NULL };
	bool preserve = flag(s, "x-kubernetes-preserve-unknown-fields");
	drop(s, alternatives);
	if (flag(s, "nullable")) drop(s, nullable);
	if (preserve) drop(s, inner);
	struct slice type = json_path_str(s, "type");
	if ((slice_eqs(type, "array") && !json_get(s, "items")) || (slice_eqs(type, "object") && preserve)) json_del(s, "type");
	relax_required(s);
}

/* integer or string, unless the schema says so itself. */
static void unfold(struct walk *k, yyjson_mut_val *s) {
	static const char *const types[] = { "integer", "string" };
	if (!flag(s, "x-kubernetes-int-or-string") || json_get(s, "anyOf") || json_get(s, "allOf")) return;
	yyjson_mut_val *any = yyjson_mut_arr(k->doc);
	for (size_t i = 0; i < ELEMENTSOF(types); i++) {
		yyjson_mut_val *one = yyjson_mut_arr_add_obj(k->doc, any);
		k->failed |= !one || !json_set_str(k->doc, one, "type", slice_str(types[i]));
	}
	k->failed |= !json_set(k->doc, s, "anyOf", any);
}

static yyjson_mut_val *property(struct walk *k, yyjson_mut_val *properties, const char *name, const char *description) {
	yyjson_mut_val *p = yyjson_mut_obj(k->doc);
	k->failed |= !p || !json_set(k->doc, properties, name, p) || !json_set_str(k->doc, p, "description", slice_str(description));
	return p;
}

/* kind, apiVersion and metadata of whole objects. */
static void put_head(struct walk *k, yyjson_mut_val *s, const char *metadata) {
	yyjson_mut_val *properties = json_ensure_obj(k->doc, s, "properties"), *p, *all;
	char ref[OPENAPI_NAME_MAX];
	static const struct { const char *name, *description; } words[] = { { "apiVersion", "Group and version of the kind" }, { "kind", "Kind of the object" } };
	for (size_t i = 0; properties && i < ELEMENTSOF(words); i++) {
		p = property(k, properties, words[i].name, words[i].description);
		k->failed |= !p || !json_set_str(k->doc, p, "type", SLICE_LIT("string"));
	}
	(void)snprintf(ref, sizeof(ref), "%s%s", openapi_refs(k->w), metadata);
	p = properties ? property(k, properties, "metadata", "What every object has: name, labels, owners, ...") : NULL;
	if (p && !k->w->v2) {
		all = yyjson_mut_arr(k->doc);
		k->failed |= !all || !json_set(k->doc, p, "allOf", all);
		p = all ? yyjson_mut_arr_add_obj(k->doc, all) : NULL;
	}
	k->failed |= !p || !json_set_str(k->doc, p, "$ref", slice_str(ref));
}

static void require(struct walk *k, yyjson_mut_val *s, const char *name) {
	yyjson_mut_val *required = json_get(s, "required"), *x;
	if (!required) {
		required = yyjson_mut_arr(k->doc);
		k->failed |= !required || !json_set(k->doc, s, "required", required);
	}
	json_each(required, x) {
		if (slice_eqs(json_str(x), name)) return;
	}
	k->failed |= !yyjson_mut_arr_add_str(k->doc, required, name);
}

static void visit(struct walk *k, yyjson_mut_val *s) {
	yyjson_mut_val *key, *p;
	size_t i, n;
	if (k->w->v2) simplify(s);
	else unfold(k, s);
	yyjson_mut_obj_foreach(json_get(s, "properties"), i, n, key, p) push(k, p);
	push(k, json_get(s, "items"));
	push(k, json_get(s, "additionalProperties"));
	if (!flag(s, "x-kubernetes-embedded-resource") || (k->w->v2 && flag(s, "x-kubernetes-preserve-unknown-fields"))) return;
	put_head(k, s, META "ObjectMeta");
	require(k, s, "kind");
	require(k, s, "apiVersion");
}

static void put_kind(struct walk *k, yyjson_mut_val *s, const struct schema_resource *r, const char *kind) {
	yyjson_mut_val *list = yyjson_mut_arr(k->doc), *gvk = list ? yyjson_mut_arr_add_obj(k->doc, list) : NULL;
	k->failed |= !gvk || !json_set_str(k->doc, gvk, "group", slice_str(r->group)) || !json_set_str(k->doc, gvk, "version", slice_str(r->version)) ||
		     !json_set_str(k->doc, gvk, "kind", slice_str(kind)) || !json_set(k->doc, s, "x-kubernetes-group-version-kind", list);
}

/* Field labels that the definition itself adds come behind the two of every resource. */
static void put_selectable(struct walk *k, yyjson_mut_val *s, const struct schema_resource *r) {
	size_t first = 2;
	yyjson_mut_val *list = r->field_labels && r->field_labels[0] && r->field_labels[1] && r->field_labels[first] ? yyjson_mut_arr(k->doc) : NULL;
	for (size_t i = first; list && r->field_labels[i]; i++) {
		yyjson_mut_val *one = yyjson_mut_arr_add_obj(k->doc, list);
		k->failed |= !one || !json_set_str(k->doc, one, "fieldPath", slice_str(r->field_labels[i]));
	}
	if (list) k->failed |= !json_set(k->doc, s, "x-kubernetes-selectable-fields", list);
}

/* The schema as it is published. Without one, and in 2.0 where anything goes, clients must not be told of any member. */
static yyjson_mut_val *schema_of(struct walk *k, const struct schema_resource *r) {
	const struct schema_custom *c = schema_custom_of(r);
	bool open = !c->schema || (k->w->v2 && (c->preserve_unknown || flag(c->schema, "x-kubernetes-preserve-unknown-fields")));
	yyjson_mut_val *s = open ? yyjson_mut_obj(k->doc) : json_copy(k->doc, c->schema);
	k->failed |= !s;
	if (open) {
		k->failed |= !json_set_str(k->doc, s, "type", SLICE_LIT("object"));
		return s;
	}
	push(k, s);
	while (k->n && !k->failed) visit(k, k->pending[--k->n]);
	put_head(k, s, META "ObjectMeta");
	return s;
}

static void put(struct walk *k, yyjson_mut_val *s, const struct schema_resource *r, const char *kind) {
	char name[OPENAPI_NAME_MAX];
	put_kind(k, s, r, kind);
	put_selectable(k, s, r);
	if (k->failed) return;
	openapi_custom_name(name, r->group, r->version, kind);
	openapi_sep(k->w);
	buf_printf(k->w->b, "\"%s\":", name);
	json_write(k->w->b, s);
}

static yyjson_mut_val *list_of(struct walk *k, const struct schema_resource *r) {
	char name[OPENAPI_NAME_MAX], ref[OPENAPI_NAME_MAX * 2];
	yyjson_mut_val *s = yyjson_mut_obj(k->doc), *properties = s ? json_ensure_obj(k->doc, s, "properties") : NULL;
	if (!properties) {
		k->failed = true;
		return s;
	}
	openapi_custom_name(name, r->group, r->version, r->kind);
	(void)snprintf(ref, sizeof(ref), "%s%s", openapi_refs(k->w), name);
	put_head(k, s, META "ListMeta");
	yyjson_mut_val *items = property(k, properties, "items", "The objects"), *item = items ? json_ensure_obj(k->doc, items, "items") : NULL;
	k->failed |= !item || !json_set_str(k->doc, items, "type", SLICE_LIT("array")) || !json_set_str(k->doc, item, "$ref", slice_str(ref)) ||
		     !json_set_str(k->doc, s, "type", SLICE_LIT("object"));
	require(k, s, "items");
	return s;
}

int openapi_custom(const struct openapi_writer *w, const struct schema_resource *r) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct walk k = { .doc = a ? json_doc(a) : NULL, .w = w };
	if (!k.doc) return -ENOMEM;
	yyjson_mut_val *s = schema_of(&k, r);
	if (s) put(&k, s, r, r->kind);
	s = k.failed ? NULL : list_of(&k, r);
	if (s) put(&k, s, r, r->list_kind);
	free(k.pending);
	return k.failed ? -ENOMEM : buf_err(w->b);
}
