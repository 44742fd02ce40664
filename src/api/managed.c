/* SPDX-License-Identifier: Apache-2.0 */
#include "api/managed.h"

static const struct managed_ops *in_use;

void managed_use(const struct managed_ops *ops) { in_use = ops; }

static const struct status *keep(const struct managed_write *m, const yyjson_mut_val *live, yyjson_mut_val *obj) {
	yyjson_mut_val *meta = json_ensure_obj(m->doc, obj, "metadata"), *was = json_path(live, "metadata.managedFields");
	if (!meta) return status_no_memory();
	json_del(meta, "managedFields");
	if (was && !json_set(m->doc, meta, "managedFields", json_copy(m->doc, was))) return status_no_memory();
	return NULL;
}

const struct status *managed_update(const struct managed_write *m, const yyjson_mut_val *live, yyjson_mut_val *obj) {
	return in_use ? in_use->update(m, live, obj) : keep(m, live, obj);
}

const struct status *managed_apply(const struct managed_write *m, const yyjson_mut_val *live, yyjson_mut_val *patch, yyjson_mut_val **ret) {
	return in_use ? in_use->apply(m, live, patch, ret) : status_unsupported_patch();
}
