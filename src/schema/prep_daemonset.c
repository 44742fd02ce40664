/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/calls.h"
#include "schema/compare.h"

#include <errno.h>
#include <stdio.h>

#define TEMPLATE_GENERATION "deprecated.daemonset.template.generation"

/* The annotation counts changes of the template; what the update says of it does not matter. */
SCHEMA_PREP(daemonset_template_generation) {
	struct slice was = json_str(json_get(json_path(old, "metadata.annotations"), TEMPLATE_GENERATION));
	const struct schema_resource *r = schema_find(SLICE_LIT("apps"), SLICE_LIT("v1"), SLICE_LIT("daemonsets"));
	yyjson_mut_val *annotations = json_ensure_obj(doc, obj, "metadata.annotations");
	int64_t n;
	if (slice_int(was, 0, INT64_MAX - 1, &n) < 0) n = 0;
	int changed = compare_at(r->type, obj, old, "spec.template");
	if (changed < 0 || !annotations) return -ENOMEM;
	char text[24];
	int len = snprintf(text, sizeof(text), "%lld", (long long)(n + changed));
	return json_set_str(doc, annotations, TEMPLATE_GENERATION, slice_make(text, (size_t)len)) ? 0 : -ENOMEM;
}
