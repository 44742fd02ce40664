/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/podspec.h"
#include "schema/calls.h"
#include "schema/fieldpath.h"

/* Members behind feature gates that Kubernetes v1.34 has off. */
static const char *const gated[] = {
	"hostnameOverride",
	"containers[].env[].valueFrom.fileKeyRef",
	"initContainers[].env[].valueFrom.fileKeyRef",
	"ephemeralContainers[].env[].valueFrom.fileKeyRef",
	"containers[].lifecycle.stopSignal",
	"initContainers[].lifecycle.stopSignal",
	"ephemeralContainers[].lifecycle.stopSignal",
	"containers[].restartPolicy",
	"ephemeralContainers[].restartPolicy",
	"containers[].restartPolicyRules",
	"initContainers[].restartPolicyRules",
	"ephemeralContainers[].restartPolicyRules",
};

struct use {
	yyjson_mut_doc *doc;
	bool found;
};

static int note_use(void *ctx, yyjson_mut_val *parent, struct slice name, const struct fieldpath_bound *bound) {
	((struct use *)ctx)->found |= json_getn(parent, name) != NULL;
	return 0;
}

static int drop(void *ctx, yyjson_mut_val *parent, struct slice name, const struct fieldpath_bound *bound) {
	return fieldpath_put(((struct use *)ctx)->doc, parent, name, NULL);
}

static bool used(yyjson_mut_doc *doc, const yyjson_mut_val *old, const char *path) {
	struct use u = { .doc = doc };
	if (old) fieldpath_each(NULL, doc, (yyjson_mut_val *)old, path, false, note_use, &u);
	return u.found;
}

/* Mounts of a volume, in every container. */
static void drop_mounts(yyjson_mut_val *spec, struct slice volume) {
	static const char *const lists[] = { "containers", "initContainers", "ephemeralContainers" };
	yyjson_mut_val *c, *m;
	size_t i, n;
	for (size_t l = 0; l < ELEMENTSOF(lists); l++) {
		yyjson_mut_arr_foreach(json_get(spec, lists[l]), i, n, c) {
			yyjson_mut_arr_iter it;
			if (!yyjson_mut_arr_iter_init(json_get(c, "volumeMounts"), &it)) continue;
			while ((m = yyjson_mut_arr_iter_next(&it)))
				if (slice_eq(json_path_str(m, "name"), volume)) yyjson_mut_arr_iter_remove(&it);
		}
	}
}

static void drop_image_volumes(yyjson_mut_val *spec) {
	yyjson_mut_arr_iter it;
	yyjson_mut_val *v;
	if (!yyjson_mut_arr_iter_init(json_get(spec, "volumes"), &it)) return;
	while ((v = yyjson_mut_arr_iter_next(&it))) {
		if (!json_get(v, "image")) continue;
		drop_mounts(spec, json_path_str(v, "name"));
		yyjson_mut_arr_iter_remove(&it);
	}
}

int podspec_prepare(yyjson_mut_doc *doc, yyjson_mut_val *spec, const yyjson_mut_val *old) {
	struct use u = { .doc = doc };
	if (!spec) return 0;
	for (size_t i = 0; i < ELEMENTSOF(gated); i++) {
		if (used(doc, old, gated[i])) continue;
		int r = fieldpath_each(NULL, doc, spec, gated[i], false, drop, &u);
		if (r < 0) return r;
	}
	if (!used(doc, old, "volumes[].image")) drop_image_volumes(spec);
	return schema_fill_pod_spec_service_account(doc, spec);
}
