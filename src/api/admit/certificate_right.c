/* SPDX-License-Identifier: Apache-2.0 */
#include "api/admit/certificate_right.h"

#include "api/identity.h"

/* The right for the signer itself or for all of its domain. */
static bool may(struct admit *ad, const char *verb, struct slice signer) {
	struct slice rest = signer, domain = slice_cut(&rest, '/');
	const char *all = arena_printf(ad->r->a, "%.*s/*", SLICE_FMT(domain));
	return identity_allowed(ad->r, verb, SLICE_LIT(CERTIFICATES_GROUP), SLICE_LIT("signers"), SLICE_NULL, SLICE_NULL, signer) ||
	       (all && identity_allowed(ad->r, verb, SLICE_LIT(CERTIFICATES_GROUP), SLICE_LIT("signers"), SLICE_NULL, SLICE_NULL, slice_str(all)));
}

int certificate_may(struct admit *ad, const char *verb, const struct status **ret_st) {
	struct slice signer = json_path_str(ad->old, "spec.signerName");
	if (may(ad, verb, signer)) return ADMIT_OK;
	*ret_st = admit_forbidden(ad, "user not permitted to %s requests with signerName \"%.*s\"", verb, SLICE_FMT(signer));
	return ADMIT_DENY;
}
