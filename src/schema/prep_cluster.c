/* SPDX-License-Identifier: Apache-2.0 */
/* Small rules of cluster-wide kinds: nodes, API services, custom resource definitions, certificate requests. */
#include "schema/calls.h"

#include <errno.h>

SCHEMA_PREP(node_config_source) {
	if (!json_path(old, "spec.configSource") && json_get(obj, "spec")) json_del(json_get(obj, "spec"), "configSource");
	return 0;
}

/* An API that this server answers itself is available from the start. */
SCHEMA_PREP(apiservice_status) {
	yyjson_mut_val *status = yyjson_mut_obj(doc), *list, *c;
	if (!status || !json_set(doc, obj, "status", status)) return -ENOMEM;
	if (json_path(obj, "spec.service")) return 0;
	struct slice now = json_path_str(obj, "metadata.creationTimestamp");
	if (!(list = yyjson_mut_arr(doc)) || !(c = yyjson_mut_obj(doc)) || !json_set(doc, status, "conditions", list))
		return -ENOMEM;
	yyjson_mut_arr_append(list, c);
	bool ok = json_set_str(doc, c, "type", SLICE_LIT("Available")) && json_set_str(doc, c, "status", SLICE_LIT("True")) &&
		  (!now.n || json_set_str(doc, c, "lastTransitionTime", now)) &&
		  json_set_str(doc, c, "reason", SLICE_LIT("Local")) &&
		  json_set_str(doc, c, "message", SLICE_LIT("Local APIServices are always available"));
	return ok ? 0 : -ENOMEM;
}

static bool lists(const yyjson_mut_val *list, const yyjson_mut_val *text) {
	yyjson_mut_val *x;
	size_t i, n;
	yyjson_mut_arr_foreach((yyjson_mut_val *)list, i, n, x) {
		if (slice_eq(json_str(x), json_str(text))) return true;
	}
	return false;
}

/* The version that is stored from now on joins those that were. */
SCHEMA_PREP(crd_stored_versions) {
	yyjson_mut_val *status = json_ensure_obj(doc, obj, "status"), *was = old ? json_get(status, "storedVersions") : NULL, *v;
	yyjson_mut_val *list = was ? json_copy(doc, was) : yyjson_mut_arr(doc);
	size_t i, n;
	if (!status || !list || !json_set(doc, status, "storedVersions", list)) return -ENOMEM;
	yyjson_mut_arr_foreach(json_path(obj, "spec.versions"), i, n, v) {
		yyjson_mut_val *name = json_get(v, "name");
		if (!json_path_bool(v, "storage", false) || !name || lists(list, name)) continue;
		return yyjson_mut_arr_append(list, json_copy(doc, name)) ? 0 : -ENOMEM;
	}
	return 0;
}

/* The approval subresource changes conditions and nothing else of the status. */
SCHEMA_PREP(csr_approval) {
	yyjson_mut_val *asked = json_path(obj, "status.conditions"), *was = json_get(old, "status");
	yyjson_mut_val *status = was ? json_copy(doc, was) : yyjson_mut_obj(doc);
	if (!status || !json_set(doc, obj, "status", status)) return -ENOMEM;
	json_del(status, "conditions");
	return !asked || json_set(doc, status, "conditions", asked) ? 0 : -ENOMEM;
}

static bool decides(const yyjson_mut_val *condition) {
	struct slice type = json_path_str(condition, "type");
	return slice_eqs(type, "Approved") || slice_eqs(type, "Denied");
}

/* Approval and denial are not the status subresource's: they stay as they were, before the rest. */
SCHEMA_PREP(csr_status) {
	yyjson_mut_val *list = yyjson_mut_arr(doc), *status = json_ensure_obj(doc, obj, "status"), *c;
	size_t i, n;
	if (!list || !status) return -ENOMEM;
	yyjson_mut_arr_foreach(json_path(old, "status.conditions"), i, n, c) {
		if (decides(c) && !yyjson_mut_arr_append(list, json_copy(doc, c))) return -ENOMEM;
	}
	yyjson_mut_arr_foreach(json_get(status, "conditions"), i, n, c) {
		if (!decides(c) && !yyjson_mut_arr_append(list, json_copy(doc, c))) return -ENOMEM;
	}
	json_del(status, "conditions");
	return !yyjson_mut_arr_size(list) || json_set(doc, status, "conditions", list) ? 0 : -ENOMEM;
}
