/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of events, in the form of v1 and in that of events.k8s.io. */
#include "schema/cells/cells.h"

/* The value under either form's name. */
static yyjson_mut_val *either(const yyjson_mut_val *obj, const char *core, const char *events) {
	yyjson_mut_val *v = json_get(obj, core);
	return v ? v : json_get(obj, events);
}

static void first_seen(const yyjson_mut_val *obj, int64_t now_sec, char out[CELL_AGE_MAX]) {
	static const char *const times[] = { "firstTimestamp", "deprecatedFirstTimestamp", "eventTime" };
	size_t i = 0;
	while (i + 1 < ELEMENTSOF(times) && !json_path_str(obj, times[i]).n) i++;
	cell_age(obj, times[i], now_sec, out);
}

SCHEMA_CELL(event_first_seen) {
	char age[CELL_AGE_MAX];
	first_seen(obj, now_sec, age);
	return cell_cstr(b, age);
}

SCHEMA_CELL(event_last_seen) {
	static const char *const times[] = { "lastTimestamp", "deprecatedLastTimestamp" };
	char age[CELL_AGE_MAX];
	first_seen(obj, now_sec, age);
	for (size_t i = 0; i < ELEMENTSOF(times); i++)
		if (json_path_str(obj, times[i]).n) cell_age(obj, times[i], now_sec, age);
	if (json_get(obj, "series")) cell_age(obj, "series.lastObservedTime", now_sec, age);
	return cell_cstr(b, age);
}

SCHEMA_CELL(event_object) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *ref = either(obj, "involvedObject", "regarding");
	struct slice name = json_path_str(ref, "name");
	cell_lower(&text, json_path_str(ref, "kind"));
	if (name.n) buf_printf(&text, "/%.*s", SLICE_FMT(name));
	return cell_text(b, &text, "");
}

SCHEMA_CELL(event_subobject) { return cell_path(b, either(obj, "involvedObject", "regarding"), "fieldPath", ""); }

SCHEMA_CELL(event_source) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *source = either(obj, "source", "deprecatedSource");
	struct slice component = json_path_str(source, "component"), host = json_path_str(source, "host");
	if (!component.n) component = json_str(either(obj, "reportingComponent", "reportingController"));
	if (!host.n) host = json_path_str(obj, "reportingInstance");
	buf_put_slice(&text, component);
	if (host.n) buf_printf(&text, ", %.*s", SLICE_FMT(host));
	return cell_text(b, &text, "");
}

SCHEMA_CELL(event_message) {
	struct slice s = json_str(either(obj, "message", "note"));
	while (s.n && strchr(" \t\n\r\v\f", s.p[0])) s = slice_from(s, 1);
	while (s.n && strchr(" \t\n\r\v\f", s.p[s.n - 1])) s.n--;
	return cell_str(b, s);
}

SCHEMA_CELL(event_count) {
	int64_t n = json_path_int(obj, "series.count", 0);
	yyjson_mut_val *count = either(obj, "count", "deprecatedCount");
	if (!json_get(obj, "series") && count) n = yyjson_mut_get_sint(count);
	return cell_int(b, n || json_get(obj, "series") ? n : 1);
}
