/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions in Kubernetes' own groups say in an annotation who approved of them (apiextensions-apiserver's apiapproval
 * controller). */
#pragma once

#include "codec/json.h"

/* Brings the condition KubernetesAPIApprovalPolicyConformant up to date. 1: it changed; 0; -ENOMEM. */
int crd_approval_update(struct arena *a, yyjson_mut_doc *doc, yyjson_mut_val *crd, int64_t now_sec);
