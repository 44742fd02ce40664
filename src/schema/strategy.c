/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to an object between admission and validation: the rules of all kinds, then the table of its resource. */
#include "schema/compare.h"
#include "schema/fieldpath.h"
#include "schema/podspec.h"

#include <errno.h>

struct prep_run {
	yyjson_mut_doc *doc;
	yyjson_mut_val *obj;
	const yyjson_mut_val *old;
	const struct schema_prep *prep;
	const struct schema_type *type;
};

static int prep_remove(void *ctx, yyjson_mut_val *parent, struct slice name, const struct fieldpath_bound *bound) {
	return fieldpath_put(((struct prep_run *)ctx)->doc, parent, name, NULL);
}

static int prep_set(void *ctx, yyjson_mut_val *parent, struct slice name, const struct fieldpath_bound *bound) {
	struct prep_run *run = ctx;
	yyjson_mut_val *v = fieldpath_literal(run->doc, run->prep->value);
	return v ? fieldpath_put(run->doc, parent, name, v) : -ENOMEM;
}

static int prep_keep(void *ctx, yyjson_mut_val *parent, struct slice name, const struct fieldpath_bound *bound) {
	struct prep_run *run = ctx;
	yyjson_mut_val *v = fieldpath_get_bound(run->old, run->prep->path, bound);
	yyjson_mut_val *copy = v ? json_copy(run->doc, v) : NULL;
	if (v && !copy) return -ENOMEM;
	return fieldpath_put(run->doc, parent, name, copy);
}

static bool has_element(yyjson_mut_val *list, yyjson_mut_val *x) {
	yyjson_mut_val *e;
	size_t i, n;
	yyjson_mut_arr_foreach(list, i, n, e) {
		if (json_equal(e, x)) return true;
	}
	return false;
}

static int prep_append(void *ctx, yyjson_mut_val *parent, struct slice name, const struct fieldpath_bound *bound) {
	struct prep_run *run = ctx;
	yyjson_mut_val *list = json_getn(parent, name), *more = fieldpath_literal(run->doc, run->prep->value), *x;
	if (!more) return -ENOMEM;
	if (!yyjson_mut_is_arr(list)) return fieldpath_put(run->doc, parent, name, more);
	while ((x = yyjson_mut_arr_remove_first(more)))
		if (!has_element(list, x)) yyjson_mut_arr_append(list, x);
	return 0;
}

/* Puts the object's own value at a path over what is there in `to`, element by element for lists. */
struct overlay {
	yyjson_mut_doc *doc;
	const yyjson_mut_val *from;
	const char *path;
};

static int overlay_put(void *ctx, yyjson_mut_val *parent, struct slice name, const struct fieldpath_bound *bound) {
	struct overlay *o = ctx;
	yyjson_mut_val *v = fieldpath_get(o->from, o->path);
	return fieldpath_put(o->doc, parent, name, v ? json_copy(o->doc, v) : NULL);
}

static int prep_keep_all_but(struct prep_run *run) {
	yyjson_mut_val *kept = json_copy(run->doc, run->old);
	if (!kept) return -ENOMEM;
	struct slice rest = slice_str(run->prep->value);
	while (rest.n) {
		char path[256];
		struct slice one = slice_cut(&rest, ',');
		if (one.n >= sizeof(path)) return -EINVAL;
		memcpy(path, one.p, one.n);
		path[one.n] = 0;
		struct overlay o = { run->doc, run->obj, path };
		int r = fieldpath_each(run->type, run->doc, kept, path, true, overlay_put, &o);
		if (r < 0) return r;
	}
	/* The members move over: an object is its count (tag) and its last member (uni). */
	run->obj->tag = kept->tag;
	run->obj->uni = kept->uni;
	return 0;
}

static int set_generation(yyjson_mut_doc *doc, yyjson_mut_val *obj, int64_t generation) {
	yyjson_mut_val *meta = json_ensure_obj(doc, obj, "metadata");
	return meta && json_set_int(doc, meta, "generation", generation) ? 0 : -ENOMEM;
}

static int prep_bump(struct prep_run *run) {
	int64_t was = json_path_int(run->old, "metadata.generation", 0);
	if (json_path_int(run->obj, "metadata.generation", 0) > was) return 0;
	int r = compare_at(run->type, run->obj, run->old, run->prep->path);
	return r <= 0 ? r : set_generation(run->doc, run->obj, was + 1);
}

static int prep_one(struct prep_run *run) {
	const struct schema_prep *p = run->prep;
	switch (p->effect) {
	case PREP_KEEP: return fieldpath_each(run->type, run->doc, run->obj, p->path, false, prep_keep, run);
	case PREP_SET: return fieldpath_each(run->type, run->doc, run->obj, p->path, true, prep_set, run);
	case PREP_REMOVE: return fieldpath_each(NULL, run->doc, run->obj, p->path, false, prep_remove, run);
	case PREP_APPEND: return fieldpath_each(run->type, run->doc, run->obj, p->path, true, prep_append, run);
	case PREP_KEEP_ALL_BUT: return prep_keep_all_but(run);
	case PREP_GENERATION: return set_generation(run->doc, run->obj, strtoll(p->value, NULL, 10));
	case PREP_BUMP: return prep_bump(run);
	default: return p->call(run->doc, run->obj, run->old);
	}
}

static int prep_table(const struct schema_strategy *s, unsigned when, struct prep_run *run) {
	int r = 0;
	for (size_t i = 0; s && i < s->n_prep && r >= 0; i++) {
		run->prep = s->prep + i;
		if (run->prep->when & when) r = prep_one(run);
	}
	return r < 0 ? r : 0;
}

/* Owners named twice alike count once. */
static void unique_owners(yyjson_mut_val *meta) {
	yyjson_mut_val *owners = json_get(meta, "ownerReferences"), *seen[64], *x;
	yyjson_mut_arr_iter it;
	size_t n = 0;
	if (!yyjson_mut_arr_iter_init(owners, &it)) return;
	while ((x = yyjson_mut_arr_iter_next(&it))) {
		size_t i = 0;
		while (i < n && !json_equal(seen[i], x)) i++;
		if (i < n) yyjson_mut_arr_iter_remove(&it);
		else if (n < ELEMENTSOF(seen)) seen[n++] = x;
	}
}

static int common_create(yyjson_mut_doc *doc, yyjson_mut_val *obj) {
	static const char *const cleared[] = { "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink" };
	yyjson_mut_val *meta = json_ensure_obj(doc, obj, "metadata");
	if (!meta) return -ENOMEM;
	for (size_t i = 0; i < ELEMENTSOF(cleared); i++) json_del(meta, cleared[i]);
	unique_owners(meta);
	return 0;
}

/* What an update cannot change, or need not say. */
static int common_update(yyjson_mut_doc *doc, yyjson_mut_val *obj, const yyjson_mut_val *old) {
	static const struct {
		const char *name;
		bool always;
	} kept[] = { { "generation", true },
		     { "creationTimestamp", true },
		     { "deletionTimestamp", true },
		     { "uid", false },
		     { "deletionGracePeriodSeconds", false } };
	yyjson_mut_val *meta = json_ensure_obj(doc, obj, "metadata"), *was = json_get(old, "metadata");
	if (!meta) return -ENOMEM;
	for (size_t i = 0; i < ELEMENTSOF(kept); i++) {
		yyjson_mut_val *v = json_get(was, kept[i].name);
		if (!kept[i].always && !fieldpath_is_empty(json_get(meta, kept[i].name))) continue;
		json_del(meta, kept[i].name);
		if (v && !json_set(doc, meta, kept[i].name, json_copy(doc, v))) return -ENOMEM;
	}
	return 0;
}

int schema_prepare_create(const struct schema_resource *r, yyjson_mut_doc *doc, yyjson_mut_val *obj) {
	const struct schema_resource_more *more = schema_resource_more(r);
	struct prep_run run = { .doc = doc, .obj = obj, .type = r->type };
	int ret = common_create(doc, obj);
	if (ret == 0 && more && more->pod_spec_at) ret = podspec_prepare(doc, fieldpath_get(obj, more->pod_spec_at), NULL);
	if (ret == 0) ret = prep_table(r->strategy, PREP_CREATE, &run);
	return ret < 0 ? ret : schema_default(r->type, doc, obj); /* as reading it from the store would */
}

int schema_prepare_update(const struct schema_resource *r, const struct schema_subresource *sub, yyjson_mut_doc *doc,
			  yyjson_mut_val *obj, const yyjson_mut_val *old) {
	const struct schema_resource_more *more = schema_resource_more(r);
	struct prep_run run = { .doc = doc, .obj = obj, .old = old, .type = r->type };
	int ret = common_update(doc, obj, old);
	if (ret == 0 && !sub && more && more->pod_spec_at)
		ret = podspec_prepare(doc, fieldpath_get(obj, more->pod_spec_at), fieldpath_get(old, more->pod_spec_at));
	if (ret == 0) ret = prep_table(sub ? sub->strategy : r->strategy, PREP_UPDATE, &run);
	return ret < 0 ? ret : schema_default(r->type, doc, obj);
}
