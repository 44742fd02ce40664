/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status of PodDisruptionBudgets: how many of a budget's pods are healthy, how many have to be, and how many may go
 * (pkg/controller/disruption). Evictions read it.
 */
#include "codec/labels.h"
#include "codec/timestamp.h"
#include "control/disruption_count.h"
#include "control/service_pods.h"

#include <errno.h>

/* An eviction that has not ended its pod after this has failed (DeletionTimeout). */
#define EVICTION_GIVEN_UP_SECONDS 120

static bool selects(struct arena *a, const yyjson_mut_val *budget, const yyjson_mut_val *pod) {
	struct labels_selector s;
	const char *msg;
	return labels_from_object(a, json_path(budget, "spec.selector"), &s, &msg) == 0 && labels_match(&s, json_path(pod, "metadata.labels"));
}

/* A pod concerns every budget of its namespace that selects it. */
static void map_pod(struct controller *c, struct k8c_object *pod) {
	struct k8c_informer *i = controller_informer(c, KIND_DISRUPTION_BUDGET);
	struct k8c_object *b;
	struct arena *a = arena_new(TASK_ARENA_MAX);
	for (size_t it = 0; a && (b = k8c_informer_index_next(i, "namespace", k8c_object_namespace(pod), &it));)
		if (selects(a, k8c_object_value(b), k8c_object_value(pod)))
			(void)workqueue_add_name(c->queue, slice_of(k8c_object_namespace(b)), slice_of(k8c_object_name(b)));
	arena_free(a);
}

static int setup(struct controller *c) {
	int r = controller_watch(c, KIND_DISRUPTION_BUDGET);
	return r < 0 ? r : controller_watch_mapped(c, KIND_POD, map_pod);
}

/* Evicted and not gone yet: still in status.disruptedPods, for a while. */
static bool disrupted(struct task *t, const yyjson_mut_val *budget, const yyjson_mut_val *pod, int64_t now) {
	struct slice since = json_str(json_getn(json_path(budget, "status.disruptedPods"), json_path_str(pod, "metadata.name")));
	struct timestamp at;
	return !slice_empty(since) && timestamp_parse(t->a, since, &at, NULL) == 0 && at.sec + EVICTION_GIVEN_UP_SECONDS > now;
}

static bool ended(const yyjson_mut_val *pod) {
	struct slice phase = json_path_str(pod, "status.phase");
	return slice_eqs(phase, "Succeeded") || slice_eqs(phase, "Failed");
}

/* Counts the pods; what is left of disruptedPods goes into `kept`. */
static bool count(struct task *t, const yyjson_mut_val *budget, yyjson_mut_doc *doc, yyjson_mut_val *kept, struct disruption_pods *ret) {
	struct k8c_informer *i = controller_informer(t->c, KIND_POD);
	struct k8c_object *o;
	int64_t now = env_now_sec(t->c->control->o.env);
	*ret = (struct disruption_pods){ 0 };
	for (size_t it = 0; (o = k8c_informer_index_next(i, "namespace", bytes_of(t->ns), &it));) {
		const yyjson_mut_val *pod = k8c_object_value(o);
		if (!selects(t->a, budget, pod) || ended(pod)) continue;
		ret->pods++;
		if (json_path(pod, "metadata.deletionTimestamp")) continue;
		if (disrupted(t, budget, pod, now)) {
			struct slice name = json_path_str(pod, "metadata.name");
			yyjson_mut_val *since = json_copy(doc, json_getn(json_path(budget, "status.disruptedPods"), name));
			if (!since || !json_setn(doc, kept, name, since)) return false;
			(void)workqueue_add_after(t->c->queue, t->key, EVICTION_GIVEN_UP_SECONDS * 1000u);
			continue;
		}
		ret->healthy += service_pod_ready(pod);
	}
	return true;
}

static bool set_condition(struct task *t, yyjson_mut_doc *doc, yyjson_mut_val *status, const yyjson_mut_val *budget, int64_t allowed) {
	char now[TIMESTAMP_TEXT];
	yyjson_mut_val *list = yyjson_mut_arr(doc), *c = yyjson_mut_obj(doc), *old;
	const char *is = allowed > 0 ? "True" : "False";
	timestamp_format(env_now_sec(t->c->control->o.env), now);
	struct slice since = slice_str(now);
	json_each(json_path(budget, "status.conditions"), old)
		if (slice_eqs(json_path_str(old, "type"), "DisruptionAllowed") && slice_eqs(json_path_str(old, "status"), is))
			since = json_path_str(old, "lastTransitionTime");
	return json_set_str(doc, c, "type", SLICE_LIT("DisruptionAllowed")) && json_set_str(doc, c, "status", slice_str(is)) &&
	       json_set_int(doc, c, "observedGeneration", json_path_int(budget, "metadata.generation", 0)) &&
	       json_set_str(doc, c, "lastTransitionTime", since) &&
	       json_set_str(doc, c, "reason", slice_str(allowed > 0 ? "SufficientPods" : "InsufficientPods")) && json_set_str(doc, c, "message", SLICE_LIT("")) &&
	       yyjson_mut_arr_append(list, c) && json_set(doc, status, "conditions", list);
}

static bool set_status(struct task *t, yyjson_mut_doc *doc, yyjson_mut_val *root, const yyjson_mut_val *budget) {
	yyjson_mut_val *status = json_ensure_obj(doc, root, "status"), *kept = yyjson_mut_obj(doc);
	struct disruption_pods n;
	if (!status || !count(t, budget, doc, kept, &n)) return false;
	struct disruption_numbers s = disruption_numbers(budget, &n);
	(void)json_del(status, "disruptedPods");
	return (!json_size(kept) || json_set(doc, status, "disruptedPods", kept)) && json_set_int(doc, status, "currentHealthy", s.healthy) &&
	       json_set_int(doc, status, "desiredHealthy", s.desired) && json_set_int(doc, status, "expectedPods", s.expected) &&
	       json_set_int(doc, status, "disruptionsAllowed", s.allowed) &&
	       json_set_int(doc, status, "observedGeneration", json_path_int(budget, "metadata.generation", 0)) &&
	       set_condition(t, doc, status, budget, s.allowed);
}

static void reconcile(struct task *t) {
	if (!TASK_SYNCED(t, KIND_DISRUPTION_BUDGET, KIND_POD)) return;
	const yyjson_mut_val *budget = controller_get(t->c, KIND_DISRUPTION_BUDGET, t->ns, t->name);
	yyjson_mut_doc *doc = budget ? task_copy(t, budget) : NULL;
	if (!doc) {
		task_end(t, budget ? -ENOMEM : 0);
		return;
	}
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	if (!set_status(t, doc, root, budget)) {
		task_end(t, -ENOMEM);
		return;
	}
	if (json_equal(json_get(budget, "status"), json_get(root, "status"))) {
		task_end(t, 0);
		return;
	}
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_UPDATE, .body = task_body(t, root),
		.target = { .group = "policy", .version = "v1", .resource = "poddisruptionbudgets", .ns = task_str(t, t->ns), .name = task_str(t, t->name),
			    .subresource = "status" },
	};
	task_op(t, &op, task_finish);
}

const struct controller_def controller_disruption = {
	.name = "disruption", .component = "disruption-controller", .setup = setup, .sync = reconcile, .parallel = 4,
};
