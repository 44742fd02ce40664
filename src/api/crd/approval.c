/* SPDX-License-Identifier: Apache-2.0 */
#include "api/crd/approval.h"

#include "api/crd/names.h"

#include <errno.h>

#define CONDITION "KubernetesAPIApprovalPolicyConformant"
#define ANNOTATION "api-approved.kubernetes.io"
#define MISSING "protected groups must have approval annotation \"" ANNOTATION "\", see https://github.com/kubernetes/enhancements/pull/1111"

static bool in_domain(struct slice group, const char *domain) {
	struct slice tail = slice_str(domain);
	if (!slice_ends(group, tail)) return false;
	return group.n == tail.n || group.p[group.n - tail.n - 1] == '.';
}

/* Validation has seen to it that what is there is either a URL or a word of having none. */
int crd_approval_update(struct arena *a, yyjson_mut_doc *doc, yyjson_mut_val *crd, int64_t now_sec) {
	struct slice group = json_path_str(crd, "spec.group"), text = json_str(json_get(json_path(crd, "metadata.annotations"), ANNOTATION));
	if (!in_domain(group, "k8s.io") && !in_domain(group, "kubernetes.io")) return 0;
	if (slice_empty(text)) return crd_condition_set(doc, crd, CONDITION, false, "MissingAnnotation", MISSING, now_sec);
	bool approved = !slice_starts(text, SLICE_LIT("unapproved"));
	const char *message = arena_printf(a, approved ? "approved in %.*s" : "not approved: \"%.*s\"", SLICE_FMT(text));
	if (!message) return -ENOMEM;
	return crd_condition_set(doc, crd, CONDITION, approved, approved ? "ApprovedAnnotation" : "UnapprovedAnnotation", message, now_sec);
}
