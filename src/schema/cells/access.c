/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of role bindings and certificate requests. */
#include "schema/cells/cells.h"

static int subjects(const yyjson_mut_val *obj, const char *kind, bool with_namespace, struct buf *b) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *s;
	size_t i, n, count = 0;
	yyjson_mut_arr_foreach(json_get(obj, "subjects"), i, n, s) {
		if (!slice_eqs(json_path_str(s, "kind"), kind)) continue;
		if (count++) buf_puts(&text, ", ");
		if (with_namespace) {
			buf_put_slice(&text, json_path_str(s, "namespace"));
			buf_putc(&text, '/');
		}
		buf_put_slice(&text, json_path_str(s, "name"));
	}
	return cell_text(b, &text, "");
}

SCHEMA_CELL(role_binding_users) { return subjects(obj, "User", false, b); }
SCHEMA_CELL(role_binding_groups) { return subjects(obj, "Group", false, b); }
SCHEMA_CELL(role_binding_service_accounts) { return subjects(obj, "ServiceAccount", true, b); }
SCHEMA_CELL(cluster_role_binding_users) { return subjects(obj, "User", false, b); }
SCHEMA_CELL(cluster_role_binding_groups) { return subjects(obj, "Group", false, b); }
SCHEMA_CELL(cluster_role_binding_service_accounts) { return subjects(obj, "ServiceAccount", true, b); }

SCHEMA_CELL(certificate_signing_request_requested_duration) {
	char span[CELL_AGE_MAX];
	if (!json_path(obj, "spec.expirationSeconds")) return cell_cstr(b, "<none>");
	cell_span(json_path_int(obj, "spec.expirationSeconds", 0), span);
	return cell_cstr(b, span);
}

SCHEMA_CELL(certificate_signing_request_condition) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	const char *list = "status.conditions";
	buf_puts(&text, cell_condition(obj, list, "Denied")     ? "Denied"
			: cell_condition(obj, list, "Approved") ? "Approved"
								: "Pending");
	if (cell_condition(obj, list, "Failed")) buf_puts(&text, ",Failed");
	if (json_path_str(obj, "status.certificate").n) buf_puts(&text, ",Issued");
	return cell_text(b, &text, "");
}
