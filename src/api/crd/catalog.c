/* SPDX-License-Identifier: Apache-2.0 */
#include "api/crd/catalog.h"

#include "api/discovery.h"
#include "codec/json.h"
#include "schema/crd_version.h"

#include <errno.h>
#include <stdlib.h>

/* ---- references ---- */

struct catalog *catalog_ref(struct catalog *c) {
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

struct catalog *catalog_unref(struct catalog *c) {
	if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1) return NULL;
	discovery_free(c->discovery);
	for (size_t i = 0; i < c->n_definitions; i++) {
		store_obj_unref(c->definitions[i].object);
		schema_set_unref(c->definitions[i].set);
	}
	free(c->definitions);
	free(c->resources);
	free(c);
	return NULL;
}

/* ---- making ---- */

static bool condition_is_true(const yyjson_mut_val *crd, const char *type) {
	yyjson_mut_val *list = json_path(crd, "status.conditions"), *x;
	size_t i, n;
	yyjson_mut_arr_foreach(list, i, n, x) {
		if (slice_eqs(json_path_str(x, "type"), type)) return slice_eqs(json_path_str(x, "status"), "True");
	}
	return false;
}

static const struct catalog_definition *kept(const struct catalog *old, const struct store_obj *o) {
	for (size_t i = 0; old && i < old->n_definitions; i++)
		if (old->definitions[i].object == o) return &old->definitions[i];
	return NULL;
}

/* A definition that cannot be used (-EBADMSG) serves nothing; the others are served. */
static int add_definition(struct catalog *c, const struct catalog *old, struct store_obj *o) {
	const struct catalog_definition *have = kept(old, o);
	struct catalog_definition d = have ? *have : (struct catalog_definition){ 0 };
	if (have) {
		if (d.set) schema_set_ref(d.set);
	} else {
		_cleanup_arena_ struct arena *a = arena_new(0);
		yyjson_mut_doc *doc;
		struct json_error e;
		int err = a ? json_parse(a, blob_slice(o->json), &doc, &e) : -ENOMEM;
		const yyjson_mut_val *root = err ? NULL : yyjson_mut_doc_get_root(doc);
		if (!err) err = schema_set_new(root, &d.set);
		if (err && err != -EBADMSG) return err;
		/* Names that were accepted once go on being served when others are asked for and refused. */
		d.serving = condition_is_true(root, "NamesAccepted") || condition_is_true(root, "Established");
		d.terminating = json_path(root, "metadata.deletionTimestamp") != NULL;
	}
	d.object = store_obj_ref(o);
	c->definitions[c->n_definitions++] = d;
	return 0;
}

static int add_definitions(struct catalog *c, const struct store_snapshot *sn, const struct catalog *old) {
	struct store_cursor cursor;
	struct store_obj *o;
	size_t n = store_count(sn, SLICE_LIT(CRD_RESOURCE), SLICE_NULL);
	if (n > CATALOG_DEFINITIONS_MAX) n = CATALOG_DEFINITIONS_MAX;
	c->definitions = calloc(n + 1, sizeof(*c->definitions));
	if (!c->definitions) return -ENOMEM;
	store_scan(sn, SLICE_LIT(CRD_RESOURCE), SLICE_NULL, NULL, &cursor);
	int err = 0;
	while (!err && c->n_definitions < n && (o = store_next(&cursor))) err = add_definition(c, old, o);
	return err;
}

static int by_place(const void *a, const void *b) {
	const struct schema_resource *x = *(const struct schema_resource *const *)a, *y = *(const struct schema_resource *const *)b;
	int c = strcmp(x->group, y->group);
	if (!c) c = crd_version_compare(x->version, y->version);
	return c ? c : strcmp(x->resource, y->resource);
}

static int add_resources(struct catalog *c) {
	size_t n = schema_builtin_count();
	for (size_t i = 0; i < c->n_definitions; i++) n += c->definitions[i].set ? schema_set_count(c->definitions[i].set) : 0;
	c->resources = calloc(n, sizeof(const struct schema_resource *));
	if (!c->resources) return -ENOMEM;
	for (; c->n_builtin < schema_builtin_count(); c->n_builtin++) c->resources[c->n_builtin] = schema_builtin(c->n_builtin);
	c->n_resources = c->n_builtin;
	for (size_t i = 0; i < c->n_definitions; i++) {
		const struct catalog_definition *d = &c->definitions[i];
		for (size_t k = 0; d->set && d->serving && k < schema_set_count(d->set); k++)
			if (schema_set_served(d->set, k)) c->resources[c->n_resources++] = schema_set_at(d->set, k);
	}
	qsort(c->resources + c->n_builtin, c->n_resources - c->n_builtin, sizeof(const struct schema_resource *), by_place);
	return 0;
}

int catalog_new(const struct store_snapshot *sn, const struct catalog *old, const char *server_address, struct catalog **ret) {
	struct catalog *c = calloc(1, sizeof(*c));
	if (!c) return -ENOMEM;
	c->refs = 1;
	int err = add_definitions(c, sn, old);
	if (!err) err = add_resources(c);
	if (!err && !(c->discovery = discovery_new(server_address, c))) err = -ENOMEM;
	if (err) catalog_unref(c);
	else *ret = c;
	return err;
}

/* ---- finding ---- */

const struct schema_resource *catalog_find(const struct catalog *c, struct slice group, struct slice version, struct slice resource) {
	const struct schema_resource *builtin = schema_find(group, version, resource);
	if (builtin) return builtin;
	for (size_t i = c->n_builtin; i < c->n_resources; i++) {
		const struct schema_resource *r = c->resources[i];
		if (slice_eqs(group, r->group) && slice_eqs(resource, r->resource) && (slice_empty(version) || slice_eqs(version, r->version))) return r;
	}
	return NULL;
}

const struct catalog_definition *catalog_definition_of(const struct catalog *c, const struct schema_resource *res) {
	for (size_t i = 0; i < c->n_definitions; i++) {
		const struct schema_resource *r = c->definitions[i].set ? schema_set_at(c->definitions[i].set, 0) : NULL;
		if (r && !strcmp(r->group, res->group) && !strcmp(r->resource, res->resource)) return &c->definitions[i];
	}
	return NULL;
}
