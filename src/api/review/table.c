/* SPDX-License-Identifier: Apache-2.0 */
#include "api/review/review.h"

const struct subresource_handler review_handlers[] = {
	{ "", "serviceaccounts", "token", VERB_CREATE, review_token_request, false },
	{ "authentication.k8s.io", "tokenreviews", NULL, VERB_CREATE, review_token, false },
	{ "authentication.k8s.io", "selfsubjectreviews", NULL, VERB_CREATE, review_self_subject, false },
	{ "authorization.k8s.io", "subjectaccessreviews", NULL, VERB_CREATE, review_subject_access, false },
	{ "authorization.k8s.io", "localsubjectaccessreviews", NULL, VERB_CREATE, review_subject_access, false },
	{ "authorization.k8s.io", "selfsubjectaccessreviews", NULL, VERB_CREATE, review_self_subject_access, false },
	{ "authorization.k8s.io", "selfsubjectrulesreviews", NULL, VERB_CREATE, review_self_subject_rules, false },
	{ 0 },
};
