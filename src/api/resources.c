/* SPDX-License-Identifier: Apache-2.0 */
#include "api/resources.h"

const struct schema_resource *resources_find(struct api *api, struct arena *a, struct slice group, struct slice version, struct slice resource) {
	return schema_find(group, version, resource);
}

bool resources_has_group(struct api *api, struct slice group, struct slice version) {
	for (size_t i = 0; i < schema_builtin_count(); i++) {
		const struct schema_resource *r = schema_builtin(i);
		if (slice_eqs(group, r->group) && (slice_empty(version) || slice_eqs(version, r->version))) return true;
	}
	return false;
}
