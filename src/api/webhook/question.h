/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a webhook is asked: an AdmissionReview with a request (apiserver's plugin/webhook/request CreateAdmissionObjects), and
 * whether it is asked at all (plugin/webhook/generic ShouldCallHook). On the request's loop.
 */
#pragma once

#include "api/admit.h"
#include "api/webhook/set.h"

/* The version in which a webhook wants to see the object: ad->res, or with matchPolicy Equivalent another one of the same objects. */
struct webhook_match {
	bool matches;
	const struct schema_resource *as;
};
/* NULL and *ret, or the status that ends the request (a namespace that is gone, conditions that cannot be evaluated). */
const struct status *webhook_match(struct admit *ad, const struct webhook *w, struct webhook_match *ret);

/* The object as the webhook sees it, a copy when it is of another version. NULL: out of memory. The type for encoding. */
yyjson_mut_val *webhook_version_of(struct admit *ad, const struct schema_resource *as, const yyjson_mut_val *obj, yyjson_mut_doc **ret_doc);
const struct schema_type *webhook_type_of(const struct admit *ad, const struct schema_resource *as);

/* Everything of the question's text behind the uid: the same question has the same rest. 0 or -ENOMEM, -E2BIG. */
int webhook_question_rest(struct admit *ad, const struct schema_resource *as, struct buf *b);
/* What comes before it. 0 or b->err. */
int webhook_question_head(enum webhook_version version, struct slice uid, struct buf *b);
