/* SPDX-License-Identifier: Apache-2.0 */
#include "api/convert_hpa.h"

#include "api/limits.h"
#include "base/buf.h"

#include <errno.h>

/* Where v1 keeps what it has no member for: annotation and v2 path. */
static const struct { const char *annotation, *parent, *member; } carried[] = {
	{ "autoscaling.alpha.kubernetes.io/metrics", "spec", "metrics" },
	{ "autoscaling.alpha.kubernetes.io/behavior", "spec", "behavior" },
	{ "autoscaling.alpha.kubernetes.io/current-metrics", "status", "currentMetrics" },
	{ "autoscaling.alpha.kubernetes.io/conditions", "status", "conditions" },
};

/* Is it `{"type":"Resource","resource":{"name":"cpu","target"|"current":{...}}}` with a utilization? */
static yyjson_mut_val *cpu_utilization(const yyjson_mut_val *metric, const char *side) {
	if (!slice_eqs(json_path_str(metric, "type"), "Resource") || !slice_eqs(json_path_str(metric, "resource.name"), "cpu")) return NULL;
	return json_get(json_get(json_get(metric, "resource"), side), "averageUtilization");
}

/* Takes the first CPU utilization out of a list of metrics. NULL: none. */
static yyjson_mut_val *take_cpu(yyjson_mut_val *metrics, const char *side) {
	size_t n = yyjson_mut_arr_size(metrics);
	for (size_t i = 0; i < n; i++) {
		yyjson_mut_val *u = cpu_utilization(yyjson_mut_arr_get(metrics, i), side);
		if (!u) continue;
		yyjson_mut_arr_remove(metrics, i);
		return u;
	}
	return NULL;
}

static int annotate(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *key, const yyjson_mut_val *v) {
	_cleanup_buf_ struct buf b = BUF_INIT(OBJECT_BYTES_MAX);
	yyjson_mut_val *a = json_ensure_obj(doc, obj, "metadata.annotations");
	if (!a || json_write(&b, v) < 0) return -ENOMEM;
	return json_set_str(doc, a, key, buf_slice(&b)) ? 0 : -ENOMEM;
}

static bool is_empty(yyjson_mut_val *v) {
	return !v || yyjson_mut_is_null(v) || (yyjson_mut_is_arr(v) && yyjson_mut_arr_size(v) == 0);
}

static int carry_out(yyjson_mut_doc *doc, yyjson_mut_val *obj) {
	int err = 0;
	for (size_t i = 0; !err && i < ELEMENTSOF(carried); i++) {
		yyjson_mut_val *parent = json_get(obj, carried[i].parent), *v = json_get(parent, carried[i].member);
		if (!is_empty(v)) err = annotate(doc, obj, carried[i].annotation, v);
		json_del(parent, carried[i].member);
	}
	return err;
}

int convert_hpa_to_v1(yyjson_mut_doc *doc, yyjson_mut_val *obj) {
	yyjson_mut_val *spec = json_get(obj, "spec"), *status = json_get(obj, "status");
	yyjson_mut_val *target = take_cpu(json_get(spec, "metrics"), "target"), *now = take_cpu(json_get(status, "currentMetrics"), "current");
	if (target && !json_set(doc, spec, "targetCPUUtilizationPercentage", target)) return -ENOMEM;
	if (now && !json_set(doc, status, "currentCPUUtilizationPercentage", now)) return -ENOMEM;
	return carry_out(doc, obj);
}

static yyjson_mut_val *cpu_metric(yyjson_mut_doc *doc, const char *side, yyjson_mut_val *utilization) {
	yyjson_mut_val *m = yyjson_mut_obj(doc), *res = json_ensure_obj(doc, m, "resource"), *t = res ? json_ensure_obj(doc, res, side) : NULL;
	if (!t || !json_set_str(doc, m, "type", SLICE_LIT("Resource")) || !json_set_str(doc, res, "name", SLICE_LIT("cpu"))) return NULL;
	if (!strcmp(side, "target") && !json_set_str(doc, t, "type", SLICE_LIT("Utilization"))) return NULL;
	return json_set(doc, t, "averageUtilization", utilization) ? m : NULL;
}

static int cpu_in(yyjson_mut_doc *doc, yyjson_mut_val *parent, const char *v1, const char *list, const char *side) {
	yyjson_mut_val *u = json_get(parent, v1), *metrics = json_get(parent, list);
	if (!u) return 0;
	json_del(parent, v1);
	yyjson_mut_val *m = cpu_metric(doc, side, u);
	if (!metrics) metrics = yyjson_mut_arr(doc);
	if (!m || !metrics || !yyjson_mut_arr_prepend(metrics, m)) return -ENOMEM;
	return json_set(doc, parent, list, metrics) ? 0 : -ENOMEM;
}

/* An annotation that does not parse is dropped, as upstream does. */
static int carry_in(yyjson_mut_doc *doc, yyjson_mut_val *obj) {
	yyjson_mut_val *annotations = json_path(obj, "metadata.annotations");
	for (size_t i = 0; annotations && i < ELEMENTSOF(carried); i++) {
		struct slice text = json_str(json_get(annotations, carried[i].annotation));
		if (slice_empty(text)) continue;
		struct arena *a = arena_new(0);
		yyjson_mut_doc *d;
		struct json_error e;
		int err = a ? json_parse(a, text, &d, &e) : -ENOMEM;
		yyjson_mut_val *parent = json_ensure_obj(doc, obj, carried[i].parent);
		if (!err && (!parent || !json_set(doc, parent, carried[i].member, json_copy(doc, yyjson_mut_doc_get_root(d))))) err = -ENOMEM;
		json_del(annotations, carried[i].annotation);
		(void)arena_free(a);
		if (err == -ENOMEM) return err;
	}
	if (annotations && yyjson_mut_obj_size(annotations) == 0) json_del(json_get(obj, "metadata"), "annotations");
	return 0;
}

int convert_hpa_to_v2(yyjson_mut_doc *doc, yyjson_mut_val *obj) {
	int err = carry_in(doc, obj);
	if (!err) err = cpu_in(doc, json_get(obj, "spec"), "targetCPUUtilizationPercentage", "metrics", "target");
	if (!err) err = cpu_in(doc, json_get(obj, "status"), "currentCPUUtilizationPercentage", "currentMetrics", "current");
	return err;
}
