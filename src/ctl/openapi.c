/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/openapi.h"
#include "ctl/session.h"
#include "ctl/tree.h"

#define GVK "x-kubernetes-group-version-kind"
#define SCHEMAS "#/components/schemas/"

/* Documents of this run; a command needs few. */
struct openapi_cache {
	const char *key;
	const yyjson_mut_val *document;
	struct openapi_cache *next;
};

static const char *find_url(struct ctl *c, const char *key) {
	struct k8c_reply *reply;
	yyjson_mut_doc *doc;
	const char *msg;
	if (session_try(c, &(struct call){ .path = "/openapi/v3" }, &reply)) return NULL;
	if (tree_parse(c, slice_of(reply->response.body), &doc, &msg) < 0) return NULL;
	return ctl_printf(c, "%s", text_at(json_get(json_get(doc->root, "paths"), key), "serverRelativeURL"));
}

static const yyjson_mut_val *load(struct ctl *c, const char *key) {
	struct k8c_reply *reply;
	yyjson_mut_doc *doc;
	const char *url = find_url(c, key), *msg;
	if (!url || !*url) return NULL;
	struct slice rest = slice_str(url), path = slice_cut(&rest, '?');
	struct call call = { .path = ctl_text(c, path), .query = rest.p ? ctl_text(c, rest) : NULL };
	if (session_try(c, &call, &reply) || tree_parse(c, slice_of(reply->response.body), &doc, &msg) < 0) return NULL;
	return doc->root;
}

int openapi_document(struct ctl *c, const char *group, const char *version, const yyjson_mut_val **ret) {
	const char *key = *group ? ctl_printf(c, "apis/%s/%s", group, version) : ctl_printf(c, "api/%s", version);
	struct openapi_cache *e = c->openapi;
	while (e && strcmp(e->key, key) != 0) e = e->next;
	if (!e) {
		e = ctl_array(c, 1, sizeof(*e));
		*e = (struct openapi_cache){ key, load(c, key), c->openapi };
		c->openapi = e;
	}
	if (!e->document) return 1;
	*ret = e->document;
	return 0;
}

static bool same_kind(const yyjson_mut_val *gvk, const char *group, const char *version, const char *kind) {
	return gvk && !strcmp(text_at(gvk, "group"), group) && !strcmp(text_at(gvk, "version"), version) && !strcmp(text_at(gvk, "kind"), kind);
}

const yyjson_mut_val *openapi_kind(const yyjson_mut_val *document, const char *group, const char *version, const char *kind) {
	yyjson_mut_val *name, *schema, *gvk;
	size_t i, n;
	yyjson_mut_obj_foreach(json_path(document, "components.schemas"), i, n, name, schema) {
		json_each(json_get(schema, GVK), gvk) if (same_kind(gvk, group, version, kind)) return schema;
	}
	return NULL;
}

static const yyjson_mut_val *step(const yyjson_mut_val *document, const yyjson_mut_val *schema, const char **ret_ref) {
	const yyjson_mut_val *all = json_get(schema, "allOf");
	const char *ref = text_at(schema, "$ref");
	if (json_size(all)) return json_first(all);
	if (strncmp(ref, SCHEMAS, strlen(SCHEMAS)) != 0) return schema;
	*ret_ref = ref + strlen(SCHEMAS);
	return json_get(json_path(document, "components.schemas"), *ret_ref);
}

const yyjson_mut_val *openapi_follow(const yyjson_mut_val *document, const yyjson_mut_val *schema, const char **ret_ref) {
	*ret_ref = "";
	for (unsigned i = 0; schema && i < OPENAPI_REFS_MAX; i++) {
		const yyjson_mut_val *next = step(document, schema, ret_ref);
		if (next == schema) return schema;
		schema = next;
	}
	return NULL;
}

const yyjson_mut_val *openapi_resolve(const yyjson_mut_val *document, const yyjson_mut_val *schema) {
	const char *ref;
	return openapi_follow(document, schema, &ref);
}

bool openapi_strategic(const yyjson_mut_val *document, const char *group, const char *version, const char *kind) {
	yyjson_mut_val *path, *item;
	size_t i, n;
	yyjson_mut_obj_foreach(json_get(document, "paths"), i, n, path, item) {
		const yyjson_mut_val *patch = json_get(item, "patch");
		if (!same_kind(json_get(patch, GVK), group, version, kind)) continue;
		return json_get(json_path(patch, "requestBody.content"), "application/strategic-merge-patch+json") != NULL;
	}
	return false;
}
