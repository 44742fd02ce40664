/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi/path.h"
#include "schema/openapi/name.h"
#include "schema/openapi/operation.h"

#include <stdio.h>

#define PATH_MAX_TEXT 2048
#define META "io.k8s.apimachinery.pkg.apis.meta.v1."

#define WRITE (PARAM(DRY_RUN) | PARAM(FIELD_MANAGER) | PARAM(FIELD_VALIDATION))
#define PATCH (WRITE | PARAM(FORCE))
#define LIST                                                                                                                     \
	(PARAM(ALLOW_WATCH_BOOKMARKS) | PARAM(CONTINUE) | PARAM(FIELD_SELECTOR) | PARAM(LABEL_SELECTOR) | PARAM(LIMIT) |          \
	 PARAM(RESOURCE_VERSION) | PARAM(RESOURCE_VERSION_MATCH) | PARAM(SEND_INITIAL_EVENTS) | PARAM(TIMEOUT_SECONDS) | PARAM(WATCH))
#define DELETE (PARAM(DRY_RUN) | PARAM(GRACE_PERIOD) | PARAM(IGNORE_STORE_ERROR) | PARAM(ORPHAN) | PARAM(PROPAGATION))
#define DELETE_COLLECTION ((LIST & ~(PARAM(ALLOW_WATCH_BOOKMARKS) | PARAM(WATCH))) | DELETE)
#define CREATED (CODE_200 | CODE_201 | CODE_202)
#define CHANGED (CODE_200 | CODE_201)

static const struct openapi_operation collection[] = {
	{ VERB_DELETECOLLECTION, "delete", "delete", "Collection", "", "deletecollection", DELETE_COLLECTION, BODY_DELETE, ANSWER_STATUS, CODE_200 },
	{ VERB_LIST, "get", "list", "", "", "list", LIST, BODY_NONE, ANSWER_LIST, CODE_200 },
	{ VERB_CREATE, "post", "create", "", "", "post", WRITE, BODY_OBJECT, ANSWER_OBJECT, CREATED },
};
static const struct openapi_operation item[] = {
	{ VERB_DELETE, "delete", "delete", "", "", "delete", DELETE, BODY_DELETE, ANSWER_DELETED, CODE_200 | CODE_202 },
	{ VERB_GET, "get", "read", "", "", "get", 0, BODY_NONE, ANSWER_OBJECT, CODE_200 },
	{ VERB_PATCH, "patch", "patch", "", "", "patch", PATCH, BODY_PATCH, ANSWER_OBJECT, CHANGED },
	{ VERB_CREATE, "post", "create", "", "", "post", WRITE, BODY_OBJECT, ANSWER_OBJECT, CREATED },
	{ VERB_UPDATE, "put", "replace", "", "", "put", WRITE, BODY_OBJECT, ANSWER_OBJECT, CHANGED },
};
static const struct openapi_operation everywhere[] = { { VERB_LIST, "get", "list", "", "ForAllNamespaces", "list", 0, BODY_NONE, ANSWER_LIST, CODE_200 } };
static const struct openapi_operation watch_everywhere[] = { { VERB_WATCH, "get", "watch", "", "ListForAllNamespaces", "watchlist", 0, BODY_NONE, ANSWER_EVENT, CODE_200 } };
static const struct openapi_operation watch_list[] = { { VERB_WATCH, "get", "watch", "", "List", "watchlist", 0, BODY_NONE, ANSWER_EVENT, CODE_200 } };
static const struct openapi_operation watch_one[] = { { VERB_WATCH, "get", "watch", "", "", "watch", 0, BODY_NONE, ANSWER_EVENT, CODE_200 } };
static const struct openapi_operation log_read[] = { { VERB_GET, "get", "read", "", "", "get", 0, BODY_NONE, ANSWER_LOG, CODE_200 } };

#define CONNECT(verb, method, word, suffix) { verb, method, "connect", word, suffix, "connect", 0, BODY_NONE, ANSWER_TEXT, CODE_200 }
#define CONNECTS(suffix)                                                                                                         \
	CONNECT(VERB_DELETE, "delete", "Delete", suffix), CONNECT(VERB_GET, "get", "Get", suffix), CONNECT(VERB_DELETE, "head", "Head", suffix), \
		CONNECT(VERB_DELETE, "options", "Options", suffix), CONNECT(VERB_PATCH, "patch", "Patch", suffix),               \
		CONNECT(VERB_CREATE, "post", "Post", suffix), CONNECT(VERB_UPDATE, "put", "Put", suffix)
/* A proxy takes every method, which its DELETE tells from the other streams. */
static const struct openapi_operation connect[] = { CONNECTS("") };
static const struct openapi_operation connect_path[] = { CONNECTS("WithPath") };

struct path {
	const char *text;
	const struct openapi_operation *ops;
	size_t n_ops;
	unsigned params;
	const struct schema_type *options;
};

static void put_path(const struct openapi_writer *w, const struct path *p, const struct openapi_subject *s) {
	unsigned verbs = 0;
	for (size_t i = 0; i < p->n_ops; i++) verbs |= p->ops[i].verb & s->verbs;
	if (!verbs) return;
	openapi_sep(w);
	buf_printf(w->b, "\"%s\":{", p->text);
	for (size_t i = 0; i < p->n_ops; i++)
		if (p->ops[i].verb & s->verbs) openapi_operation(w, &p->ops[i], s);
	buf_puts(w->b, ",\"parameters\":[");
	openapi_parameters(w, p->params | (s->namespaced ? PARAM(NAMESPACE) : 0));
	openapi_option_parameters(w, p->options);
	buf_puts(w->b, "]}");
}

/* "/apis/apps/v1/" and what comes before a namespace. */
static void root_of(char out[PATH_MAX_TEXT], const struct schema_resource *r, const char *watch) {
	snprintf(out, PATH_MAX_TEXT, r->group[0] ? "/apis/%s/%s/%s" : "/api%s/%s/%s", r->group, r->version, watch);
}

static const char *namespace_of(const struct schema_resource *r) { return r->namespaced ? "namespaces/{namespace}/" : ""; }

#define PATH(text, ops, params, options) &(const struct path){ text, ops, ELEMENTSOF(ops), params, options }

static void put_main(const struct openapi_writer *w, const struct schema_resource *r, const struct openapi_subject *s) {
	char root[PATH_MAX_TEXT], path[PATH_MAX_TEXT * 2];
	root_of(root, r, "");
	snprintf(path, sizeof(path), "%s%s%s", root, namespace_of(r), r->resource);
	put_path(w, PATH(path, collection, PARAM(PRETTY), NULL), s);
	snprintf(path, sizeof(path), "%s%s%s/{name}", root, namespace_of(r), r->resource);
	struct openapi_subject one = *s;
	one.verbs &= ~VERB_CREATE;
	put_path(w, PATH(path, item, PARAM(NAME) | PARAM(PRETTY), NULL), &one);
	if (!r->namespaced) return;
	struct openapi_subject all = *s;
	all.namespaced = false;
	snprintf(path, sizeof(path), "%s%s", root, r->resource);
	put_path(w, PATH(path, everywhere, LIST | PARAM(PRETTY), NULL), &all);
}

/* The old paths of watches; custom resources have them, but do not publish them. */
static void put_watches(const struct openapi_writer *w, const struct schema_resource *r, const struct openapi_subject *s) {
	char root[PATH_MAX_TEXT], path[PATH_MAX_TEXT * 2];
	if (r->is_custom) return;
	root_of(root, r, "watch/");
	snprintf(path, sizeof(path), "%s%s%s", root, namespace_of(r), r->resource);
	put_path(w, PATH(path, watch_list, LIST | PARAM(PRETTY), NULL), s);
	snprintf(path, sizeof(path), "%s%s%s/{name}", root, namespace_of(r), r->resource);
	put_path(w, PATH(path, watch_one, LIST | PARAM(NAME) | PARAM(PRETTY), NULL), s);
	if (!r->namespaced) return;
	struct openapi_subject all = *s;
	all.namespaced = false;
	snprintf(path, sizeof(path), "%s%s", root, r->resource);
	put_path(w, PATH(path, watch_everywhere, LIST | PARAM(PRETTY), NULL), &all);
}

static const struct schema_type *options_of(const struct schema_resource *r, const struct schema_subresource *sub, const char *noun) {
	char kind[OPENAPI_NAME_MAX + sizeof("Options")];
	if (sub->kind && strcmp(sub->kind, r->kind) != 0) return schema_type_of_kind(slice_str(r->group), slice_str(r->version), slice_str(sub->kind));
	snprintf(kind, sizeof(kind), "%sOptions", noun);
	return schema_type_of_kind(slice_str(r->group), slice_str(r->version), slice_str(kind));
}

static void put_stream(const struct openapi_writer *w, const char *path, const struct schema_type *options, const struct openapi_subject *s, bool is_log) {
	char below[PATH_MAX_TEXT * 3];
	if (is_log) {
		put_path(w, PATH(path, log_read, PARAM(NAME) | PARAM(PRETTY), options), s);
		return;
	}
	put_path(w, PATH(path, connect, PARAM(NAME), options), s);
	if (!(s->verbs & VERB_DELETE)) return;
	snprintf(below, sizeof(below), "%s/{path}", path);
	put_path(w, PATH(below, connect_path, PARAM(NAME) | PARAM(PATH), options), s);
}

static void put_subresource(const struct openapi_writer *w, const struct schema_resource *r, const struct schema_subresource *sub, const struct openapi_subject *parent) {
	char root[PATH_MAX_TEXT], path[PATH_MAX_TEXT * 2], noun[OPENAPI_NAME_MAX];
	snprintf(noun, sizeof(noun), "%s%c%s", r->kind, sub->name[0] - 'a' + 'A', sub->name + 1);
	struct openapi_subject s = *parent;
	s.noun = noun;
	s.verbs = sub->verbs;
	if (sub->group) s.group = sub->group;
	if (sub->version) s.version = sub->version;
	if (sub->kind) s.kind = sub->kind;
	if (sub->type && sub->type->key) s.object = sub->type->key;
	root_of(root, r, "");
	snprintf(path, sizeof(path), "%s%s%s/{name}/%s", root, namespace_of(r), r->resource, sub->name);
	if (sub->type) put_path(w, PATH(path, item, PARAM(NAME) | PARAM(PRETTY), NULL), &s);
	else put_stream(w, path, options_of(r, sub, noun), &s, strcmp(s.kind, r->kind) == 0);
}

void openapi_paths(const struct openapi_writer *w, const struct schema_resource *r) {
	char words[OPENAPI_NAME_MAX], version[OPENAPI_NAME_MAX], tag[OPENAPI_NAME_MAX], object[OPENAPI_NAME_MAX], list[OPENAPI_NAME_MAX], all[OPENAPI_NAME_MAX * 2], tagged[OPENAPI_NAME_MAX * 2];
	openapi_words(words, r->group, true);
	openapi_words(version, r->version, true);
	openapi_words(tag, r->group, false);
	snprintf(all, sizeof(all), "%s%s", words, version);
	snprintf(tagged, sizeof(tagged), "%s_%s", tag, r->version);
	const struct schema_type *lists = schema_type_of_kind(slice_str(r->group), slice_str(r->version), slice_str(r->list_kind ? r->list_kind : ""));
	if (r->is_custom) openapi_custom_name(object, r->group, r->version, r->kind);
	if (r->is_custom) openapi_custom_name(list, r->group, r->version, r->list_kind);
	struct openapi_subject s = {
		.group = r->group, .version = r->version, .kind = r->kind, .words = all, .tag = tagged, .noun = r->kind,
		.object = r->is_custom ? object : r->type->key, .list = r->is_custom ? list : lists ? lists->key : NULL,
		.namespaced = r->namespaced, .custom = r->is_custom, .deleted_returned = r->strategy && r->strategy->delete_returns_object, .verbs = r->verbs,
	};
	put_main(w, r, &s);
	for (size_t i = 0; i < r->n_subresources; i++) put_subresource(w, r, &r->subresources[i], &s);
	put_watches(w, r, &s);
}

/* ---- paths without resources ---- */

static const char *const negotiated[] = { "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", NULL };
static const char *const json[] = { "application/json", NULL };
static const char *const keys[] = { "application/jwk-set+json", NULL };

static const struct openapi_plain plains[] = {
	{ ".well-known/openid-configuration", "getServiceAccountIssuerOpenIDConfiguration", "WellKnown", json, NULL },
	{ "api", "getCoreAPIVersions", "core", negotiated, META "APIVersions" },
	{ "apis", "getAPIVersions", "apis", negotiated, META "APIGroupList" },
	{ "openid/v1/jwks", "getServiceAccountIssuerOpenIDKeyset", "openid", keys, NULL },
	{ "version", "getCodeVersion", "version", json, "io.k8s.apimachinery.pkg.version.Info" },
};

size_t openapi_plain_count(void) { return ELEMENTSOF(plains); }
const struct openapi_plain *openapi_plain_at(size_t i) { return &plains[i]; }

void openapi_plain_path(const struct openapi_writer *w, const struct openapi_plain *p) {
	openapi_sep(w);
	buf_printf(w->b, "\"/%s/\":{", p->name);
	openapi_plain_operation(w, p->id, p->tag, p->types, p->definition);
	buf_putc(w->b, '}');
}

void openapi_group_path(const struct openapi_writer *w, const char *group) {
	char words[OPENAPI_NAME_MAX], tag[OPENAPI_NAME_MAX], id[OPENAPI_NAME_MAX * 2];
	openapi_words(words, group, true);
	openapi_words(tag, group, false);
	snprintf(id, sizeof(id), "get%sAPIGroup", words);
	openapi_sep(w);
	buf_printf(w->b, "\"/apis/%s/\":{", group);
	openapi_plain_operation(w, id, tag, negotiated, META "APIGroup");
	buf_putc(w->b, '}');
}

void openapi_version_path(const struct openapi_writer *w, const char *group, const char *version) {
	char words[OPENAPI_NAME_MAX], tag[OPENAPI_NAME_MAX], v[OPENAPI_NAME_MAX], id[OPENAPI_NAME_MAX * 3], tagged[OPENAPI_NAME_MAX * 2];
	openapi_words(words, group, true);
	openapi_words(tag, group, false);
	openapi_words(v, version, true);
	snprintf(id, sizeof(id), "get%s%sAPIResources", words, v);
	snprintf(tagged, sizeof(tagged), "%s_%s", tag, version);
	openapi_sep(w);
	buf_printf(w->b, group[0] ? "\"/apis/%s/%s/\":{" : "\"/api%s/%s/\":{", group, version);
	openapi_plain_operation(w, id, tagged, negotiated, META "APIResourceList");
	buf_putc(w->b, '}');
}
