/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations on objects of any kind, custom ones included: get, list, create, update, patch, delete, and their subresources.
 */
#pragma once

#include <k8c/request.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What kind, where, which. */
struct k8c_target {
	const char *group;       /* "" or NULL: core */
	const char *version;     /* "v1" */
	const char *resource;    /* plural: "pods" */
	const char *ns;          /* NULL: cluster-scoped, or all namespaces */
	const char *name;        /* NULL: the collection */
	const char *subresource; /* "status", or NULL */
};
/* Path of a target, escaped; the caller frees it. NULL when out of memory. */
K8C_EXPORT char *k8c_target_path(const struct k8c_target *t);

enum k8c_verb { K8C_GET, K8C_LIST, K8C_CREATE, K8C_UPDATE, K8C_PATCH, K8C_DELETE, K8C_DELETE_COLLECTION };
enum k8c_patch { K8C_PATCH_MERGE, K8C_PATCH_JSON, K8C_PATCH_STRATEGIC, K8C_PATCH_APPLY };
enum k8c_propagation { K8C_PROPAGATION_DEFAULT, K8C_PROPAGATION_BACKGROUND, K8C_PROPAGATION_FOREGROUND, K8C_PROPAGATION_ORPHAN };

struct k8c_op {
	size_t size;
	enum k8c_verb verb;
	struct k8c_target target;
	struct k8c_bytes body;         /* create, update, patch: JSON (apply: YAML or JSON) */
	enum k8c_patch patch;
	/* reading */
	const char *label_selector, *field_selector;
	const char *resource_version;  /* get, list, watch */
	uint32_t limit;                /* list: page size; 0: 500 for k8c_list_start, none for a plain list */
	const char *cont;              /* continue token */
	/* writing */
	const char *field_manager, *field_validation;
	bool force;                    /* apply */
	bool dry_run;
	/* deleting */
	bool has_grace;
	int64_t grace_seconds;
	enum k8c_propagation propagation;
	const char *precondition_uid, *precondition_rv;
	/* any */
	const char *accept;            /* NULL: application/json */
	uint32_t timeout_ms;
	unsigned flags;
};
/* One request for it, as k8c_request_start. -EINVAL also when the target lacks what the verb needs (a name, a body). on_data may be
 * NULL. */
K8C_EXPORT int k8c_op_start(struct k8c_client *c, const struct k8c_op *op, const struct k8c_request_handler *h, void *ctx,
			    struct k8c_call **ret);
/* The same, blocking: as k8c_request_wait. */
K8C_EXPORT int k8c_op_wait(struct k8c_client *c, const struct k8c_op *op, struct k8c_reply **ret);

#ifdef __cplusplus
}
#endif
