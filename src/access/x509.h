/* SPDX-License-Identifier: Apache-2.0 */
/* Who a client certificate says its holder is, and whether the client CA vouches for it (apiserver
 * authentication/request/x509). */
#pragma once

#include "access/access.h"

#include <openssl/x509.h>

struct x509_verifier;

/* A verifier for the CA certificates of a PEM bundle. 0; -ENOENT: the text holds none; -EINVAL; -E2BIG; -ENOMEM. */
int x509_verifier_new(struct slice ca_pem, const struct env *env, struct x509_verifier **ret);
void x509_verifier_free(struct x509_verifier *v);

/* Checks a DER certificate: signature chain, times, key usage clientAuth. 0 with the user (system:authenticated not yet among the
 * groups), strings in the arena; -EACCES: not acceptable; -ENOENT: acceptable, but it names nobody (no common name); -ENOMEM.
 * *ret_until is when the chain ends to be valid, seconds since 1970. Any thread. */
int x509_verify(struct x509_verifier *v, struct arena *a, struct slice der, struct access_user **ret, int64_t *ret_until);
/* The identity in a certificate's subject, nothing verified. 0, -ENOENT, -EACCES (names that cannot be read), -ENOMEM. */
int x509_identity(struct arena *a, X509 *cert, struct slice der, struct access_user **ret);
/* Parses exactly one DER certificate; NULL when it is none. Free with X509_free. */
X509 *x509_parse(struct slice der);
