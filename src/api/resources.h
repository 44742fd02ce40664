/* SPDX-License-Identifier: Apache-2.0 */
/* Which resources this server serves: the built-in tables, and what CustomResourceDefinitions add. Any thread. */
#pragma once

#include "api/request.h"

/* The resource; an empty version: preferred one. Lives as long as the arena. NULL: not served. */
const struct schema_resource *resources_find(struct api *api, struct arena *a, struct slice group, struct slice version, struct slice resource);
/* Is it a group of built-in resources? "" is core. Thread rule: pure. */
bool resources_built_in_group(struct slice group);
/* Is the definition of a custom resource being deleted? */
bool resources_terminating(struct api *api, struct arena *a, const struct schema_resource *res);
