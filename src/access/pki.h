/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster's own certificates: a CA and what it signs (RFC 5280). PEM bytes in, PEM bytes out; where they are kept is the
 * caller's business. Keys are EC P-256 unless the caller brings its own. Results are malloc'd, NUL-terminated; pki_pair_done
 * frees them.
 */
#pragma once

#include "base/env.h"
#include "base/slice.h"

struct pki_pair {
	struct slice cert_pem, key_pem;
};
void pki_pair_done(struct pki_pair *p);
#define _cleanup_pki_pair_ _cleanup_(pki_pair_done)

struct pki_request {
	const char *cn;
	const char *const *orgs; size_t n_orgs;   /* O of the subject: groups of a client */
	const char *const *dns; size_t n_dns;     /* subjectAltName */
	const char *const *ips; size_t n_ips;     /* "10.96.0.1", "::1" */
	bool server, client;                      /* extended key usage */
	int64_t seconds;                          /* life; begins PKI_BACKDATE_SEC ago so that slow clocks accept it */
	struct slice key_pem;                     /* the caller's private key; empty: a new one */
};
#define PKI_BACKDATE_SEC 300
#define PKI_NAMES_MAX 64u

/* A self-signed CA (basicConstraints critical CA:TRUE; keyUsage critical keyCertSign, cRLSign, digitalSignature; subject key id).
 * 0; -EINVAL; -EIO (OpenSSL refused); -ENOMEM. */
int pki_make_ca(const struct env *env, const char *cn, int64_t seconds, struct pki_pair *ret);
/* A certificate signed by `ca` (keyUsage critical digitalSignature [keyEncipherment]; basicConstraints critical CA:FALSE;
 * subject and authority key ids; random serial number). The life is cut to the CA's. 0; -EINVAL: a bad name, address or key;
 * -EIO; -ENOMEM. */
int pki_issue(const struct env *env, const struct pki_pair *ca, const struct pki_request *r, struct pki_pair *ret);
/* A CA read once, for several certificates; the caller frees. 0; -EINVAL: certificate or key unreadable, or not of each other;
 * -ENOMEM. Not for two threads at a time. */
struct pki_issuer;
int pki_issuer_new(const struct pki_pair *ca, struct pki_issuer **ret);
/* NULL is allowed. Returns NULL. */
struct pki_issuer *pki_issuer_free(struct pki_issuer *i);
/* As pki_issue. */
int pki_issue_by(const struct env *env, const struct pki_issuer *by, const struct pki_request *r, struct pki_pair *ret);
/* A private key alone, for signing tokens; the public half as "PUBLIC KEY" in cert_pem. 0, -EIO, -ENOMEM. */
int pki_make_key(struct pki_pair *ret);

struct pki_info {
	int64_t not_before, not_after; /* seconds since 1970 */
	bool ca;
	char sha256[65];               /* hex, of the DER */
};
/* The first certificate of a PEM text. 0; -ENOENT: there is none; -EINVAL. */
int pki_inspect(struct slice cert_pem, struct pki_info *ret);
/* Do certificate and key belong together? 0; -EINVAL: they do not, or one is unreadable, with *ret_msg one sentence (static). */
int pki_check_pair(const struct pki_pair *p, const char **ret_msg);
/* Is `cert_pem` signed by `ca_pem` and valid at `now` (seconds since 1970) for all of `names` (DNS names and addresses,
 * NULL-terminated; NULL: none)? 0; -EINVAL with *ret_msg one sentence (static). */
int pki_check_server(struct slice cert_pem, struct slice ca_pem, int64_t now, const char *const *names, const char **ret_msg);
/* DER of the first certificate, malloc'd. 0; -ENOENT; -ENOMEM. */
int pki_cert_der(struct slice cert_pem, struct slice *ret);
