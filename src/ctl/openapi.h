/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's OpenAPI v3 documents: one per group and version, asked for when first needed and kept for the run.
 * Source: Kubernetes' OpenAPI v3 endpoint (KEP-2896) and its x-kubernetes-* extensions.
 */
#pragma once

#include "ctl/mapper.h"

/* References followed for one schema. */
#define OPENAPI_REFS_MAX 16u

/* The document of a group and version. 0; 1: the server has none (nothing is noted). */
int openapi_document(struct ctl *c, const char *group, const char *version, const yyjson_mut_val **ret);
/* The schema of a kind in a document; NULL when it has none. */
const yyjson_mut_val *openapi_kind(const yyjson_mut_val *document, const char *group, const char *version, const char *kind);
/* Follows $ref and single allOf entries to what they mean; NULL when that is not in the document. */
const yyjson_mut_val *openapi_resolve(const yyjson_mut_val *document, const yyjson_mut_val *schema);
/* The same; *ret_ref is the name of the last schema that was referred to, or "". */
const yyjson_mut_val *openapi_follow(const yyjson_mut_val *document, const yyjson_mut_val *schema, const char **ret_ref);
/* True when the kind takes strategic merge patches. */
bool openapi_strategic(const yyjson_mut_val *document, const char *group, const char *version, const char *kind);
