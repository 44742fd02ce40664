/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi/type.h"
#include "schema/openapi/reach.h"

/* Unnamed lists of lists of maps ... are no deeper than this in any table. */
#define INLINE_DEPTH_MAX 16

static const char *const scalar_text[] = {
	[SCHEMA_STRING] = "\"type\":\"string\"",
	[SCHEMA_BOOL] = "\"type\":\"boolean\"",
	[SCHEMA_INT32] = "\"type\":\"integer\",\"format\":\"int32\"",
	[SCHEMA_INT64] = "\"type\":\"integer\",\"format\":\"int64\"",
	[SCHEMA_DOUBLE] = "\"type\":\"number\",\"format\":\"double\"",
	[SCHEMA_BYTES] = "\"type\":\"string\",\"format\":\"byte\"",
};

/* What types with an encoding of their own are in JSON. */
static const char *const special_text[] = {
	[SPECIAL_NONE] = "",
	[SPECIAL_ANY] = "",
	[SPECIAL_QUANTITY] = "\"oneOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]",
	[SPECIAL_TIME] = "\"type\":\"string\",\"format\":\"date-time\"",
	[SPECIAL_MICRO_TIME] = "\"type\":\"string\",\"format\":\"date-time\"",
	[SPECIAL_INT_OR_STRING] = "\"format\":\"int-or-string\",\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]",
	[SPECIAL_SCHEMA_OR_ARRAY] = "",
	[SPECIAL_SCHEMA_OR_BOOL] = "",
	[SPECIAL_SCHEMA_OR_STRING_ARRAY] = "",
};

/* Objects whose JSON is free although their type says object. */
static bool is_free_object(const struct schema_type *t) {
	return t->special == SPECIAL_ANY && (strcmp(t->name, "FieldsV1") == 0 || strcmp(t->name, "RawExtension") == 0);
}

static void put_ref(struct buf *b, const struct schema_type *t) {
	buf_printf(b, "\"$ref\":\"#/components/schemas/%s\"", t->key);
}

static void put_inline(struct buf *b, const struct schema_type *t, unsigned depth) {
	if (depth > INLINE_DEPTH_MAX) return;
	if (reach_is_named(t)) {
		put_ref(b, t);
	} else if (t->kind == SCHEMA_LIST) {
		buf_puts(b, "\"type\":\"array\",\"items\":{");
		put_inline(b, t->item, depth + 1);
		buf_putc(b, '}');
	} else if (t->kind == SCHEMA_MAP) {
		buf_puts(b, "\"type\":\"object\",\"additionalProperties\":{");
		put_inline(b, t->item, depth + 1);
		buf_putc(b, '}');
	} else if (t->kind == SCHEMA_SPECIAL) {
		buf_puts(b, special_text[t->special]);
	} else if (t->kind == SCHEMA_OBJECT) {
		buf_puts(b, "\"type\":\"object\"");
	} else {
		buf_puts(b, scalar_text[t->kind]);
	}
}

static void put_list_extensions(struct buf *b, const struct schema_field *f) {
	static const char *const names[] = { [LIST_ATOMIC] = "atomic", [LIST_SET] = "set", [LIST_MAP] = "map" };
	const struct schema_type *t = f->type;
	if (t->kind != SCHEMA_LIST) return;
	if (t->list_type == LIST_MAP && t->list_keys) {
		buf_puts(b, ",\"x-kubernetes-list-map-keys\":[");
		for (size_t i = 0; t->list_keys[i]; i++) buf_printf(b, "%s\"%s\"", i ? "," : "", t->list_keys[i]);
		buf_putc(b, ']');
	}
	if (t->list_type != LIST_UNSET) buf_printf(b, ",\"x-kubernetes-list-type\":\"%s\"", names[t->list_type]);
}

static void put_patch_extensions(struct buf *b, const struct schema_field *f) {
	const char *strategy = f->flags & FIELD_MERGE ? (f->flags & FIELD_RETAIN_KEYS ? "merge,retainKeys" : "merge")
			       : f->flags & FIELD_RETAIN_KEYS ? "retainKeys" : f->flags & FIELD_REPLACE ? "replace" : NULL;
	if (f->merge_key) buf_printf(b, ",\"x-kubernetes-patch-merge-key\":\"%s\"", f->merge_key);
	if (strategy) buf_printf(b, ",\"x-kubernetes-patch-strategy\":\"%s\"", strategy);
}

static void put_enum(struct buf *b, const struct schema_field *f) {
	if (!f->enums || f->type->kind != SCHEMA_STRING) return;
	buf_puts(b, ",\"enum\":[");
	for (size_t i = 0; f->enums[i]; i++) {
		if (i) buf_putc(b, ',');
		json_write_string(b, slice_str(f->enums[i]));
	}
	buf_putc(b, ']');
}

static void put_description(struct buf *b, const char *text) {
	if (!text) return;
	buf_puts(b, "\"description\":");
	json_write_string(b, slice_str(text));
	buf_putc(b, ',');
}

static void put_property(struct buf *b, const struct schema_field *f) {
	json_write_string(b, slice_str(f->name));
	buf_puts(b, ":{");
	put_description(b, f->description);
	if (reach_is_named(f->type)) {
		/* A reference may have no siblings in OpenAPI 3.0: it stands in an allOf. */
		buf_puts(b, "\"allOf\":[{");
		put_ref(b, f->type);
		buf_puts(b, "}]");
	} else {
		size_t before = b->n;
		put_inline(b, f->type, 0);
		/* Any JSON at all: no keyword, and no comma before the next. */
		if (b->n == before) buf_puts(b, "\"x-kubernetes-preserve-unknown-fields\":true");
	}
	if (f->dflt) buf_printf(b, ",\"default\":%s", f->dflt);
	put_enum(b, f);
	put_list_extensions(b, f);
	put_patch_extensions(b, f);
	if (f->flags & FIELD_ATOMIC) buf_puts(b, ",\"x-kubernetes-map-type\":\"atomic\"");
	buf_putc(b, '}');
}

static void put_required(struct buf *b, const struct schema_type *t) {
	size_t n = 0;
	for (size_t i = 0; i < t->n_fields; i++)
		if (t->fields[i].flags & FIELD_REQUIRED) buf_printf(b, "%s\"%s\"", n++ ? "," : ",\"required\":[", t->fields[i].name);
	if (n) buf_putc(b, ']');
}

static void put_object(struct buf *b, const struct schema_type *t) {
	buf_puts(b, "\"type\":\"object\"");
	if (t->n_fields) {
		buf_puts(b, ",\"properties\":{");
		/* In order of their names, as generators print them. */
		for (size_t i = 0; i < t->n_fields; i++) {
			if (i) buf_putc(b, ',');
			put_property(b, &t->fields[t->by_name ? t->by_name[i] : i]);
		}
		buf_putc(b, '}');
	}
	put_required(b, t);
	if (t->flags & TYPE_ATOMIC) buf_puts(b, ",\"x-kubernetes-map-type\":\"atomic\"");
}

void openapi_type(struct buf *b, const struct schema_type *t, const char *gvks) {
	buf_putc(b, '{');
	put_description(b, t->description);
	if (t->kind == SCHEMA_OBJECT) {
		put_object(b, t);
	} else if (is_free_object(t)) {
		buf_puts(b, "\"type\":\"object\"");
	} else if (special_text[t->special][0]) {
		buf_puts(b, special_text[t->special]);
	} else {
		buf_puts(b, "\"x-kubernetes-preserve-unknown-fields\":true");
	}
	if (gvks) buf_printf(b, ",\"x-kubernetes-group-version-kind\":%s", gvks);
	buf_putc(b, '}');
}
