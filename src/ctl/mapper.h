/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server serves, and what a user means by "po", "deployments.apps", "deploy.v1.apps", "Pod" or "all". From aggregated
 * discovery (KEP-3352), or group by group where a server has none.
 */
#pragma once

#include "ctl/ctl.h"

#define MAPPER_RESOURCES_MAX 20000u

struct resource {
	const char *group, *version, *name, *kind, *singular;
	struct strings verbs, shorts, categories, subresources;
	bool namespaced;
	bool preferred; /* of the preferred version of its group, among those that serve it */
};

struct mapper {
	struct resource *v; /* groups and versions in discovery order */
	size_t n, cap;
	struct strings group_versions; /* "v1", "apps/v1", ... as discovered */
	struct strings failed;         /* groups whose discovery did not answer */
};

/* Asks the server once. 0, or 1 with a fault noted. */
int mapper_load(struct ctl *c);
/* What `arg` names. NULL with a fault noted: the server doesn't have a resource type "x". */
const struct resource *mapper_resource(struct ctl *c, const char *arg);
/* The same without a fault. */
const struct resource *mapper_find(struct ctl *c, const char *arg);
/* NULL when there is none; version "" takes the preferred one. The mapper must be loaded. */
const struct resource *mapper_kind(struct ctl *c, const char *group, const char *version, const char *kind);
/* Resources of a category (preferred versions, listable); 0 when there is no such category. */
size_t mapper_category(struct ctl *c, const char *name, const struct resource ***ret);
bool resource_can(const struct resource *r, const char *verb);
/* "deployments.apps", "pods" */
const char *resource_qualified(struct ctl *c, const struct resource *r);
/* "deployment.apps", "pod": what stands before the slash of a name. */
const char *resource_kind_name(struct ctl *c, const struct resource *r);
/* Cuts "apps/v1" into group and version. */
void api_version_split(struct ctl *c, const char *api_version, const char **ret_group, const char **ret_version);
const char *api_version_join(struct ctl *c, const char *group, const char *version);
/* Path of an object (name NULL: the collection; ns NULL or "": none; sub NULL: none). */
const char *resource_path(struct ctl *c, const struct resource *r, const char *ns, const char *name, const char *sub);
