/* SPDX-License-Identifier: Apache-2.0 */
/* RuntimeClass: a pod's runtime class brings its overhead and where it may run (plugin/pkg/admission/runtimeclass). */
#include "api/admit/plugins.h"

#define MISMATCH "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"

static bool handles(const struct admit *ad) { return admit_is(ad, "", "pods", NULL); }

static int deny(const struct status **ret_st, const struct status *st) {
	*ret_st = st;
	return ADMIT_DENY;
}

/* ADMIT_OK with the class, or NULL when the pod names none. */
static int class_of(struct admit *ad, yyjson_mut_val **ret, const struct status **ret_st) {
	struct slice name = json_path_str(ad->obj, "spec.runtimeClassName");
	*ret = NULL;
	if (!name.p) return ADMIT_OK;
	*ret = admit_get(ad, "node.k8s.io", "runtimeclasses", SLICE_NULL, name);
	return *ret ? ADMIT_OK : deny(ret_st, admit_forbidden(ad, "pod rejected: RuntimeClass \"%.*s\" not found", SLICE_FMT(name)));
}

static const struct status *merge_selector(struct admit *ad, yyjson_mut_val *spec, yyjson_mut_val *theirs) {
	yyjson_mut_val *own = theirs ? json_ensure_obj(ad->doc, spec, "nodeSelector") : NULL, *key;
	if (!theirs) return NULL;
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(theirs);
	while ((key = yyjson_mut_obj_iter_next(&it))) {
		struct slice k = json_str(key), v = json_str(yyjson_mut_obj_iter_get_val(key));
		const yyjson_mut_val *has = json_getn(own, k);
		if (has && !slice_eq(json_str(has), v))
			return admit_forbidden(ad, "conflict: runtimeClass.scheduling.nodeSelector[%.*s] = %.*s; pod.spec.nodeSelector[%.*s] = %.*s", SLICE_FMT(k),
					       SLICE_FMT(v), SLICE_FMT(k), SLICE_FMT(json_str(has)));
		if (!has && (!own || !json_setn(ad->doc, own, k, yyjson_mut_strncpy(ad->doc, v.p, v.n)))) return status_no_memory();
	}
	return NULL;
}

static bool has_equal(const yyjson_mut_val *list, const yyjson_mut_val *v) {
	yyjson_mut_val *one;
	json_each(list, one)
		if (json_equal(one, v)) return true;
	return false;
}

static const struct status *merge_tolerations(struct admit *ad, yyjson_mut_val *spec, const yyjson_mut_val *theirs) {
	yyjson_mut_val *own = json_get(spec, "tolerations"), *t;
	json_each(theirs, t) {
		if (has_equal(own, t)) continue;
		if (!own) {
			own = yyjson_mut_arr(ad->doc);
			if (!json_set(ad->doc, spec, "tolerations", own)) return status_no_memory();
		}
		yyjson_mut_val *copy = json_copy(ad->doc, t);
		if (!copy || !yyjson_mut_arr_append(own, copy)) return status_no_memory();
	}
	return NULL;
}

static int mutate(struct admit *ad, const struct status **ret_st) {
	yyjson_mut_val *class, *spec = json_get(ad->obj, "spec"), *own = json_get(spec, "overhead");
	int r = class_of(ad, &class, ret_st);
	if (r != ADMIT_OK || !class) return r;
	yyjson_mut_val *fixed = json_path(class, "overhead.podFixed");
	if (fixed && json_size(own) && !json_equal(own, fixed)) return deny(ret_st, admit_forbidden(ad, MISMATCH));
	if (fixed && !json_set(ad->doc, spec, "overhead", json_copy(ad->doc, fixed))) return deny(ret_st, status_no_memory());
	*ret_st = merge_selector(ad, spec, json_path(class, "scheduling.nodeSelector"));
	if (!*ret_st) *ret_st = merge_tolerations(ad, spec, json_path(class, "scheduling.tolerations"));
	return *ret_st ? ADMIT_DENY : ADMIT_OK;
}

static int validate(struct admit *ad, const struct status **ret_st) {
	yyjson_mut_val *class, *own = json_path(ad->obj, "spec.overhead");
	int r = class_of(ad, &class, ret_st);
	if (r != ADMIT_OK) return r;
	const yyjson_mut_val *fixed = json_path(class, "overhead.podFixed");
	if (fixed && !json_equal(own, fixed)) return deny(ret_st, admit_forbidden(ad, MISMATCH));
	if (!json_get(class, "overhead") && own)
		return deny(ret_st, admit_forbidden(ad, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"));
	return ADMIT_OK;
}

const struct admit_plugin admit_runtime_class = {
	.name = "RuntimeClass",
	.ops = ADMIT_CREATE,
	.handles = handles,
	.mutate = mutate,
	.validate = validate,
};
