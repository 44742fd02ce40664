/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/cells/cells.h"

SCHEMA_CELL(node_status) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *ready = cell_condition(obj, "status.conditions", "Ready");
	buf_puts(&text, !ready ? "Unknown" : slice_eqs(json_path_str(ready, "status"), "True") ? "Ready" : "NotReady");
	if (json_path_bool(obj, "spec.unschedulable", false)) buf_puts(&text, ",SchedulingDisabled");
	return cell_text(b, &text, "");
}

SCHEMA_CELL(node_roles) {
	static const char prefix[] = "node-role.kubernetes.io/";
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	struct cell_set roles = { .n = 0 };
	yyjson_mut_val *k, *v;
	size_t i, n;
	yyjson_mut_obj_foreach(json_path(obj, "metadata.labels"), i, n, k, v) {
		struct slice key = json_str(k), value = json_str(v);
		if (slice_starts(key, slice_str(prefix)) && key.n > sizeof(prefix) - 1)
			cell_set_add(&roles, slice_from(key, sizeof(prefix) - 1));
		else if (slice_eqs(key, "kubernetes.io/role") && value.n) cell_set_add(&roles, value);
	}
	cell_set_join(&text, &roles);
	return cell_text(b, &text, "<none>");
}

static int address(const yyjson_mut_val *obj, const char *type, struct buf *b) {
	return cell_path(b, cell_condition(obj, "status.addresses", type), "address", "<none>");
}

SCHEMA_CELL(node_internal_ip) { return address(obj, "InternalIP", b); }
SCHEMA_CELL(node_external_ip) { return address(obj, "ExternalIP", b); }
