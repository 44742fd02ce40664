/* SPDX-License-Identifier: Apache-2.0 */
#include "access/bootstrap.h"
#include "access/rbac/cover.h"

#include <errno.h>

#define AUTOUPDATE "rbac.authorization.kubernetes.io/autoupdate"

struct reconcile {
	struct arena *a;
	yyjson_mut_doc *doc;
	yyjson_mut_val *existing;
	const yyjson_mut_val *desired;
	bool changed, failed;
};

/* Members of a string map that are missing; what is there stays. */
static void add_members(struct reconcile *r, const char *path) {
	yyjson_mut_val *want = json_path(r->desired, path), *key;
	size_t i, max;
	yyjson_mut_val *val;
	if (!want || yyjson_mut_obj_size(want) == 0) return;
	yyjson_mut_val *have = json_ensure_obj(r->doc, r->existing, path);
	if (!have) {
		r->failed = true;
		return;
	}
	yyjson_mut_obj_foreach(want, i, max, key, val) {
		if (json_get(have, yyjson_mut_get_str(key))) continue;
		r->failed |= !json_set_str(r->doc, have, yyjson_mut_get_str(key), json_str(val));
		r->changed = true;
	}
}

static bool strings(struct arena *a, yyjson_mut_val *list, const struct slice **ret, size_t *ret_n) {
	size_t n = yyjson_mut_arr_size(list), i, max;
	struct slice *v = arena_array(a, n + 1, sizeof(*v));
	yyjson_mut_val *item;
	if (!v) return false;
	yyjson_mut_arr_foreach(list, i, max, item) v[i] = json_str(item);
	*ret = v;
	*ret_n = n;
	return true;
}

static bool read_rule(struct arena *a, const yyjson_mut_val *o, struct access_rule *r) {
	return strings(a, json_get(o, "verbs"), &r->verbs, &r->n_verbs) &&
	       strings(a, json_get(o, "apiGroups"), &r->groups, &r->n_groups) &&
	       strings(a, json_get(o, "resources"), &r->resources, &r->n_resources) &&
	       strings(a, json_get(o, "resourceNames"), &r->names, &r->n_names) &&
	       strings(a, json_get(o, "nonResourceURLs"), &r->urls, &r->n_urls);
}

static struct access_rule *read_rules(struct reconcile *r, yyjson_mut_val *list, size_t *ret_n) {
	size_t n = yyjson_mut_arr_size(list), i, max;
	struct access_rule *v = arena_array(r->a, n + 1, sizeof(*v));
	yyjson_mut_val *item;
	if (!v) return NULL;
	yyjson_mut_arr_foreach(list, i, max, item) {
		v[i] = (struct access_rule){ 0 };
		if (!read_rule(r->a, item, &v[i])) return NULL;
	}
	*ret_n = n;
	return v;
}

static bool put_strings(struct reconcile *r, yyjson_mut_val *o, const char *name, const struct slice *v, size_t n) {
	yyjson_mut_val *list = n ? yyjson_mut_arr(r->doc) : NULL;
	for (size_t i = 0; i < n; i++)
		if (!yyjson_mut_arr_add_strncpy(r->doc, list, v[i].p ? v[i].p : "", v[i].n)) return false;
	return n == 0 || (list && yyjson_mut_obj_add_val(r->doc, o, name, list));
}

static bool add_rule(struct reconcile *r, yyjson_mut_val *list, const struct access_rule *rule) {
	yyjson_mut_val *o = yyjson_mut_obj(r->doc);
	return o && put_strings(r, o, "verbs", rule->verbs, rule->n_verbs) &&
	       put_strings(r, o, "apiGroups", rule->groups, rule->n_groups) &&
	       put_strings(r, o, "resources", rule->resources, rule->n_resources) &&
	       put_strings(r, o, "resourceNames", rule->names, rule->n_names) &&
	       put_strings(r, o, "nonResourceURLs", rule->urls, rule->n_urls) && yyjson_mut_arr_append(list, o);
}

/* The list member `name` of `o`, made (or made a list) when it is not one. */
static yyjson_mut_val *ensure_list(struct reconcile *r, yyjson_mut_val *o, const char *name) {
	yyjson_mut_val *list = json_get(o, name);
	if (yyjson_mut_is_arr(list)) return list;
	list = yyjson_mut_arr(r->doc);
	return list && json_set(r->doc, o, name, list) ? list : NULL;
}

static void add_rules(struct reconcile *r) {
	size_t n_have, n_want, n;
	struct access_rule *have = read_rules(r, json_get(r->existing, "rules"), &n_have);
	struct access_rule *want = read_rules(r, json_get(r->desired, "rules"), &n_want), *missing;
	if (!have || !want || cover_missing(r->a, have, n_have, want, n_want, &missing, &n) < 0) {
		r->failed = true;
		return;
	}
	if (n == 0) return;
	yyjson_mut_val *list = ensure_list(r, r->existing, "rules");
	for (size_t i = 0; i < n && list; i++) r->failed |= !add_rule(r, list, &missing[i]);
	r->failed |= !list;
	r->changed = true;
}

/* Copies the items of one list that have no equal in another one. */
static void add_items(struct reconcile *r, yyjson_mut_val *want, yyjson_mut_val *have) {
	size_t i, max;
	yyjson_mut_val *item;
	yyjson_mut_arr_foreach(want, i, max, item) {
		size_t k, kmax;
		bool known = false;
		yyjson_mut_val *other;
		yyjson_mut_arr_foreach(have, k, kmax, other) known |= json_equal(item, other);
		if (known) continue;
		yyjson_mut_val *copy = json_copy(r->doc, item);
		r->failed |= !copy || !yyjson_mut_arr_append(have, copy);
		r->changed = true;
	}
}

static void reconcile_aggregation(struct reconcile *r) {
	yyjson_mut_val *want = json_path(r->desired, "aggregationRule.clusterRoleSelectors");
	if (!json_get(r->desired, "aggregationRule")) {
		if (yyjson_mut_is_obj(json_get(r->existing, "aggregationRule"))) r->changed |= json_del(r->existing, "aggregationRule");
		return;
	}
	yyjson_mut_val *rule = json_ensure_obj(r->doc, r->existing, "aggregationRule");
	yyjson_mut_val *have = rule ? ensure_list(r, rule, "clusterRoleSelectors") : NULL;
	if (have) add_items(r, want, have);
	else r->failed = true;
}

static bool same_role(const struct reconcile *r) {
	static const char *const parts[] = { "roleRef.apiGroup", "roleRef.kind", "roleRef.name" };
	for (size_t i = 0; i < ELEMENTSOF(parts); i++)
		if (!slice_eq(json_path_str(r->existing, parts[i]), json_path_str(r->desired, parts[i]))) return false;
	return true;
}

int access_bootstrap_reconcile(struct arena *a, yyjson_mut_doc *doc, yyjson_mut_val *existing, const yyjson_mut_val *desired) {
	struct reconcile r = { .a = a, .doc = doc, .existing = existing, .desired = desired };
	bool binding = json_get(desired, "roleRef") != NULL;
	if (slice_eqs(json_str(json_get(json_path(existing, "metadata.annotations"), AUTOUPDATE)), "false")) return ACCESS_RECONCILE_NONE;
	if (binding && !same_role(&r)) return ACCESS_RECONCILE_RECREATE;
	add_members(&r, "metadata.annotations");
	add_members(&r, "metadata.labels");
	if (binding) {
		yyjson_mut_val *want = json_get(desired, "subjects");
		yyjson_mut_val *have = yyjson_mut_arr_size(want) ? ensure_list(&r, existing, "subjects") : NULL;
		if (have) add_items(&r, want, have);
	} else {
		add_rules(&r);
		reconcile_aggregation(&r);
	}
	return r.failed ? -ENOMEM : r.changed ? ACCESS_RECONCILE_UPDATE : ACCESS_RECONCILE_NONE;
}
