/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this server serves at one moment: the built-in resources and those of every CustomResourceDefinition whose names were accepted, with
 * their discovery documents. A catalog is immutable and refcounted; a new one takes the place of the old one at once when
 * a definition changes, while requests under way keep theirs. Thread rule: any thread may hold one.
 */
#pragma once

#include "schema/crd.h"
#include "store/store.h"

#define CRD_RESOURCE "apiextensions.k8s.io/customresourcedefinitions"
/* Definitions served by one server; later ones (by name) stay unserved. */
#define CATALOG_DEFINITIONS_MAX 4096

struct discovery;
struct catalog_definition {
	struct store_obj *object;      /* the version of the definition it was made of */
	struct schema_set *set;        /* NULL: nothing can be made of it */
	bool serving, terminating;
};

struct catalog {
	atomic_int refs;
	struct catalog_definition *definitions; /* by name */
	size_t n_definitions;
	/* Built-in ones first, in the order of their tables, then the served custom ones by group, newest version, and name. */
	const struct schema_resource **resources;
	size_t n_resources, n_builtin;
	struct discovery *discovery;
};

/* From the definitions in a snapshot; what did not change since `old` (may be NULL) is shared with it. 0 or -ENOMEM. */
int catalog_new(const struct store_snapshot *sn, const struct catalog *old, const char *server_address, struct catalog **ret);
struct catalog *catalog_ref(struct catalog *c);
/* NULL is allowed. Returns NULL. */
struct catalog *catalog_unref(struct catalog *c);

/* An empty version: the group's preferred one. NULL: not served. */
const struct schema_resource *catalog_find(const struct catalog *c, struct slice group, struct slice version, struct slice resource);
/* The definition a custom resource belongs to. NULL: none. */
const struct catalog_definition *catalog_definition_of(const struct catalog *c, const struct schema_resource *res);
