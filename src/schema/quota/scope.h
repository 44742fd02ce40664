/* SPDX-License-Identifier: Apache-2.0 */
/* Which objects a ResourceQuota with scopes is about. Pure. */
#pragma once

#include "schema/quota/usage.h"

/* Do all scopes of a quota's spec hold for the object? Only pods have any. */
bool quota_scopes_match(struct quota_kind kind, const yyjson_mut_val *quota_spec, const yyjson_mut_val *obj);
