/* SPDX-License-Identifier: Apache-2.0 */
/* StorageObjectInUseProtection: new claims and volumes get the finalizer that holds them while something uses them. */
#include "api/admit/plugins.h"

static const struct { const char *resource, *finalizer; } rows[] = {
	{ "persistentvolumeclaims", "kubernetes.io/pvc-protection" },
	{ "persistentvolumes", "kubernetes.io/pv-protection" },
};

static int mutate(struct admit *ad, const struct status **ret_st) {
	yyjson_mut_val *meta = json_get(ad->obj, "metadata"), *list = json_get(meta, "finalizers"), *one;
	const char *finalizer = NULL;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		if (admit_is(ad, "", rows[i].resource, NULL)) finalizer = rows[i].finalizer;
	if (!finalizer || !meta) return ADMIT_OK;
	json_each(list, one)
		if (slice_eqs(json_str(one), finalizer)) return ADMIT_OK;
	if (!list) {
		list = yyjson_mut_arr(ad->doc);
		if (!json_set(ad->doc, meta, "finalizers", list)) list = NULL;
	}
	if (list && yyjson_mut_arr_add_str(ad->doc, list, finalizer)) return ADMIT_OK;
	*ret_st = status_no_memory();
	return ADMIT_DENY;
}

const struct admit_plugin admit_storage_in_use = {
	.name = "StorageObjectInUseProtection",
	.ops = ADMIT_CREATE,
	.mutate = mutate,
};
