/* SPDX-License-Identifier: Apache-2.0 */
/* DefaultIngressClass: for ingresses that name no class (plugin/pkg/admission/network/defaultingressclass). */
#include "api/admit/default_class.h"

static bool is_ingress(const struct admit *ad) { return admit_is(ad, "networking.k8s.io", "ingresses", NULL); }

static int ingress_mutate(struct admit *ad, const struct status **ret_st) {
	static const char *const marks[2] = { "ingressclass.kubernetes.io/is-default-class", NULL };
	if (meta_entry(ad->obj, "annotations", "kubernetes.io/ingress.class").p || json_path(ad->obj, "spec.ingressClassName")) return ADMIT_OK;
	return default_class_set(ad, "ingressClassName", "networking.k8s.io/ingressclasses", marks, ret_st);
}

const struct admit_plugin admit_default_ingress_class = {
	.name = "DefaultIngressClass",
	.ops = ADMIT_CREATE,
	.handles = is_ingress,
	.mutate = ingress_mutate,
};
