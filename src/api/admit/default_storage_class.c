/* SPDX-License-Identifier: Apache-2.0 */
/* DefaultStorageClass: for claims that name no class (plugin/pkg/admission/storage/storageclass/setdefault). */
#include "api/admit/default_class.h"

static bool is_claim(const struct admit *ad) { return admit_is(ad, "", "persistentvolumeclaims", NULL); }

static int storage_mutate(struct admit *ad, const struct status **ret_st) {
	static const char *const marks[2] = { "storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class" };
	if (meta_entry(ad->obj, "annotations", "volume.beta.kubernetes.io/storage-class").p || json_path(ad->obj, "spec.storageClassName")) return ADMIT_OK;
	return default_class_set(ad, "storageClassName", "storage.k8s.io/storageclasses", marks, ret_st);
}

const struct admit_plugin admit_default_storage_class = {
	.name = "DefaultStorageClass",
	.ops = ADMIT_CREATE,
	.handles = is_claim,
	.mutate = storage_mutate,
};
