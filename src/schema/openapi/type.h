/* SPDX-License-Identifier: Apache-2.0 */
/* One type as an OpenAPI v3 schema object. */
#pragma once

#include "base/buf.h"
#include "schema/table.h"

/* The whole schema of a named type, with x-kubernetes-group-version-kind when `gvks` (JSON text of a list) is given. */
void openapi_type(struct buf *b, const struct schema_type *t, const char *gvks);
