/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/crd.h"
#include "schema/crd_type.h"
#include "schema/crd_version.h"

#include <errno.h>
#include <stdatomic.h>

struct custom_resource {
	struct schema_resource r;
	struct schema_custom more;
	bool served;
};

struct schema_set {
	atomic_int refs;
	struct arena *a;
	size_t n;
	struct custom_resource v[CRD_VERSIONS_MAX];
};

#define CRD_ARENA_MAX (64u * 1024u * 1024u)

struct schema_set *schema_set_ref(struct schema_set *s) {
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

struct schema_set *schema_set_unref(struct schema_set *s) {
	if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1) {
		arena_free(s->a);
		free(s);
	}
	return NULL;
}

size_t schema_set_count(const struct schema_set *s) { return s->n; }
const struct schema_resource *schema_set_at(const struct schema_set *s, size_t i) { return &s->v[i].r; }
bool schema_set_served(const struct schema_set *s, size_t i) { return s->v[i].served; }

const struct schema_custom *schema_custom_of(const struct schema_resource *r) {
	return r->is_custom
		       ? &((const struct custom_resource *)(const void *)((const char *)r - offsetof(struct custom_resource, r)))
				  ->more
		       : NULL;
}

/* A NUL-terminated copy of the string at a path; NULL when there is none. */
static const char *text_at(struct arena *a, const yyjson_mut_val *v, const char *path) {
	struct slice s = json_path_str(v, path);
	return s.n ? arena_slice_str(a, s) : NULL;
}

/* A NULL-terminated copy of a list of strings, one member of each element if `member` is given. */
static const char *const *texts(struct arena *a, const yyjson_mut_val *list, const char *member, const char *const *first,
				size_t n_first) {
	size_t n = yyjson_mut_arr_size((yyjson_mut_val *)list), i, max, k = 0;
	const char **v = arena_array(a, n + n_first + 1, sizeof(*v));
	yyjson_mut_val *x;
	if (!v) return NULL;
	for (; k < n_first; k++) v[k] = first[k];
	yyjson_mut_arr_foreach((yyjson_mut_val *)list, i, max, x) {
		struct slice s = member ? json_path_str(x, member) : json_str(x);
		if (s.n && s.p[0] == '.') s = slice_from(s, 1);
		v[k] = arena_slice_str(a, s);
		if (v[k]) k++;
	}
	v[k] = NULL;
	return v;
}

#define VERBS_ALL \
	(VERB_CREATE | VERB_DELETE | VERB_DELETECOLLECTION | VERB_GET | VERB_LIST | VERB_PATCH | VERB_UPDATE | VERB_WATCH)
#define VERBS_SUB (VERB_GET | VERB_PATCH | VERB_UPDATE)

static int bump_unless_equal(yyjson_mut_doc *doc, yyjson_mut_val *obj, const yyjson_mut_val *old, bool but_status) {
	yyjson_mut_val *a = json_copy(doc, obj), *b = json_copy(doc, old);
	if (!a || !b) return -ENOMEM;
	json_del(a, "metadata");
	json_del(b, "metadata");
	if (but_status) json_del(a, "status");
	if (but_status) json_del(b, "status");
	yyjson_mut_val *meta = json_ensure_obj(doc, obj, "metadata");
	if (!meta) return -ENOMEM;
	if (json_equal(a, b)) return 0;
	return json_set_int(doc, meta, "generation", json_path_int(old, "metadata.generation", 0) + 1) ? 0 : -ENOMEM;
}

static int bump(yyjson_mut_doc *doc, yyjson_mut_val *obj, const yyjson_mut_val *old) {
	return bump_unless_equal(doc, obj, old, false);
}
static int bump_but_status(yyjson_mut_doc *doc, yyjson_mut_val *obj, const yyjson_mut_val *old) {
	return bump_unless_equal(doc, obj, old, true);
}

static const struct schema_prep plain_preps[] = {
	{ PREP_CREATE, PREP_GENERATION, NULL, "1", NULL },
	{ PREP_UPDATE, PREP_CALL, NULL, NULL, bump },
};
static const struct schema_prep with_status_preps[] = {
	{ PREP_CREATE, PREP_REMOVE, "status", NULL, NULL },
	{ PREP_UPDATE, PREP_KEEP, "status", NULL, NULL },
	{ PREP_CREATE, PREP_GENERATION, NULL, "1", NULL },
	{ PREP_UPDATE, PREP_CALL, NULL, NULL, bump_but_status },
};
static const struct schema_prep status_preps[] = {
	{ PREP_UPDATE, PREP_KEEP_ALL_BUT, NULL, "status,metadata.managedFields,metadata.resourceVersion", NULL },
};
static const char *const reset_status[] = { "status", NULL };
static const char *const reset_spec[] = { "spec", NULL };
static const struct schema_strategy plain = {
	.generation_on_create = true, .delete_returns_object = false, .prep = plain_preps, .n_prep = ELEMENTSOF(plain_preps)
};
static const struct schema_strategy with_status = { .generation_on_create = true,
						    .prep = with_status_preps,
						    .n_prep = ELEMENTSOF(with_status_preps),
						    .ssa_reset_fields = reset_status };
static const struct schema_strategy status_strategy = { .prep = status_preps,
							.n_prep = ELEMENTSOF(status_preps),
							.ssa_reset_fields = reset_spec };
static const struct schema_strategy scale_strategy = { .n_prep = 0 };

static int subresources(struct arena *a, struct custom_resource *c, const yyjson_mut_val *version) {
	yyjson_mut_val *subs = json_get(version, "subresources"), *scale = json_get(subs, "scale");
	struct schema_subresource *v = arena_array(a, 2, sizeof(*v));
	if (!v) return -ENOMEM;
	c->r.subresources = v;
	c->r.strategy = json_get(subs, "status") ? &with_status : &plain;
	if (json_get(subs, "status"))
		v[c->r.n_subresources++] = (struct schema_subresource){ .name = "status",
									.kind = c->r.kind,
									.group = c->r.group,
									.version = c->r.version,
									.verbs = VERBS_SUB,
									.type = c->r.type,
									.strategy = &status_strategy };
	if (!scale) return 0;
	v[c->r.n_subresources++] = (struct schema_subresource){
		.name = "scale",
		.kind = "Scale",
		.group = "autoscaling",
		.version = "v1",
		.verbs = VERBS_SUB,
		.strategy = &scale_strategy,
		.type = schema_type_of_kind(SLICE_LIT("autoscaling"), SLICE_LIT("v1"), SLICE_LIT("Scale"))
	};
	c->more.scale_spec = text_at(a, scale, "specReplicasPath");
	c->more.scale_status = text_at(a, scale, "statusReplicasPath");
	c->more.scale_selector = text_at(a, scale, "labelSelectorPath");
	return 0;
}

static const char *or_empty(const char *s) { return s ? s : ""; }

static int columns(struct arena *a, struct schema_resource *r, const yyjson_mut_val *version) {
	yyjson_mut_val *list = json_get(version, "additionalPrinterColumns"), *x;
	size_t n = yyjson_mut_arr_size(list), i, max, k = 0;
	struct schema_column *v = arena_array(a, n + 2, sizeof(*v));
	if (!v) return -ENOMEM;
	v[k++] = (struct schema_column){ .name = "Name", .type = "string", .format = "name", .description = "" };
	yyjson_mut_arr_foreach(list, i, max, x) {
		v[k++] = (struct schema_column){ .name = or_empty(text_at(a, x, "name")),
						 .type = or_empty(text_at(a, x, "type")),
						 .format = or_empty(text_at(a, x, "format")),
						 .description = or_empty(text_at(a, x, "description")),
						 .priority = (int)json_path_int(x, "priority", 0),
						 .json_path = or_empty(text_at(a, x, "jsonPath")) };
	}
	if (!n)
		v[k++] = (struct schema_column){
			.name = "Age", .type = "date", .format = "", .description = "", .json_path = ".metadata.creationTimestamp"
		};
	r->columns = v;
	r->n_columns = k;
	return 0;
}

/* The version to be used instead: the best of the served ones that is better and not deprecated itself. */
static const char *successor(struct arena *a, const struct schema_resource *r, const yyjson_mut_val *versions) {
	const char *best = r->version;
	yyjson_mut_val *v;
	size_t i, n;
	yyjson_mut_arr_foreach((yyjson_mut_val *)versions, i, n, v) {
		const char *name = text_at(a, v, "name");
		if (!name || !json_path_bool(v, "served", false) || json_path_bool(v, "deprecated", false)) continue;
		if (crd_version_compare(name, best) < 0) best = name;
	}
	return best == r->version ? NULL : best;
}

static const char *deprecation(struct arena *a, const struct schema_resource *r, const yyjson_mut_val *version,
			       const yyjson_mut_val *versions) {
	if (!json_path_bool(version, "deprecated", false)) return NULL;
	const char *text = text_at(a, version, "deprecationWarning"), *next = successor(a, r, versions);
	if (text) return text;
	return next ? arena_printf(a, "%s/%s %s is deprecated; use %s/%s %s", r->group, r->version, r->kind, r->group, next, r->kind)
		    : arena_printf(a, "%s/%s %s is deprecated", r->group, r->version, r->kind);
}

static const char *storage_version(struct arena *a, const yyjson_mut_val *versions) {
	yyjson_mut_val *v;
	size_t i, n;
	yyjson_mut_arr_foreach((yyjson_mut_val *)versions, i, n, v) {
		if (json_path_bool(v, "storage", false)) return text_at(a, v, "name");
	}
	return NULL;
}

static int version(struct arena *a, struct custom_resource *c, const yyjson_mut_val *spec, const yyjson_mut_val *names,
		   const yyjson_mut_val *v, const char *stored) {
	static const char *const labels[] = { "metadata.name", "metadata.namespace" };
	struct schema_resource *r = &c->r;
	const char *plural = text_at(a, spec, "names.plural"), *kind = text_at(a, names, "kind"),
		   *list_kind = text_at(a, names, "listKind");
	*r = (struct schema_resource){ .group = text_at(a, spec, "group"),
				       .version = text_at(a, v, "name"),
				       .resource = plural,
				       .kind = kind,
				       .singular = or_empty(text_at(a, names, "singular")),
				       .is_custom = true,
				       .verbs = VERBS_ALL,
				       .id = UINT16_MAX,
				       .namespaced = slice_eqs(json_path_str(spec, "scope"), "Namespaced"),
				       .storage_version = stored,
				       .storage_resource = plural };
	if (!r->group || !r->version || !plural || !kind || !stored) return -EBADMSG;
	r->storage_group = r->group;
	r->list_kind = list_kind ? list_kind : arena_printf(a, "%sList", kind);
	r->short_names = texts(a, json_get(names, "shortNames"), NULL, NULL, 0);
	r->categories = texts(a, json_get(names, "categories"), NULL, NULL, 0);
	r->field_labels = texts(a, json_get(v, "selectableFields"), "jsonPath", labels, ELEMENTSOF(labels));
	r->storage_hash = crd_storage_hash(a, r->group, stored, kind);
	c->served = json_path_bool(v, "served", false);
	c->more.preserve_unknown = json_path_bool(spec, "preserveUnknownFields", false);
	c->more.schema = json_path(v, "schema.openAPIV3Schema");
	c->more.has_rules = schema_has_rules(c->more.schema);
	c->more.deprecation = deprecation(a, r, v, json_get(spec, "versions"));
	r->type = crd_root_type(a, kind, c->more.schema, c->more.preserve_unknown);
	if (!r->type || !r->list_kind || !r->short_names || !r->categories || !r->field_labels || !r->storage_hash)
		return -ENOMEM;
	int err = subresources(a, c, v);
	return err < 0 ? err : columns(a, r, v);
}

int schema_set_new(const yyjson_mut_val *crd, struct schema_set **ret) {
	struct schema_set *s = calloc(1, sizeof(*s));
	if (!s) return -ENOMEM;
	s->refs = 1;
	s->a = arena_new(CRD_ARENA_MAX);
	_cleanup_schema_set_ struct schema_set *guard = s;
	yyjson_mut_doc *doc = s->a ? json_doc(s->a) : NULL;
	yyjson_mut_val *spec = doc ? json_copy(doc, json_get(crd, "spec")) : NULL, *v;
	/* Names are those that were accepted; a definition nobody has looked at yet has none. */
	const yyjson_mut_val *accepted = json_path(crd, "status.acceptedNames"),
			     *names = json_path_str(accepted, "kind").n ? accepted : json_get(spec, "names");
	size_t i, n;
	if (!s->a || !doc) return -ENOMEM;
	if (!yyjson_mut_is_obj(spec)) return -EBADMSG;
	yyjson_mut_val *versions = json_get(spec, "versions");
	if (yyjson_mut_arr_size(versions) == 0 || yyjson_mut_arr_size(versions) > CRD_VERSIONS_MAX) return -EBADMSG;
	const char *stored = storage_version(s->a, versions);
	yyjson_mut_arr_foreach(versions, i, n, v) {
		int r = version(s->a, s->v + s->n, spec, names, v, stored);
		if (r < 0) return r;
		s->v[s->n].more.as_stored = n == 1 && json_path_int(crd, "metadata.generation", 0) == 1;
		s->n++;
	}
	*ret = TAKE_PTR(guard);
	return 0;
}
