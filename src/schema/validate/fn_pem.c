/* SPDX-License-Identifier: Apache-2.0 */
/* PEM texts of certificate requests: what is asked for, and what was issued. */
#include "schema/validate/function.h"
#include "base/limits.h"
#include "codec/base64.h"
#include "codec/goquote.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

/* Whether bytes are one DER sequence and nothing more. */
static bool is_sequence(struct slice der) {
	if (der.n < 2 || der.p[0] != 0x30) return false;
	size_t len = (unsigned char)der.p[1], head = 2;
	if (len & 0x80) {
		size_t count = len & 0x7f;
		if (!count || count > 4 || der.n < 2 + count) return false;
		len = 0;
		for (size_t i = 0; i < count; i++) len = len << 8 | (unsigned char)der.p[2 + i];
		head += count;
	}
	return der.n == head + len;
}

/* nil, or why the base64 text holds no PEM-encoded certificate request. */
RULE_DEF(csrFault) {
	_cleanup_buf_ struct buf pem = BUF_INIT(REQUEST_BODY_MAX), der = BUF_INIT(REQUEST_BODY_MAX);
	struct slice begin = SLICE_LIT("-----BEGIN CERTIFICATE REQUEST-----"), end = SLICE_LIT("-----END CERTIFICATE REQUEST-----");
	static const char wrong[] = "PEM block type must be CERTIFICATE REQUEST";
	size_t at;
	if (base64_decode(&pem, BASE64_STD, rv_slice(a), &at)) return rv_lit(wrong);
	ptrdiff_t from = slice_find(buf_slice(&pem), begin), to = slice_find(buf_slice(&pem), end);
	if (from < 0 || to < from) return rv_lit(wrong);
	struct slice body = slice_make(pem.p + from + begin.n, (size_t)(to - from) - begin.n);
	if (base64_decode(&der, BASE64_STD, slice_trim(body), &at)) return rv_lit(wrong);
	return is_sequence(buf_slice(&der)) ? RV_NONE : rv_lit("asn1: structure error: tags don't match");
}

/* ---- certificates ---- */

struct block { char *type, *header; unsigned char *data; long n; };

static void block_done(struct block *b) {
	OPENSSL_free(b->type);
	OPENSSL_free(b->header);
	OPENSSL_free(b->data);
}

static bool is_certificate(const struct block *b) {
	const unsigned char *at = b->data;
	X509 *x = d2i_X509(NULL, &at, b->n);
	X509_free(x);
	return x && at == b->data + b->n;
}

static const char *block_fault(struct rule_scope *s, const struct block *b) {
	if (strcmp(b->type, "CERTIFICATE"))
		return arena_printf(s->arena, "only CERTIFICATE PEM blocks are allowed, found %s", goquote(s->arena, slice_str(b->type)));
	if (*b->header) return "no PEM block headers are permitted";
	if (b->n == 0) return "found CERTIFICATE PEM block containing 0 certificates";
	return is_certificate(b) ? NULL : "x509: malformed certificate";
}

static const char *pem_fault(struct rule_scope *s, const struct buf *pem) {
	BIO *bio = BIO_new_mem_buf(pem->p, (int)pem->n);
	const char *fault = NULL;
	size_t n = 0;
	for (struct block b = { 0 }; bio && !fault && PEM_read_bio(bio, &b.type, &b.header, &b.data, &b.n) == 1; n++, b = (struct block){ 0 }) {
		fault = block_fault(s, &b);
		block_done(&b);
	}
	BIO_free(bio);
	return fault || n ? fault : "must contain at least one CERTIFICATE PEM block";
}

/* nil, or why the base64 text is no chain of PEM-encoded certificates; nothing at all is none. */
RULE_DEF(certificateFault) {
	_cleanup_buf_ struct buf pem = BUF_INIT(REQUEST_BODY_MAX);
	size_t at;
	if (!rv_slice(a).n || base64_decode(&pem, BASE64_STD, rv_slice(a), &at) || !pem.n) return RV_NONE;
	const char *fault = pem_fault(s, &pem);
	return fault ? rv_str(slice_str(fault)) : RV_NONE;
}
