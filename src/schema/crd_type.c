/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/crd_type.h"
#include "schema/crd.h"

#include "codec/base64.h"

#include <openssl/evp.h>

static const struct schema_type any_type = {
	.name = "", .go = "interface {}", .kind = SCHEMA_SPECIAL, .special = SPECIAL_ANY, .flags = TYPE_CUSTOM
};
static const struct schema_type any_object = {
	.name = "", .go = "map[string]interface {}", .kind = SCHEMA_OBJECT, .flags = TYPE_CUSTOM | TYPE_PRESERVE_UNKNOWN
};
static const struct schema_type string_type = { .name = "string", .go = "string", .kind = SCHEMA_STRING };

/* What is being built for one object type. */
struct fields {
	struct schema_field v[SCHEMA_FIELDS_MAX];
	size_t n;
};

static const struct schema_type *type_of(struct arena *a, const yyjson_mut_val *schema, unsigned depth);

static bool flag(const yyjson_mut_val *schema, const char *name) { return yyjson_mut_is_true(json_get(schema, name)); }

static bool add(struct fields *f, const char *name, const struct schema_type *t, unsigned flags, const char *dflt) {
	size_t len = strlen(name);
	if (f->n == SCHEMA_FIELDS_MAX || len > UINT8_MAX) return false;
	f->v[f->n++] = (struct schema_field){ .name = name,
					      .type = t,
					      .flags = (uint16_t)(FIELD_POINTER | FIELD_OMITEMPTY | flags),
					      .name_len = (uint8_t)len,
					      .dflt = dflt };
	return true;
}

static int field_cmp(const void *x, const void *y) {
	const struct schema_field *a = x, *b = y;
	return strcmp(a->name, b->name);
}

static const char *json_text(struct arena *a, const yyjson_mut_val *v) {
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 20);
	return json_write(&b, v) < 0 ? NULL : arena_strndup(a, b.p, b.n);
}

/* Rules that fill in the defaults of members. */
static bool default_rules(struct arena *a, struct schema_type *t) {
	struct schema_default_rule *v = arena_array(a, t->n_fields, sizeof(*v));
	if (!v && t->n_fields) return false;
	for (size_t i = 0; i < t->n_fields; i++) {
		const struct schema_field *f = t->fields + i;
		if (f->type->flags & TYPE_HAS_DEFAULTS) t->flags |= TYPE_HAS_DEFAULTS;
		if (!f->dflt) continue;
		const char *path = arena_printf(a, "[\"%s\"]", f->name);
		if (!path) return false;
		v[t->n_defaults++] = (struct schema_default_rule){ .when = f->flags & FIELD_NULLABLE ? DEFAULT_MISSING
												     : DEFAULT_ABSENT,
								   .action = DEFAULT_VALUE,
								   .path = path,
								   .value = f->dflt };
		t->flags |= TYPE_HAS_DEFAULTS;
	}
	t->defaults = v;
	return true;
}

/* Sorts, indexes and freezes the members. */
static struct schema_type *object_type(struct arena *a, struct fields *f, unsigned flags) {
	struct schema_type *t = arena_new_of(a, struct schema_type);
	struct schema_field *v = arena_array(a, f->n + 1, sizeof(*v));
	uint8_t *by_name = arena_array(a, f->n + 1, 1);
	if (!t || !v || !by_name) return NULL;
	qsort(f->v, f->n, sizeof(*f->v), field_cmp);
	memcpy(v, f->v, f->n * sizeof(*v));
	for (size_t i = 0; i < f->n; i++) by_name[i] = (uint8_t)i;
	*t = (struct schema_type){ .name = "",
				   .go = "map[string]interface {}",
				   .kind = SCHEMA_OBJECT,
				   .flags = (uint8_t)(TYPE_CUSTOM | flags),
				   .n_fields = (uint16_t)f->n,
				   .fields = v,
				   .by_name = by_name };
	return default_rules(a, t) ? t : NULL;
}

/* Properties of a schema; false: out of memory, or more than fit (*fits). */
static bool add_properties(struct arena *a, struct fields *f, const yyjson_mut_val *schema, unsigned depth, bool *fits) {
	yyjson_mut_val *k, *p;
	size_t i, n;
	yyjson_mut_obj_foreach(json_get(schema, "properties"), i, n, k, p) {
		const char *name = yyjson_mut_get_str(k);
		bool known = false;
		for (size_t j = 0; j < f->n; j++) known |= !strcmp(f->v[j].name, name);
		if (known) continue;
		yyjson_mut_val *dflt = json_get(p, "default");
		const char *text = dflt ? json_text(a, dflt) : NULL;
		const struct schema_type *t = type_of(a, p, depth + 1);
		if (!t || (dflt && !text)) return false;
		if (!add(f, name, t, flag(p, "nullable") ? FIELD_NULLABLE : 0, text)) *fits = false;
	}
	return true;
}

/* kind, apiVersion and metadata of whole objects. */
static void add_head(struct fields *f) {
	add(f, "kind", &string_type, FIELD_TYPE_META, NULL);
	add(f, "apiVersion", &string_type, FIELD_TYPE_META, NULL);
	add(f, "metadata", schema_type_by_key(SLICE_LIT("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")), 0, NULL);
}

static const struct schema_type *object_of(struct arena *a, const yyjson_mut_val *schema, bool whole, bool preserve,
					   unsigned depth) {
	_cleanup_free_ char *memory = calloc(1, sizeof(struct fields));
	struct fields *f = (struct fields *)(void *)memory;
	bool fits = true;
	if (!f) return NULL;
	if (whole) add_head(f);
	if (!add_properties(a, f, schema, depth, &fits)) return NULL;
	unsigned flags = preserve || !fits || flag(schema, "x-kubernetes-preserve-unknown-fields") ? TYPE_PRESERVE_UNKNOWN : 0;
	if (flag(schema, "x-kubernetes-embedded-resource")) flags |= TYPE_EMBEDDED;
	if (slice_eqs(json_path_str(schema, "x-kubernetes-map-type"), "atomic")) flags |= TYPE_ATOMIC;
	return object_type(a, f, flags);
}

static const char *const *list_keys(struct arena *a, const yyjson_mut_val *schema) {
	yyjson_mut_val *keys = json_get(schema, "x-kubernetes-list-map-keys"), *k;
	const char **v = arena_array(a, yyjson_mut_arr_size(keys) + 1, sizeof(*v));
	size_t i, n;
	if (!v) return NULL;
	yyjson_mut_arr_foreach(keys, i, n, k) v[i] = yyjson_mut_get_str(k) ? yyjson_mut_get_str(k) : "";
	v[yyjson_mut_arr_size(keys)] = NULL;
	return v;
}

static const struct schema_type *container_of(struct arena *a, const yyjson_mut_val *schema, enum schema_kind kind,
					      const yyjson_mut_val *item, unsigned depth) {
	static const struct {
		const char *text;
		enum schema_list_type type;
	} lists[] = { { "atomic", LIST_ATOMIC }, { "set", LIST_SET }, { "map", LIST_MAP } };
	struct schema_type *t = arena_new_of(a, struct schema_type);
	if (!t) return NULL;
	*t = (struct schema_type){ .name = "",
				   .go = kind == SCHEMA_LIST ? "[]interface {}" : "map[string]interface {}",
				   .kind = (uint8_t)kind,
				   .flags = TYPE_CUSTOM,
				   .item = yyjson_mut_is_obj((yyjson_mut_val *)item) ? type_of(a, item, depth + 1) : &any_type };
	if (!t->item) return NULL;
	for (size_t i = 0; kind == SCHEMA_LIST && i < ELEMENTSOF(lists); i++)
		if (slice_eqs(json_path_str(schema, "x-kubernetes-list-type"), lists[i].text))
			t->list_type = (uint8_t)lists[i].type;
	/* Without a word lists are atomic. */
	if (kind == SCHEMA_LIST && t->list_type == LIST_UNSET) t->list_type = LIST_ATOMIC;
	if (t->list_type == LIST_MAP && !(t->list_keys = list_keys(a, schema))) return NULL;
	if (slice_eqs(json_path_str(schema, "x-kubernetes-map-type"), "atomic")) t->flags |= TYPE_ATOMIC;
	t->flags |= t->item->flags & TYPE_HAS_DEFAULTS;
	return t;
}

static const struct schema_type *type_of(struct arena *a, const yyjson_mut_val *schema, unsigned depth) {
	struct slice type = json_path_str(schema, "type");
	yyjson_mut_val *more = json_get(schema, "additionalProperties");
	bool properties = yyjson_mut_obj_size(json_get(schema, "properties")) > 0;
	if (depth > CRD_DEPTH_MAX) return &any_type;
	if (slice_eqs(type, "array")) return container_of(a, schema, SCHEMA_LIST, json_get(schema, "items"), depth);
	if (flag(schema, "x-kubernetes-embedded-resource")) return object_of(a, schema, true, false, depth);
	if (!slice_eqs(type, "object") && !properties) return &any_type;
	if (!properties && more && !yyjson_mut_is_false(more)) return container_of(a, schema, SCHEMA_MAP, more, depth);
	if (!properties && flag(schema, "x-kubernetes-preserve-unknown-fields")) return &any_object;
	return object_of(a, schema, false, false, depth);
}

const struct schema_type *crd_root_type(struct arena *a, const char *kind, const yyjson_mut_val *schema, bool preserve_unknown) {
	struct schema_type *t = (struct schema_type *)(uintptr_t)object_of(a, schema, true, preserve_unknown || !schema, 0);
	if (t) t->name = kind;
	return t;
}

const char *crd_storage_hash(struct arena *a, const char *group, const char *version, const char *kind) {
	_cleanup_buf_ struct buf b = BUF_INIT(64);
	unsigned char digest[EVP_MAX_MD_SIZE];
	const char *text = arena_printf(a, "%s/%s/%s", group, version, kind);
	if (!text || EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL) != 1) return NULL;
	return base64_encode(&b, BASE64_STD, slice_make(digest, 8)) < 0 ? NULL : arena_strndup(a, b.p, b.n);
}
