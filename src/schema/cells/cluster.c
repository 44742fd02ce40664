/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of kinds that run the cluster: API services, admission policies, component statuses, flow schemas, quotas. */
#include "schema/cells/cells.h"

SCHEMA_CELL(apiservice_service) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *s = json_path(obj, "spec.service");
	if (!s) return cell_cstr(b, "Local");
	buf_printf(&text, "%.*s/%.*s", SLICE_FMT(json_path_str(s, "namespace")), SLICE_FMT(json_path_str(s, "name")));
	return cell_text(b, &text, "");
}

SCHEMA_CELL(apiservice_available) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *c = cell_condition(obj, "status.conditions", "Available");
	struct slice status = json_path_str(c, "status"), reason = json_path_str(c, "reason");
	if (!c) return cell_cstr(b, "Unknown");
	buf_put_slice(&text, status);
	if (!slice_eqs(status, "True") && reason.n) buf_printf(&text, " (%.*s)", SLICE_FMT(reason));
	return cell_text(b, &text, "");
}

SCHEMA_CELL(validating_admission_policy_param_kind) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *k = json_path(obj, "spec.paramKind");
	if (!k) return cell_cstr(b, "<unset>");
	buf_printf(&text, "%.*s/%.*s", SLICE_FMT(json_path_str(k, "apiVersion")), SLICE_FMT(json_path_str(k, "kind")));
	return cell_text(b, &text, "");
}

/* A selector as Go prints the struct. */
static void selector_debug(struct buf *text, const yyjson_mut_val *s) {
	struct cell_set keys = { .n = 0 };
	yyjson_mut_val *labels = json_get(s, "matchLabels"), *k, *v, *e;
	size_t i, n, j, m;
	yyjson_mut_obj_foreach(labels, i, n, k, v) cell_set_add(&keys, json_str(k));
	buf_puts(text, "&LabelSelector{MatchLabels:map[string]string{");
	for (i = 0; i < keys.n; i++)
		buf_printf(text, "%.*s: %.*s,", SLICE_FMT(keys.v[i]), SLICE_FMT(json_str(json_getn(labels, keys.v[i]))));
	buf_puts(text, "},MatchExpressions:[]LabelSelectorRequirement{");
	yyjson_mut_arr_foreach(json_get(s, "matchExpressions"), i, n, e) {
		buf_printf(text, "LabelSelectorRequirement{Key:%.*s,Operator:%.*s,Values:[", SLICE_FMT(json_path_str(e, "key")),
			   SLICE_FMT(json_path_str(e, "operator")));
		yyjson_mut_arr_foreach(json_get(e, "values"), j, m, v)
			buf_printf(text, "%s%.*s", j ? " " : "", SLICE_FMT(json_str(v)));
		buf_puts(text, "],},");
	}
	buf_puts(text, "},}");
}

SCHEMA_CELL(validating_admission_policy_binding_param_ref) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *ref = json_path(obj, "spec.paramRef");
	struct slice ns = json_path_str(ref, "namespace"), name = json_path_str(ref, "name");
	if (name.n) buf_printf(&text, "%.*s/%.*s", SLICE_FMT(ns.n ? ns : SLICE_LIT("*")), SLICE_FMT(name));
	else if (json_get(ref, "selector")) selector_debug(&text, json_get(ref, "selector"));
	return cell_text(b, &text, "<unset>");
}

static yyjson_mut_val *healthy(const yyjson_mut_val *obj) { return cell_condition(obj, "conditions", "Healthy"); }

SCHEMA_CELL(component_status_status) {
	yyjson_mut_val *c = healthy(obj);
	return cell_cstr(b, !c ? "Unknown" : slice_eqs(json_path_str(c, "status"), "True") ? "Healthy" : "Unhealthy");
}
SCHEMA_CELL(component_status_message) { return cell_path(b, healthy(obj), "message", ""); }
SCHEMA_CELL(component_status_error) { return cell_path(b, healthy(obj), "error", ""); }

SCHEMA_CELL(flow_schema_missing_pl) { return cell_path(b, cell_condition(obj, "status.conditions", "Dangling"), "status", "?"); }

/* "<resource>: <used>/<hard>" for those whose name starts with "limits." (or does not). */
static int quota(const yyjson_mut_val *obj, bool limits, struct buf *b) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	struct cell_set keys = { .n = 0 };
	yyjson_mut_val *hard = json_path(obj, "status.hard"), *used = json_path(obj, "status.used"), *k, *v;
	size_t i, n;
	yyjson_mut_obj_foreach(hard, i, n, k, v) {
		if (slice_starts(json_str(k), SLICE_LIT("limits.")) == limits) cell_set_add(&keys, json_str(k));
	}
	for (i = 0; i < keys.n; i++) {
		struct slice u = json_str(json_getn(used, keys.v[i])), h = json_str(json_getn(hard, keys.v[i]));
		if (i) buf_puts(&text, ", ");
		buf_printf(&text, "%.*s: %.*s/%.*s", SLICE_FMT(keys.v[i]), SLICE_FMT(u.n ? u : SLICE_LIT("0")), SLICE_FMT(h));
	}
	return cell_text(b, &text, "");
}

SCHEMA_CELL(resource_quota_request) { return quota(obj, false, b); }
SCHEMA_CELL(resource_quota_limit) { return quota(obj, true, b); }
