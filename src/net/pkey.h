/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys in PEM (PKCS #8, RFC 5958) and the public halves (SubjectPublicKeyInfo, RFC 5480). A P-256 key, which is what k8c
 * makes, has one DER form of one size, read and written here as such: OpenSSL 3.0 spends a million instructions on finding a
 * decoder or an encoder for it, and a server that starts does so two dozen times. Every other key goes through OpenSSL's.
 */
#pragma once

#include "base/slice.h"

#include <openssl/evp.h>

#define PKEY_P256_POINT 65u    /* uncompressed: 4, x, y */
#define PKEY_P256_PUBLIC 91u   /* bytes of the SubjectPublicKeyInfo */
#define PKEY_P256_PRIVATE 138u /* bytes of the PrivateKeyInfo with the public key in it */

/* The first private key of a PEM text, unencrypted; the caller frees. NULL: there is none, or it is damaged. Leaves no error in
 * OpenSSL's queue. */
EVP_PKEY *pkey_read(struct slice pem);
/* The same of DER: PKCS #8 or a traditional form. */
EVP_PKEY *pkey_read_der(struct slice der);
/* Writes "PRIVATE KEY". 0, -EIO. */
int pkey_write(BIO *b, const EVP_PKEY *k);
/* Writes "PUBLIC KEY". 0, -EIO. */
int pkey_write_public(BIO *b, const EVP_PKEY *k);
/* The SubjectPublicKeyInfo, to be freed by OPENSSL_free. Its size, or -EIO. */
int pkey_public_der(const EVP_PKEY *k, unsigned char **ret);
/* The point of a P-256 key. 0; -ENOENT: a key of another kind. */
int pkey_p256_point(const EVP_PKEY *k, unsigned char ret[PKEY_P256_POINT]);
