/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RBAC objects every cluster starts with (plugin/pkg/auth/authorizer/rbac/bootstrappolicy), compiled from schema/rbac/, and
 * how they are brought into line with what is stored (component-helpers/auth/rbac/reconciliation). Pure; any thread.
 */
#pragma once

#include "access/access.h"
#include "codec/json.h"

struct access_bootstrap_object {
	struct slice resource; /* "rbac.authorization.k8s.io/clusterroles" */
	struct slice ns, name;
	struct slice json;     /* desired, without uid, creationTimestamp and resourceVersion; kind and apiVersion first */
};
/* The i-th object, roles before the bindings that need them; false past the end. The memory is static. */
bool access_bootstrap_object(size_t i, struct access_bootstrap_object *ret);

enum access_reconcile {
	ACCESS_RECONCILE_NONE,     /* as it should be, or protected by the annotation autoupdate "false" */
	ACCESS_RECONCILE_UPDATE,   /* `existing` has been changed: write it */
	ACCESS_RECONCILE_RECREATE, /* the binding refers to another role: delete `existing`, create `desired` */
};
/* Adds to the stored tree `existing` (in `doc`) the labels, annotations, rules, selectors and subjects of `desired` that it
 * lacks; takes nothing away but an aggregation rule that does not belong. An enum access_reconcile, or -ENOMEM. */
int access_bootstrap_reconcile(struct arena *a, yyjson_mut_doc *doc, yyjson_mut_val *existing, const yyjson_mut_val *desired);
