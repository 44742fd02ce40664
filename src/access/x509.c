/* SPDX-License-Identifier: Apache-2.0 */
#include "access/x509.h"

#include "access/account.h"
#include "access/limits.h"
#include "access/user.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* KEP-5175: the arc Kubernetes was given for it. */
#define UID_OID "1.3.6.1.4.1.57683.2"

struct x509_verifier {
	const struct env *env;
	X509_STORE *store;
};

void x509_verifier_free(struct x509_verifier *v) {
	if (!v) return;
	X509_STORE_free(v->store);
	free(v);
}

/* Number of certificates added, or -errno. */
static int add_cas(X509_STORE *store, struct slice pem) {
	BIO *bio = pem.n > PEM_BYTES_MAX ? NULL : BIO_new_mem_buf(pem.p ? pem.p : "", (int)pem.n);
	if (!bio) return -ENOMEM;
	int n = 0;
	X509 *x;
	while (n >= 0 && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		if (n >= (int)CLIENT_CA_MAX) n = -E2BIG;
		else n = X509_STORE_add_cert(store, x) == 1 ? n + 1 : -EINVAL;
		X509_free(x);
	}
	BIO_free(bio);
	ERR_clear_error();
	return n;
}

int x509_verifier_new(struct slice ca_pem, const struct env *env, struct x509_verifier **ret) {
	struct x509_verifier *v = calloc(1, sizeof(*v));
	if (!v) return -ENOMEM;
	v->env = env;
	v->store = X509_STORE_new();
	int n = v->store ? add_cas(v->store, ca_pem) : -ENOMEM;
	if (n <= 0) {
		x509_verifier_free(v);
		return n < 0 ? n : -ENOENT;
	}
	*ret = v;
	return 0;
}

X509 *x509_parse(struct slice der) {
	if (der.n == 0 || der.n > CERT_BYTES_MAX) return NULL;
	const unsigned char *p = (const unsigned char *)der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);
	if (x && p != (const unsigned char *)der.p + der.n) {
		X509_free(x);
		x = NULL;
	}
	ERR_clear_error();
	return x;
}

static struct slice entry_text(struct arena *a, const X509_NAME_ENTRY *e) {
	unsigned char *utf8 = NULL;
	int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(e));
	if (n < 0) return SLICE_NULL;
	struct slice s = arena_slice_dup(a, slice_make(utf8, (size_t)n));
	OPENSSL_free(utf8);
	return s;
}

static bool is_uid(const X509_NAME_ENTRY *e) {
	char oid[64];
	return OBJ_obj2txt(oid, sizeof(oid), X509_NAME_ENTRY_get_object(e), 1) > 0 && strcmp(oid, UID_OID) == 0;
}

static struct slice fingerprint(struct arena *a, struct slice der) {
	unsigned char hash[32];
	char *text = arena_alloc(a, 11 + 64 + 1);
	if (!text || EVP_Digest(der.p, der.n, hash, NULL, EVP_sha256(), NULL) != 1) return SLICE_NULL;
	memcpy(text, "X509SHA256=", 11);
	for (size_t i = 0; i < 32; i++) {
		text[11 + 2 * i] = "0123456789abcdef"[hash[i] >> 4];
		text[12 + 2 * i] = "0123456789abcdef"[hash[i] & 15];
	}
	text[75] = 0;
	return slice_make(text, 75);
}

int x509_identity(struct arena *a, X509 *cert, struct slice der, struct access_user **ret) {
	const X509_NAME *subject = X509_get_subject_name(cert);
	int n = X509_NAME_entry_count(subject);
	struct user_builder b;
	user_builder_init(&b, a, SLICE_NULL, SLICE_NULL);
	if (n > (int)CERT_NAMES_MAX) return -EACCES;
	for (int i = 0; i < n; i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(subject, i);
		int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(e));
		bool uid = nid == NID_undef && is_uid(e);
		if (nid != NID_commonName && nid != NID_organizationName && !uid) continue;
		struct slice text = entry_text(a, e);
		if (!text.p || (uid && b.uid.n)) return -EACCES;
		if (nid == NID_commonName) b.name = text; /* the last one counts, as with Go's pkix.Name */
		else if (uid) b.uid = text;
		else user_add_group(&b, text);
	}
	if (slice_empty(b.name)) return -ENOENT;
	user_add_extra(&b, SLICE_LIT(EXTRA_CREDENTIAL_ID), fingerprint(a, der));
	return user_build(&b, ret);
}

static int64_t seconds_of(const ASN1_TIME *t) {
	struct tm tm;
	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* The earliest end of the certificates of a verified chain. */
static int64_t chain_until(X509_STORE_CTX *ctx) {
	const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	int64_t until = INT64_MAX;
	for (int i = 0; i < sk_X509_num(chain); i++) {
		int64_t t = seconds_of(X509_get0_notAfter(sk_X509_value(chain, i)));
		if (t < until) until = t;
	}
	return until;
}

static int verify_chain(struct x509_verifier *v, X509 *cert, int64_t *ret_until) {
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	if (!ctx || X509_STORE_CTX_init(ctx, v->store, cert, NULL) != 1) {
		X509_STORE_CTX_free(ctx);
		return -ENOMEM;
	}
	X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_CLIENT);
	X509_VERIFY_PARAM_set_time(p, (time_t)env_now_sec(v->env));
	/* As Go does, any certificate of the pool is an anchor, self-signed or not. */
	X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN);
	int r = X509_verify_cert(ctx) == 1 ? 0 : -EACCES;
	if (r == 0) *ret_until = chain_until(ctx);
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return r;
}

int x509_verify(struct x509_verifier *v, struct arena *a, struct slice der, struct access_user **ret, int64_t *ret_until) {
	X509 *cert = x509_parse(der);
	if (!cert) return -EACCES;
	int r = verify_chain(v, cert, ret_until);
	if (r == 0) r = x509_identity(a, cert, der, ret);
	X509_free(cert);
	return r;
}
