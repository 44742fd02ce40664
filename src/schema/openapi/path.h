/* SPDX-License-Identifier: Apache-2.0 */
/* The path items of a document. */
#pragma once

#include "schema/openapi/writer.h"
#include "schema/table.h"

/* Appends the paths of one resource and its subresources to the `paths` object. */
void openapi_paths(const struct openapi_writer *w, const struct schema_resource *r);
/* The path of the list of resources: "/apis/apps/v1/". */
void openapi_version_path(const struct openapi_writer *w, const char *group, const char *version);
/* The path of a group: "/apis/apps/". */
void openapi_group_path(const struct openapi_writer *w, const char *group);

/* Paths that lie outside of groups: "api", "apis", "version", ... */
struct openapi_plain { const char *name, *id, *tag, *const *types, *definition; };
size_t openapi_plain_count(void);
const struct openapi_plain *openapi_plain_at(size_t i);
void openapi_plain_path(const struct openapi_writer *w, const struct openapi_plain *p);
