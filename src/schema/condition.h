/* SPDX-License-Identifier: Apache-2.0 */
/* The conditions of default rules. */
#pragma once

#include "schema/fieldpath.h"

/* Whether all of n conditions hold for an object, with the list elements a path has bound. */
bool condition_all(const struct schema_cond *c, size_t n, const yyjson_mut_val *obj, const struct fieldpath_bound *bound);
