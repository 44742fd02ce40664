/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Priority: a pod's priority class becomes a number and a preemption policy; there is one global default class at most; the system's
 * own classes stay (plugin/pkg/admission/priority).
 */
#include "api/admit/plugins.h"

#define DEFAULT_POLICY "PreemptLowerPriority"

static bool handles(const struct admit *ad) {
	return admit_is(ad, "", "pods", NULL) || admit_is(ad, "scheduling.k8s.io", "priorityclasses", NULL);
}

static yyjson_mut_val *class_parse(struct admit *ad, const struct schema_resource *res, const struct store_obj *o) {
	yyjson_mut_doc *doc = request_parse(ad->r->a, res, o);
	return doc ? yyjson_mut_doc_get_root(doc) : NULL;
}

/* The global default class: of several, the one with the lowest value. */
static yyjson_mut_val *default_class(struct admit *ad, struct slice except) {
	const struct schema_resource *res = schema_find(SLICE_LIT("scheduling.k8s.io"), SLICE_LIT("v1"), SLICE_LIT("priorityclasses"));
	struct store_cursor cursor;
	struct store_obj *o;
	yyjson_mut_val *best = NULL;
	if (!res) return NULL;
	store_scan(ad->snap, SLICE_LIT("scheduling.k8s.io/priorityclasses"), SLICE_NULL, NULL, &cursor);
	while ((o = store_next(&cursor))) {
		yyjson_mut_val *class = slice_eq(o->key.name, except) ? NULL : class_parse(ad, res, o);
		if (!json_path_bool(class, "globalDefault", false)) continue;
		if (!best || json_path_int(class, "value", 0) < json_path_int(best, "value", 0)) best = class;
	}
	return best;
}

static int deny(const struct status **ret_st, const struct status *st) {
	*ret_st = st;
	return ADMIT_DENY;
}

static bool set_class(struct admit *ad, yyjson_mut_val *spec, const yyjson_mut_val *class) {
	struct slice name = json_path_str(class, "metadata.name");
	return slice_empty(name) || json_set_str(ad->doc, spec, "priorityClassName", name);
}

static int admit_pod(struct admit *ad, const struct status **ret_st) {
	yyjson_mut_val *spec = json_get(ad->obj, "spec"), *class = NULL;
	struct slice name = json_path_str(spec, "priorityClassName");
	if (ad->op == ADMIT_UPDATE) {
		/* Priority does not change: what an update leaves out is kept. */
		const yyjson_mut_val *was = json_path(ad->old, "spec.priority");
		if (was && !json_get(spec, "priority") && !json_set_int(ad->doc, spec, "priority", json_path_int(ad->old, "spec.priority", 0)))
			return deny(ret_st, status_no_memory());
		return ADMIT_OK;
	}
	if (!slice_empty(name)) {
		class = admit_get(ad, "scheduling.k8s.io", "priorityclasses", SLICE_NULL, name);
		if (!class) return deny(ret_st, admit_forbidden(ad, "no PriorityClass with name %.*s was found", SLICE_FMT(name)));
	} else {
		class = default_class(ad, SLICE_NULL);
		if (!set_class(ad, spec, class)) return deny(ret_st, status_no_memory());
	}
	int64_t value = json_path_int(class, "value", 0);
	struct slice policy = json_path_str(class, "preemptionPolicy"), asked = json_path_str(spec, "preemptionPolicy");
	if (slice_empty(policy)) policy = SLICE_LIT(DEFAULT_POLICY);
	if (json_get(spec, "priority") && json_path_int(spec, "priority", 0) != value)
		return deny(ret_st, admit_forbidden(ad, "the integer value of priority (%lld) must not be provided in pod spec; priority admission controller "
						    "computed %lld from the given PriorityClass name", (long long)json_path_int(spec, "priority", 0), (long long)value));
	if (!slice_empty(asked) && !slice_eq(asked, policy))
		return deny(ret_st, admit_forbidden(ad, "the string value of PreemptionPolicy (%.*s) must not be provided in pod spec; priority admission controller "
						    "computed %.*s from the given PriorityClass name", SLICE_FMT(asked), SLICE_FMT(policy)));
	bool ok = json_set_int(ad->doc, spec, "priority", value) && json_set_str(ad->doc, spec, "preemptionPolicy", policy);
	return ok ? ADMIT_OK : deny(ret_st, status_no_memory());
}

static int mutate(struct admit *ad, const struct status **ret_st) {
	return admit_is(ad, "", "pods", NULL) && ad->op != ADMIT_DELETE ? admit_pod(ad, ret_st) : ADMIT_OK;
}

static int validate(struct admit *ad, const struct status **ret_st) {
	if (!admit_is(ad, "scheduling.k8s.io", "priorityclasses", NULL)) return ADMIT_OK;
	if (ad->op == ADMIT_DELETE) {
		if (slice_starts(ad->name, SLICE_LIT("system-"))) return deny(ret_st, admit_forbidden(ad, "this is a system priority class and cannot be deleted"));
		return ADMIT_OK;
	}
	const yyjson_mut_val *other = json_path_bool(ad->obj, "globalDefault", false) ? default_class(ad, json_path_str(ad->obj, "metadata.name")) : NULL;
	if (!other) return ADMIT_OK;
	return deny(ret_st, admit_forbidden(ad, "PriorityClass %.*s is already marked as default. Only one default can exist",
					    SLICE_FMT(json_path_str(other, "metadata.name"))));
}

const struct admit_plugin admit_priority = {
	.name = "Priority",
	.ops = ADMIT_CREATE | ADMIT_UPDATE | ADMIT_DELETE,
	.handles = handles,
	.mutate = mutate,
	.validate = validate,
};
