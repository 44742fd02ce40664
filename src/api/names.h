/* SPDX-License-Identifier: Apache-2.0 */
/* Names: what a URL's may not hold, generated ones, and Go's words for types in messages. Pure. */
#pragma once

#include "api/request.h"

/* 400 `Name parameter invalid: ...` (registry's NamespaceKeyFunc). */
const struct status *name_check(struct request *r);
/* base, cut to GENERATE_NAME_BASE_MAX, and five random characters. NULL: out of memory. */
const char *name_generate(struct arena *a, const struct env *env, struct slice base);
/* The Go package of a group's internal types: "core", "apps", "rbac". */
struct slice name_go_package(const char *group);
/* "*core.ConfigMapList", "*unstructured.UnstructuredList". */
const char *name_go_type(struct arena *a, const struct schema_resource *res, bool list);
