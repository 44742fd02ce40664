/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Served versions other than the stored one: events.k8s.io/v1 and core/v1 events, autoscaling v1 and v2, versions of custom
 * resources (strategy None). Trees are changed in place. Thread rule: pure.
 */
#pragma once

#include "schema/schema.h"

/* Is what lies in the store already the served form? */
bool convert_is_identity(const struct schema_resource *res);
/* Are the stored bytes the answer? Not when the version differs, nor when a custom resource's schema may have changed since. */
bool convert_reads_bytes(const struct schema_resource *res);
/* Parses stored text; built-in kinds keep numbers as they were written where Go does. 0, -EBADMSG, -ENOMEM. */
int convert_parse(const struct schema_resource *res, struct arena *a, struct slice text, yyjson_mut_doc **ret);
/* A stored tree (the document's root) to the served form; custom resources are pruned and defaulted by their schema of today. 0 or
 * -ENOMEM. */
int convert_read(const struct schema_resource *res, struct arena *a, yyjson_mut_doc *doc);
/* Storage form to served form and back, kind and apiVersion included. 0 or -ENOMEM. */
int convert_to_served(const struct schema_resource *res, yyjson_mut_doc *doc, yyjson_mut_val *obj);
int convert_to_stored(const struct schema_resource *res, yyjson_mut_doc *doc, yyjson_mut_val *obj);
/* The storage form's resource (res itself when identical). */
const struct schema_resource *convert_storage_of(const struct schema_resource *res);
/* "v1" or "apps/v1", in the arena. */
const char *api_version_of(struct arena *a, const char *group, const char *version);
