/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cluster's RBAC objects, read with the caller's own rights, and what follows from them for an identity.
 * Source of the rules: Kubernetes' RBAC reference (rbac.authorization.k8s.io/v1): "*" in every field, "pods/log" and "*" + "/log" for
 * subresources, resourceNames only for requests with a name, nonResourceURLs with a "*" at the end.
 */
#pragma once

#include "ctl/infos.h"

#define RBAC_GROUP "rbac.authorization.k8s.io"

struct rbac {
	struct infos roles, cluster_roles, bindings, cluster_bindings;
};

/* What is asked for. */
struct ask {
	const char *verb;
	const char *group, *resource, *sub, *name; /* sub, name: "" when none */
	const char *ns;      /* "" : cluster-wide, or all namespaces */
	const char *url;     /* not NULL: no resource */
	bool namespaced;     /* the resource lies in namespaces */
};

/* Who asks. */
struct identity {
	const char *user;
	struct strings groups;
	const char *account_ns, *account; /* of a service account; or NULL */
};

/* Role bindings and roles of all namespaces; ones that the caller may not read are a fault. 0 or 1. */
int rbac_load(struct ctl *c, struct rbac *ret);
/* The object a binding's roleRef names; NULL when there is none (it dangles). */
const struct info *rbac_role_of(const struct rbac *r, const struct info *binding);
/* True when a rule allows it. */
bool rule_allows(const yyjson_mut_val *rule, const struct ask *a);
/* The first rule of a role that allows it, or NULL. */
const yyjson_mut_val *role_allows(const struct info *role, const struct ask *a);
/* True when a binding counts for the request's place: a ClusterRoleBinding everywhere, a RoleBinding in its namespace. */
bool binding_reaches(const struct info *binding, const struct ask *a);
/* The first subject that is this identity, or NULL. */
const yyjson_mut_val *binding_subject(const struct info *binding, const struct identity *who);
/* "list" has "x" or "*". */
bool rule_has(const yyjson_mut_val *rule, const char *list, const char *text);
/* True when a rule's resources name it with its subresource, whatever the group and verbs. */
bool rule_names_resource(const yyjson_mut_val *rule, const struct ask *a);

/* "RoleBinding ns/name", "ClusterRole name" */
const char *rbac_name(struct ctl *c, const struct info *i);
/* What a roleRef names, in the same form. */
const char *rbac_ref_name(struct ctl *c, const struct info *binding);
/* "ServiceAccount ns/name", "Group x" */
const char *subject_name(struct ctl *c, const yyjson_mut_val *subject);
