/* SPDX-License-Identifier: Apache-2.0 */
#include "api/webhook/configuration.h"

static int complain(struct write *w, size_t webhook, const yyjson_mut_val *conditions, struct schema_errors *errs) {
	struct arena *a = w->r->a;
	yyjson_mut_val *c;
	size_t i = 0;
	json_each(conditions, c) {
		const char *field = arena_printf(a, "webhooks[%zu].matchConditions[%zu].expression", webhook, i++);
		const char *body = arena_printf(a, "Invalid value: %s: compilation failed: this server does not evaluate CEL expressions",
						status_quote(a, json_path_str(c, "expression")));
		if (!field || !body || schema_errors_add(a, errs, "FieldValueInvalid", field, body) < 0) return -1;
	}
	return 0;
}

const struct status *webhook_configuration_check(struct write *w) {
	struct schema_errors errs = { 0 };
	yyjson_mut_val *h;
	size_t i = 0;
	json_each(json_get(w->obj, "webhooks"), h)
		if (complain(w, i++, json_get(h, "matchConditions"), &errs) < 0) return status_no_memory();
	return errs.n ? status_invalid(w->r->a, slice_str(w->res->storage_group), slice_str(w->res->kind), json_path_str(w->obj, "metadata.name"), &errs) : NULL;
}
