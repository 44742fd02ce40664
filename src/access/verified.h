/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remembers for VERIFIED_TTL_NSEC what a costly signature check proved: the SHA-256 of a token or certificate leads to a blob
 * that its verifier made. Only the signature is remembered; whether the objects behind it still live is looked up at every use.
 * Fixed size, nothing else evicts. Thread-safe; a lock is held for a copy of a pointer.
 */
#pragma once

#include "base/blob.h"
#include "base/env.h"

struct verified;
struct verified_key { unsigned char hash[32]; };

struct verified *verified_new(const struct env *env);
/* NULL is allowed. */
void verified_free(struct verified *v);
/* The key of `bytes`; `kind` keeps namespaces of callers apart. 0 or -EIO. */
int verified_key(const struct verified *v, char kind, struct slice bytes, struct verified_key *ret);
/* A reference the caller drops, or NULL. */
struct blob *verified_get(struct verified *v, const struct verified_key *k);
/* Takes a reference of its own. */
void verified_put(struct verified *v, const struct verified_key *k, struct blob *b);
