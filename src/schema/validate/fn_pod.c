/* SPDX-License-Identifier: Apache-2.0 */
/* What only pods and their templates need. Source: pkg/apis/core and component-helpers. */
#include "schema/validate/function.h"
#include "base/limits.h"

/* ---- numbers or texts ---- */

RULE_DEF(isInt) { return rv_bool(a->kind != RV_STR); }
RULE_DEF(isText) { return rv_bool(a->kind == RV_STR); }
RULE_DEF(IntValue) {
	int64_t v = rv_num(a);
	if (a->kind == RV_STR && slice_int(rv_slice(a), INT64_MIN, INT64_MAX, &v)) v = 0;
	return rv_int(v);
}

static bool percent_of(const struct rule_value *v, int64_t *ret) {
	struct slice s = rv_slice(v);
	return slice_ends(s, SLICE_LIT("%")) && slice_int(slice_upto(s, s.n - 1), 0, INT32_MAX, ret) == 0;
}
RULE_DEF(getPercentValue) {
	int64_t v;
	return rv_int(percent_of(a, &v) ? v : 0);
}
RULE_DEF(getPercentValue_1) {
	int64_t v;
	return rv_bool(percent_of(a, &v));
}
RULE_DEF(getIntOrPercentValue) {
	int64_t v;
	return rv_int(percent_of(a, &v) ? v : rv_num(a));
}

/* ---- downward API ---- */

/* "a.b['k']" apart: false when there is no subscript. Source: fieldpath.SplitMaybeSubscriptedPath. */
static bool split_path(struct slice p, struct slice *ret_path, struct slice *ret_key) {
	ptrdiff_t at = slice_find(p, SLICE_LIT("['"));
	if (!slice_ends(p, SLICE_LIT("']")) || at <= 0 || (size_t)at + 4 > p.n) return false;
	*ret_path = slice_upto(p, (size_t)at);
	*ret_key = slice_make(p.p + at + 2, p.n - (size_t)at - 4);
	return true;
}
RULE_DEF(SplitMaybeSubscriptedPath) {
	struct slice path = rv_slice(a), key;
	split_path(path, &path, &key);
	return rv_str(path);
}
/* The subscript, or nil. */
RULE_DEF(SplitMaybeSubscriptedPath_1) {
	struct slice path, key;
	return split_path(rv_slice(a), &path, &key) ? rv_str(key) : RV_NONE;
}

static const char *const pod_labels[] = { "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace",
	"metadata.uid",
	"spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName", "status.phase", "status.hostIP", "status.hostIPs",
	"status.podIP", "status.podIPs", "spec.host" };

/* nil, or why the field path is none of a pod of that API version. */
RULE_DEF(downwardLabelError) {
	struct slice path = rv_slice(&a[1]), base, key;
	if (!slice_eqs(rv_slice(a), "v1")) return rule_textf(s, "unsupported pod version: %.*s", SLICE_FMT(rv_slice(a)));
	if (split_path(path, &base, &key)) {
		if (slice_eqs(base, "metadata.annotations") || slice_eqs(base, "metadata.labels")) return RV_NONE;
		return rule_textf(s, "field label does not support subscript: %.*s", SLICE_FMT(path));
	}
	for (size_t i = 0; i < ELEMENTSOF(pod_labels); i++)
		if (slice_eqs(path, pod_labels[i])) return RV_NONE;
	return rule_textf(s, "field label not supported: %.*s", SLICE_FMT(path));
}

/* ---- sysctls ---- */

static const struct { const char *prefix, *space; } sysctls[] = {
	{ "kernel.shm", "IPC" }, { "kernel.msg", "IPC" }, { "fs.mqueue.", "IPC" }, { "net.", "Net" },
};

/* The namespace a sysctl belongs to: "IPC", "Net" or "". */
RULE_DEF(sysctlNamespace) {
	char *name = arena_slice_str(s->arena, rv_slice(a));
	if (!name) return RV_NONE;
	/* The kernel takes both separators; the first one decides which is which. */
	for (char *p = name, first = 0; *p; p++)
		if (*p == '.' || *p == '/') {
			if (!first) first = *p;
			if (first == '/') *p = *p == '/' ? '.' : '/';
		}
	if (!strcmp(name, "kernel.sem")) return rv_lit("IPC");
	for (size_t i = 0; i < ELEMENTSOF(sysctls); i++)
		if (!strncmp(name, sysctls[i].prefix, strlen(sysctls[i].prefix))) return rv_lit(sysctls[i].space);
	return rv_lit("");
}

/* ---- updates ---- */

static struct rule_value containers_without_image(struct rule_scope *s, const struct rule_value *list) {
	struct rule_list l = RULE_LIST(s);
	struct rv_cursor c = { 0 };
	struct rule_value k, args[2] = { RV_NONE, rv_lit("image") };
	while (rv_next(list, &c, &k, &args[0]))
		rule_list_add(&l, rule_fn_without(s, args, 2));
	return rule_list_done(&l);
}

/* What of a pod spec an update may not change: everything but images, deadline and tolerations; while the pod is gated
 * (a[1]) also node selector and affinity, and with a[2] the grace period are free. */
RULE_DEF(podUpdateRest) {
	bool gated = rv_true(&a[1]), grace = rv_true(&a[2]);
	struct rule_list l = RULE_LIST(s);
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v)) {
		struct slice name = rv_slice(&k);
		if (slice_eqs(name, "activeDeadlineSeconds") || slice_eqs(name, "tolerations") || slice_eqs(name, "schedulingGates")) continue;
		if (gated && slice_eqs(name, "nodeSelector")) continue;
		if (grace && slice_eqs(name, "terminationGracePeriodSeconds")) continue;
		if (gated && slice_eqs(name, "affinity")) {
			struct rule_value args[2] = { v, rv_lit("nodeAffinity") };
			v = rule_fn_without(s, args, 2);
		}
		if (slice_eqs(name, "containers") || slice_eqs(name, "initContainers")) v = containers_without_image(s, &v);
		rule_list_add(&l, k);
		rule_list_add(&l, v);
	}
	return (struct rule_value){ .kind = RV_STRUCT, .n = (uint32_t)l.n, .list = l.v };
}

/* nil, or a text: the pod-deletion-cost annotation is no plain 32-bit integer. */
RULE_DEF(GetDeletionCostFromPodAnnotations_err) {
	struct rule_value v = rv_member(a, SLICE_LIT("controller.kubernetes.io/pod-deletion-cost"));
	struct slice t = rv_slice(&v);
	int64_t cost;
	if (v.kind == RV_NIL) return RV_NONE;
	bool plain = t.n && t.p[0] != '+' && !(t.n > 1 && t.p[0] == '0');
	return plain && slice_int(t, INT32_MIN, INT32_MAX, &cost) == 0 ? RV_NONE : rv_lit("invalid value");
}
