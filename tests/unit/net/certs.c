/* SPDX-License-Identifier: Apache-2.0 */
#include "certs.h"

#include <check.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static struct slice read_bio(BIO *b, char *p, size_t n) {
	int got = BIO_read(b, p, (int)n - 1);
	ck_assert_int_gt(got, 0);
	p[got] = 0;
	BIO_free(b);
	return slice_make(p, (size_t)got);
}

static void add_extension(X509 *x, int nid, const char *value) {
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

void test_cert_make(struct test_cert *c, const char *common_name) {
	EVP_PKEY *k = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, k);
	X509_NAME *n = X509_get_subject_name(x);
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0);
	X509_set_issuer_name(x, n);
	add_extension(x, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
	add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
	ck_assert_int_gt(X509_sign(x, k, EVP_sha256()), 0);
	BIO *b = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(b, x);
	c->cert_pem = read_bio(b, c->cert, sizeof(c->cert));
	b = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(b, k, NULL, NULL, 0, NULL, NULL);
	c->key_pem = read_bio(b, c->key, sizeof(c->key));
	X509_free(x);
	EVP_PKEY_free(k);
}
