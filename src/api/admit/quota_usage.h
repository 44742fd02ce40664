/* SPDX-License-Identifier: Apache-2.0 */
/* What an object costs of a ResourceQuota (pkg/quota/v1/evaluator/core and .../generic). Pure. */
#pragma once

#include "api/admit/limits.h"
#include "schema/schema.h"

/* What an object of `res` uses, by the names quotas have for it. */
struct amounts quota_usage(struct arena *a, const struct schema_resource *res, const yyjson_mut_val *obj);
/* Is `name` (a key of status.hard) something objects of `res` use? */
bool quota_counts(struct arena *a, const struct schema_resource *res, struct slice name);
/* Do all scopes of a quota's spec hold for the object? */
bool quota_scopes_match(const struct schema_resource *res, const yyjson_mut_val *quota_spec, const yyjson_mut_val *obj);
/* `must specify requests.cpu for: a,b; ...`: containers that leave out what the quota's `hard` (an object) counts. NULL: none. */
const char *quota_unspecified(struct arena *a, const yyjson_mut_val *hard, const yyjson_mut_val *spec);
