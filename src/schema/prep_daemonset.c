/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/calls.h"
#include "schema/compare.h"

#include <errno.h>
#include <stdio.h>

#define TEMPLATE_GENERATION "deprecated.daemonset.template.generation"

static bool put(yyjson_mut_doc *doc, yyjson_mut_val *annotations, int64_t n) {
	char text[24];
	int len = snprintf(text, sizeof(text), "%lld", (long long)n);
	return json_set_str(doc, annotations, TEMPLATE_GENERATION, slice_make(text, (size_t)len));
}

static int64_t count_of(const yyjson_mut_val *obj) {
	int64_t n;
	struct slice text = json_str(json_get(json_path(obj, "metadata.annotations"), TEMPLATE_GENERATION));
	return slice_int(text, 0, INT64_MAX - 1, &n) < 0 ? 0 : n;
}

/* The annotation counts changes of the template, from one; what an update says of it does not matter. */
SCHEMA_PREP(daemonset_template_generation) {
	yyjson_mut_val *annotations = json_ensure_obj(doc, obj, "metadata.annotations");
	if (!annotations) return -ENOMEM;
	if (!old) return put(doc, annotations, count_of(obj) < 1 ? 1 : count_of(obj)) ? 0 : -ENOMEM;
	const struct schema_resource *r = schema_find(SLICE_LIT("apps"), SLICE_LIT("v1"), SLICE_LIT("daemonsets"));
	int changed = compare_at(r->type, obj, old, "spec.template");
	return changed >= 0 && put(doc, annotations, count_of(old) + changed) ? 0 : -ENOMEM;
}
