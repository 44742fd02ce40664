/* SPDX-License-Identifier: Apache-2.0 */
#include "api/managed.h"

#include "api/convert.h"
#include "base/limits.h"
#include "schema/patch/manage.h"

#include <errno.h>

/* ---- other versions ---- */

static const struct schema_resource *of_version(const struct schema_resource *res, struct slice api_version) {
	struct slice version = api_version, group = slice_chr(version, '/') < 0 ? SLICE_NULL : slice_cut(&version, '/');
	if (slice_eqs(group, res->group) && slice_eqs(version, res->version)) return res;
	return res->is_custom ? NULL : schema_find(group, version, slice_str(res->resource));
}

/* The object as another version of its kind shows it. Versions of custom resources differ in nothing but their schema, and
 * entries of versions other than the written one are read by that one's. */
static int convert(const struct manage *m, struct slice version, const yyjson_mut_val *obj, yyjson_mut_val **ret,
		   const struct schema_type **ret_type) {
	const struct schema_resource *res = m->ctx, *other = of_version(res, version);
	*ret = (yyjson_mut_val *)(uintptr_t)obj;
	*ret_type = m->type;
	if (res->is_custom || other == res) return 0;
	if (!other || strcmp(other->storage_resource, res->storage_resource) != 0) return -ENOENT;
	yyjson_mut_val *copy = json_copy(m->doc, obj);
	if (!copy || convert_to_stored(res, m->doc, copy) < 0 || convert_to_served(other, m->doc, copy) < 0) return -ENOMEM;
	*ret = copy;
	*ret_type = other->type;
	return 0;
}

static bool describe(const struct managed_write *w, struct manage *m) {
	const struct schema_strategy *s = w->sub && w->sub->strategy ? w->sub->strategy : w->res->strategy;
	/* A subresource with a kind of its own (TokenRequest) is written about in that kind's fields and version. */
	bool own = !w->of_parent && w->sub && w->sub->type && w->sub->kind && strcmp(w->sub->kind, w->res->kind) != 0 &&
		   w->sub->type != w->res->type;
	const char *version = own ? api_version_of(w->a, w->sub->group ? w->sub->group : w->res->group,
						   w->sub->version ? w->sub->version : w->res->version)
				  : api_version_of(w->a, w->res->group, w->res->version);
	*m = (struct manage){ .a = w->a,
			      .doc = w->doc,
			      .type = own ? w->sub->type : w->res->type,
			      .version = slice_str(version),
			      .subresource = w->sub ? slice_str(w->sub->name) : SLICE_NULL,
			      .reset = s ? s->ssa_reset_fields : NULL,
			      .manager = w->manager,
			      .now_sec = w->now_sec,
			      .force = w->force,
			      .convert = convert,
			      .ctx = w->res };
	return version != NULL;
}

const struct status *managed_update(const struct managed_write *w, const yyjson_mut_val *live, yyjson_mut_val *obj) {
	struct manage m;
	return describe(w, &m) && manage_update(&m, live, obj) == 0 ? NULL : status_no_memory();
}

const struct status *managed_settle(const struct managed_write *w, const yyjson_mut_val *live, yyjson_mut_val *obj) {
	struct manage m;
	return describe(w, &m) && manage_settle(&m, live, obj) == 0 ? NULL : status_no_memory();
}

/* ---- conflicts (managedfields' conflict.go) ---- */

static const char *conflict_text(struct arena *a, const struct manage_conflicts *c) {
	_cleanup_buf_ struct buf b = BUF_INIT(4 * REQUEST_BODY_MAX);
	const char *last = "";
	if (c->n == 1)
		return arena_printf(a, "Apply failed with 1 conflict: conflict with %s: %s", c->v[0].manager, c->v[0].field);
	buf_printf(&b, "Apply failed with %zu conflicts: ", c->n);
	for (size_t i = 0; i < c->n; i++) {
		if (i) buf_putc(&b, '\n');
		if (strcmp(last, c->v[i].manager) != 0) buf_printf(&b, "conflicts with %s:\n", c->v[i].manager);
		buf_printf(&b, "- %s", c->v[i].field);
		last = c->v[i].manager;
	}
	return buf_err(&b) ? NULL : arena_strndup(a, b.p, b.n);
}

static const struct status *conflict(struct arena *a, const struct manage_conflicts *c) {
	struct status_cause *causes = arena_array(a, c->n, sizeof(*causes));
	struct status *st = arena_new_of(a, struct status);
	const char *text = conflict_text(a, c);
	if (!causes || !st || !text) return status_no_memory();
	for (size_t i = 0; i < c->n; i++) {
		const char *message = arena_printf(a, "conflict with %s", c->v[i].manager);
		if (!message) return status_no_memory();
		causes[i] = (struct status_cause){ .reason = "FieldManagerConflict", .message = message, .field = c->v[i].field };
	}
	*st = (struct status){
		.code = 409, .reason = "Conflict", .message = text, .has_details = true, .causes = causes, .n_causes = c->n
	};
	return st;
}

static const struct status *unfit(const struct managed_write *w, const yyjson_mut_val *patch, const char *why) {
	struct slice ns = json_path_str(patch, "metadata.namespace"), name = json_path_str(patch, "metadata.name");
	return status_error(w->a, "failed to create typed patch object (%.*s/%.*s; %s/%s, Kind=%s): %s", SLICE_FMT(ns),
			    SLICE_FMT(name), w->res->group, w->res->version, w->res->kind, why);
}

const struct status *managed_apply(const struct managed_write *w, const yyjson_mut_val *live, yyjson_mut_val *patch,
				   yyjson_mut_val **ret) {
	struct manage_conflicts c = { 0 };
	const char *why = NULL;
	struct manage m;
	int err = describe(w, &m) ? manage_apply(&m, live, patch, ret, &c, &why) : -ENOMEM;
	switch (err) {
	case 0: return NULL;
	case -EBUSY: return conflict(w->a, &c);
	case -EBADMSG: return unfit(w, patch, why);
	case -EPROTO: return status_error(w->a, "%s", why);
	default: return status_no_memory();
	}
}
