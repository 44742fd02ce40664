/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and limits of a whole pod (KEP-2837) as far as its containers determine them. */
#include "schema/calls.h"

#include "codec/quantity.h"

#include <errno.h>

static bool quantity_at(const yyjson_mut_val *container, const char *which, struct slice key, struct quantity *ret) {
	yyjson_mut_val *list = json_get(json_get(container, "resources"), which);
	struct slice text = json_str(json_getn(list, key));
	return text.n && quantity_parse(text, ret, NULL) == 0;
}

/* What the containers ask for together: init containers run one after the other, restartable ones beside all that follow.
 * False when no container names the resource. */
static bool aggregate(const yyjson_mut_val *spec, const char *which, struct slice key, struct quantity *ret) {
	struct quantity sum = { 0 }, restartable = { 0 }, init = { 0 }, q;
	yyjson_mut_val *c;
	size_t i, n;
	bool any = false;
	yyjson_mut_arr_foreach(json_get(spec, "containers"), i, n, c) {
		if (!quantity_at(c, which, key, &q)) continue;
		any = true;
		sum = quantity_add(sum, q);
	}
	yyjson_mut_arr_foreach(json_get(spec, "initContainers"), i, n, c) {
		if (!quantity_at(c, which, key, &q)) continue;
		any = true;
		if (slice_eqs(json_path_str(c, "restartPolicy"), "Always")) {
			sum = quantity_add(sum, q);
			restartable = quantity_add(restartable, q);
			q = restartable;
		} else {
			q = quantity_add(q, restartable);
		}
		if (quantity_cmp(q, init) > 0) init = q;
	}
	*ret = quantity_cmp(init, sum) > 0 ? init : sum;
	return any;
}

static bool is_hugepages(struct slice key) { return slice_starts(key, SLICE_LIT("hugepages-")); }
static bool is_pod_level(struct slice key) { return slice_eqs(key, "cpu") || slice_eqs(key, "memory") || is_hugepages(key); }

static int set_quantity(yyjson_mut_doc *doc, yyjson_mut_val *resources, const char *which, struct slice key, struct quantity q) {
	char out[QUANTITY_TEXT];
	quantity_format(q, out);
	yyjson_mut_val *list = json_ensure_obj(doc, resources, which), *k = yyjson_mut_strncpy(doc, key.p, key.n),
		       *v = yyjson_mut_strcpy(doc, out);
	return list && k && v && yyjson_mut_obj_add(list, k, v) ? 0 : -ENOMEM;
}

/* Limits on huge pages that the containers have and the pod does not. */
static int hugepages_of(yyjson_mut_doc *doc, yyjson_mut_val *spec, yyjson_mut_val *resources, yyjson_mut_val *container) {
	yyjson_mut_val *k, *v;
	size_t i, n;
	struct quantity q;
	yyjson_mut_obj_foreach(json_path(container, "resources.limits"), i, n, k, v) {
		struct slice key = json_str(k);
		if (!is_hugepages(key) || json_getn(json_get(resources, "requests"), key) ||
		    json_getn(json_get(resources, "limits"), key))
			continue;
		if (aggregate(spec, "limits", key, &q) && set_quantity(doc, resources, "limits", key, q) < 0) return -ENOMEM;
	}
	return 0;
}

static int hugepages(yyjson_mut_doc *doc, yyjson_mut_val *spec, yyjson_mut_val *resources) {
	static const char *const lists[] = { "containers", "initContainers" };
	yyjson_mut_val *c;
	size_t i, n;
	for (size_t l = 0; l < ELEMENTSOF(lists); l++) {
		yyjson_mut_arr_foreach(json_get(spec, lists[l]), i, n, c) {
			if (hugepages_of(doc, spec, resources, c) < 0) return -ENOMEM;
		}
	}
	return 0;
}

static int requests(yyjson_mut_doc *doc, yyjson_mut_val *spec, yyjson_mut_val *resources) {
	static const char *const overcommitted[] = { "cpu", "memory" };
	yyjson_mut_val *limits = json_get(resources, "limits"), *k, *v;
	size_t i, n;
	struct quantity q;
	for (i = 0; i < ELEMENTSOF(overcommitted); i++) {
		struct slice key = slice_str(overcommitted[i]);
		if (json_getn(json_get(resources, "requests"), key) || !aggregate(spec, "requests", key, &q)) continue;
		if (set_quantity(doc, resources, "requests", key, q) < 0) return -ENOMEM;
	}
	yyjson_mut_obj_foreach(limits, i, n, k, v) {
		struct slice key = json_str(k);
		if (!is_pod_level(key) || json_getn(json_get(resources, "requests"), key)) continue;
		if (quantity_parse(json_str(v), &q, NULL) == 0 && set_quantity(doc, resources, "requests", key, q) < 0)
			return -ENOMEM;
	}
	return 0;
}

SCHEMA_FILL(pod_resources) {
	yyjson_mut_val *spec = json_get(obj, "spec"), *resources = json_get(spec, "resources");
	if (!yyjson_mut_obj_size(json_get(resources, "limits")) && !yyjson_mut_obj_size(json_get(resources, "requests")))
		return 0;
	int r = hugepages(doc, spec, resources);
	if (r == 0 && yyjson_mut_obj_size(json_get(resources, "limits"))) r = requests(doc, spec, resources);
	return r;
}
