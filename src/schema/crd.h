/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resources made of a CustomResourceDefinition (apiextensions.k8s.io/v1; KEP-95 structural schemas): every served version
 * becomes a struct schema_resource whose type prunes, defaults and encodes like a built-in one. A set is immutable and
 * refcounted; resources live as long as it. Thread rule: any thread may use and (un)reference a set.
 */
#pragma once

#include "schema/schema.h"

struct schema_set;

/* Versions of one CRD; nesting of its schemas (deeper parts keep what they hold unchecked). */
#define CRD_VERSIONS_MAX 64
#define CRD_DEPTH_MAX 64

/* From a typed CRD object; copies what it needs. 0, -EBADMSG (not a usable CRD), -ENOMEM. */
int schema_set_new(const yyjson_mut_val *crd, struct schema_set **ret);
struct schema_set *schema_set_ref(struct schema_set *s);
/* NULL is allowed. Returns NULL. */
struct schema_set *schema_set_unref(struct schema_set *s);
static inline void schema_set_unrefp(struct schema_set **s) { *s = schema_set_unref(*s); }
#define _cleanup_schema_set_ _cleanup_(schema_set_unrefp)

/* The served versions, in the order of the CRD; and all of them with `served` false. */
size_t schema_set_count(const struct schema_set *s);
const struct schema_resource *schema_set_at(const struct schema_set *s, size_t i);
bool schema_set_served(const struct schema_set *s, size_t i);

/* What is particular to a custom resource. */
struct schema_custom {
	const yyjson_mut_val *schema;   /* openAPIV3Schema, owned by the set; NULL when there is none */
	const char *scale_spec, *scale_status, *scale_selector; /* JSONPaths of the scale subresource; NULL without */
	bool preserve_unknown;          /* nothing is pruned */
	bool as_stored;                 /* all that is stored was written by this very schema: it need not be pruned and defaulted again */
	bool has_rules;                 /* the schema has x-kubernetes-validations, which nothing evaluates */
	const char *deprecation;        /* warning text of a deprecated version, or NULL */
};
/* Has a schema (openAPIV3Schema; NULL: none) x-kubernetes-validations anywhere? Also true when there is no memory to look. */
bool schema_has_rules(const yyjson_mut_val *schema);
/* NULL for built-in resources. */
const struct schema_custom *schema_custom_of(const struct schema_resource *r);
