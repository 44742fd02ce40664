/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenAPI documents made from the tables: Swagger 2.0 (one for the whole server) and OpenAPI 3.0 (one for each group version), with a
 * schema of every type that the resources reach and every path with its operations. As JSON, and from that JSON as protobuf in
 * the shape of gnostic's OpenAPIv2.proto and OpenAPIv3.proto. Pure; any thread.
 */
#pragma once

#include "schema/schema.h"

/* Bytes of one document. */
#define OPENAPI_DOCUMENT_MAX (64u * 1024u * 1024u)

/* Appends the document of a group version: `v` are all of its resources, at least one. 0, -ENOMEM or out->err. */
int schema_openapi_v3(const struct schema_resource *const *v, size_t n, struct buf *out);
/* The document of a group's own path ("apis/apps"). */
int schema_openapi_v3_group(const char *group, struct buf *out);
/* Documents of paths outside of groups: "api", "apis", "version", ... */
size_t schema_openapi_plain_count(void);
const char *schema_openapi_plain_name(size_t i);
int schema_openapi_v3_plain(size_t i, struct buf *out);
/* Appends the Swagger 2.0 document of `v`, all resources of the server. 0, -ENOMEM or out->err. */
int schema_openapi_v2(const struct schema_resource *const *v, size_t n, struct buf *out);

enum openapi_version { OPENAPI_V2, OPENAPI_V3 };
/* Appends a document's JSON as protobuf. What gnostic's messages cannot hold is left out. 0, -EBADMSG (no JSON object), -ENOMEM or
 * out->err. */
int schema_openapi_proto(enum openapi_version version, struct slice json, struct buf *out);
