/* SPDX-License-Identifier: Apache-2.0 */
/* Names of service accounts as users: system:serviceaccount:<namespace>:<name> (apiserver authentication/serviceaccount). */
#pragma once

#include "access/access.h"

#define ACCOUNT_USER_PREFIX "system:serviceaccount:"
#define GROUP_AUTHENTICATED "system:authenticated"
#define GROUP_UNAUTHENTICATED "system:unauthenticated"
#define GROUP_MASTERS "system:masters"
#define GROUP_NODES "system:nodes"
#define GROUP_ACCOUNTS "system:serviceaccounts"
#define USER_ANONYMOUS "system:anonymous"
#define USER_NODE_PREFIX "system:node:"
#define EXTRA_CREDENTIAL_ID "authentication.kubernetes.io/credential-id"

/* In the arena; SLICE_NULL when out of memory. */
struct slice account_username(struct arena *a, struct slice ns, struct slice name);
/* The group of all accounts of a namespace. In the arena. */
struct slice account_ns_group(struct arena *a, struct slice ns);
/* True when `user` is a well-formed account name (namespace a DNS label, name a DNS subdomain); the parts are borrowed from
 * it. */
bool account_split(struct slice user, struct slice *ret_ns, struct slice *ret_name);
/* Does `user` name that account? No allocation. */
bool account_matches(struct slice user, struct slice ns, struct slice name);
