/* SPDX-License-Identifier: Apache-2.0 */
/* TokenReview: whose token is this (pkg/registry/authentication/tokenreview). */
#include "api/internal.h"
#include "api/review/review.h"

static bool set_list(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *name, const struct slice *v, size_t n) {
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	for (size_t i = 0; i < n; i++)
		if (!yyjson_mut_arr_append(list, yyjson_mut_strncpy(doc, v[i].p, v[i].n))) return false;
	return json_set(doc, obj, name, list);
}

static bool fill(struct review *rv, yyjson_mut_val *status, const struct slice *audiences, size_t n_audiences) {
	struct access_user *user;
	const struct slice *found;
	size_t n_found;
	const char *why = NULL;
	int e = access_token_verify(rv->r->api->access, rv->r->a, json_path_str(rv->obj, "spec.token"), audiences, n_audiences, &user, &found, &n_found, &why);
	if (e < 0) return json_set(rv->doc, status, "user", yyjson_mut_obj(rv->doc)) && json_set_str(rv->doc, status, "error", slice_str(why ? why : strerror(-e)));
	yyjson_mut_val *info = review_user_info(rv->doc, user);
	return info && json_set_bool(rv->doc, status, "authenticated", true) && json_set(rv->doc, status, "user", info) &&
	       set_list(rv->doc, status, "audiences", found, n_found);
}

static void answer(struct review *rv) {
	const struct slice *audiences;
	size_t n;
	if (slice_empty(json_path_str(rv->obj, "spec.token"))) {
		request_status(rv->r, status_bad_request(rv->r->a, "token is required for TokenReview in authentication"));
		return;
	}
	yyjson_mut_val *status = yyjson_mut_obj(rv->doc);
	if (review_strings(rv->r->a, json_path(rv->obj, "spec.audiences"), &audiences, &n) && json_set(rv->doc, rv->obj, "status", status) &&
	    fill(rv, status, audiences, n))
		review_done(rv);
	else
		request_status(rv->r, status_no_memory());
}

void review_token(struct request *r) { review_start(r, r->res->type, r->res->group, r->res->version, r->res->kind, true, answer); }
