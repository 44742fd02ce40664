/* SPDX-License-Identifier: Apache-2.0 */
/* One built-in type as a schema object. */
#pragma once

#include "schema/openapi/writer.h"
#include "schema/table.h"

/* Appends the member "KEY":{...} of a named type, with x-kubernetes-group-version-kind of every kind it is registered as. */
void openapi_type(const struct openapi_writer *w, const struct schema_type *t);
