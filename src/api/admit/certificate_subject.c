/* SPDX-License-Identifier: Apache-2.0 */
/* CertificateSubjectRestriction: nobody becomes system:masters by a certificate (plugin/pkg/admission/certificates/subjectrestriction). */
#include "api/admit/certificate_right.h"
#include "codec/base64.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#define CLIENT_SIGNER "kubernetes.io/kube-apiserver-client"

static int deny(const struct status **ret_st, const struct status *st) {
	*ret_st = st;
	return ADMIT_DENY;
}

static bool is_request(const struct admit *ad) { return admit_is(ad, CERTIFICATES_GROUP, CERTIFICATES_RESOURCE, NULL); }

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
