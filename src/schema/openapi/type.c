/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi/type.h"
#include "schema/openapi/reach.h"

#include <ctype.h>

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

/* What types with an encoding of their own are in JSON: Swagger 2.0 has no alternatives. */
static const struct { const char *v2, *v3; } special_text[] = {
	[SPECIAL_NONE] = { "", "" },
	[SPECIAL_ANY] = { "", "" },
	[SPECIAL_QUANTITY] = { "\"type\":\"string\"", "\"oneOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]" },
	[SPECIAL_TIME] = { "\"type\":\"string\",\"format\":\"date-time\"", "\"type\":\"string\",\"format\":\"date-time\"" },
	[SPECIAL_MICRO_TIME] = { "\"type\":\"string\",\"format\":\"date-time\"", "\"type\":\"string\",\"format\":\"date-time\"" },
	[SPECIAL_INT_OR_STRING] = { "\"type\":\"string\",\"format\":\"int-or-string\"", "\"format\":\"int-or-string\",\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]" },
	[SPECIAL_SCHEMA_OR_ARRAY] = { "", "" },
	[SPECIAL_SCHEMA_OR_BOOL] = { "", "" },
	[SPECIAL_SCHEMA_OR_STRING_ARRAY] = { "", "" },
};

/* Objects whose JSON is free although their type says object. */
static bool is_free_object(const struct schema_type *t) {
	return t->special == SPECIAL_ANY && (strcmp(t->name, "FieldsV1") == 0 || strcmp(t->name, "Patch") == 0 || strcmp(t->name, "RawExtension") == 0);
}

static const char *special_of(const struct openapi_writer *w, const struct schema_type *t) { return w->v2 ? special_text[t->special].v2 : special_text[t->special].v3; }

/* What stands beside a reference (a description, a default) is ignored in 3.0: there the reference goes into an allOf. */
static void put_ref(const struct openapi_writer *w, const struct schema_type *t, bool beside) {
	openapi_sep(w);
	buf_printf(w->b, !w->v2 && beside ? "\"allOf\":[{\"$ref\":\"%s%s\"}]" : "\"$ref\":\"%s%s\"", openapi_refs(w), t->key);
}

/* Elements have their zero value as default, as members have that are no pointers. */
static void put_item_default(const struct openapi_writer *w, const struct schema_type *t) {
	static const char *const zeros[] = { [SCHEMA_OBJECT] = "{}", [SCHEMA_STRING] = "\"\"", [SCHEMA_BOOL] = "false", [SCHEMA_INT32] = "0", [SCHEMA_INT64] = "0", [SCHEMA_DOUBLE] = "0" };
	const char *zero = !w->v2 && t->kind < ELEMENTSOF(zeros) ? zeros[t->kind] : NULL;
	if (!zero) return;
	openapi_sep(w);
	buf_printf(w->b, "\"default\":%s", zero);
}

static void put_enum(const struct openapi_writer *w, const char *const *enums) {
	if (!enums) return;
	openapi_sep(w);
	buf_puts(w->b, "\"enum\":[");
	for (; *enums; enums++) {
		openapi_sep(w);
		json_write_string(w->b, slice_str(*enums));
	}
	buf_putc(w->b, ']');
}

/* Lists and maps open objects that are closed at the end: a loop instead of recursion. `enums` are those of the innermost value. */
static void put_inline(const struct openapi_writer *w, const struct schema_type *t, const char *const *enums) {
	unsigned depth = 0;
	for (; depth < INLINE_DEPTH_MAX && !reach_is_named(t) && (t->kind == SCHEMA_LIST || t->kind == SCHEMA_MAP); depth++) {
		openapi_sep(w);
		buf_puts(w->b, t->kind == SCHEMA_LIST ? "\"type\":\"array\",\"items\":{" : "\"type\":\"object\",\"additionalProperties\":{");
		t = t->item;
	}
	if (depth) put_item_default(w, t);
	const char *text = t->kind == SCHEMA_SPECIAL ? special_of(w, t) : t->kind == SCHEMA_OBJECT ? "\"type\":\"object\"" : t->kind < ELEMENTSOF(scalar_text) ? scalar_text[t->kind] : "";
	if (reach_is_named(t)) {
		put_ref(w, t, !depth || t->kind == SCHEMA_OBJECT);
	} else if (text && *text) {
		openapi_sep(w);
		buf_puts(w->b, text);
	}
	if (t->kind == SCHEMA_STRING) put_enum(w, enums);
	while (depth--) buf_putc(w->b, '}');
}

static void put_list_extensions(const struct openapi_writer *w, const struct schema_field *f) {
	static const char *const names[] = { [LIST_ATOMIC] = "atomic", [LIST_SET] = "set", [LIST_MAP] = "map" };
	const struct schema_type *t = f->type;
	enum schema_list_type list = t->kind == SCHEMA_LIST ? (enum schema_list_type)t->list_type : f->flags & FIELD_LIST_ATOMIC ? LIST_ATOMIC : LIST_UNSET;
	if (list == LIST_MAP && t->list_keys) {
		buf_puts(w->b, ",\"x-kubernetes-list-map-keys\":[");
		for (size_t i = 0; t->list_keys[i]; i++) buf_printf(w->b, "%s\"%s\"", i ? "," : "", t->list_keys[i]);
		buf_putc(w->b, ']');
	}
	if (list != LIST_UNSET) buf_printf(w->b, ",\"x-kubernetes-list-type\":\"%s\"", names[list]);
}

static void put_patch_extensions(const struct openapi_writer *w, const struct schema_field *f) {
	const char *strategy = f->flags & FIELD_MERGE ? (f->flags & FIELD_RETAIN_KEYS ? "merge,retainKeys" : "merge")
			       : f->flags & FIELD_RETAIN_KEYS ? "retainKeys" : f->flags & FIELD_REPLACE ? "replace" : NULL;
	if (f->merge_key) buf_printf(w->b, ",\"x-kubernetes-patch-merge-key\":\"%s\"", f->merge_key);
	if (strategy) buf_printf(w->b, ",\"x-kubernetes-patch-strategy\":\"%s\"", strategy);
	if (f->flags & (FIELD_ATOMIC | FIELD_GRANULAR)) buf_printf(w->b, ",\"x-kubernetes-map-type\":\"%s\"", f->flags & FIELD_ATOMIC ? "atomic" : "granular");
}

static void put_description(const struct openapi_writer *w, const char *text) {
	if (!text) return;
	openapi_sep(w);
	buf_puts(w->b, "\"description\":");
	json_write_string(w->b, slice_str(text));
}

static void put_property(const struct openapi_writer *w, const struct schema_field *f) {
	bool dflt = f->dflt && !w->v2;
	openapi_sep(w);
	json_write_string(w->b, slice_str(f->name));
	buf_puts(w->b, ":{");
	put_description(w, f->description);
	put_inline(w, f->type, f->enums);
	if (dflt) openapi_sep(w), buf_printf(w->b, "\"default\":%s", f->dflt);
	put_list_extensions(w, f);
	put_patch_extensions(w, f);
	buf_putc(w->b, '}');
}

static void put_required(const struct openapi_writer *w, const struct schema_type *t) {
	size_t n = 0;
	for (size_t i = 0; i < t->n_fields; i++)
		if (t->fields[i].flags & FIELD_REQUIRED) buf_printf(w->b, "%s\"%s\"", n++ ? "," : ",\"required\":[", t->fields[i].name);
	if (n) buf_putc(w->b, ']');
}

/* x-kubernetes-unions: members by the value of the discriminator, which is their name with a capital. */
static void put_unions(const struct openapi_writer *w, const struct schema_type *t) {
	if (!t->unions || !t->unions->members) return;
	buf_puts(w->b, ",\"x-kubernetes-unions\":[");
	for (const struct schema_union *u = t->unions; u->members; u++) {
		openapi_sep(w);
		buf_putc(w->b, '{');
		if (u->discriminator) buf_printf(w->b, "\"discriminator\":\"%s\",", u->discriminator);
		buf_puts(w->b, "\"fields-to-discriminateBy\":{");
		for (size_t i = 0; u->members[i]; i++) buf_printf(w->b, "%s\"%s\":\"%c%s\"", i ? "," : "", u->members[i], toupper(u->members[i][0]), u->members[i] + 1);
		buf_puts(w->b, "}}");
	}
	buf_putc(w->b, ']');
}

static void put_object(const struct openapi_writer *w, const struct schema_type *t) {
	openapi_sep(w);
	buf_puts(w->b, "\"type\":\"object\"");
	if (t->n_fields) {
		buf_puts(w->b, ",\"properties\":{");
		/* In order of their names, as generators print them. */
		for (size_t i = 0; i < t->n_fields; i++) put_property(w, &t->fields[t->by_name ? t->by_name[i] : i]);
		buf_putc(w->b, '}');
	}
	put_required(w, t);
	if (t->flags & TYPE_ATOMIC) buf_puts(w->b, ",\"x-kubernetes-map-type\":\"atomic\"");
	put_unions(w, t);
}

static void put_gvk(const struct openapi_writer *w, const char *group, const char *version, const char *kind) {
	openapi_sep(w);
	buf_printf(w->b, "{\"group\":\"%s\",\"version\":\"%s\",\"kind\":\"%s\"}", group, version, kind);
}

/* A kind of every group: all of them, or in a document about one group version the core's and its own. */
static void put_everywhere(const struct openapi_writer *w, const char *kind) {
	if (!w->v2) {
		put_gvk(w, "", "v1", kind);
		if (w->group && w->group[0]) put_gvk(w, w->group, w->version, kind);
		return;
	}
	for (size_t i = 0; i < schema_group_count(); i++) {
		const struct schema_group *g = schema_group_at(i);
		for (size_t k = 0; g->versions[k]; k++) put_gvk(w, g->name, g->versions[k], kind);
	}
}

static void put_gvks(const struct openapi_writer *w, const struct schema_type *t) {
	bool any = false;
	for (size_t i = 0; i < schema_kind_count(); i++) {
		const struct schema_kind_entry *e = schema_kind_at(i);
		if (e->type != t) continue;
		if (!any) openapi_sep(w), buf_puts(w->b, "\"x-kubernetes-group-version-kind\":[");
		any = true;
		if (e->group[0] == '*') put_everywhere(w, e->kind);
		else put_gvk(w, e->group, e->version, e->kind);
	}
	if (any) buf_putc(w->b, ']');
}

void openapi_type(const struct openapi_writer *w, const struct schema_type *t) {
	openapi_sep(w);
	buf_printf(w->b, "\"%s\":{", t->key);
	put_description(w, t->description);
	const char *text = is_free_object(t) ? "\"type\":\"object\"" : special_of(w, t);
	if (t->kind == SCHEMA_OBJECT) put_object(w, t);
	else if (*text) openapi_sep(w), buf_puts(w->b, text);
	put_gvks(w, t);
	buf_putc(w->b, '}');
}
