/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/mapper.h"
#include "ctl/session.h"
#include "ctl/tree.h"

#include <errno.h>
#include <strings.h>

#define AGGREGATED                                                                                                               \
	"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"                                                  \
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

static struct resource *add(struct ctl *c, struct mapper *m) {
	if (m->n == MAPPER_RESOURCES_MAX) return NULL;
	if (m->n == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 128;
		m->v = ctl_must(arena_realloc(c->a, m->v, m->cap * sizeof(*m->v), cap * sizeof(*m->v)));
		m->cap = cap;
	}
	m->v[m->n] = (struct resource){ 0 };
	return &m->v[m->n++];
}

static void take_strings(struct ctl *c, const yyjson_mut_val *list, struct strings *ret) {
	yyjson_mut_val *v;
	json_each(list, v) strings_add(c, ret, text_of(v));
}

static bool served_before(const struct mapper *m, const char *group, const char *name) {
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->v[i].group, group) && !strcmp(m->v[i].name, name)) return true;
	return false;
}

static const char *or_lower_kind(struct ctl *c, const char *singular, const char *kind) {
	return *singular ? singular : ctl_lower(c, slice_str(kind));
}

/* ---- aggregated ---- */

static void take_resource(struct ctl *c, const char *group, const char *version, const yyjson_mut_val *v) {
	yyjson_mut_val *sub;
	const char *name = text_at(v, "resource");
	bool before = served_before(c->mapper, group, name);
	struct resource *r = add(c, c->mapper);
	if (!r) return;
	*r = (struct resource){ .group = group, .version = version, .name = name, .kind = text_at(v, "responseKind.kind"),
				 .namespaced = slice_eqs(json_path_str(v, "scope"), "Namespaced"), .preferred = !before };
	r->singular = or_lower_kind(c, text_at(v, "singularResource"), r->kind);
	take_strings(c, json_get(v, "verbs"), &r->verbs);
	take_strings(c, json_get(v, "shortNames"), &r->shorts);
	take_strings(c, json_get(v, "categories"), &r->categories);
	json_each(json_get(v, "subresources"), sub) strings_add(c, &r->subresources, text_at(sub, "subresource"));
}

static void take_groups(struct ctl *c, const yyjson_mut_val *root) {
	yyjson_mut_val *group, *version, *v;
	json_each(json_get(root, "items"), group) {
		const char *name = text_at(group, "metadata.name");
		json_each(json_get(group, "versions"), version) {
			const char *ver = text_at(version, "version");
			if (slice_eqs(json_path_str(version, "freshness"), "Stale") && !json_size(json_get(version, "resources"))) {
				strings_add(c, &c->mapper->failed, api_version_join(c, name, ver));
				continue;
			}
			strings_add(c, &c->mapper->group_versions, api_version_join(c, name, ver));
			json_each(json_get(version, "resources"), v) take_resource(c, name, ver, v);
		}
	}
}

/* ---- group by group ---- */

static struct resource *parent_resource(struct mapper *m, const char *group, const char *version, struct slice name) {
	for (size_t i = m->n; i-- > 0;)
		if (!strcmp(m->v[i].group, group) && !strcmp(m->v[i].version, version) && slice_eqs(name, m->v[i].name)) return &m->v[i];
	return NULL;
}

static void take_plain(struct ctl *c, const char *group, const char *version, const yyjson_mut_val *v) {
	struct slice rest = json_path_str(v, "name"), name = slice_cut(&rest, '/');
	if (rest.p) {
		struct resource *parent = parent_resource(c->mapper, group, version, name);
		if (parent) strings_add(c, &parent->subresources, ctl_text(c, rest));
		return;
	}
	bool before = served_before(c->mapper, group, text_at(v, "name"));
	struct resource *r = add(c, c->mapper);
	if (!r) return;
	*r = (struct resource){ .group = group, .version = version, .name = text_at(v, "name"), .kind = text_at(v, "kind"),
				 .namespaced = json_path_bool(v, "namespaced", false), .preferred = !before };
	r->singular = or_lower_kind(c, text_at(v, "singularName"), r->kind);
	take_strings(c, json_get(v, "verbs"), &r->verbs);
	take_strings(c, json_get(v, "shortNames"), &r->shorts);
	take_strings(c, json_get(v, "categories"), &r->categories);
}

static void load_version(struct ctl *c, const char *group, const char *version) {
	struct k8c_reply *reply;
	yyjson_mut_doc *doc;
	yyjson_mut_val *v;
	const char *msg;
	const char *path = *group ? ctl_printf(c, "/apis/%s/%s", group, version) : ctl_printf(c, "/api/%s", version);
	if (session_try(c, &(struct call){ .path = path }, &reply) || tree_parse(c, slice_of(reply->response.body), &doc, &msg) < 0) {
		strings_add(c, &c->mapper->failed, api_version_join(c, group, version));
		return;
	}
	strings_add(c, &c->mapper->group_versions, api_version_join(c, group, version));
	json_each(json_get(doc->root, "resources"), v) take_plain(c, group, version, v);
}

static void load_group(struct ctl *c, const yyjson_mut_val *group) {
	yyjson_mut_val *v;
	const char *preferred = text_at(group, "preferredVersion.version");
	load_version(c, text_at(group, "name"), preferred);
	json_each(json_get(group, "versions"), v) {
		if (strcmp(text_at(v, "version"), preferred) != 0) load_version(c, text_at(group, "name"), text_at(v, "version"));
	}
}

static int load_root(struct ctl *c, const char *path) {
	yyjson_mut_doc *doc;
	yyjson_mut_val *v;
	if (session_json(c, &(struct call){ .path = path, .accept = AGGREGATED }, &doc)) return 1;
	if (slice_eqs(json_path_str(doc->root, "kind"), "APIGroupDiscoveryList")) {
		take_groups(c, doc->root);
		return 0;
	}
	json_each(json_get(doc->root, "groups"), v) load_group(c, v);
	if (slice_eqs(json_path_str(doc->root, "kind"), "APIVersions"))
		json_each(json_get(doc->root, "versions"), v) load_version(c, "", text_of(v));
	return 0;
}

int mapper_load(struct ctl *c) {
	if (c->mapper) return 0;
	/* Told once. */
	if (c->mapper_broken) return 1;
	c->mapper = ctl_array(c, 1, sizeof(*c->mapper));
	if (load_root(c, "/api") == 0 && load_root(c, "/apis") == 0) return 0;
	c->mapper = NULL;
	c->mapper_broken = true;
	return 1;
}

/* ---- questions ---- */

bool resource_can(const struct resource *r, const char *verb) { return strings_has(&r->verbs, verb); }

static bool named(const struct resource *r, const char *name) {
	return !strcmp(r->name, name) || !strcmp(r->singular, name) || !strcasecmp(r->kind, name);
}

enum { MATCH_NAME, MATCH_SHORT };

/* `version` NULL: any, preferred first. Groups match whole before they match as a prefix. */
static const struct resource *look(const struct mapper *m, int how, const char *name, const char *version, const char *group,
				   bool prefix) {
	for (size_t i = 0; i < m->n; i++) {
		const struct resource *r = &m->v[i];
		if (how == MATCH_NAME ? !named(r, name) : !strings_has(&r->shorts, name)) continue;
		if (version ? strcmp(r->version, version) != 0 : !r->preferred) continue;
		if (group && (prefix ? strncmp(r->group, group, strlen(group)) : strcmp(r->group, group)) != 0) continue;
		return r;
	}
	return NULL;
}

static const struct resource *look_all(const struct mapper *m, const char *name, const char *version, const char *group) {
	for (int prefix = 0; prefix <= (group != NULL); prefix++)
		for (int how = MATCH_NAME; how <= MATCH_SHORT; how++) {
			const struct resource *r = look(m, how, name, version, group, prefix);
			if (r) return r;
		}
	return NULL;
}

const struct resource *mapper_find(struct ctl *c, const char *arg) {
	const char *low = ctl_lower(c, slice_str(arg));
	struct slice rest = slice_str(low), name = slice_cut(&rest, '.');
	const struct resource *r = NULL;
	if (mapper_load(c)) return NULL;
	if (!rest.p) return look_all(c->mapper, low, NULL, NULL);
	struct slice tail = rest, version = slice_cut(&tail, '.');
	const char *n = ctl_text(c, name);
	if (tail.p) r = look_all(c->mapper, n, ctl_text(c, version), tail.n ? ctl_text(c, tail) : "");
	return r ? r : look_all(c->mapper, n, NULL, ctl_text(c, rest));
}

const struct resource *mapper_resource(struct ctl *c, const char *arg) {
	size_t faults = c->faults.n;
	const struct resource *r = mapper_find(c, arg);
	if (r) return r;
	if (c->faults.n == faults && !c->mapper_broken) {
		struct slice rest = slice_str(arg), name = slice_cut(&rest, '.');
		(void)ctl_fail(c, "the server doesn't have a resource type \"%.*s\"", SLICE_FMT(name));
	}
	return NULL;
}

const struct resource *mapper_kind(struct ctl *c, const char *group, const char *version, const char *kind) {
	for (size_t i = 0; i < c->mapper->n; i++) {
		const struct resource *r = &c->mapper->v[i];
		if (!strcmp(r->group, group) && !strcmp(r->kind, kind) && (*version ? !strcmp(r->version, version) : r->preferred)) return r;
	}
	return NULL;
}

size_t mapper_category(struct ctl *c, const char *name, const struct resource ***ret) {
	size_t n = 0;
	if (mapper_load(c)) return 0;
	const struct resource **v = ctl_array(c, c->mapper->n, sizeof(const struct resource *));
	for (size_t i = 0; i < c->mapper->n; i++)
		if (c->mapper->v[i].preferred && strings_has(&c->mapper->v[i].categories, name)) v[n++] = &c->mapper->v[i];
	*ret = v;
	return n;
}

const char *resource_qualified(struct ctl *c, const struct resource *r) {
	return *r->group ? ctl_printf(c, "%s.%s", r->name, r->group) : r->name;
}

const char *resource_kind_name(struct ctl *c, const struct resource *r) {
	const char *kind = ctl_lower(c, slice_str(r->kind));
	return *r->group ? ctl_printf(c, "%s.%s", kind, r->group) : kind;
}

void api_version_split(struct ctl *c, const char *api_version, const char **ret_group, const char **ret_version) {
	const char *slash = strchr(api_version, '/');
	*ret_group = slash ? ctl_text(c, slice_make(api_version, (size_t)(slash - api_version))) : "";
	*ret_version = slash ? slash + 1 : api_version;
}

const char *api_version_join(struct ctl *c, const char *group, const char *version) {
	return *group ? ctl_printf(c, "%s/%s", group, version) : version;
}

const char *resource_path(struct ctl *c, const struct resource *r, const char *ns, const char *name, const char *sub) {
	struct k8c_target t = { .group = r->group, .version = r->version, .resource = r->name, .name = name, .subresource = sub,
				 .ns = r->namespaced && ns && *ns ? ns : NULL };
	_cleanup_free_ char *path = ctl_must(k8c_target_path(&t));
	return ctl_printf(c, "%s", path);
}
