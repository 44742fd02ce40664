/* SPDX-License-Identifier: Apache-2.0 */
/* Values of custom resources against their openAPIV3Schema, with go-openapi's and Kubernetes' texts (apiextensions-apiserver). */
#pragma once

#include "schema/schema.h"

/* Complains when kind and apiVersion are not those of the resource. 0 or -ENOMEM. */
int crd_validate_kind(const struct schema_resource *r, struct arena *a, const yyjson_mut_val *obj, struct schema_errors *errs);
/* Appends complaints. `old` (NULL on create) forgives faults that did not change (KEP-4008). `sub` NULL: the whole object;
 * "status": only that part. 0 (also with complaints) or -ENOMEM. */
int crd_validate(const struct schema_resource *r, const struct schema_subresource *sub, struct arena *a,
		 const yyjson_mut_val *obj, const yyjson_mut_val *old, struct schema_errors *errs);
