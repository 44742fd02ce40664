/* SPDX-License-Identifier: Apache-2.0 */
#include "api/resources.h"

#include "api/crd/definitions.h"

const struct schema_resource *resources_find(struct api *api, struct arena *a, struct slice group, struct slice version, struct slice resource) {
	const struct catalog *c = definitions_catalog(api, a);
	return c ? catalog_find(c, group, version, resource) : NULL;
}

bool resources_built_in_group(struct slice group) {
	for (size_t i = 0; i < schema_builtin_count(); i++)
		if (slice_eqs(group, schema_builtin(i)->group)) return true;
	return false;
}

bool resources_terminating(struct api *api, struct arena *a, const struct schema_resource *res) {
	const struct catalog *c = res->is_custom ? definitions_catalog(api, a) : NULL;
	const struct catalog_definition *d = c ? catalog_definition_of(c, res) : NULL;
	return d && d->terminating;
}
