/* SPDX-License-Identifier: Apache-2.0 */
/* Service account tokens against the living objects (pkg/serviceaccount: jwt.go, claims.go, legacy.go). */
#pragma once

#include "access/server.h"

/* 0 with the user (system:authenticated among the groups) and the audiences that hold; -ENOENT: not a token of this server's
 * making; -EACCES: one that is no longer, or not here, good, with *ret_msg the reason; -ENOMEM. *ret_warning is set, else
 * left alone, for tokens that should be replaced. Memory in the arena. */
int token_authenticate(struct access *acc, struct arena *a, struct slice token, const struct slice *audiences, size_t n,
		       struct access_user **ret, const struct slice **ret_audiences, size_t *ret_n, const char **ret_msg,
		       const char **ret_warning);
