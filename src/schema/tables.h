/* SPDX-License-Identifier: Apache-2.0 */
/* What tools/schemac makes of schema/: the arrays behind the functions of schema.h and table.h. */
#pragma once

#include "schema/table.h"

extern const struct schema_resource schema_tables_resources[];
extern const struct schema_resource_more schema_tables_more[]; /* parallel to the resources */
extern const struct schema_kind_entry schema_tables_kinds[];
extern const struct schema_type *const schema_tables_keyed[];  /* sorted by key */
extern const struct schema_group schema_tables_groups[];
extern const size_t schema_tables_resources_n, schema_tables_more_n, schema_tables_kinds_n, schema_tables_keyed_n;
extern const size_t schema_tables_groups_n;
