/* SPDX-License-Identifier: Apache-2.0 */
#include "net/pkey.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#define SCALAR 32u

/* PrivateKeyInfo { 0, { ecPublicKey, prime256v1 }, ECPrivateKey { 1, scalar, [1] point } }: what stands before the scalar, and
 * between it and the point. */
static const unsigned char private_head[] = {
	0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
	0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20,
};
static const unsigned char private_middle[] = { 0xa1, 0x44, 0x03, 0x42, 0x00 };
/* SubjectPublicKeyInfo: what stands before the point. */
static const unsigned char public_head[] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
	0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
};
#define MIDDLE_AT (sizeof(private_head) + SCALAR)
#define POINT_AT (MIDDLE_AT + sizeof(private_middle))
_Static_assert(POINT_AT + PKEY_P256_POINT == PKEY_P256_PRIVATE, "the private form is of one size");
_Static_assert(sizeof(public_head) + PKEY_P256_POINT == PKEY_P256_PUBLIC, "the public form is of one size");

static void bio_freep(BIO **b) { BIO_free(*b); }
static void pkey_ctx_freep(EVP_PKEY_CTX **c) { EVP_PKEY_CTX_free(*c); }
static void bn_freep(BIGNUM **n) { BN_clear_free(*n); }

/* ---- P-256 ---- */

static bool is_p256(const EVP_PKEY *k) {
	char group[32];
	size_t n = 0;
	return EVP_PKEY_get_base_id(k) == EVP_PKEY_EC && EVP_PKEY_get_group_name(k, group, sizeof(group), &n) == 1 &&
	       strcmp(group, "prime256v1") == 0;
}

int pkey_p256_point(const EVP_PKEY *k, unsigned char ret[PKEY_P256_POINT]) {
	unsigned char *p = NULL;
	if (!is_p256(k)) return -ENOENT;
	size_t n = EVP_PKEY_get1_encoded_public_key((EVP_PKEY *)(uintptr_t)k, &p);
	int r = n == PKEY_P256_POINT && p[0] == POINT_CONVERSION_UNCOMPRESSED ? 0 : -ENOENT;
	if (r == 0) memcpy(ret, p, n);
	OPENSSL_free(p);
	ERR_clear_error();
	return r;
}

/* 0; -ENOENT: a key of another kind, or without its private half. */
static int p256_private(const EVP_PKEY *k, unsigned char ret[PKEY_P256_PRIVATE]) {
	_cleanup_(bn_freep) BIGNUM *scalar = NULL;
	int r = pkey_p256_point(k, ret + POINT_AT);
	if (r < 0) return r;
	if (EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) != 1) return -ENOENT;
	if (BN_bn2binpad(scalar, ret + sizeof(private_head), SCALAR) != SCALAR) return -ENOENT;
	memcpy(ret, private_head, sizeof(private_head));
	memcpy(ret + MIDDLE_AT, private_middle, sizeof(private_middle));
	return 0;
}

static bool p256_shaped(struct slice der) {
	return der.n == PKEY_P256_PRIVATE && memcmp(der.p, private_head, sizeof(private_head)) == 0 &&
	       memcmp(der.p + MIDDLE_AT, private_middle, sizeof(private_middle)) == 0;
}

/* NULL: not of that form, or a point that is not on the curve. */
static EVP_PKEY *p256_read(struct slice der) {
	unsigned char scalar[SCALAR];
	EVP_PKEY *k = NULL;
	if (!p256_shaped(der)) return NULL;
	_cleanup_(bn_freep) BIGNUM *n = BN_bin2bn((const unsigned char *)der.p + sizeof(private_head), SCALAR, NULL);
	_cleanup_(pkey_ctx_freep) EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (!n || !c || BN_bn2nativepad(n, scalar, SCALAR) != SCALAR || EVP_PKEY_fromdata_init(c) != 1) return NULL;
	char group[] = "prime256v1";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (char *)(uintptr_t)der.p + POINT_AT, PKEY_P256_POINT),
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, scalar, SCALAR),
		OSSL_PARAM_construct_end(),
	};
	if (EVP_PKEY_fromdata(c, &k, EVP_PKEY_KEYPAIR, params) != 1) k = NULL;
	OPENSSL_cleanse(scalar, sizeof(scalar));
	return k;
}

/* ---- any key ---- */

EVP_PKEY *pkey_read_der(struct slice der) {
	const unsigned char *p = (const unsigned char *)der.p;
	EVP_PKEY *k = p256_read(der);
	if (!k && der.n < INT_MAX) k = d2i_AutoPrivateKey(NULL, &p, (long)der.n);
	ERR_clear_error();
	return k;
}

/* Never asks a terminal for a pass phrase. */
static int no_phrase(char *buf, int size, int rw, void *u) { return -1; }

/* Only when the first block is a plain P-256 key; what else the text may be is OpenSSL's to tell. */
static EVP_PKEY *read_first(BIO *b) {
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long n = 0;
	if (PEM_read_bio(b, &name, &header, &der, &n) != 1) return NULL;
	EVP_PKEY *k = strcmp(name, PEM_STRING_PKCS8INF) == 0 && !*header ? p256_read(slice_make(der, (size_t)n)) : NULL;
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_clear_free(der, (size_t)n);
	return k;
}

EVP_PKEY *pkey_read(struct slice pem) {
	if (pem.n == 0 || pem.n > INT_MAX) return NULL;
	_cleanup_(bio_freep) BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
	if (!b) return NULL;
	EVP_PKEY *k = read_first(b);
	if (!k && BIO_reset(b) == 1) k = PEM_read_bio_PrivateKey(b, NULL, no_phrase, NULL);
	ERR_clear_error();
	return k;
}

int pkey_write(BIO *b, const EVP_PKEY *k) {
	unsigned char der[PKEY_P256_PRIVATE];
	int ok = p256_private(k, der) == 0 ? PEM_write_bio(b, PEM_STRING_PKCS8INF, "", der, sizeof(der)) > 0 :
					      PEM_write_bio_PrivateKey(b, k, NULL, NULL, 0, NULL, NULL);
	OPENSSL_cleanse(der, sizeof(der));
	return ok == 1 ? 0 : -EIO;
}

int pkey_public_der(const EVP_PKEY *k, unsigned char **ret) {
	unsigned char point[PKEY_P256_POINT], *der = NULL;
	int n = PKEY_P256_PUBLIC;
	if (pkey_p256_point(k, point) == 0) {
		der = OPENSSL_malloc(PKEY_P256_PUBLIC);
		if (!der) return -EIO;
		memcpy(der, public_head, sizeof(public_head));
		memcpy(der + sizeof(public_head), point, sizeof(point));
	} else {
		n = i2d_PUBKEY(k, &der);
	}
	if (n <= 0) return -EIO;
	*ret = der;
	return n;
}

int pkey_write_public(BIO *b, const EVP_PKEY *k) {
	unsigned char *der = NULL;
	int n = pkey_public_der(k, &der);
	int r = n > 0 && PEM_write_bio(b, PEM_STRING_PUBLIC, "", der, n) > 0 ? 0 : -EIO;
	OPENSSL_free(der);
	return r;
}
