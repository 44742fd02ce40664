/* SPDX-License-Identifier: Apache-2.0 */
#include "api/discovery_doc.h"

#include "codec/json.h"
#include "schema/schema.h"

static const struct { unsigned bit; const char *name; } verbs[] = {
	{ VERB_CREATE, "create" }, { VERB_DELETE, "delete" }, { VERB_DELETECOLLECTION, "deletecollection" }, { VERB_GET, "get" },
	{ VERB_LIST, "list" }, { VERB_PATCH, "patch" }, { VERB_UPDATE, "update" }, { VERB_WATCH, "watch" },
};

/* ---- the order of groups and versions is that of the tables ---- */

bool discovery_group_at(const struct catalog *c, size_t want, const char **ret) {
	for (size_t i = 0; i < c->n_resources; i++) {
		const char *g = c->resources[i]->group;
		bool first = true;
		for (size_t k = 0; k < i && first; k++) first = strcmp(c->resources[k]->group, g) != 0;
		if (!first || want--) continue;
		*ret = g;
		return true;
	}
	return false;
}

bool discovery_version_at(const struct catalog *c, const char *group, size_t want, const char **ret) {
	for (size_t i = 0; i < c->n_resources; i++) {
		const struct schema_resource *r = c->resources[i];
		bool first = !strcmp(r->group, group);
		for (size_t k = 0; k < i && first; k++)
			first = strcmp(c->resources[k]->group, group) != 0 || strcmp(c->resources[k]->version, r->version) != 0;
		if (!first || want--) continue;
		*ret = r->version;
		return true;
	}
	return false;
}

/* ---- legacy ---- */

void discovery_put_api(struct buf *b, const char *server_address) {
	buf_puts(b, "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"],\"serverAddressByClientCIDRs\":[{\"clientCIDR\":\"0.0.0.0/0\",\"serverAddress\":");
	json_write_string(b, slice_str(server_address));
	buf_puts(b, "}]}");
}

static void put_version(struct buf *b, const char *group, const char *version) {
	buf_printf(b, "{\"groupVersion\":\"%s/%s\",\"version\":\"%s\"}", group, version, version);
}

static void put_group_body(const struct catalog *c, struct buf *b, const char *group) {
	const char *v, *preferred = "";
	buf_printf(b, "\"name\":\"%s\",\"versions\":[", group);
	(void)discovery_version_at(c, group, 0, &preferred);
	for (size_t i = 0; discovery_version_at(c, group, i, &v); i++) {
		if (i) buf_putc(b, ',');
		put_version(b, group, v);
	}
	buf_puts(b, "],\"preferredVersion\":");
	put_version(b, group, preferred);
	buf_putc(b, '}');
}

void discovery_put_groups(const struct catalog *c, struct buf *b) {
	const char *g;
	buf_puts(b, "{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[");
	for (size_t i = 1; discovery_group_at(c, i, &g); i++) {
		buf_puts(b, i > 1 ? ",{" : "{");
		put_group_body(c, b, g);
	}
	buf_puts(b, "]}");
}

void discovery_put_group(const struct catalog *c, struct buf *b, const char *group) {
	buf_puts(b, "{\"kind\":\"APIGroup\",\"apiVersion\":\"v1\",");
	put_group_body(c, b, group);
}

static void put_verb(struct buf *b, bool *first, const char *name) {
	buf_printf(b, "%s\"%s\"", *first ? "" : ",", name);
	*first = false;
}

/* Custom resources have their verbs in an order of their own: "create" comes late. */
static void put_verbs(struct buf *b, unsigned bits, bool custom) {
	bool first = true;
	buf_puts(b, "\"verbs\":[");
	for (size_t i = custom; i < ELEMENTSOF(verbs); i++) {
		if (custom && verbs[i].bit == VERB_UPDATE && (bits & VERB_CREATE)) put_verb(b, &first, verbs[0].name);
		if (bits & verbs[i].bit) put_verb(b, &first, verbs[i].name);
	}
	buf_putc(b, ']');
}

static void put_names(struct buf *b, const char *member, const char *const *names) {
	if (!names || !*names) return;
	buf_printf(b, ",\"%s\":[", member);
	for (size_t i = 0; names[i]; i++) buf_printf(b, "%s\"%s\"", i ? "," : "", names[i]);
	buf_putc(b, ']');
}

static void put_resource(struct buf *b, const struct schema_resource *r) {
	buf_printf(b, "{\"name\":\"%s\",\"singularName\":\"%s\",\"namespaced\":%s,\"kind\":\"%s\",", r->resource, r->singular, r->namespaced ? "true" : "false", r->kind);
	put_verbs(b, r->verbs, r->is_custom);
	put_names(b, "shortNames", r->short_names);
	put_names(b, "categories", r->categories);
	if (r->storage_hash && *r->storage_hash) buf_printf(b, ",\"storageVersionHash\":\"%s\"", r->storage_hash);
	buf_putc(b, '}');
}

static bool is_foreign(const struct schema_resource *r, const struct schema_subresource *s) {
	return s->group && s->version && (strcmp(s->group, r->group) != 0 || strcmp(s->version, r->version) != 0);
}

static void put_subresource(struct buf *b, const struct schema_resource *r, const struct schema_subresource *s) {
	buf_printf(b, ",{\"name\":\"%s/%s\",\"singularName\":\"\",\"namespaced\":%s,", r->resource, s->name, r->namespaced ? "true" : "false");
	if (is_foreign(r, s)) {
		if (*s->group) buf_printf(b, "\"group\":\"%s\",", s->group);
		buf_printf(b, "\"version\":\"%s\",", s->version);
	}
	buf_printf(b, "\"kind\":\"%s\",", s->kind);
	put_verbs(b, s->verbs, r->is_custom);
	buf_putc(b, '}');
}

void discovery_put_resources(const struct catalog *c, struct buf *b, const char *group, const char *version) {
	bool first = true;
	if (*group) buf_printf(b, "{\"kind\":\"APIResourceList\",\"apiVersion\":\"v1\",\"groupVersion\":\"%s/%s\",\"resources\":[", group, version);
	else buf_printf(b, "{\"kind\":\"APIResourceList\",\"groupVersion\":\"%s\",\"resources\":[", version);
	for (size_t i = 0; i < c->n_resources; i++) {
		const struct schema_resource *r = c->resources[i];
		if (strcmp(r->group, group) != 0 || strcmp(r->version, version) != 0) continue;
		if (!first) buf_putc(b, ',');
		first = false;
		put_resource(b, r);
		for (size_t k = 0; k < r->n_subresources; k++) put_subresource(b, r, &r->subresources[k]);
	}
	buf_puts(b, "]}");
}

/* ---- aggregated ---- */

static void put_agg_subresources(struct buf *b, const struct schema_resource *r) {
	for (size_t k = 0; k < r->n_subresources; k++) {
		const struct schema_subresource *s = &r->subresources[k];
		bool foreign = is_foreign(r, s);
		buf_printf(b, "%s{\"subresource\":\"%s\",\"responseKind\":{\"group\":\"%s\",\"version\":\"%s\",\"kind\":\"%s\"},", k ? "," : ",\"subresources\":[",
			   s->name, foreign ? s->group : "", foreign ? s->version : "", s->kind);
		put_verbs(b, s->verbs, r->is_custom);
		buf_putc(b, '}');
	}
	if (r->n_subresources) buf_putc(b, ']');
}

static void put_agg_resource(struct buf *b, const struct schema_resource *r) {
	buf_printf(b, "{\"resource\":\"%s\",\"responseKind\":{\"group\":\"\",\"version\":\"\",\"kind\":\"%s\"},\"scope\":\"%s\",\"singularResource\":\"%s\",",
		   r->resource, r->kind, r->namespaced ? "Namespaced" : "Cluster", r->singular);
	put_verbs(b, r->verbs, r->is_custom);
	put_names(b, "shortNames", r->short_names);
	put_names(b, "categories", r->categories);
	put_agg_subresources(b, r);
	buf_putc(b, '}');
}

static void put_agg_version(const struct catalog *c, struct buf *b, const char *group, const char *version) {
	bool first = true;
	buf_printf(b, "{\"version\":\"%s\",\"resources\":[", version);
	for (size_t i = 0; i < c->n_resources; i++) {
		const struct schema_resource *r = c->resources[i];
		if (strcmp(r->group, group) != 0 || strcmp(r->version, version) != 0) continue;
		if (!first) buf_putc(b, ',');
		first = false;
		put_agg_resource(b, r);
	}
	buf_puts(b, "],\"freshness\":\"Current\"}");
}

static void put_agg_group(const struct catalog *c, struct buf *b, const char *group) {
	const char *v;
	if (*group) buf_printf(b, "{\"metadata\":{\"name\":\"%s\"},\"versions\":[", group);
	else buf_puts(b, "{\"metadata\":{},\"versions\":[");
	for (size_t i = 0; discovery_version_at(c, group, i, &v); i++) {
		if (i) buf_putc(b, ',');
		put_agg_version(c, b, group, v);
	}
	buf_puts(b, "]}");
}

void discovery_put_aggregated(const struct catalog *c, struct buf *b, bool core) {
	const char *g;
	buf_puts(b, "{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":\"apidiscovery.k8s.io/v2\",\"metadata\":{},\"items\":[");
	if (core) put_agg_group(c, b, "");
	for (size_t i = 1; !core && discovery_group_at(c, i, &g); i++) {
		if (i > 1) buf_putc(b, ',');
		put_agg_group(c, b, g);
	}
	buf_puts(b, "]}");
}
