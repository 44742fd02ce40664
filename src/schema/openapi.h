/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenAPI v3 documents (OpenAPI 3.0.0), one per group version, made from the tables: schemas of every type that its resources reach,
 * and the paths with the parameters that clients ask the document about. Pure; any thread.
 */
#pragma once

#include "schema/schema.h"

#define OPENAPI_DOCUMENT_MAX (16u * 1024u * 1024u)

/* Appends the document of a group version: `resources` are all of it. 0, -ENOMEM or out->err. */
int schema_openapi_v3(const struct schema_resource *const *resources, size_t n, struct buf *out);
/* Appends a document without paths and schemas, for "api", "apis/apps", "version", ... 0 or out->err. */
int schema_openapi_v3_empty(struct buf *out);
