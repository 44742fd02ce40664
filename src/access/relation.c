/* SPDX-License-Identifier: Apache-2.0 */
#include "access/relation.h"

#include "access/living.h"

#include <yyjson.h>

#define CONTAINERS(tail) "spec.containers[]." tail, "spec.initContainers[]." tail, "spec.ephemeralContainers[]." tail

/* Where a pod names objects of its namespace (api/v1/pod VisitPodSecretNames, VisitPodConfigmapNames). */
static const char *const secret_paths[] = {
	"spec.imagePullSecrets[].name", CONTAINERS("env[].valueFrom.secretKeyRef.name"), CONTAINERS("envFrom[].secretRef.name"),
	"spec.volumes[].secret.secretName", "spec.volumes[].projected.sources[].secret.name", "spec.volumes[].azureFile.secretName",
	"spec.volumes[].cephfs.secretRef.name", "spec.volumes[].cinder.secretRef.name", "spec.volumes[].flexVolume.secretRef.name",
	"spec.volumes[].rbd.secretRef.name", "spec.volumes[].scaleIO.secretRef.name", "spec.volumes[].iscsi.secretRef.name",
	"spec.volumes[].storageos.secretRef.name", "spec.volumes[].csi.nodePublishSecretRef.name", NULL,
};
static const char *const configmap_paths[] = {
	CONTAINERS("env[].valueFrom.configMapKeyRef.name"), CONTAINERS("envFrom[].configMapRef.name"),
	"spec.volumes[].configMap.name", "spec.volumes[].projected.sources[].configMap.name", NULL,
};
static const char *const account_paths[] = { "spec.serviceAccountName", NULL };
static const char *const pvc_paths[] = { "spec.volumes[].persistentVolumeClaim.claimName", NULL };
static const char *const claim_paths[] = {
	"spec.resourceClaims[].resourceClaimName", "status.resourceClaimStatuses[].resourceClaimName",
	"status.extendedResourceClaimStatus.resourceClaimName", NULL,
};

static const char *const *const pod_paths[] = {
	[RELATION_SECRET] = secret_paths, [RELATION_CONFIGMAP] = configmap_paths, [RELATION_ACCOUNT] = account_paths,
	[RELATION_PVC] = pvc_paths, [RELATION_CLAIM] = claim_paths,
};

/* Secrets of persistent volumes that nodes have to read; the namespace stands beside the name, or is the claim's. */
static const struct { const char *object, *name, *ns; } pv_secrets[] = {
	{ "azureFile", "secretName", "secretNamespace" },
	{ "cephfs.secretRef", "name", "namespace" }, { "cinder.secretRef", "name", "namespace" },
	{ "flexVolume.secretRef", "name", "namespace" }, { "rbd.secretRef", "name", "namespace" },
	{ "scaleIO.secretRef", "name", "namespace" }, { "iscsi.secretRef", "name", "namespace" },
	{ "storageos.secretRef", "name", "namespace" }, { "csi.nodePublishSecretRef", "name", "namespace" },
	{ "csi.nodeStageSecretRef", "name", "namespace" }, { "csi.nodeExpandSecretRef", "name", "namespace" },
};

static struct slice text(yyjson_val *v) {
	return yyjson_is_str(v) ? slice_make(yyjson_get_str(v), yyjson_get_len(v)) : SLICE_NULL;
}

/* The member at "a.b". */
static yyjson_val *walk(yyjson_val *v, const char *path) {
	struct slice rest = slice_str(path);
	while (v && rest.p) {
		struct slice part = slice_cut(&rest, '.');
		v = yyjson_obj_getn(v, part.p, part.n);
	}
	return v;
}

/* Is `want` the string at the path? "[]" behind a name goes through a list; the recursion is as deep as the path is long. */
static bool path_has(yyjson_val *v, struct slice path, struct slice want) {
	while (v && path.p) {
		struct slice part = slice_cut(&path, '.');
		bool list = slice_ends(part, SLICE_LIT("[]"));
		v = yyjson_obj_getn(v, part.p, list ? part.n - 2 : part.n);
		if (!list) continue;
		size_t i, max;
		yyjson_val *item;
		yyjson_arr_foreach(v, i, max, item)
			if (path_has(item, path, want)) return true;
		return false;
	}
	return yyjson_is_str(v) && slice_eq(text(v), want);
}

/* Claims that are made for a pod's volume are named after both. */
static bool has_ephemeral_claim(yyjson_val *pod, struct slice name) {
	struct slice pod_name = text(walk(pod, "metadata.name"));
	yyjson_val *volumes = walk(pod, "spec.volumes"), *v;
	size_t i, max;
	if (!slice_starts(name, pod_name) || name.n <= pod_name.n || name.p[pod_name.n] != '-') return false;
	struct slice volume = slice_from(name, pod_name.n + 1);
	yyjson_arr_foreach(volumes, i, max, v)
		if (yyjson_is_obj(yyjson_obj_get(v, "ephemeral")) && slice_eq(text(yyjson_obj_get(v, "name")), volume)) return true;
	return false;
}

static bool pod_names(yyjson_val *pod, enum relation_kind kind, struct slice name) {
	/* A node can make mirror pods: they must not open anything to it. */
	if (yyjson_obj_get(walk(pod, "metadata.annotations"), "kubernetes.io/config.mirror")) return false;
	for (const char *const *p = pod_paths[kind]; *p; p++)
		if (path_has(pod, slice_str(*p), name)) return true;
	return kind == RELATION_PVC && has_ephemeral_claim(pod, name);
}

/* Is the field that holds the node's name equal to `node`? */
static bool on_node(const struct store_obj *o, struct slice node) {
	yyjson_doc *d = yyjson_read(o->json->p, o->json->n, 0);
	bool on = slice_eq(text(walk(yyjson_doc_get_root(d), "spec.nodeName")), node);
	yyjson_doc_free(d);
	return on;
}

/* The index says quickly that a pod is elsewhere. */
static bool surely_elsewhere(const struct store_obj *o, struct slice node) {
	for (size_t i = 0; i < o->n_fields; i++)
		if (slice_eqs(o->fields[i].key, "spec.nodeName")) return !slice_eq(o->fields[i].value, node);
	return false;
}

static bool through_pods(const struct store_snapshot *sn, struct slice node, enum relation_kind kind, struct slice ns,
			 struct slice name) {
	struct store_cursor cur;
	bool found = false;
	store_scan(sn, SLICE_LIT("/pods"), ns, NULL, &cur);
	for (struct store_obj *o = store_next(&cur); o && !found; o = store_next(&cur)) {
		if (surely_elsewhere(o, node)) continue;
		yyjson_doc *d = yyjson_read(o->json->p, o->json->n, 0);
		yyjson_val *pod = yyjson_doc_get_root(d);
		found = slice_eq(text(walk(pod, "spec.nodeName")), node) && pod_names(pod, kind, name);
		yyjson_doc_free(d);
	}
	return found;
}

static bool claim_related(const struct store_snapshot *sn, struct slice node, yyjson_val *pv) {
	struct slice ns = text(walk(pv, "spec.claimRef.namespace")), name = text(walk(pv, "spec.claimRef.name"));
	return ns.n && name.n && through_pods(sn, node, RELATION_PVC, ns, name);
}

static bool pv_names_secret(yyjson_val *pv, struct slice ns, struct slice name) {
	yyjson_val *spec = yyjson_obj_get(pv, "spec");
	struct slice claim_ns = text(walk(spec, "claimRef.namespace"));
	for (size_t i = 0; i < ELEMENTSOF(pv_secrets); i++) {
		yyjson_val *o = walk(spec, pv_secrets[i].object);
		struct slice at = text(yyjson_obj_get(o, pv_secrets[i].ns));
		if (slice_eq(text(yyjson_obj_get(o, pv_secrets[i].name)), name) && name.n && slice_eq(at.n ? at : claim_ns, ns)) return true;
	}
	return false;
}

static bool secret_through_volumes(const struct store_snapshot *sn, struct slice node, struct slice ns, struct slice name) {
	struct store_cursor cur;
	bool found = false;
	store_scan(sn, SLICE_LIT("/persistentvolumes"), SLICE_NULL, NULL, &cur);
	for (struct store_obj *o = store_next(&cur); o && !found; o = store_next(&cur)) {
		if (slice_find(blob_slice(o->json), name) < 0) continue;
		yyjson_doc *d = yyjson_read(o->json->p, o->json->n, 0);
		yyjson_val *pv = yyjson_doc_get_root(d);
		found = pv_names_secret(pv, ns, name) && claim_related(sn, node, pv);
		yyjson_doc_free(d);
	}
	return found;
}

static bool volume_related(const struct store_snapshot *sn, struct slice node, struct slice name) {
	struct store_obj *o = living_get(sn, "/persistentvolumes", SLICE_NULL, name);
	if (!o) return false;
	yyjson_doc *d = yyjson_read(o->json->p, o->json->n, 0);
	bool found = claim_related(sn, node, yyjson_doc_get_root(d));
	yyjson_doc_free(d);
	return found;
}

static bool object_on_node(const struct store_snapshot *sn, struct slice node, const char *resource, struct slice ns, struct slice name) {
	struct store_obj *o = living_get(sn, resource, ns, name);
	return o && on_node(o, node);
}

bool relation_exists(const struct store_snapshot *sn, struct slice node, enum relation_kind kind, struct slice ns,
		     struct slice name) {
	switch (kind) {
	case RELATION_POD: return object_on_node(sn, node, "/pods", ns, name);
	case RELATION_PV: return volume_related(sn, node, name);
	case RELATION_ATTACHMENT: return object_on_node(sn, node, "storage.k8s.io/volumeattachments", SLICE_NULL, name);
	case RELATION_SLICE: return object_on_node(sn, node, "resource.k8s.io/resourceslices", SLICE_NULL, name);
	case RELATION_SECRET:
		return through_pods(sn, node, kind, ns, name) || secret_through_volumes(sn, node, ns, name);
	default: return through_pods(sn, node, kind, ns, name);
	}
}
