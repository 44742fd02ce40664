/* SPDX-License-Identifier: Apache-2.0 */
/* RBAC's decision about one request (plugin/pkg/auth/authorizer/rbac). */
#pragma once

#include "access/rbac/set.h"

/* 1 allowed, 0 no opinion, -ENOMEM. *ret_reason: `RBAC: allowed by ...`, `RBAC: <what could not be resolved>`, or "". */
int rbac_authorize(const struct rbac_set *s, struct arena *a, const struct access_attrs *at, const char **ret_reason);
/* Errors about the user's bindings in `ns` whose roles are missing, each text once, in the order of the bindings. 0 or
 * -ENOMEM. */
int rbac_errors(const struct rbac_set *s, struct arena *a, const struct access_user *u, struct slice ns, const char ***ret,
		size_t *ret_n);
/* `e`, or `[e1, e2]`. NULL when out of memory. */
const char *rbac_join_errors(struct arena *a, const char *const *errors, size_t n);
