/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/fieldpath.h"

#include <errno.h>

/* The first value found along comma-separated paths; "[]" means the first element. */
static yyjson_mut_val *first_of(const yyjson_mut_val *obj, const char *paths) {
	struct slice rest = slice_str(paths);
	while (rest.n) {
		struct fieldpath f = fieldpath_parse(rest, &rest);
		yyjson_mut_val *v = (yyjson_mut_val *)obj;
		for (size_t i = 0; v && i < f.n; i++) {
			v = json_getn(v, f.v[i].name);
			if (v && f.v[i].each) v = yyjson_mut_arr_get_first(v);
		}
		if (!fieldpath_is_empty(v)) return v;
	}
	return NULL;
}

static int label_value(const struct schema_label *l, const yyjson_mut_val *obj, struct arena *a, struct slice *ret) {
	yyjson_mut_val *v = l->op == LABEL_EMPTY ? NULL : first_of(obj, l->path);
	const char *text;
	switch (l->op) {
	case LABEL_BOOL: *ret = yyjson_mut_is_true(v) ? SLICE_LIT("true") : SLICE_LIT("false"); return 0;
	case LABEL_INT:
		text = arena_printf(a, "%lld", v ? (long long)yyjson_mut_get_sint(v) : 0ll);
		if (!text) return -ENOMEM;
		*ret = slice_str(text);
		return 0;
	default: *ret = yyjson_mut_is_str(v) ? json_str(v) : SLICE_LIT(""); return 0;
	}
}

/* Custom resources: name and namespace, and what selectableFields names as a path. */
static int custom_value(const struct schema_resource *r, const yyjson_mut_val *obj, struct slice key, struct arena *a,
			struct slice *ret) {
	for (size_t i = 0; r->field_labels && r->field_labels[i]; i++) {
		if (!slice_eqs(key, r->field_labels[i])) continue;
		yyjson_mut_val *v = first_of(obj, r->field_labels[i]);
		if (yyjson_mut_is_bool(v))
			return label_value(&(struct schema_label){ .op = LABEL_BOOL, .path = r->field_labels[i] }, obj, a, ret);
		if (yyjson_mut_is_num(v))
			return label_value(&(struct schema_label){ .op = LABEL_INT, .path = r->field_labels[i] }, obj, a, ret);
		*ret = yyjson_mut_is_str(v) ? json_str(v) : SLICE_LIT("");
		return 0;
	}
	return -ENOENT;
}

int schema_field_label(const struct schema_resource *r, const yyjson_mut_val *obj, struct slice key, struct arena *a,
		       struct slice *ret) {
	const struct schema_resource_more *more = schema_resource_more(r);
	if (!more) return custom_value(r, obj, key, a, ret);
	for (size_t i = 0; r->field_labels && r->field_labels[i]; i++)
		if (slice_eqs(key, r->field_labels[i])) return label_value(more->labels + i, obj, a, ret);
	return -ENOENT;
}
