/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/calls.h"

#include <errno.h>

SCHEMA_PREP(pv_phase_time) {
	struct slice now = json_path_str(obj, "metadata.creationTimestamp");
	yyjson_mut_val *status = json_ensure_obj(doc, obj, "status");
	return status && (!now.n || json_set_str(doc, status, "lastPhaseTransitionTime", now)) ? 0 : -ENOMEM;
}

static bool is_source(const yyjson_mut_val *source, const char *group, const char *kind) {
	return slice_eqs(json_path_str(source, "apiGroup"), group) && slice_eqs(json_path_str(source, "kind"), kind);
}

static bool copy_reference(yyjson_mut_doc *doc, yyjson_mut_val *spec, const yyjson_mut_val *from, const char *to) {
	static const char *const names[] = { "apiGroup", "kind", "name" };
	yyjson_mut_val *v = yyjson_mut_obj(doc);
	for (size_t i = 0; v && i < ELEMENTSOF(names); i++) {
		yyjson_mut_val *x = json_get(from, names[i]);
		if (x && !json_set(doc, v, names[i], json_copy(doc, x))) return false;
	}
	return v && json_set(doc, spec, to, v);
}

/* dataSource and dataSourceRef say the same; sources that no populator of this version serves are dropped. */
SCHEMA_PREP(pvc_data_source) {
	yyjson_mut_val *spec = json_get(obj, "spec"), *was = json_get(old, "spec");
	if (!yyjson_mut_is_obj(spec)) return 0;
	bool had = json_get(was, "dataSource") || json_get(was, "dataSourceRef");
	if (json_path_str(json_get(spec, "dataSourceRef"), "namespace").n && !json_get(was, "dataSourceRef"))
		json_del(spec, "dataSourceRef");
	yyjson_mut_val *source = json_get(spec, "dataSource"), *ref = json_get(spec, "dataSourceRef");
	if (source && !ref && !had && !is_source(source, "", "PersistentVolumeClaim") &&
	    !is_source(source, "snapshot.storage.k8s.io", "VolumeSnapshot")) {
		json_del(spec, "dataSource");
		source = NULL;
	}
	if (source && !ref) return copy_reference(doc, spec, source, "dataSourceRef") ? 0 : -ENOMEM;
	if (ref && !source && !json_path_str(ref, "namespace").n)
		return copy_reference(doc, spec, ref, "dataSource") ? 0 : -ENOMEM;
	return 0;
}
