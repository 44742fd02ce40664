/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"
#include "net/net_limits.h"
#include "net/pkey.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

struct tls {
	SSL *ssl;
	struct slice in;
	struct buf *out;
	char error[256];
};

/* ---- the two ends ---- */

static int end_read(BIO *b, char *p, int n) {
	struct tls *t = BIO_get_data(b);
	BIO_clear_retry_flags(b);
	if (t->in.n == 0) {
		BIO_set_retry_read(b);
		return -1;
	}
	size_t take = (size_t)n < t->in.n ? (size_t)n : t->in.n;
	memcpy(p, t->in.p, take);
	t->in = slice_from(t->in, take);
	return (int)take;
}

static int end_write(BIO *b, const char *p, int n) {
	struct tls *t = BIO_get_data(b);
	BIO_clear_retry_flags(b);
	return buf_put(t->out, p, (size_t)n) < 0 ? -1 : n;
}

static long end_ctrl(BIO *b, int cmd, long num, void *ptr) {
	(void)b, (void)num, (void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

static int end_create(BIO *b) {
	BIO_set_init(b, 1);
	return 1;
}

static BIO_METHOD *end_method;

static void end_method_make(void) {
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "k8c");
	if (!m) return;
	BIO_meth_set_read(m, end_read);
	BIO_meth_set_write(m, end_write);
	BIO_meth_set_ctrl(m, end_ctrl);
	BIO_meth_set_create(m, end_create);
	end_method = m;
}

/* The table lives as long as the program, reachable: contexts on any thread share it read-only. */
static BIO_METHOD *ends(void) {
	static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
	(void)CRYPTO_THREAD_run_once(&once, end_method_make);
	return end_method;
}

/* ---- contexts ---- */

static void bio_freep(BIO **b) { BIO_free(*b); }
static void x509_freep(X509 **x) { X509_free(*x); }
static void pkey_freep(EVP_PKEY **k) { EVP_PKEY_free(*k); }
static void ssl_ctx_freep(SSL_CTX **c) { SSL_CTX_free(*c); }

static BIO *pem_bio(struct slice pem) { return pem.n > 0 && pem.n < INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL; }

static int no_password(char *p, int n, int rw, void *ctx) {
	(void)p, (void)n, (void)rw, (void)ctx;
	return 0;
}

static int use_chain(SSL_CTX *c, struct slice pem) {
	_cleanup_(bio_freep) BIO *b = pem_bio(pem);
	_cleanup_(x509_freep) X509 *leaf = b ? PEM_read_bio_X509(b, NULL, no_password, NULL) : NULL;
	if (!leaf || SSL_CTX_use_certificate(c, leaf) != 1) return -EBADMSG;
	for (X509 *x; (x = PEM_read_bio_X509(b, NULL, no_password, NULL));)
		if (SSL_CTX_add0_chain_cert(c, x) != 1) {
			X509_free(x);
			return -ENOMEM;
		}
	ERR_clear_error();
	return 0;
}

static int use_key(SSL_CTX *c, struct slice pem) {
	_cleanup_(pkey_freep) EVP_PKEY *k = pkey_read(pem);
	bool ok = k && SSL_CTX_use_PrivateKey(c, k) == 1 && SSL_CTX_check_private_key(c) == 1;
	ERR_clear_error();
	return ok ? 0 : -EBADMSG;
}

static int add_roots(SSL_CTX *c, struct slice pem) {
	_cleanup_(bio_freep) BIO *b = pem_bio(pem);
	size_t n = 0;
	for (X509 *x; b && (x = PEM_read_bio_X509(b, NULL, no_password, NULL)); n++) {
		int ok = X509_STORE_add_cert(SSL_CTX_get_cert_store(c), x);
		X509_free(x);
		if (ok != 1) return -ENOMEM;
	}
	ERR_clear_error();
	return n ? 0 : -EBADMSG;
}

static int name_cas(SSL_CTX *c, struct slice pem) {
	_cleanup_(bio_freep) BIO *b = pem_bio(pem);
	for (X509 *x; b && (x = PEM_read_bio_X509(b, NULL, no_password, NULL));) {
		int ok = SSL_CTX_add_client_CA(c, x);
		X509_free(x);
		if (ok != 1) return -ENOMEM;
	}
	ERR_clear_error();
	return 0;
}

static int pick_alpn(SSL *s, const unsigned char **out, unsigned char *out_n, const unsigned char *in, unsigned int in_n,
		     void *ctx) {
	static const unsigned char ours[] = "\x02h2\x08http/1.1\x08http/1.0";
	(void)s, (void)ctx;
	int r = SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_n, ours, sizeof(ours) - 1, in, in_n);
	return r == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Who the client is gets decided per request (access/); here the certificate only has to be the client's own. */
static int take_any(X509_STORE_CTX *store, void *ctx) {
	(void)ctx;
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

static SSL_CTX *ctx_base(const SSL_METHOD *m) {
	SSL_CTX *c = SSL_CTX_new(m);
	if (!c) return NULL;
	SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
	SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
		SSL_CTX_free(c);
		return NULL;
	}
	return c;
}

/* What every server's context has, whoever it is. */
static void serve(SSL_CTX *c, bool ask_client_cert, const unsigned char ticket_keys[TLS_TICKET_KEYS]) {
	unsigned char keys[TLS_TICKET_KEYS];
	memcpy(keys, ticket_keys, sizeof(keys));
	SSL_CTX_set_tlsext_ticket_keys(c, keys, sizeof(keys));
	OPENSSL_cleanse(keys, sizeof(keys));
	SSL_CTX_set_session_id_context(c, (const unsigned char *)"k8c", 3);
	/* Tickets alone resume: a cache of sessions would grow with every stranger. */
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(c, 1);
	SSL_CTX_set_alpn_select_cb(c, pick_alpn, NULL);
	if (ask_client_cert) SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(c, take_any, NULL);
}

int tls_server_ctx(struct slice cert_pem, struct slice key_pem, bool ask_client_cert, struct slice ca_names_pem,
		   const unsigned char ticket_keys[TLS_TICKET_KEYS], SSL_CTX **ret) {
	_cleanup_(ssl_ctx_freep) SSL_CTX *c = ctx_base(TLS_server_method());
	if (!c) return -ENOMEM;
	int r = use_chain(c, cert_pem);
	if (r == 0) r = use_key(c, key_pem);
	if (r == 0) r = name_cas(c, ca_names_pem);
	if (r < 0) return r;
	serve(c, ask_client_cert, ticket_keys);
	*ret = TAKE_PTR(c);
	return 0;
}

int tls_server_ctx_like(const SSL_CTX *first, bool ask_client_cert, const unsigned char ticket_keys[TLS_TICKET_KEYS], SSL_CTX **ret) {
	_cleanup_(ssl_ctx_freep) SSL_CTX *c = ctx_base(TLS_server_method());
	STACK_OF(X509) *chain = NULL;
	if (!c || SSL_CTX_get0_chain_certs((SSL_CTX *)(uintptr_t)first, &chain) != 1) return -ENOMEM;
	STACK_OF(X509_NAME) *cas = SSL_CTX_get_client_CA_list(first);
	STACK_OF(X509_NAME) *names = cas ? SSL_dup_CA_list(cas) : NULL;
	if (cas && !names) return -ENOMEM;
	SSL_CTX_set_client_CA_list(c, names);
	if (SSL_CTX_use_cert_and_key(c, SSL_CTX_get0_certificate(first), SSL_CTX_get0_privatekey(first), chain, 1) != 1) return -ENOMEM;
	serve(c, ask_client_cert, ticket_keys);
	*ret = TAKE_PTR(c);
	return 0;
}

int tls_client_ctx(struct slice ca_pem, struct slice cert_pem, struct slice key_pem, bool insecure, bool http1_only,
		   SSL_CTX **ret) {
	_cleanup_(ssl_ctx_freep) SSL_CTX *c = ctx_base(TLS_client_method());
	if (!c) return -ENOMEM;
	int r = 0;
	if (cert_pem.n) r = use_chain(c, cert_pem);
	if (r == 0 && cert_pem.n) r = use_key(c, key_pem);
	if (r == 0 && !insecure) r = ca_pem.n ? add_roots(c, ca_pem) : SSL_CTX_set_default_verify_paths(c) == 1 ? 0 : -EBADMSG;
	if (r < 0) return r;
	SSL_CTX_set_verify(c, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	static const unsigned char both[] = "\x02h2\x08http/1.1", one[] = "\x08http/1.1";
	/* OpenSSL's convention here: 0 is success. */
	if (SSL_CTX_set_alpn_protos(c, http1_only ? one : both, http1_only ? sizeof(one) - 1 : sizeof(both) - 1) != 0) return -ENOMEM;
	*ret = TAKE_PTR(c);
	return 0;
}

/* ---- a connection ---- */

static bool is_address(const char *name) {
	unsigned char raw[16];
	return inet_pton(AF_INET, name, raw) == 1 || inet_pton(AF_INET6, name, raw) == 1;
}

static int expect_name(SSL *ssl, const char *name) {
	if (is_address(name)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1 ? 0 : -EINVAL;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1 ? 0 : -EINVAL;
}

int tls_new(SSL_CTX *ctx, bool server, const char *name, struct buf *out, struct tls **ret) {
	struct tls *t = calloc(1, sizeof(*t));
	if (!t) return -ENOMEM;
	t->out = out;
	t->ssl = SSL_new(ctx);
	BIO *b = t->ssl && ends() ? BIO_new(ends()) : NULL;
	int r = b ? 0 : -ENOMEM;
	if (r == 0) {
		BIO_set_data(b, t);
		SSL_set_bio(t->ssl, b, b);
		if (server) SSL_set_accept_state(t->ssl);
		else SSL_set_connect_state(t->ssl);
		if (name) r = expect_name(t->ssl, name);
	}
	if (r < 0) tls_free(t);
	else *ret = t;
	ERR_clear_error();
	return r;
}

struct tls *tls_free(struct tls *t) {
	if (!t) return NULL;
	SSL_free(t->ssl);
	free(t);
	return NULL;
}

void tls_feed(struct tls *t, struct slice bytes) { t->in = bytes; }

struct slice tls_unread(struct tls *t) {
	struct slice r = t->in;
	t->in = SLICE_NULL;
	return r;
}

static int failed(struct tls *t) {
	long verify = SSL_get_verify_result(t->ssl);
	unsigned long e = ERR_peek_error();
	bool refused = ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) == SSL_R_CERTIFICATE_VERIFY_FAILED;
	if (refused) {
		snprintf(t->error, sizeof(t->error), "certificate verify failed: %s", X509_verify_cert_error_string(verify));
	} else {
		const char *why = ERR_reason_error_string(e);
		snprintf(t->error, sizeof(t->error), "tls: %s", why ? why : "connection broken");
	}
	ERR_clear_error();
	return refused ? -EKEYREJECTED : -EPROTO;
}

int tls_handshake(struct tls *t) {
	ERR_clear_error();
	int r = SSL_do_handshake(t->ssl);
	if (r == 1) return 1;
	return SSL_get_error(t->ssl, r) == SSL_ERROR_WANT_READ ? 0 : failed(t);
}

ssize_t tls_read(struct tls *t, char *p, size_t n) {
	ERR_clear_error();
	int r = SSL_read(t->ssl, p, n < INT_MAX ? (int)n : INT_MAX);
	if (r > 0) return r;
	switch (SSL_get_error(t->ssl, r)) {
	case SSL_ERROR_WANT_READ: return 0;
	case SSL_ERROR_ZERO_RETURN: return -ENODATA;
	default: return failed(t);
	}
}

int tls_write(struct tls *t, struct slice plain) {
	ERR_clear_error();
	while (plain.n) {
		int r = SSL_write(t->ssl, plain.p, plain.n < INT_MAX ? (int)plain.n : INT_MAX);
		if (r <= 0) return buf_err(t->out) < 0 ? buf_err(t->out) : failed(t);
		plain = slice_from(plain, (size_t)r);
	}
	return 0;
}

void tls_close_notify(struct tls *t) {
	ERR_clear_error();
	if (SSL_is_init_finished(t->ssl)) (void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

struct slice tls_alpn(const struct tls *t) {
	const unsigned char *p;
	unsigned int n;
	SSL_get0_alpn_selected(t->ssl, &p, &n);
	return slice_make(p, n);
}

struct blob *tls_peer_cert(const struct tls *t) {
	_cleanup_(x509_freep) X509 *x = SSL_get1_peer_certificate(t->ssl);
	int n = x ? i2d_X509(x, NULL) : 0;
	if (n <= 0) return NULL;
	struct blob *b = blob_alloc((size_t)n);
	if (!b) return NULL;
	unsigned char *p = (unsigned char *)b->p;
	i2d_X509(x, &p);
	return b;
}

const char *tls_error(const struct tls *t) { return t->error; }
