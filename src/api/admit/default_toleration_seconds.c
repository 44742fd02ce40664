/* SPDX-License-Identifier: Apache-2.0 */
/* DefaultTolerationSeconds: a pod stays five minutes on a node that is not ready or unreachable, unless it says otherwise. */
#include "api/admit/plugins.h"

#define SECONDS 300

static bool handles(const struct admit *ad) { return admit_is(ad, "", "pods", NULL); }

/* Does a toleration (key "" with Exists matches everything) already answer to the taint, for NoExecute? */
static bool tolerated(const yyjson_mut_val *list, const char *taint) {
	yyjson_mut_val *t;
	if (!list) return false;
	json_each(list, t) {
		struct slice key = json_path_str(t, "key"), effect = json_path_str(t, "effect");
		if ((slice_eqs(key, taint) || slice_empty(key)) && (slice_eqs(effect, "NoExecute") || slice_empty(effect))) return true;
	}
	return false;
}

static bool tolerate(struct admit *ad, yyjson_mut_val *spec, const char *taint) {
	yyjson_mut_val *list = json_get(spec, "tolerations"), *t;
	if (!list) {
		list = yyjson_mut_arr(ad->doc);
		if (!json_set(ad->doc, spec, "tolerations", list)) return false;
	}
	t = yyjson_mut_obj(ad->doc);
	return json_set_str(ad->doc, t, "key", slice_str(taint)) && json_set_str(ad->doc, t, "operator", SLICE_LIT("Exists")) &&
	       json_set_str(ad->doc, t, "effect", SLICE_LIT("NoExecute")) && json_set_int(ad->doc, t, "tolerationSeconds", SECONDS) &&
	       yyjson_mut_arr_append(list, t);
}

static int mutate(struct admit *ad, const struct status **ret_st) {
	static const char *const taints[] = { "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable" };
	yyjson_mut_val *spec = json_get(ad->obj, "spec");
	bool has[ELEMENTSOF(taints)];
	for (size_t i = 0; i < ELEMENTSOF(taints); i++) has[i] = tolerated(json_get(spec, "tolerations"), taints[i]);
	for (size_t i = 0; i < ELEMENTSOF(taints); i++)
		if (!has[i] && !tolerate(ad, spec, taints[i])) {
			*ret_st = status_no_memory();
			return ADMIT_DENY;
		}
	return ADMIT_OK;
}

const struct admit_plugin admit_default_toleration_seconds = {
	.name = "DefaultTolerationSeconds",
	.ops = ADMIT_CREATE | ADMIT_UPDATE,
	.handles = handles,
	.mutate = mutate,
};
