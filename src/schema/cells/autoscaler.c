/* SPDX-License-Identifier: Apache-2.0 */
/* TARGETS of horizontal pod autoscalers, in both versions. */
#include "schema/cells/cells.h"

#define METRICS_SHOWN 2

static const struct {
	const char *type, *member;
	bool named; /* starts with the resource's name */
} sources[] = { { "External", "external", false },
		{ "Pods", "pods", false },
		{ "Object", "object", false },
		{ "Resource", "resource", true },
		{ "ContainerResource", "containerResource", true } };

static void put_quantity(struct buf *text, const yyjson_mut_val *v) {
	struct slice s = json_str(v);
	buf_put_slice(text, s.n ? s : SLICE_LIT("<unknown>"));
}

static void utilization(struct buf *text, const yyjson_mut_val *current, const yyjson_mut_val *target) {
	if (json_get(current, "averageUtilization"))
		buf_printf(text, "%lld%%", (long long)json_path_int(current, "averageUtilization", 0));
	else buf_puts(text, "<unknown>");
	buf_putc(text, '/');
	if (json_get(target, "averageUtilization"))
		buf_printf(text, "%lld%%", (long long)json_path_int(target, "averageUtilization", 0));
	else buf_puts(text, "<auto>");
}

static void put_metric(struct buf *text, const yyjson_mut_val *metric, const yyjson_mut_val *now) {
	size_t i = 0;
	while (i < ELEMENTSOF(sources) && !slice_eqs(json_path_str(metric, "type"), sources[i].type)) i++;
	if (i == ELEMENTSOF(sources)) {
		buf_puts(text, "<unknown type>");
		return;
	}
	yyjson_mut_val *source = json_get(metric, sources[i].member), *target = json_get(source, "target");
	yyjson_mut_val *current = json_get(json_get(now, sources[i].member), "current");
	bool average = json_get(target, "averageValue") != NULL, pods = !strcmp(sources[i].member, "pods");
	if (sources[i].named) buf_printf(text, "%.*s: ", SLICE_FMT(json_path_str(source, "name")));
	if (sources[i].named && !average) {
		utilization(text, current, target);
		return;
	}
	const char *which = average || pods ? "averageValue" : "value";
	put_quantity(text, json_get(current, which));
	buf_putc(text, '/');
	put_quantity(text, json_get(target, which));
	if (average && !pods && !sources[i].named) buf_puts(text, " (avg)");
}

/* autoscaling/v1 knows the CPU only. */
static void put_cpu(struct buf *text, const yyjson_mut_val *obj) {
	yyjson_mut_val *now = json_path(obj, "status.currentCPUUtilizationPercentage");
	buf_puts(text, "cpu: ");
	if (now) buf_printf(text, "%lld%%", (long long)yyjson_mut_get_sint(now));
	else buf_puts(text, "<unknown>");
	buf_printf(text, "/%lld%%", (long long)json_path_int(obj, "spec.targetCPUUtilizationPercentage", 0));
}

SCHEMA_CELL(hpa_targets) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *metrics = json_path(obj, "spec.metrics"), *now = json_path(obj, "status.currentMetrics"), *m;
	size_t i, n;
	if (json_path(obj, "spec.targetCPUUtilizationPercentage")) put_cpu(&text, obj);
	yyjson_mut_arr_foreach(metrics, i, n, m) {
		if (i == METRICS_SHOWN) break;
		if (i) buf_puts(&text, ", ");
		put_metric(&text, m, yyjson_mut_arr_get(now, i));
	}
	n = yyjson_mut_arr_size(metrics);
	if (n > METRICS_SHOWN) buf_printf(&text, " + %zu more...", n - METRICS_SHOWN);
	return cell_text(b, &text, "<none>");
}
