/* SPDX-License-Identifier: Apache-2.0 */
/* Which OpenAPI documents a catalog has, and each one's JSON. Pure; any thread. */
#pragma once

#include "api/crd/catalog.h"

/* The Swagger 2.0 document; all others are named by the path they are about: "api/v1", "apis/apps", "apis/apps/v1", "version". */
#define OPENAPI_DOC_V2 "/v2"

bool openapi_doc_exists(const struct catalog *c, struct slice path);
/* Appends the document. 0, -ENOENT, -ENOMEM or b->err. */
int openapi_doc_write(const struct catalog *c, struct slice path, struct buf *b);
/* Calls fn with the path of each OpenAPI 3.0 document until it answers other than 0. What it answered last, or -ENOMEM. */
int openapi_doc_each(const struct catalog *c, int (*fn)(void *ctx, const char *path), void *ctx);
