/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CertificateApproval, CertificateSigning, CertificateSubjectRestriction: who approves or signs requests of a signer needs the
 * right for that signer, and nobody becomes system:masters by a certificate (plugin/pkg/admission/certificates).
 */
#include "api/admit/plugins.h"
#include "api/identity.h"
#include "codec/base64.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#define GROUP "certificates.k8s.io"
#define RESOURCE "certificatesigningrequests"
#define CLIENT_SIGNER "kubernetes.io/kube-apiserver-client"

static int deny(const struct status **ret_st, const struct status *st) {
	*ret_st = st;
	return ADMIT_DENY;
}

/* The right for the signer itself or for all of its domain. */
static bool may(struct admit *ad, const char *verb, struct slice signer) {
	struct slice rest = signer, domain = slice_cut(&rest, '/');
	const char *all = arena_printf(ad->r->a, "%.*s/*", SLICE_FMT(domain));
	return identity_allowed(ad->r, verb, SLICE_LIT(GROUP), SLICE_LIT("signers"), SLICE_NULL, SLICE_NULL, signer) ||
	       (all && identity_allowed(ad->r, verb, SLICE_LIT(GROUP), SLICE_LIT("signers"), SLICE_NULL, SLICE_NULL, slice_str(all)));
}

static int check(struct admit *ad, const char *verb, const struct status **ret_st) {
	struct slice signer = json_path_str(ad->old, "spec.signerName");
	if (may(ad, verb, signer)) return ADMIT_OK;
	return deny(ret_st, admit_forbidden(ad, "user not permitted to %s requests with signerName \"%.*s\"", verb, SLICE_FMT(signer)));
}

static bool is_approval(const struct admit *ad) { return admit_is(ad, GROUP, RESOURCE, "approval"); }
static int approve(struct admit *ad, const struct status **ret_st) { return check(ad, "approve", ret_st); }

const struct admit_plugin admit_certificate_approval = {
	.name = "CertificateApproval",
	.ops = ADMIT_UPDATE,
	.handles = is_approval,
	.validate = approve,
};

static bool is_status(const struct admit *ad) { return admit_is(ad, GROUP, RESOURCE, "status"); }

static bool same(const struct admit *ad, const char *path) {
	const yyjson_mut_val *now = json_path(ad->obj, path), *was = json_path(ad->old, path);
	return now && was ? json_equal(now, was) : !json_size(now) && !json_str(now).n && !json_size(was) && !json_str(was).n;
}

static int sign(struct admit *ad, const struct status **ret_st) {
	return same(ad, "status.certificate") && same(ad, "status.conditions") ? ADMIT_OK : check(ad, "sign", ret_st);
}

const struct admit_plugin admit_certificate_signing = {
	.name = "CertificateSigning",
	.ops = ADMIT_UPDATE,
	.handles = is_status,
	.validate = sign,
};

/* ---- the subject ---- */

static bool is_request(const struct admit *ad) { return admit_is(ad, GROUP, RESOURCE, NULL); }

static bool names_masters(const X509_REQ *req) {
	const X509_NAME *subject = X509_REQ_get_subject_name(req);
	for (int i = -1; (i = X509_NAME_get_index_by_NID((X509_NAME *)(uintptr_t)subject, NID_organizationName, i)) >= 0;) {
		const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i));
		if (slice_eqs(slice_make(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)), "system:masters")) return true;
	}
	return false;
}

static X509_REQ *parse(struct slice base64) {
	_cleanup_buf_ struct buf pem = BUF_INIT(1024 * 1024);
	if (base64_decode(&pem, BASE64_STD, base64, NULL) < 0) return NULL;
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509_REQ *req = bio ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	return req;
}

static int subject(struct admit *ad, const struct status **ret_st) {
	if (!slice_eqs(json_path_str(ad->obj, "spec.signerName"), CLIENT_SIGNER)) return ADMIT_OK;
	X509_REQ *req = parse(json_path_str(ad->obj, "spec.request"));
	bool bad = req && names_masters(req);
	X509_REQ_free(req);
	if (!req) return deny(ret_st, admit_forbidden(ad, "failed to parse CSR: PEM block type must be CERTIFICATE REQUEST"));
	if (!bad) return ADMIT_OK;
	return deny(ret_st, admit_forbidden(ad, "use of " CLIENT_SIGNER " signer with system:masters group is not allowed"));
}

const struct admit_plugin admit_certificate_subject = {
	.name = "CertificateSubjectRestriction",
	.ops = ADMIT_CREATE,
	.handles = is_request,
	.validate = subject,
};
