/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a strategic merge patch leaves is a tree of Go's maps, slices and scalars, and becomes a typed object by reflection,
 * not by JSON: its complaints differ. Source: apimachinery/pkg/runtime/converter.go (FromUnstructured).
 */
#pragma once

#include "schema/schema.h"

/* Looks for the first value (in the order of the types' members) that cannot become what its type says. 1: *ret_msg is the
 * complaint, text in the arena; 0: none is found (types with a decoder of their own are not looked into); -ENOMEM. Pure. */
int unstructured_mismatch(const struct schema_type *t, struct arena *a, yyjson_mut_val *v, const char **ret_msg);
