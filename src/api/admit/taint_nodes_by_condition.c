/* SPDX-License-Identifier: Apache-2.0 */
/* TaintNodesByCondition: a new node takes no pods until its controller has seen it ready. */
#include "api/admit/plugins.h"

#define NOT_READY "node.kubernetes.io/not-ready"

static bool handles(const struct admit *ad) { return admit_is(ad, "", "nodes", NULL); }

static bool has_taint(const yyjson_mut_val *taints) {
	yyjson_mut_val *t;
	if (!taints) return false;
	json_each(taints, t)
		if (slice_eqs(json_path_str(t, "key"), NOT_READY) && slice_eqs(json_path_str(t, "effect"), "NoSchedule")) return true;
	return false;
}

static int mutate(struct admit *ad, const struct status **ret_st) {
	yyjson_mut_val *spec = json_ensure_obj(ad->doc, ad->obj, "spec"), *taints = json_get(spec, "taints"), *t;
	if (has_taint(taints)) return ADMIT_OK;
	if (!taints) {
		taints = yyjson_mut_arr(ad->doc);
		if (!json_set(ad->doc, spec, "taints", taints)) goto no_memory;
	}
	t = yyjson_mut_obj(ad->doc);
	if (json_set_str(ad->doc, t, "key", SLICE_LIT(NOT_READY)) && json_set_str(ad->doc, t, "effect", SLICE_LIT("NoSchedule")) &&
	    yyjson_mut_arr_append(taints, t))
		return ADMIT_OK;
no_memory:
	*ret_st = status_no_memory();
	return ADMIT_DENY;
}

const struct admit_plugin admit_taint_nodes_by_condition = {
	.name = "TaintNodesByCondition",
	.ops = ADMIT_CREATE,
	.handles = handles,
	.mutate = mutate,
};
