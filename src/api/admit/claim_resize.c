/* SPDX-License-Identifier: Apache-2.0 */
/* PersistentVolumeClaimResize: only a bound claim grows, and only when its class allows that. */
#include "api/admit/plugins.h"
#include "codec/quantity.h"

static bool handles(const struct admit *ad) { return admit_is(ad, "", "persistentvolumeclaims", NULL); }

static struct quantity size_of(const yyjson_mut_val *claim) {
	struct quantity q = { 0 };
	(void)quantity_parse(json_path_str(claim, "spec.resources.requests.storage"), &q, NULL);
	return q;
}

static struct slice class_of(const yyjson_mut_val *claim) {
	struct slice name = meta_entry(claim, "annotations", "volume.beta.kubernetes.io/storage-class");
	return name.p ? name : json_path_str(claim, "spec.storageClassName");
}

static bool may_grow(const struct admit *ad) {
	struct slice now = class_of(ad->obj), was = class_of(ad->old);
	if (slice_empty(now) || !slice_eq(now, was)) return false;
	const yyjson_mut_val *class = admit_get(ad, "storage.k8s.io", "storageclasses", SLICE_NULL, now);
	return json_path_bool(class, "allowVolumeExpansion", false);
}

static int validate(struct admit *ad, const struct status **ret_st) {
	if (quantity_cmp(size_of(ad->obj), size_of(ad->old)) <= 0) return ADMIT_OK;
	if (!slice_eqs(json_path_str(ad->old, "status.phase"), "Bound")) *ret_st = admit_forbidden(ad, "Only bound persistent volume claims can be expanded");
	else if (!may_grow(ad))
		*ret_st = admit_forbidden(ad, "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize");
	return *ret_st ? ADMIT_DENY : ADMIT_OK;
}

const struct admit_plugin admit_claim_resize = {
	.name = "PersistentVolumeClaimResize",
	.ops = ADMIT_UPDATE,
	.handles = handles,
	.validate = validate,
};
