/* SPDX-License-Identifier: Apache-2.0 */
#include "access/jwt.h"

#include "codec/base64.h"
#include "access/limits.h"
#include "codec/json.h"

#include <errno.h>
#include <stdio.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#define SIGNATURE_BYTES_MAX (RSA_BITS_MAX / 8)

static struct slice member(yyjson_val *o, const char *name) {
	yyjson_val *v = yyjson_obj_get(o, name);
	return yyjson_is_str(v) ? slice_make(yyjson_get_str(v), yyjson_get_len(v)) : SLICE_NULL;
}

static int parse_header(struct arena *a, struct slice text, struct jwt *t) {
	const yyjson_alc *alc = json_alc(a);
	if (!alc) return -ENOMEM;
	yyjson_doc *d = yyjson_read_opts((char *)(uintptr_t)text.p, text.n, 0, alc, NULL);
	yyjson_val *o = yyjson_doc_get_root(d), *kid = yyjson_obj_get(o, "kid");
	if (!yyjson_is_obj(o) || !yyjson_is_str(yyjson_obj_get(o, "alg")) || (kid && !yyjson_is_str(kid))) return -EBADMSG;
	t->alg = member(o, "alg");
	t->kid = member(o, "kid");
	t->critical = yyjson_obj_get(o, "crit") != NULL;
	return 0;
}

int jwt_parse(struct arena *a, struct slice token, struct jwt *ret) {
	if (token.n > TOKEN_BYTES_MAX) return -E2BIG;
	struct jwt t = { 0 };
	struct slice header, rest = token;
	ptrdiff_t first = slice_chr(token, '.');
	if (first < 0) return -EBADMSG;
	struct slice head = slice_cut(&rest, '.');
	ptrdiff_t second = slice_chr(rest, '.');
	if (second < 0) return -EBADMSG;
	struct slice payload = slice_upto(rest, (size_t)second), signature = slice_from(rest, (size_t)second + 1);
	if (slice_chr(signature, '.') >= 0) return -EBADMSG;
	t.input = slice_make(token.p, (size_t)(first + 1 + second));
	int r = base64_decode_new(a, BASE64_RAW_URL, head, &header);
	if (r == 0) r = base64_decode_new(a, BASE64_RAW_URL, payload, &t.payload);
	if (r == 0) r = base64_decode_new(a, BASE64_RAW_URL, signature, &t.signature);
	if (r == 0) r = parse_header(a, header, &t);
	if (r == 0) *ret = t;
	return r;
}

/* JOSE's r || s to the DER that OpenSSL verifies. Bytes in *ret (OPENSSL_free), or a negative length. */
static int raw_to_der(const struct key *k, struct slice raw, unsigned char **ret) {
	if (raw.n != 2 * k->field) return -EACCES;
	const unsigned char *p = (const unsigned char *)raw.p;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(p, (int)k->field, NULL), *s = BN_bin2bn(p + k->field, (int)k->field, NULL);
	if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		ECDSA_SIG_free(sig);
		return -ENOMEM;
	}
	int n = i2d_ECDSA_SIG(sig, ret);
	ECDSA_SIG_free(sig);
	return n > 0 ? n : -EACCES;
}

static int der_to_raw(const struct key *k, const unsigned char *der, size_t n, unsigned char *raw) {
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
	if (!sig) return -EIO;
	int f = (int)k->field;
	int ok = BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, f) == f && BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + f, f) == f;
	ECDSA_SIG_free(sig);
	return ok ? 2 * f : -EIO;
}

static int verify_bytes(const struct key *k, struct slice input, const void *sig, size_t n) {
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx && EVP_DigestVerifyInit_ex(ctx, NULL, k->digest, NULL, NULL, k->pkey, NULL) == 1 &&
		 EVP_DigestVerify(ctx, sig, n, (const unsigned char *)input.p, input.n) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok ? 0 : -EACCES;
}

int jwt_verify(const struct jwt *t, const struct key *k) {
	if (t->critical || !slice_eqs(t->alg, k->alg)) return -EACCES;
	if (!k->curve) return verify_bytes(k, t->input, t->signature.p, t->signature.n);
	unsigned char *der = NULL;
	int n = raw_to_der(k, t->signature, &der);
	int r = n < 0 ? -EACCES : verify_bytes(k, t->input, der, (size_t)n);
	OPENSSL_free(der);
	return r;
}

static int sign_bytes(const struct key *k, struct slice input, unsigned char *out, size_t cap) {
	unsigned char der[SIGNATURE_BYTES_MAX];
	size_t n = sizeof(der);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx && EVP_DigestSignInit_ex(ctx, NULL, k->digest, NULL, NULL, k->pkey, NULL) == 1 &&
		 EVP_DigestSign(ctx, der, &n, (const unsigned char *)input.p, input.n) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	if (!ok || n > cap) return -EIO;
	if (k->curve) return der_to_raw(k, der, n, out);
	memcpy(out, der, n);
	return (int)n;
}

int jwt_sign(struct arena *a, const struct key *k, struct slice payload, struct slice *ret) {
	_cleanup_buf_ struct buf b = BUF_INIT(2 * TOKEN_BYTES_MAX);
	char header[96];
	unsigned char sig[SIGNATURE_BYTES_MAX];
	if (!k->private) return -EINVAL;
	int n = snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"%s\"}", k->alg, k->kid);
	base64_encode(&b, BASE64_RAW_URL, slice_make(header, (size_t)n));
	buf_putc(&b, '.');
	base64_encode(&b, BASE64_RAW_URL, slice_make(payload.p, payload.n));
	if (buf_err(&b)) return buf_err(&b);
	n = sign_bytes(k, buf_slice(&b), sig, sizeof(sig));
	if (n < 0) return n;
	buf_putc(&b, '.');
	base64_encode(&b, BASE64_RAW_URL, slice_make(sig, (size_t)n));
	if (buf_err(&b)) return buf_err(&b);
	*ret = arena_slice_dup(a, buf_slice(&b));
	return ret->p ? 0 : -ENOMEM;
}
