/* SPDX-License-Identifier: Apache-2.0 */
/* JSONSchemaProps to struct schema_type. */
#pragma once

#include "schema/table.h"

/* The type of a custom kind: kind, apiVersion and metadata as everywhere, the rest as the schema (NULL: anything) says.
 * Memory in the arena; texts of the schema are borrowed. NULL when out of memory. */
const struct schema_type *crd_root_type(struct arena *a, const char *kind, const yyjson_mut_val *schema, bool preserve_unknown);
/* Discovery's storageVersionHash: base64 of the first 8 bytes of SHA-256 over "group/version/kind". NULL when out of memory. */
const char *crd_storage_hash(struct arena *a, const char *group, const char *version, const char *kind);
