/* SPDX-License-Identifier: Apache-2.0 */
#include "access/rbac/rule.h"

#include <errno.h>

static const struct { struct slice verb; uint32_t bit;
} verbs[] = {
	{ SLICE_LIT("get"), 1u << 0 },         { SLICE_LIT("list"), 1u << 1 },
	{ SLICE_LIT("watch"), 1u << 2 },       { SLICE_LIT("create"), 1u << 3 },
	{ SLICE_LIT("update"), 1u << 4 },      { SLICE_LIT("patch"), 1u << 5 },
	{ SLICE_LIT("delete"), 1u << 6 },      { SLICE_LIT("deletecollection"), 1u << 7 },
	{ SLICE_LIT("impersonate"), 1u << 8 }, { SLICE_LIT("bind"), 1u << 9 },
	{ SLICE_LIT("escalate"), 1u << 10 },   { SLICE_LIT("use"), 1u << 11 },
	{ SLICE_LIT("post"), 1u << 12 },       { SLICE_LIT("put"), 1u << 13 },
	{ SLICE_LIT("head"), 1u << 14 },       { SLICE_LIT("approve"), 1u << 15 },
	{ SLICE_LIT("sign"), 1u << 16 },
};

uint32_t rbac_verb_bit(struct slice verb) {
	for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
		if (slice_eq(verbs[i].verb, verb)) return verbs[i].bit;
	return RBAC_VERB_OTHER;
}

struct rbac_request rbac_request_of(const struct access_attrs *at) {
	return (struct rbac_request){ .at = at, .verb = rbac_verb_bit(at->verb) };
}

static bool has(const struct slice *v, size_t n, struct slice s) {
	for (size_t i = 0; i < n; i++)
		if (slice_eq(v[i], s)) return true;
	return false;
}

static bool has_star(const struct slice *v, size_t n) { return has(v, n, SLICE_LIT("*")); }

void rbac_rule_init(struct rbac_rule *r, const struct access_rule *api) {
	*r = (struct rbac_rule){ .api = *api };
	for (size_t i = 0; i < api->n_verbs; i++)
		r->verbs |= slice_eqs(api->verbs[i], "*") ? RBAC_VERB_ANY : rbac_verb_bit(api->verbs[i]);
	r->all_groups = has_star(api->groups, api->n_groups);
	r->all_resources = has_star(api->resources, api->n_resources);
	r->all_urls = has_star(api->urls, api->n_urls);
}

static bool verb_matches(const struct rbac_rule *r, const struct rbac_request *q) {
	if (!(r->verbs & q->verb)) return false;
	if (q->verb != RBAC_VERB_OTHER || r->verbs == RBAC_VERB_ANY) return true;
	return has(r->api.verbs, r->api.n_verbs, q->at->verb);
}

/* "pods/log" against the two halves of the request, and a subresource of anything, written with a star for the resource. */
static bool resource_matches(struct slice rule, struct slice res, struct slice sub) {
	if (sub.n == 0) return slice_eq(rule, res);
	if (rule.n <= sub.n + 1 || rule.p[rule.n - sub.n - 1] != '/' || !slice_ends(rule, sub)) return false;
	struct slice head = slice_upto(rule, rule.n - sub.n - 1);
	return slice_eq(head, res) || slice_eqs(head, "*");
}

static bool any_resource_matches(const struct rbac_rule *r, const struct access_attrs *at) {
	if (r->all_resources) return true;
	for (size_t i = 0; i < r->api.n_resources; i++)
		if (resource_matches(r->api.resources[i], at->resource, at->subresource)) return true;
	return false;
}

static bool url_matches(struct slice rule, struct slice path) {
	if (slice_eq(rule, path)) return true;
	if (rule.n == 0 || rule.p[rule.n - 1] != '*') return false;
	while (rule.n > 0 && rule.p[rule.n - 1] == '*') rule.n--;
	return slice_starts(path, rule);
}

static bool any_url_matches(const struct rbac_rule *r, struct slice path) {
	if (r->all_urls) return true;
	for (size_t i = 0; i < r->api.n_urls; i++)
		if (url_matches(r->api.urls[i], path)) return true;
	return false;
}

bool rbac_rule_allows(const struct rbac_rule *r, const struct rbac_request *q) {
	const struct access_attrs *at = q->at;
	if (!verb_matches(r, q)) return false;
	if (!at->is_resource) return any_url_matches(r, at->path);
	return (r->all_groups || has(r->api.groups, r->api.n_groups, at->group)) && any_resource_matches(r, at) &&
	       (r->api.n_names == 0 || has(r->api.names, r->api.n_names, at->name));
}

static int read_strings(struct arena *a, yyjson_val *list, const struct slice **ret, size_t *ret_n) {
	size_t n = 0, i, max;
	yyjson_val *item;
	struct slice *v = arena_array(a, yyjson_arr_size(list) + 1, sizeof(*v));
	if (!v) return -ENOMEM;
	yyjson_arr_foreach(list, i, max, item) {
		if (!yyjson_is_str(item)) continue;
		v[n] = arena_slice_dup(a, slice_make(yyjson_get_str(item), yyjson_get_len(item)));
		if (!v[n++].p) return -ENOMEM;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

static int read_rule(struct arena *a, yyjson_val *o, struct rbac_rule *ret) {
	struct access_rule api = { 0 };
	int r = read_strings(a, yyjson_obj_get(o, "verbs"), &api.verbs, &api.n_verbs);
	if (r == 0) r = read_strings(a, yyjson_obj_get(o, "apiGroups"), &api.groups, &api.n_groups);
	if (r == 0) r = read_strings(a, yyjson_obj_get(o, "resources"), &api.resources, &api.n_resources);
	if (r == 0) r = read_strings(a, yyjson_obj_get(o, "resourceNames"), &api.names, &api.n_names);
	if (r == 0) r = read_strings(a, yyjson_obj_get(o, "nonResourceURLs"), &api.urls, &api.n_urls);
	if (r == 0) rbac_rule_init(ret, &api);
	return r;
}

int rbac_rules_read(struct arena *a, yyjson_val *rules, struct rbac_rule **ret, size_t *ret_n) {
	size_t i, max;
	yyjson_val *item;
	struct rbac_rule *v = arena_array(a, yyjson_arr_size(rules) + 1, sizeof(*v));
	if (!v) return -ENOMEM;
	yyjson_arr_foreach(rules, i, max, item) {
		int r = read_rule(a, item, &v[i]);
		if (r < 0) return r;
	}
	*ret = v;
	*ret_n = yyjson_arr_size(rules);
	return 0;
}
