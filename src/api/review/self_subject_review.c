/* SPDX-License-Identifier: Apache-2.0 */
/* SelfSubjectReview: who am I (KEP-3325). */
#include "api/internal.h"
#include "api/review/review.h"
#include "codec/timestamp.h"

static void answer(struct review *rv) {
	yyjson_mut_doc *doc = rv->doc;
	yyjson_mut_val *meta = yyjson_mut_obj(doc), *status = yyjson_mut_obj(doc), *info = review_user_info(doc, rv->r->user);
	char now[TIMESTAMP_TEXT];
	timestamp_format(rv->r->now / NSEC_PER_SEC, now);
	if (info && json_set_str(doc, meta, "creationTimestamp", slice_str(now)) && json_set(doc, rv->obj, "metadata", meta) &&
	    json_set(doc, status, "userInfo", info) && json_set(doc, rv->obj, "status", status))
		review_done(rv);
	else
		request_status(rv->r, status_no_memory());
}

void review_self_subject(struct request *r) { review_start(r, r->res->type, r->res->group, r->res->version, r->res->kind, false, answer); }
