/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi/path.h"

#include <stdio.h>

#define PATH_MAX_TEXT 512

/* One operation: method, what Kubernetes calls it, its query parameters, whether it has a body. */
struct operation {
	unsigned verb;
	const char *method, *action, *id;
	const char *const *params;
	const char *body;           /* media types of the body, NULL: none */
};

#define DRY_RUN "dryRun"
static const char *const none[] = { NULL };
static const char *const list_params[] = { "allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "resourceVersionMatch",
					   "sendInitialEvents", "timeoutSeconds", "watch", NULL };
static const char *const write_params[] = { DRY_RUN, "fieldManager", "fieldValidation", NULL };
static const char *const patch_params[] = { DRY_RUN, "fieldManager", "fieldValidation", "force", NULL };
static const char *const delete_params[] = { DRY_RUN, "gracePeriodSeconds", "ignoreStoreReadErrorWithClusterBreakingPotential", "orphanDependents", "propagationPolicy", NULL };
static const char *const collection_params[] = { "continue", DRY_RUN, "fieldSelector", "gracePeriodSeconds", "labelSelector", "limit", "orphanDependents", "propagationPolicy",
						 "resourceVersion", "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", NULL };

#define ANY_BODY "\"*/*\":{\"schema\":%s}"
#define PATCH_BODY "\"application/apply-patch+yaml\":{\"schema\":{\"type\":\"object\"}},\"application/json-patch+json\":{\"schema\":{\"type\":\"object\"}}," \
		   "\"application/merge-patch+json\":{\"schema\":{\"type\":\"object\"}},\"application/strategic-merge-patch+json\":{\"schema\":{\"type\":\"object\"}}"

static const struct operation collection[] = {
	{ VERB_DELETECOLLECTION, "delete", "deletecollection", "deleteCollection", collection_params, NULL },
	{ VERB_LIST, "get", "list", "list", list_params, NULL },
	{ VERB_CREATE, "post", "post", "create", write_params, ANY_BODY },
};
static const struct operation item[] = {
	{ VERB_DELETE, "delete", "delete", "delete", delete_params, NULL },
	{ VERB_GET, "get", "get", "read", none, NULL },
	{ VERB_PATCH, "patch", "patch", "patch", patch_params, PATCH_BODY },
	{ VERB_UPDATE, "put", "put", "replace", write_params, ANY_BODY },
};
/* A subresource is created at its own path, not in a collection. */
static const struct operation below[] = {
	{ VERB_DELETE, "delete", "delete", "delete", delete_params, NULL },
	{ VERB_GET, "get", "get", "read", none, NULL },
	{ VERB_PATCH, "patch", "patch", "patch", patch_params, PATCH_BODY },
	{ VERB_CREATE, "post", "post", "create", write_params, ANY_BODY },
	{ VERB_UPDATE, "put", "put", "replace", write_params, ANY_BODY },
};

struct subject {
	const char *group, *version, *kind;
	const struct schema_type *type;
	const char *name;           /* of operation ids: the kind, and the subresource's name */
	bool namespaced;
	unsigned verbs;
};

static void put_param(struct buf *b, const char *name, const char *in, bool required) {
	bool number = strcmp(name, "limit") == 0 || strcmp(name, "timeoutSeconds") == 0 || strcmp(name, "gracePeriodSeconds") == 0;
	bool boolean = strcmp(name, "watch") == 0 || strcmp(name, "force") == 0 || strcmp(name, "allowWatchBookmarks") == 0 ||
		       strcmp(name, "sendInitialEvents") == 0 || strcmp(name, "orphanDependents") == 0;
	buf_printf(b, "{\"name\":\"%s\",\"in\":\"%s\"%s,\"schema\":{\"type\":\"%s\",\"uniqueItems\":true}}", name, in, required ? ",\"required\":true" : "",
		   number ? "integer" : boolean ? "boolean" : "string");
}

static void put_schema(struct buf *b, const struct schema_type *t) {
	if (t && t->key) buf_printf(b, "{\"$ref\":\"#/components/schemas/%s\"}", t->key);
	else buf_puts(b, "{\"type\":\"string\"}");
}

static void put_body(struct buf *b, const struct operation *o, const struct subject *s) {
	if (!o->body) return;
	buf_puts(b, ",\"requestBody\":{\"content\":{");
	if (o->verb == VERB_PATCH) {
		buf_puts(b, PATCH_BODY);
	} else {
		buf_puts(b, "\"*/*\":{\"schema\":");
		put_schema(b, s->type);
		buf_putc(b, '}');
	}
	buf_puts(b, "},\"required\":true}");
}

static void put_operation(struct buf *b, const struct operation *o, const struct subject *s) {
	buf_printf(b, "\"%s\":{\"operationId\":\"%s%s%s%s\",\"parameters\":[", o->method, o->id, s->namespaced ? "Namespaced" : "", s->name, s->group[0] ? s->group : "CoreV1");
	for (size_t i = 0; o->params[i]; i++) {
		if (i) buf_putc(b, ',');
		put_param(b, o->params[i], "query", false);
	}
	buf_putc(b, ']');
	put_body(b, o, s);
	buf_printf(b, ",\"responses\":{\"%s\":{\"description\":\"OK\",\"content\":{\"application/json\":{\"schema\":", o->verb == VERB_CREATE ? "201" : "200");
	put_schema(b, s->type);
	buf_printf(b, "}}},\"401\":{\"description\":\"Unauthorized\"}},\"x-kubernetes-action\":\"%s\",\"x-kubernetes-group-version-kind\":"
		      "{\"group\":\"%s\",\"version\":\"%s\",\"kind\":\"%s\"}}", o->action, s->group, s->version, s->kind);
}

static void put_path(struct buf *b, const char *path, const struct operation *ops, size_t n, const struct subject *s, bool named, bool *first) {
	unsigned any = 0;
	for (size_t i = 0; i < n; i++) any |= ops[i].verb & s->verbs;
	if (!any) return;
	buf_printf(b, "%s\"%s\":{", *first ? "" : ",", path);
	*first = false;
	for (size_t i = 0; i < n; i++) {
		if (!(ops[i].verb & s->verbs)) continue;
		put_operation(b, &ops[i], s);
		buf_putc(b, ',');
	}
	buf_puts(b, "\"parameters\":[");
	if (named) put_param(b, "name", "path", true);
	if (s->namespaced) {
		if (named) buf_putc(b, ',');
		put_param(b, "namespace", "path", true);
	}
	buf_puts(b, "]}");
}

void openapi_paths(struct buf *b, const struct schema_resource *r, bool first) {
	char base[PATH_MAX_TEXT], path[PATH_MAX_TEXT * 2], name[PATH_MAX_TEXT];
	struct subject s = { r->group, r->version, r->kind, r->type, r->kind, r->namespaced, r->verbs };
	snprintf(base, sizeof(base), r->group[0] ? "/apis/%s/%s%s/%s" : "/api%s/%s%s/%s", r->group, r->version, r->namespaced ? "/namespaces/{namespace}" : "", r->resource);
	put_path(b, base, collection, ELEMENTSOF(collection), &s, false, &first);
	snprintf(path, sizeof(path), "%s/{name}", base);
	put_path(b, path, item, ELEMENTSOF(item), &s, true, &first);
	for (size_t i = 0; i < r->n_subresources; i++) {
		const struct schema_subresource *sub = &r->subresources[i];
		snprintf(name, sizeof(name), "%s%s", r->kind, sub->name);
		struct subject t = { sub->group ? sub->group : r->group, sub->version ? sub->version : r->version, sub->kind, sub->type, name, r->namespaced, sub->verbs };
		snprintf(path, sizeof(path), "%s/{name}/%s", base, sub->name);
		put_path(b, path, below, ELEMENTSOF(below), &t, true, &first);
	}
	if (r->namespaced && (r->verbs & VERB_LIST)) {
		struct subject all = { r->group, r->version, r->kind, r->type, name, false, VERB_LIST };
		snprintf(name, sizeof(name), "%sForAllNamespaces", r->kind);
		snprintf(path, sizeof(path), r->group[0] ? "/apis/%s/%s/%s" : "/api%s/%s/%s", r->group, r->version, r->resource);
		put_path(b, path, collection, ELEMENTSOF(collection), &all, false, &first);
	}
}
