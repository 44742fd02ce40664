/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims in use by a pod, and volumes bound to a claim, are held by a finalizer while they are being deleted; when the use ends,
 * the finalizer goes (pkg/controller/volume/pvcprotection, pvprotection).
 */
#include "control/controller.h"

#include <errno.h>

#define CLAIM_HOLD "kubernetes.io/pvc-protection"
#define VOLUME_HOLD "kubernetes.io/pv-protection"

static bool ended(const yyjson_mut_val *pod) {
	struct slice phase = json_path_str(pod, "status.phase");
	return slice_eqs(phase, "Succeeded") || slice_eqs(phase, "Failed");
}

/* The claim a pod's volume uses: named, or "<pod>-<volume>" for an ephemeral one. SLICE_NULL: none. */
static struct slice claim_of(struct arena *a, const yyjson_mut_val *pod, const yyjson_mut_val *volume) {
	if (!json_get(volume, "ephemeral")) return json_path_str(volume, "persistentVolumeClaim.claimName");
	const char *name = arena_printf(a, "%.*s-%.*s", SLICE_FMT(json_path_str(pod, "metadata.name")), SLICE_FMT(json_path_str(volume, "name")));
	return name ? slice_str(name) : SLICE_NULL;
}

static void map_pod(struct controller *c, struct k8c_object *o) {
	const yyjson_mut_val *pod = k8c_object_value(o);
	yyjson_mut_val *volume;
	struct arena *a = arena_new(TASK_ARENA_MAX);
	json_each(a ? json_path(pod, "spec.volumes") : NULL, volume) {
		struct slice claim = claim_of(a, pod, volume);
		if (!slice_empty(claim)) (void)workqueue_add_name(c->queue, slice_of(k8c_object_namespace(o)), claim);
	}
	arena_free(a);
}

static bool in_use(struct task *t) {
	struct k8c_informer *i = controller_informer(t->c, KIND_POD);
	struct k8c_object *o;
	for (size_t it = 0; (o = k8c_informer_index_next(i, "namespace", bytes_of(t->ns), &it));) {
		const yyjson_mut_val *pod = k8c_object_value(o);
		yyjson_mut_val *volume;
		if (ended(pod)) continue;
		json_each(json_path(pod, "spec.volumes"), volume)
			if (slice_eq(claim_of(t->a, pod, volume), t->name)) return true;
	}
	return false;
}

/* Writes the object without `hold`, or with it. */
static void write_hold(struct task *t, const yyjson_mut_val *object, const char *resource, const char *hold, bool keep) {
	yyjson_mut_doc *doc = task_copy(t, object);
	yyjson_mut_val *root = doc ? yyjson_mut_doc_get_root(doc) : NULL, *list = doc ? yyjson_mut_arr(doc) : NULL, *f;
	bool ok = list != NULL, had = false;
	json_each(json_path(object, "metadata.finalizers"), f) {
		bool is = slice_eqs(json_str(f), hold);
		had = had || is;
		if (ok && (!is || keep)) ok = yyjson_mut_arr_append(list, json_copy(doc, f));
	}
	if (had == keep) {
		task_end(t, 0);
		return;
	}
	if (ok && keep) ok = yyjson_mut_arr_append(list, yyjson_mut_strcpy(doc, hold));
	if (!ok || !json_set(doc, json_get(root, "metadata"), "finalizers", list)) {
		task_end(t, -ENOMEM);
		return;
	}
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_UPDATE, .body = task_body(t, root),
		.target = { .version = "v1", .resource = resource, .ns = slice_empty(t->ns) ? NULL : task_str(t, t->ns), .name = task_str(t, t->name) },
	};
	task_op(t, &op, task_finish);
}

static int setup_claims(struct controller *c) {
	int r = controller_watch(c, KIND_CLAIM);
	return r < 0 ? r : controller_watch_mapped(c, KIND_POD, map_pod);
}

static void reconcile_claim(struct task *t) {
	if (!TASK_SYNCED(t, KIND_CLAIM, KIND_POD)) return;
	const yyjson_mut_val *claim = controller_get(t->c, KIND_CLAIM, t->ns, t->name);
	bool ending = json_path(claim, "metadata.deletionTimestamp") != NULL;
	if (!claim || (ending && in_use(t))) task_end(t, 0);
	else write_hold(t, claim, "persistentvolumeclaims", CLAIM_HOLD, !ending);
}

static int setup_volumes(struct controller *c) { return controller_watch(c, KIND_VOLUME); }

static void reconcile_volume(struct task *t) {
	if (!TASK_SYNCED(t, KIND_VOLUME)) return;
	const yyjson_mut_val *volume = controller_get(t->c, KIND_VOLUME, SLICE_NULL, t->name);
	bool ending = json_path(volume, "metadata.deletionTimestamp") != NULL;
	if (!volume || (ending && slice_eqs(json_path_str(volume, "status.phase"), "Bound"))) task_end(t, 0);
	else write_hold(t, volume, "persistentvolumes", VOLUME_HOLD, !ending);
}

const struct controller_def controller_claim_protection = {
	.name = "pvc-protection", .component = "pvc-protection-controller", .setup = setup_claims, .sync = reconcile_claim, .parallel = 2,
};
const struct controller_def controller_volume_protection = {
	.name = "pv-protection", .component = "pv-protection-controller", .setup = setup_volumes, .sync = reconcile_volume, .parallel = 2,
};
