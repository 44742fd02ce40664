/* SPDX-License-Identifier: Apache-2.0 */
/* Moments that strategies write down. Apart from the rest, which needs no clock. */
#include "schema/table.h"

#include "codec/timestamp.h"

#include <errno.h>

static yyjson_mut_val *condition_like(const yyjson_mut_val *list, const yyjson_mut_val *like) {
	yyjson_mut_val *c;
	size_t i, n;
	yyjson_mut_arr_foreach((yyjson_mut_val *)list, i, n, c) {
		if (slice_eq(json_path_str(c, "type"), json_path_str(like, "type")) &&
		    slice_eq(json_path_str(c, "status"), json_path_str(like, "status")))
			return c;
	}
	return NULL;
}

/* Conditions of certificate requests: when they were written, and since when they are as they are. */
static int csr_conditions(yyjson_mut_doc *doc, yyjson_mut_val *obj, const yyjson_mut_val *old, struct slice now) {
	yyjson_mut_val *c;
	size_t i, n;
	yyjson_mut_arr_foreach(json_path(obj, "status.conditions"), i, n, c) {
		if (!json_path_str(c, "lastUpdateTime").n && !json_set_str(doc, c, "lastUpdateTime", now)) return -ENOMEM;
		if (json_path_str(c, "lastTransitionTime").n) continue;
		struct slice since = json_path_str(condition_like(json_path(old, "status.conditions"), c), "lastTransitionTime");
		if (!json_set_str(doc, c, "lastTransitionTime", since.n ? since : now)) return -ENOMEM;
	}
	return 0;
}

static int pv_phase(yyjson_mut_doc *doc, yyjson_mut_val *obj, const yyjson_mut_val *old, struct slice now) {
	static const char path[] = "status.lastPhaseTransitionTime";
	if (slice_eq(json_path_str(obj, "status.phase"), json_path_str(old, "status.phase"))) return 0;
	if (!slice_eq(json_path_str(obj, path), json_path_str(old, path))) return 0;
	yyjson_mut_val *status = json_ensure_obj(doc, obj, "status");
	return status && json_set_str(doc, status, "lastPhaseTransitionTime", now) ? 0 : -ENOMEM;
}

static const struct {
	const char *group, *resource, *subresource;
	int (*set)(yyjson_mut_doc *doc, yyjson_mut_val *obj, const yyjson_mut_val *old, struct slice now);
} rules[] = {
	{ "certificates.k8s.io", "certificatesigningrequests", "approval", csr_conditions },
	{ "certificates.k8s.io", "certificatesigningrequests", "status", csr_conditions },
	{ "", "persistentvolumes", "status", pv_phase },
};

int schema_prepare_times(const struct schema_resource *r, const struct schema_subresource *sub, yyjson_mut_doc *doc,
			 yyjson_mut_val *obj, const yyjson_mut_val *old, int64_t now_sec) {
	char now[TIMESTAMP_TEXT];
	if (r->is_custom || !sub || !old) return 0;
	for (size_t i = 0; i < ELEMENTSOF(rules); i++) {
		if (strcmp(rules[i].group, r->group) || strcmp(rules[i].resource, r->resource) ||
		    strcmp(rules[i].subresource, sub->name))
			continue;
		timestamp_format(now_sec, now);
		return rules[i].set(doc, obj, old, slice_str(now));
	}
	return 0;
}
