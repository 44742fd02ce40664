/* SPDX-License-Identifier: Apache-2.0 */
/* SubjectAccessReview, its local and its self form: may somebody do this (pkg/registry/authorization). */
#include "api/internal.h"
#include "api/review/review.h"

static struct access_attrs attrs_of(const struct review *rv, const struct access_user *u) {
	const yyjson_mut_val *res = json_path(rv->obj, "spec.resourceAttributes"), *other = json_path(rv->obj, "spec.nonResourceAttributes");
	if (!res) return (struct access_attrs){ .user = u, .verb = json_path_str(other, "verb"), .path = json_path_str(other, "path") };
	struct slice version = json_path_str(res, "version");
	return (struct access_attrs){
		.user = u, .is_resource = true, .verb = json_path_str(res, "verb"), .ns = json_path_str(res, "namespace"), .group = json_path_str(res, "group"),
		.version = slice_empty(version) ? SLICE_LIT("*") : version, .resource = json_path_str(res, "resource"),
		.subresource = json_path_str(res, "subresource"), .name = json_path_str(res, "name"),
	};
}

/* The user that spec names. NULL when out of memory. */
static const struct access_user *subject_of(struct review *rv) {
	struct arena *a = rv->r->a;
	struct access_user *u = arena_new_of(a, struct access_user);
	yyjson_mut_val *extra = json_path(rv->obj, "spec.extra"), *key;
	struct access_extra *v = arena_array(a, json_size(extra) + 1, sizeof(*v));
	if (!u || !v || !review_strings(a, json_path(rv->obj, "spec.groups"), &u->groups, &u->n_groups)) return NULL;
	u->name = json_path_str(rv->obj, "spec.user");
	u->uid = json_path_str(rv->obj, "spec.uid");
	u->extra = v;
	if (!extra) return u;
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(extra);
	while ((key = yyjson_mut_obj_iter_next(&it))) {
		struct access_extra *e = &v[u->n_extra++];
		e->key = json_str(key);
		if (!review_strings(a, yyjson_mut_obj_iter_get_val(key), &e->values, &e->n_values)) return NULL;
	}
	return u;
}

static void judge(struct review *rv, const struct access_user *u) {
	const struct status *st = u ? review_validate(rv, "") : status_no_memory();
	const char *reason = "";
	yyjson_mut_val *status = yyjson_mut_obj(rv->doc);
	if (st) {
		request_status(rv->r, st);
		return;
	}
	struct access_attrs at = attrs_of(rv, u);
	int may = access_authorize(rv->r->api->access, rv->r->a, &at, &reason);
	bool ok = json_set_bool(rv->doc, status, "allowed", may > 0) && json_set(rv->doc, rv->obj, "status", status);
	if (ok && may >= 0 && reason && *reason) ok = json_set_str(rv->doc, status, "reason", slice_str(reason));
	if (ok && may < 0) ok = json_set_str(rv->doc, status, "evaluationError", slice_str(strerror(-may)));
	if (ok) review_done(rv);
	else request_status(rv->r, status_no_memory());
}

static void answer(struct review *rv) { judge(rv, subject_of(rv)); }
static void answer_self(struct review *rv) { judge(rv, rv->r->user); }

void review_subject_access(struct request *r) { review_start(r, r->res->type, r->res->group, r->res->version, r->res->kind, true, answer); }
void review_self_subject_access(struct request *r) { review_start(r, r->res->type, r->res->group, r->res->version, r->res->kind, true, answer_self); }
