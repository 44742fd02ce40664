/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of apps and batch kinds. */
#include "schema/cells/cells.h"

SCHEMA_CELL(deployment_selector) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	return cell_selector(&text, json_path(obj, "spec.selector")) ? cell_text(b, &text, "") : cell_cstr(b, "<invalid>");
}

SCHEMA_CELL(controller_revision_controller) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *o;
	size_t i, n;
	yyjson_mut_arr_foreach(json_path(obj, "metadata.ownerReferences"), i, n, o) {
		if (!json_path_bool(o, "controller", false)) continue;
		struct slice version = json_path_str(o, "apiVersion"), group = slice_cut(&version, '/');
		cell_lower(&text, json_path_str(o, "kind"));
		if (version.n) {
			buf_putc(&text, '.');
			cell_lower(&text, group);
		}
		buf_putc(&text, '/');
		buf_put_slice(&text, json_path_str(o, "name"));
		break;
	}
	return cell_text(b, &text, "<none>");
}

SCHEMA_CELL(cron_job_suspend) {
	yyjson_mut_val *v = json_path(obj, "spec.suspend");
	return cell_cstr(b, !yyjson_mut_is_bool(v) ? "<unset>" : yyjson_mut_is_true(v) ? "True" : "False");
}

SCHEMA_CELL(job_status) {
	static const char *const before[] = { "Complete", "Failed" }, *const after[] = { "Suspended", "FailureTarget",
											 "SuccessCriteriaMet" };
	for (size_t i = 0; i < ELEMENTSOF(before); i++)
		if (cell_condition_true(obj, before[i])) return cell_cstr(b, before[i]);
	if (json_path(obj, "metadata.deletionTimestamp")) return cell_cstr(b, "Terminating");
	for (size_t i = 0; i < ELEMENTSOF(after); i++)
		if (cell_condition_true(obj, after[i])) return cell_cstr(b, after[i]);
	return cell_cstr(b, "Running");
}

SCHEMA_CELL(job_completions) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	int64_t done = json_path_int(obj, "status.succeeded", 0), parallel = json_path_int(obj, "spec.parallelism", 0);
	if (json_path(obj, "spec.completions"))
		buf_printf(&text, "%lld/%lld", (long long)done, (long long)json_path_int(obj, "spec.completions", 0));
	else if (parallel > 1) buf_printf(&text, "%lld/1 of %lld", (long long)done, (long long)parallel);
	else buf_printf(&text, "%lld/1", (long long)done);
	return cell_text(b, &text, "");
}

SCHEMA_CELL(job_duration) {
	int64_t start, end = now_sec;
	char span[CELL_AGE_MAX];
	if (!cell_time(obj, "status.startTime", &start)) return cell_cstr(b, "");
	cell_time(obj, "status.completionTime", &end);
	cell_span(end - start, span);
	return cell_cstr(b, span);
}
