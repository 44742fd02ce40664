/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that sign and verify tokens: RSA (RS256) and EC P-256, P-384, P-521 (ES256, ES384, ES512). A key fixes its algorithm:
 * nothing a token says can choose another one. Immutable after loading: any thread may use it.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#include <openssl/evp.h>

struct key {
	EVP_PKEY *pkey;
	bool private; /* can sign */
	const char *alg; /* "ES256", ... */
	const char *digest;
	const char *curve; /* JWK's crv; NULL for RSA */
	size_t field; /* bytes of an EC coordinate; 0 for RSA */
	char kid[44]; /* base64url(SHA-256(SubjectPublicKeyInfo)), 43 characters and a NUL */
};

/* The public halves of several keys, in order, without duplicates. */
struct keyset {
	struct key *v;
	size_t n;
};

/* Describes `pkey`, whose reference it takes over on success. 0; -EINVAL: not a kind that can sign tokens; -EIO. */
int key_init(struct key *k, EVP_PKEY *pkey, bool private);
void key_done(struct key *k);
/* The first private key of a PEM text ("PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"; unencrypted). 0; -ENOENT: there is
 * none; -EINVAL; -EIO. */
int key_load_private(struct slice pem, struct key *ret);
/* Adds every public key of a PEM text: public keys, the public halves of private ones, and the keys of certificates. 0; -ENOENT:
 * there is none; -EINVAL; -E2BIG (KEYSET_MAX); -ENOMEM. Other blocks are passed over. */
int keyset_add_pem(struct keyset *s, struct slice pem);
void keyset_done(struct keyset *s);
/* The JSON Web Key of the public half (RFC 7517), members in Kubernetes' order. 0 or b->err or -EIO. */
int key_put_jwk(const struct key *k, struct buf *b);
