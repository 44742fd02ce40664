/* SPDX-License-Identifier: Apache-2.0 */
/* Named maximums of the access room. */
#pragma once

#include "base/limits.h"

#define TOKEN_BYTES_MAX (32u * KIB)        /* a compact JWS; what is longer is nobody's */
#define TOKEN_AUDIENCES_MAX 1024u
#define KEYSET_MAX 32u                     /* public keys that verify tokens */
#define ISSUERS_MAX 16u
#define RSA_BITS_MIN 1024
#define RSA_BITS_MAX 16384
#define CLIENT_CA_MAX 64u                  /* certificates in the client CA bundle */
#define CERT_BYTES_MAX (64u * KIB)
#define CERT_NAMES_MAX 256u                /* organisations of a client certificate */
#define CERT_SANS_MAX 64u
#define PEM_BYTES_MAX (1u * MIB)
#define VERIFIED_SLOTS 4096u               /* remembered signature checks */
#define VERIFIED_TTL_NSEC (10ull * 1000000000ull)
#define LEEWAY_SEC 60                      /* clock skew that tokens and deletions are forgiven */
#define USER_GROUPS_MAX 4096u
#define IMPERSONATE_ITEMS_MAX 1024u
#define RBAC_ARENA_MAX ((size_t)1024u * MIB)
#define RBAC_SUBJECTS_MAX (1u << 20)       /* users or groups that are bound to anything */
#define HAZARD_SLOTS 128u                  /* threads that may read a published pointer at once */
#define COVER_ATOMS_MAX (1u << 16)         /* single permissions an escalation check breaks rules into */
#define REASON_BYTES_MAX (64u * KIB)
