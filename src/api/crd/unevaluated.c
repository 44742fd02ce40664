/* SPDX-License-Identifier: Apache-2.0 */
#include "api/crd/unevaluated.h"

#include "schema/crd.h"

static void warn(struct request *r, const char *text) {
	if (text) request_warn(r, text);
}

const struct status *unevaluated_definition(struct write *w) {
	yyjson_mut_val *version;
	if (w->sub) return NULL;
	json_each(json_path(w->obj, "spec.versions"), version) {
		struct slice name = json_path_str(version, "name");
		if (schema_has_rules(json_path(version, "schema.openAPIV3Schema")))
			warn(w->r, arena_printf(w->r->a, "version %.*s: x-kubernetes-validations are stored, but not evaluated", SLICE_FMT(name)));
	}
	return NULL;
}

void unevaluated_instance(struct write *w) {
	const struct schema_custom *c = schema_custom_of(w->res);
	if (c && c->has_rules)
		warn(w->r, arena_printf(w->r->a, "%s.%s/%s: x-kubernetes-validations were not evaluated", w->res->resource, w->res->group, w->res->version));
}
