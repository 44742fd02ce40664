/* SPDX-License-Identifier: Apache-2.0 */
#include "access/key.h"

#include "codec/base64.h"
#include "access/limits.h"
#include "net/pkey.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static const struct {
	const char *group, *alg, *digest, *curve;
	size_t field;
} curves[] = {
	{ "prime256v1", "ES256", "SHA256", "P-256", 32 },
	{ "secp384r1", "ES384", "SHA384", "P-384", 48 },
	{ "secp521r1", "ES512", "SHA512", "P-521", 66 },
};

static int describe_ec(struct key *k) {
	char group[64];
	size_t n = 0;
	if (EVP_PKEY_get_group_name(k->pkey, group, sizeof(group), &n) != 1) return -EINVAL;
	for (size_t i = 0; i < ELEMENTSOF(curves); i++) {
		if (strcmp(curves[i].group, group) != 0) continue;
		k->alg = curves[i].alg;
		k->digest = curves[i].digest;
		k->curve = curves[i].curve;
		k->field = curves[i].field;
		return 0;
	}
	return -EINVAL;
}

static int describe(struct key *k) {
	switch (EVP_PKEY_get_base_id(k->pkey)) {
	case EVP_PKEY_EC:
		return describe_ec(k);
	case EVP_PKEY_RSA:
		if (EVP_PKEY_get_bits(k->pkey) < RSA_BITS_MIN || EVP_PKEY_get_bits(k->pkey) > RSA_BITS_MAX) return -EINVAL;
		k->alg = "RS256";
		k->digest = "SHA256";
		return 0;
	default:
		return -EINVAL;
	}
}

static int make_kid(struct key *k) {
	unsigned char *der = NULL, hash[32];
	int n = pkey_public_der(k->pkey, &der);
	if (n <= 0) return -EIO;
	int ok = EVP_Digest(der, (size_t)n, hash, NULL, EVP_sha256(), NULL);
	OPENSSL_free(der);
	_cleanup_buf_ struct buf b = BUF_INIT(64);
	if (ok != 1 || base64_encode(&b, BASE64_RAW_URL, slice_make(hash, sizeof(hash))) < 0 || b.n != 43) return -EIO;
	memcpy(k->kid, b.p, 43);
	k->kid[43] = 0;
	return 0;
}

int key_init(struct key *k, EVP_PKEY *pkey, bool private) {
	*k = (struct key){ .pkey = pkey, .private = private };
	int r = describe(k);
	return r < 0 ? r : make_kid(k);
}

void key_done(struct key *k) {
	EVP_PKEY_free(k->pkey);
	*k = (struct key){ 0 };
}

/* One block of a PEM text. */
struct pem_block {
	char *name, *header;
	unsigned char *data;
	long n;
};

static void pem_block_done(struct pem_block *b) {
	OPENSSL_free(b->name);
	OPENSSL_free(b->header);
	if (b->data) OPENSSL_cleanse(b->data, (size_t)b->n);
	OPENSSL_free(b->data);
	*b = (struct pem_block){ 0 };
}

static EVP_PKEY *cert_key(const unsigned char *p, long n) {
	X509 *x = d2i_X509(NULL, &p, n);
	EVP_PKEY *k = x ? X509_get_pubkey(x) : NULL;
	X509_free(x);
	return k;
}

/* 1: *ret is a key; 0: a block of another kind; -EINVAL: damaged. */
static int block_key(const struct pem_block *b, EVP_PKEY **ret, bool *ret_private) {
	const unsigned char *p = b->data;
	*ret_private = strstr(b->name, "PRIVATE KEY") != NULL;
	if (strstr(b->name, "ENCRYPTED") || (b->header && b->header[0])) return -EINVAL;
	if (*ret_private) *ret = pkey_read_der(slice_make(b->data, (size_t)b->n));
	else if (strcmp(b->name, "PUBLIC KEY") == 0) *ret = d2i_PUBKEY(NULL, &p, b->n);
	else if (strcmp(b->name, "RSA PUBLIC KEY") == 0) *ret = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, b->n);
	else if (strcmp(b->name, "CERTIFICATE") == 0) *ret = cert_key(b->data, b->n);
	else return 0;
	return *ret ? 1 : -EINVAL;
}

/* Calls fn for each key; fn owns it. Stops when fn returns non-zero. 0, fn's result, or -EINVAL. */
static int each_key(struct slice pem, int (*fn)(void *ctx, EVP_PKEY *k, bool private), void *ctx) {
	if (pem.n > PEM_BYTES_MAX) return -EINVAL;
	BIO *bio = BIO_new_mem_buf(pem.p ? pem.p : "", (int)pem.n);
	if (!bio) return -ENOMEM;
	int r = 0;
	while (r == 0) {
		struct pem_block b = { 0 };
		EVP_PKEY *k = NULL;
		bool private = false;
		if (PEM_read_bio(bio, &b.name, &b.header, &b.data, &b.n) != 1) break;
		r = block_key(&b, &k, &private);
		if (r == 1) r = fn(ctx, k, private);
		pem_block_done(&b);
	}
	BIO_free(bio);
	ERR_clear_error();
	return r;
}

static int take_private(void *ctx, EVP_PKEY *k, bool private) {
	struct key *out = ctx;
	int r = private ? key_init(out, k, true) : 0;
	if (!private || r < 0) EVP_PKEY_free(k);
	return r < 0 ? r : private ? 1 : 0;
}

int key_load_private(struct slice pem, struct key *ret) {
	struct key k = { 0 };
	int r = each_key(pem, take_private, &k);
	if (r < 0) return r;
	if (r == 0) return -ENOENT;
	*ret = k;
	return 0;
}

static int take_public(void *ctx, EVP_PKEY *pkey, bool private) {
	struct keyset *s = ctx;
	struct key k;
	int r = s->n >= KEYSET_MAX ? -E2BIG : key_init(&k, pkey, private);
	struct key *v = r < 0 ? NULL : realloc(s->v, (s->n + 1) * sizeof(*v));
	if (r == 0 && !v) r = -ENOMEM;
	if (v) s->v = v;
	bool known = false;
	for (size_t i = 0; r == 0 && i < s->n; i++) known |= strcmp(s->v[i].kid, k.kid) == 0;
	if (r < 0 || known) EVP_PKEY_free(pkey);
	else s->v[s->n++] = k;
	return r;
}

int keyset_add_pem(struct keyset *s, struct slice pem) {
	size_t before = s->n;
	int r = each_key(pem, take_public, s);
	return r < 0 ? r : s->n == before && before == 0 ? -ENOENT : 0;
}

void keyset_done(struct keyset *s) {
	for (size_t i = 0; i < s->n; i++) key_done(&s->v[i]);
	free(s->v);
	*s = (struct keyset){ 0 };
}

/* A number as base64url of its big-endian bytes, at least `least` of them. */
static int put_number(struct buf *b, const EVP_PKEY *pkey, const char *param, size_t least) {
	BIGNUM *n = NULL;
	unsigned char bytes[RSA_BITS_MAX / 8];
	if (EVP_PKEY_get_bn_param(pkey, param, &n) != 1) return -EIO;
	int len = BN_num_bytes(n) > (int)least ? BN_num_bytes(n) : (int)least;
	int r = len > (int)sizeof(bytes) || BN_bn2binpad(n, bytes, len) != len ? -EIO : base64_encode(b, BASE64_RAW_URL, slice_make(bytes, (size_t)len));
	BN_free(n);
	return r;
}

int key_put_jwk(const struct key *k, struct buf *b) {
	int r;
	buf_printf(b, "{\"use\":\"sig\",\"kty\":\"%s\",\"kid\":\"%s\",", k->curve ? "EC" : "RSA", k->kid);
	if (k->curve) buf_printf(b, "\"crv\":\"%s\",", k->curve);
	buf_printf(b, "\"alg\":\"%s\",\"%s\":\"", k->alg, k->curve ? "x" : "n");
	r = put_number(b, k->pkey, k->curve ? OSSL_PKEY_PARAM_EC_PUB_X : OSSL_PKEY_PARAM_RSA_N, k->field);
	if (r < 0) return r;
	buf_printf(b, "\",\"%s\":\"", k->curve ? "y" : "e");
	r = put_number(b, k->pkey, k->curve ? OSSL_PKEY_PARAM_EC_PUB_Y : OSSL_PKEY_PARAM_RSA_E, k->field);
	return r < 0 ? r : buf_puts(b, "\"}");
}
