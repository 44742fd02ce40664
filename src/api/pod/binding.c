/* SPDX-License-Identifier: Apache-2.0 */
/* POST pods/NAME/binding, and the older POST bindings: the scheduler's decision (pkg/registry/core/pod/storage/storage.go, BindingREST). */
#include "api/internal.h"
#include "api/pod/pod.h"
#include "api/review/review.h"
#include "api/write.h"
#include "codec/timestamp.h"

struct binding {
	struct review *rv;
	struct slice node, uid;
};

static const struct status *conflict(struct write *w, const char *why) {
	return status_conflict(w->r->a, SLICE_NULL, SLICE_LIT("pods/binding"), w->name, why);
}

static const struct status *check(struct write *w, const struct binding *b) {
	struct arena *a = w->r->a;
	struct slice uid = json_path_str(w->old, "metadata.uid"), node = json_path_str(w->old, "spec.nodeName");
	if (!slice_empty(b->uid) && !slice_eq(b->uid, uid))
		return conflict(w, arena_printf(a, "Precondition failed: UID in precondition: %.*s, UID in object meta: %.*s", SLICE_FMT(b->uid), SLICE_FMT(uid)));
	if (json_path(w->old, "metadata.deletionTimestamp"))
		return conflict(w, arena_printf(a, "pod %.*s is being deleted, cannot be assigned to a host", SLICE_FMT(w->name)));
	if (!slice_empty(node))
		return conflict(w, arena_printf(a, "pod %.*s is already assigned to node %s", SLICE_FMT(w->name), status_quote(a, node)));
	if (json_size(json_path(w->old, "spec.schedulingGates")))
		return conflict(w, arena_printf(a, "pod %.*s has non-empty .spec.schedulingGates", SLICE_FMT(w->name)));
	return NULL;
}

static bool merge_strings(struct write *w, const char *path, const yyjson_mut_val *from) {
	yyjson_mut_val *key, *to;
	if (!json_size(from)) return true;
	to = json_ensure_obj(w->doc, w->obj, path);
	if (!to) return false;
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with((yyjson_mut_val *)(uintptr_t)from);
	while ((key = yyjson_mut_obj_iter_next(&it))) {
		const char *name = arena_slice_str(w->r->a, json_str(key));
		if (!name || !json_set_str(w->doc, to, name, json_str(yyjson_mut_obj_iter_get_val(key)))) return false;
	}
	return true;
}

/* PodScheduled is true from now on; the scheduler's earlier complaint goes. */
static bool set_scheduled(struct write *w) {
	yyjson_mut_val *status = json_ensure_obj(w->doc, w->obj, "status"), *list = json_get(status, "conditions"), *kept = yyjson_mut_arr(w->doc), *c;
	char now[TIMESTAMP_TEXT];
	timestamp_format(w->r->now / NSEC_PER_SEC, now);
	json_each(list, c)
		if (!slice_eqs(json_path_str(c, "type"), "PodScheduled") && !yyjson_mut_arr_append(kept, json_copy(w->doc, c))) return false;
	c = yyjson_mut_obj(w->doc);
	return json_set_str(w->doc, c, "type", SLICE_LIT("PodScheduled")) && json_set_str(w->doc, c, "status", SLICE_LIT("True")) &&
	       yyjson_mut_obj_add_null(w->doc, c, "lastProbeTime") && json_set_str(w->doc, c, "lastTransitionTime", slice_str(now)) &&
	       yyjson_mut_arr_append(kept, c) && json_set(w->doc, status, "conditions", kept);
}

static const struct status *transform(struct write *w) {
	struct binding *b = w->ctx;
	const struct status *st = check(w, b);
	if (st) return st;
	w->doc = json_doc(w->r->a);
	w->obj = w->doc ? json_copy(w->doc, w->old) : NULL;
	if (!w->obj) return status_no_memory();
	yyjson_mut_doc_set_root(w->doc, w->obj);
	const yyjson_mut_val *meta = json_get(b->rv->obj, "metadata");
	bool ok = json_set_str(w->doc, json_ensure_obj(w->doc, w->obj, "spec"), "nodeName", b->node) && set_scheduled(w) &&
		  merge_strings(w, "metadata.annotations", json_get(meta, "annotations")) && merge_strings(w, "metadata.labels", json_get(meta, "labels"));
	/* Whoever asked for it, the write is the server's own: no field manager, and it is tried again when the pod changed meanwhile. */
	(void)json_del(json_get(w->obj, "metadata"), "resourceVersion");
	return ok ? NULL : status_no_memory();
}

static bool may_retry(struct write *w k8c_unused) { return true; }

static void done(struct write *w, const struct status *st) {
	struct status *ok = st ? NULL : arena_new_of(w->r->a, struct status);
	if (ok) *ok = (struct status){ .code = 201, .success = true };
	request_status(w->r, st ? st : ok ? ok : status_no_memory());
}

static const struct status *check_target(struct review *rv) {
	struct arena *a = rv->r->a;
	struct slice kind = json_path_str(rv->obj, "target.kind");
	if (rv->r->sub && !slice_eq(json_path_str(rv->obj, "metadata.name"), rv->r->info.name)) return status_bad_request(a, "name in URL does not match name in Binding object");
	if (!slice_empty(kind) && !slice_eqs(kind, "Node"))
		return status_error(a, "target.kind: Unsupported value: %s: supported values: \"Node\", \"<empty>\"", status_quote(a, kind));
	return slice_empty(json_path_str(rv->obj, "target.name")) ? status_error(a, "target.name: Required value") : NULL;
}

static void bind_now(struct review *rv) {
	const struct schema_resource *pods = schema_find(SLICE_NULL, SLICE_LIT("v1"), SLICE_LIT("pods"));
	struct request *r = rv->r;
	const struct status *st = check_target(rv);
	struct write *w = st ? NULL : write_new(r);
	struct binding *b = w ? arena_new_of(r->a, struct binding) : NULL;
	if (!b) {
		request_status(r, st ? st : status_no_memory());
		return;
	}
	*b = (struct binding){ rv, json_path_str(rv->obj, "target.name"), json_path_str(rv->obj, "metadata.uid") };
	w->res = pods;
	w->sub = NULL;
	w->name = json_path_str(rv->obj, "metadata.name");
	w->op = WRITE_UPDATE;
	w->opt = rv->opt;
	w->transform = transform;
	w->may_retry = may_retry;
	w->skip_admission = w->skip_validation = w->skip_prepare = w->apply = true;
	w->done = done;
	w->ctx = b;
	write_start(w);
}

void pod_bind_named(struct request *r) { review_start(r, r->res->type, "", "v1", "Binding", false, bind_now); }
void pod_bind(struct request *r) { review_start(r, r->sub->type, "", "v1", "Binding", false, bind_now); }
