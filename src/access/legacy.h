/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens kept in Secrets (type kubernetes.io/service-account-token): they never expire, and live as long as their Secret says
 * so. */
#pragma once

#include "access/claims.h"
#include "access/server.h"

#define LEGACY_ISSUER "kubernetes/serviceaccount"

/* Checks the claims of such a token against its Secret and account. 0; -EACCES with *ret_msg; -ENOMEM. *ret_warning is set for
 * Secrets that Kubernetes of old made by itself. Tells acc->legacy_used when the Secret has not yet been marked today. */
int legacy_check(struct access *acc, struct arena *a, const struct store_snapshot *sn, struct slice token, const struct claims *c,
		 const char **ret_msg, const char **ret_warning);
