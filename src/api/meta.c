/* SPDX-License-Identifier: Apache-2.0 */
#include "api/meta.h"

#include "api/internal.h"
#include "api/names.h"
#include "codec/timestamp.h"

const struct status *meta_check_namespace(struct arena *a, const struct schema_resource *res, struct slice ns, yyjson_mut_doc *doc, yyjson_mut_val *obj) {
	yyjson_mut_val *meta = json_ensure_obj(doc, obj, "metadata");
	if (!meta) return status_no_memory();
	struct slice have = json_path_str(meta, "namespace"), want = res->namespaced ? ns : SLICE_NULL;
	if (slice_empty(have)) {
		json_del(meta, "namespace");
		if (want.n && !json_set_str(doc, meta, "namespace", want)) return status_no_memory();
		return NULL;
	}
	if (slice_eq(have, want)) return NULL;
	/* Cluster-scoped kinds: the namespace is dropped (rest.EnsureObjectNamespaceMatchesRequestNamespace). */
	if (!res->namespaced) {
		json_del(meta, "namespace");
		return NULL;
	}
	return status_bad_request(a, "the namespace of the provided object does not match the namespace sent on the request");
}

static bool set_now(struct write *w, yyjson_mut_val *meta, const char *name) {
	char text[TIMESTAMP_TEXT];
	timestamp_format(w->r->now / NSEC_PER_SEC, text);
	return json_set_str(w->doc, meta, name, slice_str(text));
}

static bool give_name(struct write *w, yyjson_mut_val *meta) {
	struct slice name = json_path_str(meta, "name"), base = json_path_str(meta, "generateName");
	w->generated = w->generated || (slice_empty(name) && base.n > 0);
	if (!w->generated) {
		w->name = name;
		return true;
	}
	const char *made = name_generate(w->r->a, w->r->api->env, base);
	w->name = slice_str(made);
	return made && json_set_str(w->doc, meta, "name", w->name);
}

void meta_clear_system(yyjson_mut_val *obj) {
	static const char *const cleared[] = { "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds" };
	for (size_t i = 0; i < ELEMENTSOF(cleared); i++) json_del(json_get(obj, "metadata"), cleared[i]);
}

const struct status *meta_before_create(struct write *w) {
	yyjson_mut_val *meta = json_ensure_obj(w->doc, w->obj, "metadata");
	/* One for all attempts: what webhooks were asked about the first holds for the next. */
	if (!meta || (!*w->uid && env_uuid(w->r->api->env, w->uid) < 0)) return status_no_memory();
	meta_clear_system(w->obj);
	bool ok = json_set_str(w->doc, meta, "uid", slice_make(w->uid, 36)) && set_now(w, meta, "creationTimestamp") && give_name(w, meta);
	return ok ? NULL : status_no_memory();
}

/* The old value of a member of metadata, or its absence. */
static bool keep(struct write *w, yyjson_mut_val *meta, const char *name) {
	yyjson_mut_val *old = json_get(json_get(w->old, "metadata"), name);
	if (old) return json_set(w->doc, meta, name, json_copy(w->doc, old));
	json_del(meta, name);
	return true;
}

const struct status *meta_before_prepare_update(struct write *w) {
	yyjson_mut_val *meta = json_ensure_obj(w->doc, w->obj, "metadata");
	return meta && keep(w, meta, "generation") ? NULL : status_no_memory();
}

const struct status *meta_before_update(struct write *w) {
	yyjson_mut_val *meta = json_ensure_obj(w->doc, w->obj, "metadata"), *old = json_get(w->old, "metadata");
	bool ok = meta != NULL;
	if (ok && slice_empty(json_path_str(meta, "uid"))) ok = keep(w, meta, "uid");
	if (ok) ok = keep(w, meta, "creationTimestamp");
	if (ok && json_get(old, "deletionTimestamp")) ok = keep(w, meta, "deletionTimestamp");
	if (ok && json_get(old, "deletionGracePeriodSeconds") && !json_get(meta, "deletionGracePeriodSeconds")) ok = keep(w, meta, "deletionGracePeriodSeconds");
	if (ok) json_del(meta, "selfLink");
	return ok ? NULL : status_no_memory();
}

/* ---- owner references ---- */

static const char *dedup_text(struct write *w, const char *uids, bool after_admission) {
	return arena_printf(w->r->a, ".metadata.ownerReferences contains duplicate entries%s; API server dedups owner references in 1.20+, and may reject such "
			    "requests as early as 1.24; please fix your requests; duplicate UID(s) observed: %s",
			    after_admission ? " after mutating admission happens" : "", uids);
}

static bool seen_uid(yyjson_mut_val *refs, size_t before, struct slice uid, const yyjson_mut_val *ref) {
	for (size_t i = 0; i < before; i++) {
		yyjson_mut_val *o = yyjson_mut_arr_get(refs, i);
		if (slice_eq(json_path_str(o, "uid"), uid) && json_equal(o, ref)) return true;
	}
	return false;
}

void meta_dedup_owners(struct write *w, bool after_admission) {
	yyjson_mut_val *refs = json_path(w->obj, "metadata.ownerReferences");
	_cleanup_buf_ struct buf uids = BUF_INIT(64 * KIB);
	for (size_t i = 1; i < yyjson_mut_arr_size(refs);) {
		yyjson_mut_val *ref = yyjson_mut_arr_get(refs, i);
		struct slice uid = json_path_str(ref, "uid");
		if (!seen_uid(refs, i, uid, ref)) {
			i++;
			continue;
		}
		yyjson_mut_arr_remove(refs, i);
		if (slice_find(buf_slice(&uids), uid) < 0) buf_printf(&uids, "%s%.*s", uids.n ? ", " : "", SLICE_FMT(uid));
	}
	if (uids.n) request_warn(w->r, dedup_text(w, arena_strndup(w->r->a, uids.p, uids.n), after_admission));
}

/* ---- deletion by update ---- */

bool meta_has_finalizers(const yyjson_mut_val *obj) {
	return yyjson_mut_arr_size(json_path(obj, "metadata.finalizers")) > 0;
}

bool meta_finishes_deletion(const struct write *w) {
	if (!w->old || !json_path(w->obj, "metadata.deletionTimestamp") || meta_has_finalizers(w->obj)) return false;
	/* Namespaces hold finalizers of their own in spec; the object goes when those are gone too. */
	if (!strcmp(w->res->resource, "namespaces") && yyjson_mut_arr_size(json_path(w->obj, "spec.finalizers")) > 0) return false;
	return json_path_int(w->old, "metadata.deletionGracePeriodSeconds", 0) == 0;
}
