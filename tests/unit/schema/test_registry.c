/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

static const struct schema_resource *find(const char *group, const char *version, const char *resource) {
	return schema_find(slice_str(group), slice_str(version), slice_str(resource));
}

START_TEST(resources_by_name) {
	const struct schema_resource *r = find("apps", "v1", "deployments");
	ck_assert_ptr_nonnull(r);
	ck_assert_str_eq(r->kind, "Deployment");
	ck_assert_str_eq(r->list_kind, "DeploymentList");
	ck_assert(r->namespaced && !r->is_custom);
	ck_assert_str_eq(r->short_names[0], "deploy");
	ck_assert_ptr_eq(schema_builtin(r->id), r);
	ck_assert_ptr_null(find("apps", "v1", "deployment"));
	ck_assert_ptr_null(find("apps", "v2", "deployments"));
	ck_assert_ptr_null(find("", "v1", "deployments"));
}
END_TEST

START_TEST(preferred_version) {
	ck_assert_str_eq(find("autoscaling", "", "horizontalpodautoscalers")->version, "v2");
	ck_assert_str_eq(find("", "", "pods")->version, "v1");
}
END_TEST

START_TEST(stored_elsewhere) {
	const struct schema_resource *e = find("events.k8s.io", "v1", "events"),
				     *h = find("autoscaling", "v1", "horizontalpodautoscalers");
	ck_assert_str_eq(e->storage_group, "");
	ck_assert_str_eq(e->storage_resource, "events");
	ck_assert_str_eq(h->storage_version, "v2");
}
END_TEST

START_TEST(kinds_of_meta) {
	ck_assert_ptr_eq(type_named("apps/v1", "DeleteOptions"), type_named("v1", "DeleteOptions"));
	ck_assert_str_eq(type_named("authentication.k8s.io/v1", "TokenRequest")->name, "TokenRequest");
	ck_assert_str_eq(type_named("v1", "PodList")->fields[2].name, "metadata");
	ck_assert_str_eq(type_named("meta.k8s.io/v1", "Table")->name, "Table");
	ck_assert_ptr_null(schema_type_of_kind(SLICE_LIT("apps"), SLICE_LIT("v1"), SLICE_LIT("Pod")));
}
END_TEST

START_TEST(subresources) {
	const struct schema_resource *pods = find("", "v1", "pods");
	const struct schema_subresource *s = schema_subresource_find(pods, SLICE_LIT("eviction"));
	ck_assert_ptr_nonnull(s);
	ck_assert_str_eq(s->group, "policy");
	ck_assert_ptr_eq(s->type, type_named("policy/v1", "Eviction"));
	ck_assert_ptr_null(schema_subresource_find(pods, SLICE_LIT("exec"))->type);
	ck_assert_ptr_null(schema_subresource_find(pods, SLICE_LIT("scale")));
}
END_TEST

/* Walkers rely on these for every type. */
START_TEST(tables_are_sound) {
	size_t named = schema_type_count();
	ck_assert_uint_gt(named, 600);
	for (size_t i = 0; i < named; i++) {
		const struct schema_type *t = schema_type_at(i);
		ck_assert_ptr_eq(schema_type_by_key(slice_str(t->key)), t);
		ck_assert_uint_le(t->n_fields, SCHEMA_FIELDS_MAX);
		for (size_t k = 0; k < t->n_fields; k++) {
			size_t at;
			const struct schema_field *f = schema_field_find(t, slice_str(t->fields[k].name), &at);
			ck_assert_msg(f == t->fields + k && at == k, "%s.%s", t->key, t->fields[k].name);
			ck_assert_uint_eq(f->name_len, strlen(f->name));
		}
		for (size_t k = 1; k < t->n_protos; k++) ck_assert_msg(t->protos[k - 1].tag < t->protos[k].tag, "%s", t->key);
	}
}
END_TEST

START_TEST(every_resource_is_complete) {
	for (size_t i = 0; i < schema_builtin_count(); i++) {
		const struct schema_resource *r = schema_builtin(i);
		const struct schema_resource_more *more = schema_resource_more(r);
		ck_assert_uint_eq(r->id, i);
		ck_assert_ptr_eq(schema_find_kind(slice_str(r->group), slice_str(r->version), slice_str(r->kind)), r);
		ck_assert_msg(r->n_columns > 0 && more->n_cells >= r->n_columns, "%s", r->resource);
		if (r->verbs & VERB_LIST)
			ck_assert_ptr_nonnull(
				schema_type_of_kind(slice_str(r->group), slice_str(r->version), slice_str(r->list_kind)));
	}
}
END_TEST

START_TEST(field_labels) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const struct schema_resource *pods = find("", "v1", "pods");
	yyjson_mut_doc *doc = decoded(a, pods->type,
				      "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"nodeName\":\"n1\",\"hostNetwork\":true},"
				      "\"status\":{\"podIPs\":[{\"ip\":\"10.0.0.1\"},{\"ip\":\"fd00::1\"}]}}");
	static const struct {
		const char *key, *value;
	} want[] = { { "metadata.name", "p" },
		     { "spec.nodeName", "n1" },
		     { "spec.hostNetwork", "true" },
		     { "status.podIP", "10.0.0.1" },
		     { "status.phase", "" } };
	for (size_t i = 0; i < ELEMENTSOF(want); i++) {
		struct slice v;
		ck_assert_int_eq(schema_field_label(pods, yyjson_mut_doc_get_root(doc), slice_str(want[i].key), a, &v), 0);
		ck_assert_msg(slice_eqs(v, want[i].value), "%s is %.*s", want[i].key, SLICE_FMT(v));
	}
	struct slice v;
	ck_assert_int_lt(schema_field_label(pods, yyjson_mut_doc_get_root(doc), SLICE_LIT("spec.containers"), a, &v), 0);
}
END_TEST

SUITE_MAIN("registry", resources_by_name, preferred_version, stored_elsewhere, kinds_of_meta, subresources, tables_are_sound,
	   every_resource_is_complete, field_labels)
