/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DefaultStorageClass and DefaultIngressClass: claims and ingresses that name no class get the one marked as default
 * (plugin/pkg/admission/storage/storageclass/setdefault, plugin/pkg/admission/network/defaultingressclass).
 */
#include "api/admit/plugins.h"

/* The class marked by one of two annotations: the newest, then the first by name. *ret_n counts them. */
static struct slice default_of(struct admit *ad, const char *resource, const char *const marks[2], size_t *ret_n) {
	struct store_cursor cursor;
	struct store_obj *o;
	struct slice best = SLICE_NULL, best_time = SLICE_NULL;
	*ret_n = 0;
	store_scan(ad->snap, slice_str(resource), SLICE_NULL, NULL, &cursor);
	while ((o = store_next(&cursor))) {
		yyjson_mut_doc *doc;
		struct json_error err;
		if (json_parse(ad->r->a, blob_slice(o->json), &doc, &err) < 0) continue;
		const yyjson_mut_val *class = yyjson_mut_doc_get_root(doc);
		bool marked = slice_eqs(meta_entry(class, "annotations", marks[0]), "true");
		if (!marked && marks[1]) marked = slice_eqs(meta_entry(class, "annotations", marks[1]), "true");
		struct slice time = json_path_str(class, "metadata.creationTimestamp");
		if (!marked) continue;
		++*ret_n;
		/* The store goes by name: of the same age the first one stays. */
		if (best.p && slice_cmp(time, best_time) <= 0) continue;
		best = json_path_str(class, "metadata.name");
		best_time = time;
	}
	return best;
}

static int set_class(struct admit *ad, const char *field, struct slice name, const struct status **ret_st) {
	yyjson_mut_val *spec = json_ensure_obj(ad->doc, ad->obj, "spec");
	if (!name.p || (spec && json_set_str(ad->doc, spec, field, name))) return ADMIT_OK;
	*ret_st = status_no_memory();
	return ADMIT_DENY;
}

/* ---- claims ---- */

static bool is_claim(const struct admit *ad) { return admit_is(ad, "", "persistentvolumeclaims", NULL); }

static int storage_mutate(struct admit *ad, const struct status **ret_st) {
	static const char *const marks[2] = { "storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class" };
	size_t n;
	if (meta_entry(ad->obj, "annotations", "volume.beta.kubernetes.io/storage-class").p || json_path(ad->obj, "spec.storageClassName")) return ADMIT_OK;
	return set_class(ad, "storageClassName", default_of(ad, "storage.k8s.io/storageclasses", marks, &n), ret_st);
}

const struct admit_plugin admit_default_storage_class = {
	.name = "DefaultStorageClass",
	.ops = ADMIT_CREATE,
	.handles = is_claim,
	.mutate = storage_mutate,
};

/* ---- ingresses ---- */

static bool is_ingress(const struct admit *ad) { return admit_is(ad, "networking.k8s.io", "ingresses", NULL); }

static int ingress_mutate(struct admit *ad, const struct status **ret_st) {
	static const char *const marks[2] = { "ingressclass.kubernetes.io/is-default-class", NULL };
	size_t n;
	if (meta_entry(ad->obj, "annotations", "kubernetes.io/ingress.class").p || json_path(ad->obj, "spec.ingressClassName")) return ADMIT_OK;
	return set_class(ad, "ingressClassName", default_of(ad, "networking.k8s.io/ingressclasses", marks, &n), ret_st);
}

const struct admit_plugin admit_default_ingress_class = {
	.name = "DefaultIngressClass",
	.ops = ADMIT_CREATE,
	.handles = is_ingress,
	.mutate = ingress_mutate,
};
