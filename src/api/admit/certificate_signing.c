/* SPDX-License-Identifier: Apache-2.0 */
/* CertificateSigning: who issues needs the right for the signer (plugin/pkg/admission/certificates/signing). */
#include "api/admit/certificate_right.h"

static bool is_status(const struct admit *ad) { return admit_is(ad, CERTIFICATES_GROUP, CERTIFICATES_RESOURCE, "status"); }

static bool same(const struct admit *ad, const char *path) {
	const yyjson_mut_val *now = json_path(ad->obj, path), *was = json_path(ad->old, path);
	return now && was ? json_equal(now, was) : !json_size(now) && !json_str(now).n && !json_size(was) && !json_str(was).n;
}

static int sign(struct admit *ad, const struct status **ret_st) {
	return same(ad, "status.certificate") && same(ad, "status.conditions") ? ADMIT_OK : certificate_may(ad, "sign", ret_st);
}

const struct admit_plugin admit_certificate_signing = {
	.name = "CertificateSigning",
	.ops = ADMIT_UPDATE,
	.handles = is_status,
	.validate = sign,
};
