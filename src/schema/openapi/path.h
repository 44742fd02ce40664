/* SPDX-License-Identifier: Apache-2.0 */
/* The paths of one resource as OpenAPI v3 path items. */
#pragma once

#include "base/buf.h"
#include "schema/table.h"

/* Appends `"PATH":{...}` members, separated by commas, with one before the first when !first. */
void openapi_paths(struct buf *b, const struct schema_resource *r, bool first);
