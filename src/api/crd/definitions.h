/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of CustomResourceDefinitions inside the server: the catalog in force, the controllers that accept names and
 * establish, and the deletion of instances before a definition goes (apiextensions-apiserver's naming, establishing and finalizing
 * controllers). Driven by the store's revisions, on the first loop.
 */
#pragma once

#include "api/crd/catalog.h"
#include "api/write.h"

struct api;
struct definitions;

/* Makes the first catalog. NULL: out of memory. */
struct definitions *definitions_new(struct api *api);
/* On the first loop's thread: nothing is written any more. */
void definitions_stop(struct definitions *d);
/* NULL is allowed. Returns NULL. */
struct definitions *definitions_free(struct definitions *d);
/* On the first loop's thread: at its begin, and after new revisions became visible. */
void definitions_advance(struct definitions *d);

/* The catalog in force, kept until the arena goes. NULL: out of memory. Any thread. */
const struct catalog *definitions_catalog(struct api *api, struct arena *a);
/* Is the resource still what its definition says? False once its definition is gone: watches end then. */
bool definitions_serve(struct api *api, const struct schema_resource *res);
