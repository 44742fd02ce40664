/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/tables.h"

size_t schema_builtin_count(void) { return schema_tables_resources_n; }
const struct schema_resource *schema_builtin(size_t i) {
	return i < schema_tables_resources_n ? schema_tables_resources + i : NULL;
}
size_t schema_kind_count(void) { return schema_tables_kinds_n; }
const struct schema_kind_entry *schema_kind_at(size_t i) { return i < schema_tables_kinds_n ? schema_tables_kinds + i : NULL; }
size_t schema_group_count(void) { return schema_tables_groups_n; }
const struct schema_group *schema_group_at(size_t i) { return i < schema_tables_groups_n ? schema_tables_groups + i : NULL; }
size_t schema_type_count(void) { return schema_tables_keyed_n; }
const struct schema_type *schema_type_at(size_t i) { return i < schema_tables_keyed_n ? schema_tables_keyed[i] : NULL; }

/* The group's preferred version when none is asked for. */
static struct slice version_or_preferred(struct slice group, struct slice version) {
	if (version.n) return version;
	for (size_t i = 0; i < schema_tables_groups_n; i++)
		if (slice_eqs(group, schema_tables_groups[i].name)) return slice_str(schema_tables_groups[i].versions[0]);
	return version;
}

const struct schema_resource *schema_find(struct slice group, struct slice version, struct slice resource) {
	version = version_or_preferred(group, version);
	for (size_t i = 0; i < schema_tables_resources_n; i++) {
		const struct schema_resource *r = schema_tables_resources + i;
		if (slice_eqs(resource, r->resource) && slice_eqs(group, r->group) && slice_eqs(version, r->version)) return r;
	}
	return NULL;
}

const struct schema_resource *schema_find_kind(struct slice group, struct slice version, struct slice kind) {
	version = version_or_preferred(group, version);
	for (size_t i = 0; i < schema_tables_resources_n; i++) {
		const struct schema_resource *r = schema_tables_resources + i;
		if (slice_eqs(kind, r->kind) && slice_eqs(group, r->group) && slice_eqs(version, r->version)) return r;
	}
	return NULL;
}

const struct schema_type *schema_type_of_kind(struct slice group, struct slice version, struct slice kind) {
	version = version_or_preferred(group, version);
	for (size_t i = 0; i < schema_tables_kinds_n; i++) {
		const struct schema_kind_entry *e = schema_tables_kinds + i;
		if (!slice_eqs(kind, e->kind)) continue;
		if (e->group[0] == '*') return e->type;
		if (slice_eqs(group, e->group) && slice_eqs(version, e->version)) return e->type;
	}
	return NULL;
}

const char *schema_type_go(const struct schema_type *t) { return t->go; }

const struct schema_subresource *schema_subresource_find(const struct schema_resource *r, struct slice name) {
	for (size_t i = 0; i < r->n_subresources; i++)
		if (slice_eqs(name, r->subresources[i].name)) return r->subresources + i;
	return NULL;
}

const struct schema_resource_more *schema_resource_more(const struct schema_resource *r) {
	return r->is_custom || r->id >= schema_tables_more_n ? NULL : schema_tables_more + r->id;
}

const struct schema_type *schema_type_by_key(struct slice key) {
	size_t lo = 0, hi = schema_tables_keyed_n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = slice_cmp(key, slice_str(schema_tables_keyed[mid]->key));
		if (c == 0) return schema_tables_keyed[mid];
		if (c < 0) hi = mid;
		else lo = mid + 1;
	}
	return NULL;
}

const struct schema_field *schema_field_find(const struct schema_type *t, struct slice name, size_t *ret_index) {
	size_t lo = 0, hi = t->n_fields;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct schema_field *f = t->fields + t->by_name[mid];
		int c = slice_cmp(name, slice_make(f->name, f->name_len));
		if (c == 0) {
			if (ret_index) *ret_index = t->by_name[mid];
			return f;
		}
		if (c < 0) hi = mid;
		else lo = mid + 1;
	}
	return NULL;
}
