/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/calls.h"
#include "schema/qos.h"

#include <errno.h>

static struct slice text_of(yyjson_mut_val *v) { return slice_make(yyjson_mut_get_str(v), yyjson_mut_get_len(v)); }

/* Appends {key, operator, [the pod's value]} for every listed label key that the pod has. */
static int merge_label_keys(yyjson_mut_doc *doc, const yyjson_mut_val *pod, yyjson_mut_val *term, const char *keys,
			    const char *op) {
	yyjson_mut_val *selector = json_get(term, "labelSelector"), *key;
	size_t i, n;
	if (!yyjson_mut_is_obj(selector)) return 0;
	yyjson_mut_arr_foreach(json_get(term, keys), i, n, key) {
		yyjson_mut_val *value = json_getn(json_path(pod, "metadata.labels"), text_of(key));
		if (!yyjson_mut_is_str(value)) continue;
		yyjson_mut_val *list = json_get(selector, "matchExpressions"), *e = yyjson_mut_obj(doc),
			       *values = yyjson_mut_arr(doc);
		if (!list && (list = yyjson_mut_arr(doc)) && !json_set(doc, selector, "matchExpressions", list)) return -ENOMEM;
		if (!list || !e || !values || !yyjson_mut_arr_append(values, json_copy(doc, value))) return -ENOMEM;
		if (!json_set_str(doc, e, "key", text_of(key)) || !json_set_str(doc, e, "operator", slice_str(op)) ||
		    !json_set(doc, e, "values", values))
			return -ENOMEM;
		yyjson_mut_arr_append(list, e);
	}
	return 0;
}

static int merge_affinity_term(yyjson_mut_doc *doc, const yyjson_mut_val *pod, yyjson_mut_val *term) {
	int r = merge_label_keys(doc, pod, term, "matchLabelKeys", "In");
	return r < 0 ? r : merge_label_keys(doc, pod, term, "mismatchLabelKeys", "NotIn");
}

/* KEP-3633, KEP-3243: label keys become part of the selectors that schedulers see. */
static int merge_affinity(yyjson_mut_doc *doc, yyjson_mut_val *pod) {
	static const char *const kinds[] = { "spec.affinity.podAffinity", "spec.affinity.podAntiAffinity" };
	yyjson_mut_val *t;
	size_t i, n;
	for (size_t k = 0; k < ELEMENTSOF(kinds); k++) {
		yyjson_mut_val *affinity = json_path(pod, kinds[k]);
		yyjson_mut_arr_foreach(json_get(affinity, "requiredDuringSchedulingIgnoredDuringExecution"), i, n, t) {
			if (merge_affinity_term(doc, pod, t) < 0) return -ENOMEM;
		}
		yyjson_mut_arr_foreach(json_get(affinity, "preferredDuringSchedulingIgnoredDuringExecution"), i, n, t) {
			if (merge_affinity_term(doc, pod, json_get(t, "podAffinityTerm")) < 0) return -ENOMEM;
		}
	}
	yyjson_mut_arr_foreach(json_path(pod, "spec.topologySpreadConstraints"), i, n, t) {
		if (merge_label_keys(doc, pod, t, "matchLabelKeys", "In") < 0) return -ENOMEM;
	}
	return 0;
}

static int scheduling_gated(yyjson_mut_doc *doc, yyjson_mut_val *pod, yyjson_mut_val *status) {
	if (!yyjson_mut_arr_size(json_path(pod, "spec.schedulingGates"))) return 0;
	yyjson_mut_val *list = yyjson_mut_arr(doc), *c = yyjson_mut_obj(doc);
	struct slice now = json_path_str(pod, "metadata.creationTimestamp");
	if (!list || !c || !json_set(doc, status, "conditions", list)) return -ENOMEM;
	yyjson_mut_arr_append(list, c);
	bool ok = json_set_str(doc, c, "type", SLICE_LIT("PodScheduled")) && json_set_str(doc, c, "status", SLICE_LIT("False")) &&
		  (!now.n || json_set_str(doc, c, "lastTransitionTime", now)) &&
		  json_set_str(doc, c, "reason", SLICE_LIT("SchedulingGated")) &&
		  json_set_str(doc, c, "message", SLICE_LIT("Scheduling is blocked due to non-empty scheduling gates"));
	return ok ? 0 : -ENOMEM;
}

SCHEMA_PREP(pod_create) {
	yyjson_mut_val *status = yyjson_mut_obj(doc);
	if (!status || !json_set_str(doc, status, "phase", SLICE_LIT("Pending"))) return -ENOMEM;
	if (!json_set_str(doc, status, "qosClass", slice_str(qos_class(json_get(obj, "spec")))) ||
	    !json_set(doc, obj, "status", status))
		return -ENOMEM;
	int r = scheduling_gated(doc, obj, status);
	return r < 0 ? r : merge_affinity(doc, obj);
}

static int keep_absent(yyjson_mut_doc *doc, yyjson_mut_val *obj, const yyjson_mut_val *old, const char *name) {
	yyjson_mut_val *was = json_get(old, name);
	if (!was || json_get(obj, name)) return 0;
	return json_set(doc, obj, name, json_copy(doc, was)) ? 0 : -ENOMEM;
}

static yyjson_mut_val *condition_of(const yyjson_mut_val *status, struct slice type) {
	yyjson_mut_val *c;
	size_t i, n;
	yyjson_mut_arr_foreach(json_get(status, "conditions"), i, n, c) {
		if (slice_eq(json_path_str(c, "type"), type)) return c;
	}
	return NULL;
}

/* A status that says nothing of these keeps what was there. */
SCHEMA_PREP(pod_status_update) {
	yyjson_mut_val *status = json_get(obj, "status"), *was = json_get(old, "status"), *c;
	size_t i, n;
	if (!yyjson_mut_is_obj(status)) return 0;
	if (keep_absent(doc, status, was, "qosClass") < 0 || keep_absent(doc, status, was, "observedGeneration") < 0)
		return -ENOMEM;
	yyjson_mut_arr_foreach(json_get(status, "conditions"), i, n, c) {
		if (keep_absent(doc, c, condition_of(was, json_path_str(c, "type")), "observedGeneration") < 0) return -ENOMEM;
	}
	return 0;
}

/* Same containers in the same order? Anything else is left for validation to refuse. */
static bool same_names(const yyjson_mut_val *a, const yyjson_mut_val *b) {
	size_t n = yyjson_mut_arr_size((yyjson_mut_val *)a);
	if (n != yyjson_mut_arr_size((yyjson_mut_val *)b)) return false;
	yyjson_mut_val *x = yyjson_mut_arr_get_first((yyjson_mut_val *)a), *y = yyjson_mut_arr_get_first((yyjson_mut_val *)b);
	for (; n; n--, x = x->next, y = y->next)
		if (!slice_eq(json_path_str(x, "name"), json_path_str(y, "name"))) return false;
	return true;
}

/* A resize changes the resources of containers and how they are resized, nothing else. */
static int resized(yyjson_mut_doc *doc, yyjson_mut_val *kept, const yyjson_mut_val *asked) {
	static const char *const taken[] = { "resources", "resizePolicy" };
	yyjson_mut_val *k, *a = yyjson_mut_arr_get_first((yyjson_mut_val *)asked);
	size_t i, n;
	yyjson_mut_arr_foreach(kept, i, n, k) {
		for (size_t t = 0; t < ELEMENTSOF(taken); t++) {
			yyjson_mut_val *v = json_get(a, taken[t]);
			json_del(k, taken[t]);
			if (v && !json_set(doc, k, taken[t], json_copy(doc, v))) return -ENOMEM;
		}
		a = a->next;
	}
	return 0;
}

static int keep_metadata(yyjson_mut_doc *doc, yyjson_mut_val *obj, yyjson_mut_val *kept) {
	static const char *const sent[] = { "managedFields", "resourceVersion" };
	yyjson_mut_val *meta = json_get(kept, "metadata");
	for (size_t i = 0; meta && i < ELEMENTSOF(sent); i++) {
		yyjson_mut_val *v = json_get(json_get(obj, "metadata"), sent[i]);
		json_del(meta, sent[i]);
		if (v && !json_set(doc, meta, sent[i], json_copy(doc, v))) return -ENOMEM;
	}
	return 0;
}

SCHEMA_PREP(pod_resize) {
	static const char *const lists[] = { "containers", "initContainers" };
	const yyjson_mut_val *spec = json_get(obj, "spec"), *was = json_get(old, "spec");
	for (size_t i = 0; i < ELEMENTSOF(lists); i++)
		if (!same_names(json_get(spec, lists[i]), json_get(was, lists[i]))) return 0;
	yyjson_mut_val *kept = json_copy(doc, old);
	if (!kept || keep_metadata(doc, obj, kept) < 0) return -ENOMEM;
	for (size_t i = 0; i < ELEMENTSOF(lists); i++)
		if (resized(doc, json_path(kept, i ? "spec.initContainers" : "spec.containers"), json_get(spec, lists[i])) < 0)
			return -ENOMEM;
	obj->tag = kept->tag;
	obj->uni = kept->uni;
	return 0;
}
