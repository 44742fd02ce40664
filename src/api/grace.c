/* SPDX-License-Identifier: Apache-2.0 */
#include "api/grace.h"

#include "api/crd/names.h"
#include "api/internal.h"
#include "api/meta.h"
#include "codec/timestamp.h"

#define ORPHAN "orphan"
#define FOREGROUND "foregroundDeletion"

static bool set_time(struct deletion *d, yyjson_mut_val *meta, int64_t sec) {
	char text[TIMESTAMP_TEXT];
	timestamp_format(sec, text);
	return json_set_str(d->doc, meta, "deletionTimestamp", slice_str(text));
}

static bool bump(struct deletion *d, yyjson_mut_val *meta) {
	int64_t g = json_path_int(meta, "generation", 0);
	return g <= 0 || json_set_int(d->doc, meta, "generation", g + 1);
}

/* ---- finalizers of garbage collection ---- */

static bool has_finalizer(const yyjson_mut_val *meta, const char *name) {
	yyjson_mut_val *f = json_get(meta, "finalizers");
	for (size_t i = 0; i < yyjson_mut_arr_size(f); i++)
		if (slice_eqs(json_str(yyjson_mut_arr_get(f, i)), name)) return true;
	return false;
}

static enum propagation wanted(const struct deletion *d, const yyjson_mut_val *meta) {
	const char *dflt = d->res->strategy->default_propagation;
	if (dflt && !strncmp(dflt, "unsupported", 11)) return PROPAGATE_DEFAULT;
	if (d->opt.propagation != PROPAGATE_DEFAULT) return d->opt.propagation;
	if (has_finalizer(meta, ORPHAN)) return PROPAGATE_ORPHAN;
	if (has_finalizer(meta, FOREGROUND)) return PROPAGATE_FOREGROUND;
	return dflt && !strcmp(dflt, "Orphan") ? PROPAGATE_ORPHAN : PROPAGATE_BACKGROUND;
}

static bool add_finalizer(struct deletion *d, yyjson_mut_val *meta, const char *name) {
	yyjson_mut_val *f = json_get(meta, "finalizers");
	if (!f && (!(f = yyjson_mut_arr(d->doc)) || !json_set(d->doc, meta, "finalizers", f))) return false;
	return yyjson_mut_arr_add_str(d->doc, f, name);
}

static void drop_finalizer(yyjson_mut_val *meta, const char *name) {
	yyjson_mut_val *f = json_get(meta, "finalizers");
	for (size_t i = 0; i < yyjson_mut_arr_size(f);) {
		if (slice_eqs(json_str(yyjson_mut_arr_get(f, i)), name)) yyjson_mut_arr_remove(f, i);
		else i++;
	}
	if (f && yyjson_mut_arr_size(f) == 0) json_del(meta, "finalizers");
}

/* 1 changed, 0 not, -1 no memory. */
static int set_finalizers(struct deletion *d, yyjson_mut_val *meta) {
	enum propagation p = wanted(d, meta);
	bool orphan = p == PROPAGATE_ORPHAN, foreground = p == PROPAGATE_FOREGROUND;
	if (has_finalizer(meta, ORPHAN) == orphan && has_finalizer(meta, FOREGROUND) == foreground) return 0;
	drop_finalizer(meta, ORPHAN);
	drop_finalizer(meta, FOREGROUND);
	if (orphan && !add_finalizer(d, meta, ORPHAN)) return -1;
	if (foreground && !add_finalizer(d, meta, FOREGROUND)) return -1;
	return 1;
}

/* ---- grace ---- */

/* How long a pod may go on (pod strategy's CheckGracefulDelete). */
static int64_t period_of(const struct deletion *d) {
	struct slice phase = json_path_str(d->obj, "status.phase");
	int64_t p = d->opt.grace >= 0 ? d->opt.grace : json_path_int(d->obj, "spec.terminationGracePeriodSeconds", 0);
	if (slice_empty(json_path_str(d->obj, "spec.nodeName")) || slice_eqs(phase, "Failed") || slice_eqs(phase, "Succeeded")) p = 0;
	return p < 0 ? 1 : p;
}

/* A second deletion may only shorten the first one's grace. */
static enum grace_outcome shorten(struct deletion *d, yyjson_mut_val *meta) {
	yyjson_mut_val *have = json_get(meta, "deletionGracePeriodSeconds");
	struct timestamp at;
	if (!have) return GRACE_NOW;
	int64_t old = yyjson_mut_get_sint(have);
	if (d->opt.grace < 0 || d->opt.grace >= old) return GRACE_PENDING;
	if (timestamp_parse(d->r->a, json_path_str(meta, "deletionTimestamp"), &at, NULL) < 0) return GRACE_NO_MEMORY;
	bool ok = set_time(d, meta, at.sec - old + d->opt.grace) && json_set_int(d->doc, meta, "deletionGracePeriodSeconds", d->opt.grace);
	return ok ? d->opt.grace > 0 ? GRACE_UPDATE : GRACE_UPDATE_NOW : GRACE_NO_MEMORY;
}

static enum grace_outcome begin(struct deletion *d, yyjson_mut_val *meta) {
	int64_t p = period_of(d);
	bool ok = set_time(d, meta, d->r->now / NSEC_PER_SEC + p) && json_set_int(d->doc, meta, "deletionGracePeriodSeconds", p) && bump(d, meta);
	return ok ? p > 0 ? GRACE_UPDATE : GRACE_UPDATE_NOW : GRACE_NO_MEMORY;
}

/* Kinds without grace that have finalizers are marked (store.go markAsDeleting). */
static bool mark(struct deletion *d, yyjson_mut_val *meta) {
	if (!json_get(meta, "deletionGracePeriodSeconds") && !bump(d, meta)) return false;
	if (!json_get(meta, "deletionTimestamp") && !set_time(d, meta, d->r->now / NSEC_PER_SEC)) return false;
	return json_set_int(d->doc, meta, "deletionGracePeriodSeconds", 0);
}

enum grace_outcome grace_apply(struct deletion *d) {
	yyjson_mut_val *meta = json_get(d->obj, "metadata");
	enum grace_outcome g = GRACE_NOW;
	if (d->res->strategy->graceful_delete) g = json_get(meta, "deletionTimestamp") ? shorten(d, meta) : begin(d, meta);
	if (g == GRACE_PENDING || g == GRACE_NO_MEMORY) return g;
	int changed = set_finalizers(d, meta);
	if (changed < 0) return GRACE_NO_MEMORY;
	bool held = meta_has_finalizers(d->obj);
	if (g == GRACE_NOW && held) return mark(d, meta) ? GRACE_UPDATE : GRACE_NO_MEMORY;
	if (g == GRACE_UPDATE_NOW && held) return GRACE_UPDATE;
	return g;
}

enum grace_outcome grace_apply_namespace(struct deletion *d) {
	yyjson_mut_val *meta = json_get(d->obj, "metadata");
	if (json_get(meta, "deletionTimestamp"))
		return yyjson_mut_arr_size(json_path(d->obj, "spec.finalizers")) > 0 ? GRACE_PENDING : grace_apply(d);
	yyjson_mut_val *status = json_ensure_obj(d->doc, d->obj, "status");
	bool ok = status && set_time(d, meta, d->r->now / NSEC_PER_SEC) && json_set_str(d->doc, status, "phase", SLICE_LIT("Terminating"));
	if (!ok || set_finalizers(d, meta) < 0) return GRACE_NO_MEMORY;
	return GRACE_UPDATE;
}

enum grace_outcome grace_apply_definition(struct deletion *d) {
	yyjson_mut_val *meta = json_get(d->obj, "metadata");
	if (json_get(meta, "deletionTimestamp")) return meta_has_finalizers(d->obj) ? GRACE_PENDING : grace_apply(d);
	if (!set_time(d, meta, d->r->now / NSEC_PER_SEC)) return GRACE_NO_MEMORY;
	if (!has_finalizer(meta, CRD_FINALIZER) && !add_finalizer(d, meta, CRD_FINALIZER)) return GRACE_NO_MEMORY;
	int err = crd_condition_set(d->doc, d->obj, "Terminating", true, "InstanceDeletionPending",
				    "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon", d->r->now / NSEC_PER_SEC);
	return err < 0 || set_finalizers(d, meta) < 0 ? GRACE_NO_MEMORY : GRACE_UPDATE;
}
