/* SPDX-License-Identifier: Apache-2.0 */
#include "access/pki.h"

#include "access/limits.h"
#include "net/pkey.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

void pki_pair_done(struct pki_pair *p) {
	free((void *)(uintptr_t)p->cert_pem.p);
	if (p->key_pem.p) OPENSSL_cleanse((void *)(uintptr_t)p->key_pem.p, p->key_pem.n);
	free((void *)(uintptr_t)p->key_pem.p);
	*p = (struct pki_pair){ 0 };
}

static void x509_freep(X509 **x) { X509_free(*x); }
static void pkey_freep(EVP_PKEY **k) { EVP_PKEY_free(*k); }
static void bio_freep(BIO **b) { BIO_free(*b); }
#define _cleanup_x509_ _cleanup_(x509_freep)
#define _cleanup_pkey_ _cleanup_(pkey_freep)
#define _cleanup_bio_ _cleanup_(bio_freep)

static BIO *reader(struct slice pem) {
	return pem.n == 0 || pem.n > PEM_BYTES_MAX ? NULL : BIO_new_mem_buf(pem.p, (int)pem.n);
}

static X509 *read_cert(struct slice pem) {
	_cleanup_bio_ BIO *b = reader(pem);
	X509 *x = b ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;
	ERR_clear_error();
	return x;
}

/* What was written to a memory BIO, as an allocation of its own. */
static int take_text(BIO *b, struct slice *ret) {
	char *p = NULL;
	long n = BIO_get_mem_data(b, &p);
	char *copy = n > 0 ? malloc((size_t)n + 1) : NULL;
	if (!copy) return -ENOMEM;
	memcpy(copy, p, (size_t)n);
	copy[n] = 0;
	*ret = slice_make(copy, (size_t)n);
	return 0;
}

static int write_pair(X509 *cert, EVP_PKEY *key, struct pki_pair *ret) {
	_cleanup_bio_ BIO *c = BIO_new(BIO_s_mem()), *k = BIO_new(BIO_s_secmem());
	_cleanup_pki_pair_ struct pki_pair p = { 0 };
	if (!c || !k) return -ENOMEM;
	int r = !cert ? pkey_write_public(c, key) : PEM_write_bio_X509(c, cert) == 1 ? 0 : -EIO;
	if (r == 0) r = pkey_write(k, key);
	if (r == 0) r = take_text(c, &p.cert_pem);
	if (r == 0) r = take_text(k, &p.key_pem);
	if (r < 0) return r;
	*ret = p;
	p = (struct pki_pair){ 0 };
	return 0;
}

static EVP_PKEY *new_key(void) { return EVP_EC_gen("P-256"); }

int pki_make_key(struct pki_pair *ret) {
	_cleanup_pkey_ EVP_PKEY *key = new_key();
	return key ? write_pair(NULL, key, ret) : -EIO;
}

static bool name_add(X509_NAME *n, const char *field, const char *value) {
	return X509_NAME_add_entry_by_txt(n, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) == 1;
}

/* 128 random bits, positive (RFC 5280 section 4.1.2.2). */
static int set_serial(const struct env *env, X509 *x) {
	unsigned char bytes[16];
	int r = env_random(env, bytes, sizeof(bytes));
	if (r < 0) return r;
	bytes[0] = (bytes[0] & 0x7f) | 0x40;
	BIGNUM *n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok ? 0 : -ENOMEM;
}

static int set_times(const struct env *env, X509 *x, const X509 *issuer, int64_t seconds) {
	time_t now = (time_t)env_now_sec(env), end = now + (time_t)seconds;
	if (!ASN1_TIME_set(X509_getm_notBefore(x), now - PKI_BACKDATE_SEC) || !ASN1_TIME_set(X509_getm_notAfter(x), end)) return -EINVAL;
	if (issuer && ASN1_TIME_compare(X509_get0_notAfter(x), X509_get0_notAfter(issuer)) > 0)
		return X509_set1_notAfter(x, X509_get0_notAfter(issuer)) == 1 ? 0 : -ENOMEM;
	return 0;
}

static int add_ext(X509 *x, X509 *issuer, int nid, const char *value) {
	X509V3_CTX ctx;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	int ok = e && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok ? 0 : -EINVAL;
}

/* One subject alternative name; not by OpenSSL's text syntax, in which names could smuggle others. */
static int add_alt(GENERAL_NAMES *names, int type, const char *value) {
	GENERAL_NAME *g = GENERAL_NAME_new();
	ASN1_OCTET_STRING *s = type == GEN_IPADD ? a2i_IPADDRESS(value) : ASN1_IA5STRING_new();
	bool ok = g && s && (type == GEN_IPADD || (value[0] && ASN1_STRING_set(s, value, -1) == 1));
	if (!ok || sk_GENERAL_NAME_push(names, g) <= 0) {
		ASN1_STRING_free(s);
		GENERAL_NAME_free(g);
		return -EINVAL;
	}
	GENERAL_NAME_set0_value(g, type, s);
	return 0;
}

static int add_alts(X509 *x, const struct pki_request *q) {
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	int r = names && q->n_dns + q->n_ips <= CERT_SANS_MAX ? 0 : -EINVAL;
	for (size_t i = 0; r == 0 && i < q->n_dns; i++) r = add_alt(names, GEN_DNS, q->dns[i]);
	for (size_t i = 0; r == 0 && i < q->n_ips; i++) r = add_alt(names, GEN_IPADD, q->ips[i]);
	if (r == 0 && sk_GENERAL_NAME_num(names) > 0 && X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0) != 1) r = -ENOMEM;
	GENERAL_NAMES_free(names);
	return r;
}

/* A P-256 point is put in as it is: X509_set_pubkey would encode the key and decode it again. */
static bool set_key(X509 *x, EVP_PKEY *key) {
	unsigned char point[PKEY_P256_POINT];
	if (pkey_p256_point(key, point) < 0) return X509_set_pubkey(x, key) == 1;
	unsigned char *own = OPENSSL_memdup(point, sizeof(point));
	int ok = own && X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(x), OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
					       OBJ_nid2obj(NID_X9_62_prime256v1), own, sizeof(point)) == 1;
	if (!ok) OPENSSL_free(own);
	return ok;
}

/* Version, serial number, times and key of a new certificate. */
static int begin(const struct env *env, X509 *x, const X509 *issuer, EVP_PKEY *key, int64_t seconds) {
	if (seconds <= 0 || X509_set_version(x, X509_VERSION_3) != 1 || !set_key(x, key)) return -EINVAL;
	int r = set_serial(env, x);
	return r < 0 ? r : set_times(env, x, issuer, seconds);
}

/* EC and RSA sign a digest, the Edwards curves do not. */
static int sign(X509 *x, EVP_PKEY *key) {
	int type = EVP_PKEY_get_base_id(key);
	const EVP_MD *md = type == EVP_PKEY_ED25519 || type == EVP_PKEY_ED448 ? NULL : EVP_sha256();
	int ok = X509_sign(x, key, md) > 0;
	ERR_clear_error();
	return ok ? 0 : -EIO;
}

int pki_make_ca(const struct env *env, const char *cn, int64_t seconds, struct pki_pair *ret) {
	_cleanup_pkey_ EVP_PKEY *key = new_key();
	_cleanup_x509_ X509 *x = X509_new();
	if (!key || !x) return -ENOMEM;
	int r = begin(env, x, NULL, key, seconds);
	X509_NAME *name = X509_get_subject_name(x);
	if (r == 0 && (!name_add(name, "CN", cn) || X509_set_issuer_name(x, name) != 1)) r = -EINVAL;
	if (r == 0) r = add_ext(x, x, NID_basic_constraints, "critical,CA:TRUE");
	if (r == 0) r = add_ext(x, x, NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign");
	if (r == 0) r = add_ext(x, x, NID_subject_key_identifier, "hash");
	if (r == 0) r = sign(x, key);
	return r < 0 ? r : write_pair(x, key, ret);
}

static int add_leaf_exts(X509 *x, X509 *issuer, EVP_PKEY *key, const struct pki_request *q) {
	bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	const char *eku = q->server && q->client ? "serverAuth,clientAuth" : q->server ? "serverAuth" : q->client ? "clientAuth" : NULL;
	int r = add_ext(x, issuer, NID_basic_constraints, "critical,CA:FALSE");
	if (r == 0)
		r = add_ext(x, issuer, NID_key_usage, rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature");
	if (r == 0 && eku) r = add_ext(x, issuer, NID_ext_key_usage, eku);
	if (r == 0) r = add_ext(x, issuer, NID_subject_key_identifier, "hash");
	/* A CA of the user's own may lack the subject key id; then there is none to refer to. */
	if (r == 0 && X509_get0_subject_key_id(issuer)) r = add_ext(x, issuer, NID_authority_key_identifier, "keyid");
	return r < 0 ? r : add_alts(x, q);
}

static int set_subject(X509 *x, const struct pki_request *q) {
	X509_NAME *name = X509_get_subject_name(x);
	if (q->n_orgs > PKI_NAMES_MAX) return -EINVAL;
	for (size_t i = 0; i < q->n_orgs; i++)
		if (!name_add(name, "O", q->orgs[i])) return -EINVAL;
	return !q->cn || name_add(name, "CN", q->cn) ? 0 : -EINVAL;
}

struct pki_issuer {
	X509 *cert;
	EVP_PKEY *key;
};

struct pki_issuer *pki_issuer_free(struct pki_issuer *i) {
	if (!i) return NULL;
	X509_free(i->cert);
	EVP_PKEY_free(i->key);
	free(i);
	return NULL;
}

static void issuer_freep(struct pki_issuer **i) { pki_issuer_free(*i); }

int pki_issuer_new(const struct pki_pair *ca, struct pki_issuer **ret) {
	_cleanup_(issuer_freep) struct pki_issuer *i = calloc(1, sizeof(*i));
	if (!i) return -ENOMEM;
	i->cert = read_cert(ca->cert_pem);
	i->key = pkey_read(ca->key_pem);
	bool ok = i->cert && i->key && X509_check_private_key(i->cert, i->key) == 1;
	ERR_clear_error();
	if (!ok) return -EINVAL;
	*ret = TAKE_PTR(i);
	return 0;
}

int pki_issue_by(const struct env *env, const struct pki_issuer *by, const struct pki_request *q, struct pki_pair *ret) {
	_cleanup_x509_ X509 *x = X509_new();
	_cleanup_pkey_ EVP_PKEY *key = q->key_pem.n ? pkey_read(q->key_pem) : new_key();
	if (!x) return -ENOMEM;
	if (!key) return -EINVAL;
	int r = begin(env, x, by->cert, key, q->seconds);
	if (r == 0) r = set_subject(x, q);
	if (r == 0 && X509_set_issuer_name(x, X509_get_subject_name(by->cert)) != 1) r = -ENOMEM;
	if (r == 0) r = add_leaf_exts(x, by->cert, key, q);
	if (r == 0) r = sign(x, by->key);
	ERR_clear_error();
	return r < 0 ? r : write_pair(x, key, ret);
}

int pki_issue(const struct env *env, const struct pki_pair *ca, const struct pki_request *q, struct pki_pair *ret) {
	_cleanup_(issuer_freep) struct pki_issuer *by = NULL;
	int r = pki_issuer_new(ca, &by);
	return r < 0 ? r : pki_issue_by(env, by, q, ret);
}

static int64_t seconds_of(const ASN1_TIME *t) {
	struct tm tm;
	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

int pki_inspect(struct slice cert_pem, struct pki_info *ret) {
	unsigned char hash[32];
	_cleanup_x509_ X509 *x = read_cert(cert_pem);
	if (!x) return -ENOENT;
	if (X509_digest(x, EVP_sha256(), hash, NULL) != 1) return -EINVAL;
	*ret = (struct pki_info){ .not_before = seconds_of(X509_get0_notBefore(x)), .not_after = seconds_of(X509_get0_notAfter(x)),
				  .ca = X509_check_ca(x) > 0 };
	for (size_t i = 0; i < sizeof(hash); i++) (void)snprintf(ret->sha256 + 2 * i, 3, "%02x", hash[i]);
	return 0;
}

int pki_check_pair(const struct pki_pair *p, const char **ret_msg) {
	_cleanup_x509_ X509 *x = read_cert(p->cert_pem);
	_cleanup_pkey_ EVP_PKEY *k = pkey_read(p->key_pem);
	int ok = x && k && X509_check_private_key(x, k) == 1;
	ERR_clear_error();
	if (ok) return 0;
	*ret_msg = !x ? "no certificate can be read" : !k ? "no private key can be read" : "certificate and key do not belong together";
	return -EINVAL;
}

static bool has_name(X509 *x, const char *name) {
	return X509_check_ip_asc(x, name, 0) == 1 || X509_check_host(x, name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}

static bool chain_ok(X509 *x, X509 *ca, int64_t now) {
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok = store && ctx && X509_STORE_add_cert(store, ca) == 1 && X509_STORE_CTX_init(ctx, store, x, NULL) == 1;
	if (ok) {
		X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
		X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER);
		X509_VERIFY_PARAM_set_time(p, (time_t)now);
		X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN);
		ok = X509_verify_cert(ctx) == 1;
	}
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return ok;
}

int pki_check_server(struct slice cert_pem, struct slice ca_pem, int64_t now, const char *const *names, const char **ret_msg) {
	_cleanup_x509_ X509 *x = read_cert(cert_pem), *ca = read_cert(ca_pem);
	*ret_msg = "no certificate can be read";
	if (!x || !ca) return -EINVAL;
	bool ok = chain_ok(x, ca, now);
	ERR_clear_error();
	*ret_msg = "not signed by the CA, or not valid now";
	if (!ok) return -EINVAL;
	*ret_msg = "a name or address of the server is missing";
	for (size_t i = 0; names && names[i]; i++)
		if (!has_name(x, names[i])) return -EINVAL;
	return 0;
}

int pki_cert_der(struct slice cert_pem, struct slice *ret) {
	unsigned char *der = NULL;
	_cleanup_x509_ X509 *x = read_cert(cert_pem);
	int n = x ? i2d_X509(x, &der) : 0;
	if (n <= 0) return -ENOENT;
	void *copy = malloc((size_t)n);
	if (copy) memcpy(copy, der, (size_t)n);
	OPENSSL_free(der);
	if (!copy) return -ENOMEM;
	*ret = slice_make(copy, (size_t)n);
	return 0;
}
