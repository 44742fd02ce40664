/* SPDX-License-Identifier: Apache-2.0 */
/* CertificateApproval: who approves or denies needs the right for the signer (plugin/pkg/admission/certificates/approval). */
#include "api/admit/certificate_right.h"

static bool is_approval(const struct admit *ad) { return admit_is(ad, CERTIFICATES_GROUP, CERTIFICATES_RESOURCE, "approval"); }
static int approve(struct admit *ad, const struct status **ret_st) { return certificate_may(ad, "approve", ret_st); }

const struct admit_plugin admit_certificate_approval = {
	.name = "CertificateApproval",
	.ops = ADMIT_UPDATE,
	.handles = is_approval,
	.validate = approve,
};
