/* SPDX-License-Identifier: Apache-2.0 */
#include "api/aggregate/discovery.h"

#include "api/aggregate/aggregation.h"
#include "api/aggregate/remote.h"
#include "api/internal.h"

/* Groups and versions are "name" in APIGroupList, "metadata.name" in APIGroupDiscoveryList. */
static yyjson_mut_val *group_named(const yyjson_mut_val *list, const char *path, struct slice name) {
	yyjson_mut_val *g;
	json_each(list, g)
		if (slice_eq(json_path_str(g, path), name)) return g;
	return NULL;
}

static yyjson_mut_val *add_object(yyjson_mut_doc *doc, yyjson_mut_val *list) {
	yyjson_mut_val *o = yyjson_mut_obj(doc);
	return o && yyjson_mut_arr_append(list, o) ? o : NULL;
}

static yyjson_mut_val *add_list(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *name) {
	yyjson_mut_val *list = obj ? yyjson_mut_arr(doc) : NULL;
	return list && json_set(doc, obj, name, list) ? list : NULL;
}

/* ---- legacy ---- */

static bool set_version(yyjson_mut_doc *doc, yyjson_mut_val *v, const struct remote_service *s) {
	char gv[600];
	int n = snprintf(gv, sizeof(gv), "%.*s/%.*s", SLICE_FMT(s->group), SLICE_FMT(s->version));
	return v && n > 0 && (size_t)n < sizeof(gv) && json_set_str(doc, v, "groupVersion", slice_make(gv, (size_t)n)) && json_set_str(doc, v, "version", s->version);
}

/* A version of a group, which is begun when it is not there. */
static bool add_legacy(yyjson_mut_doc *doc, yyjson_mut_val *g, const struct remote_service *s) {
	yyjson_mut_val *versions = json_get(g, "versions"), *preferred;
	if (!versions) {
		if (!json_set_str(doc, g, "name", s->group) || !(versions = add_list(doc, g, "versions"))) return false;
		preferred = yyjson_mut_obj(doc);
		if (!set_version(doc, preferred, s) || !json_set(doc, g, "preferredVersion", preferred)) return false;
	}
	return set_version(doc, add_object(doc, versions), s);
}

/* ---- aggregated ---- */

static bool set_kind(yyjson_mut_doc *doc, yyjson_mut_val *to, const yyjson_mut_val *from, const struct remote_service *s) {
	yyjson_mut_val *k = yyjson_mut_obj(doc);
	struct slice group = json_path_str(from, "group"), version = json_path_str(from, "version");
	return k && json_set_str(doc, k, "group", group.n ? group : s->group) && json_set_str(doc, k, "version", version.n ? version : s->version) &&
	       json_set_str(doc, k, "kind", json_path_str(from, "kind")) && json_set(doc, to, "responseKind", k);
}

static bool copy_lists(yyjson_mut_doc *doc, yyjson_mut_val *to, const yyjson_mut_val *from) {
	static const char *const lists[] = { "verbs", "shortNames", "categories" };
	for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
		const yyjson_mut_val *v = json_get(from, lists[i]);
		if (v && !json_set(doc, to, lists[i], json_copy(doc, v))) return false;
	}
	return true;
}

static bool add_resource(yyjson_mut_doc *doc, yyjson_mut_val *list, const yyjson_mut_val *from, const struct remote_service *s) {
	yyjson_mut_val *to = add_object(doc, list);
	return to && json_set_str(doc, to, "resource", json_path_str(from, "name")) && set_kind(doc, to, from, s) &&
	       json_set_str(doc, to, "scope", json_path_bool(from, "namespaced", false) ? SLICE_LIT("Namespaced") : SLICE_LIT("Cluster")) &&
	       json_set_str(doc, to, "singularResource", json_path_str(from, "singularName")) && copy_lists(doc, to, from);
}

/* "widgets/status" belongs to "widgets"; one without its resource is left out. */
static bool add_subresource(yyjson_mut_doc *doc, yyjson_mut_val *list, const yyjson_mut_val *from, const struct remote_service *s) {
	struct slice sub = json_path_str(from, "name"), parent = slice_cut(&sub, '/');
	yyjson_mut_val *of = group_named(list, "resource", parent), *subs = json_get(of, "subresources");
	if (!of) return true;
	if (!subs) subs = add_list(doc, of, "subresources");
	yyjson_mut_val *to = subs ? add_object(doc, subs) : NULL;
	return to && json_set_str(doc, to, "subresource", sub) && set_kind(doc, to, from, s) && copy_lists(doc, to, from);
}

static bool add_resources(struct request *r, yyjson_mut_doc *doc, yyjson_mut_val *version, const struct remote_service *s, bool *ret_known) {
	struct slice text = aggregation_resources(r->api->aggregation, r->a, s->name);
	yyjson_mut_val *list = add_list(doc, version, "resources"), *from;
	yyjson_mut_doc *answer;
	struct json_error e;
	*ret_known = s->available && text.n && json_parse(r->a, text, &answer, &e) == 0;
	if (!list || !*ret_known) return list != NULL;
	const yyjson_mut_val *all = json_get(yyjson_mut_doc_get_root(answer), "resources");
	json_each(all, from)
		if (slice_chr(json_path_str(from, "name"), '/') < 0 && !add_resource(doc, list, from, s)) return false;
	json_each(all, from)
		if (slice_chr(json_path_str(from, "name"), '/') >= 0 && !add_subresource(doc, list, from, s)) return false;
	return true;
}

static bool add_aggregated(struct request *r, yyjson_mut_doc *doc, yyjson_mut_val *g, const struct remote_service *s) {
	yyjson_mut_val *versions = json_get(g, "versions");
	bool known = false;
	if (!versions) {
		yyjson_mut_val *meta = json_ensure_obj(doc, g, "metadata");
		if (!meta || !json_set_str(doc, meta, "name", s->group) || !(versions = add_list(doc, g, "versions"))) return false;
	}
	yyjson_mut_val *v = add_object(doc, versions);
	return v && json_set_str(doc, v, "version", s->version) && add_resources(r, doc, v, s, &known) &&
	       json_set_str(doc, v, "freshness", known ? SLICE_LIT("Current") : SLICE_LIT("Stale"));
}

/* ---- documents ---- */

static int remotes(struct request *r, struct remote_service **ret, size_t *ret_n) {
	struct store_snapshot *snap = store_snapshot(r->api->store);
	int err = snap ? remote_all(r->a, snap, ret, ret_n) : -1;
	store_snapshot_unref(snap);
	return err;
}

static bool merge(struct request *r, yyjson_mut_doc *doc, const struct remote_service *v, size_t n, bool aggregated) {
	yyjson_mut_val *list = json_get(yyjson_mut_doc_get_root(doc), aggregated ? "items" : "groups");
	for (size_t i = 0; i < n; i++) {
		yyjson_mut_val *g = group_named(list, aggregated ? "metadata.name" : "name", v[i].group);
		if (!g) g = add_object(doc, list);
		if (!g || !(aggregated ? add_aggregated(r, doc, g, &v[i]) : add_legacy(doc, g, &v[i]))) return false;
	}
	return true;
}

struct slice aggregate_discovery(struct request *r, struct slice json, bool aggregated) {
	struct remote_service *v;
	size_t n;
	yyjson_mut_doc *doc;
	struct json_error e;
	_cleanup_buf_ struct buf b = BUF_INIT(DISCOVERY_BYTES_MAX);
	if (!aggregation_any(r->api->aggregation)) return json;
	if (remotes(r, &v, &n) < 0) return SLICE_NULL;
	if (!n) return json;
	if (json_parse(r->a, json, &doc, &e) < 0 || !merge(r, doc, v, n, aggregated)) return SLICE_NULL;
	json_write(&b, yyjson_mut_doc_get_root(doc));
	buf_putc(&b, '\n');
	return buf_err(&b) ? SLICE_NULL : arena_slice_dup(r->a, buf_slice(&b));
}

bool aggregate_discovery_group(struct request *r, const struct store_snapshot *snap, struct slice group) {
	struct remote_service *v;
	size_t n, found = 0;
	yyjson_mut_doc *doc = json_doc(r->a);
	yyjson_mut_val *g = doc ? yyjson_mut_obj(doc) : NULL;
	bool ok = g && remote_all(r->a, snap, &v, &n) == 0 && json_set_str(doc, g, "kind", SLICE_LIT("APIGroup")) && json_set_str(doc, g, "apiVersion", SLICE_LIT("v1"));
	for (size_t i = 0; ok && i < n; i++) {
		if (!slice_eq(v[i].group, group)) continue;
		found++;
		ok = add_legacy(doc, g, &v[i]);
	}
	if (ok && !found) return false;
	struct slice accept = request_get_header(r, "accept");
	if (!ok) {
		request_status(r, status_no_memory());
	} else if (negotiate_accept(accept, NEGOTIATE_PLAIN, &r->out) < 0) {
		request_status(r, status_not_acceptable(r->a, false));
	} else {
		yyjson_mut_doc_set_root(doc, g);
		request_tree(r, 200, schema_type_of_kind(SLICE_NULL, SLICE_LIT("v1"), SLICE_LIT("APIGroup")), doc, g);
	}
	return true;
}
