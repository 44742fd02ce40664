/* SPDX-License-Identifier: Apache-2.0 */
/* Names that Kubernetes makes of groups, versions and kinds for its documents. Pure. */
#pragma once

#include "base/buf.h"
#include "schema/schema.h"

#define OPENAPI_NAME_MAX 512

/* "rbac.authorization.k8s.io" to "RbacAuthorization" (or "rbacAuthorization"), "" to "Core": what operation ids and tags are made of. */
void openapi_words(char out[OPENAPI_NAME_MAX], const char *group, bool capital);
/* Definition of a custom kind: "stable.example.com", "v1", "CronTab" to "com.example.stable.v1.CronTab". */
void openapi_custom_name(char out[OPENAPI_NAME_MAX], const char *group, const char *version, const char *kind);
