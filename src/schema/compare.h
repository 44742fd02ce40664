/* SPDX-License-Identifier: Apache-2.0 */
/* Equality as Kubernetes means it: what encodes alike is alike (an absent struct and {}, a zero and nothing). */
#pragma once

#include "schema/table.h"

/* Of two values of a type (NULL type: of any shape). 0 same, 1 different, -ENOMEM. */
int compare_values(const struct schema_type *t, const yyjson_mut_val *a, const yyjson_mut_val *b);
/* Of the values at a path without "[]" in two objects of a type. */
int compare_at(const struct schema_type *t, const yyjson_mut_val *a, const yyjson_mut_val *b, const char *path);
