/* SPDX-License-Identifier: Apache-2.0 */
/* The admission plugins, one file each; admit/table.c puts them in order. */
#pragma once

#include "api/admit.h"
#include "api/internal.h"

extern const struct admit_plugin admit_namespace_lifecycle;
extern const struct admit_plugin admit_service_account;
extern const struct admit_plugin admit_node_restriction;
extern const struct admit_plugin admit_taint_nodes_by_condition;
extern const struct admit_plugin admit_priority;
extern const struct admit_plugin admit_default_toleration_seconds;
extern const struct admit_plugin admit_limit_ranger;
extern const struct admit_plugin admit_pod_security;
extern const struct admit_plugin admit_default_storage_class;
extern const struct admit_plugin admit_storage_in_use;
extern const struct admit_plugin admit_claim_resize;
extern const struct admit_plugin admit_runtime_class;
extern const struct admit_plugin admit_certificate_approval;
extern const struct admit_plugin admit_certificate_signing;
extern const struct admit_plugin admit_certificate_subject;
extern const struct admit_plugin admit_default_ingress_class;
extern const struct admit_plugin admit_mutating_webhook;
extern const struct admit_plugin admit_validating_webhook;
extern const struct admit_plugin admit_resource_quota;

/* ---- what several of them need ---- */

/* Calls fn for every container of a pod spec: init, then regular, then ephemeral. `what` is "initContainers", "containers",
 * "ephemeralContainers". Stops at the first non-zero result and returns it. */
typedef int (*pod_container_fn)(void *ctx, const char *what, yyjson_mut_val *container);
int pod_each_container(const yyjson_mut_val *spec, pod_container_fn fn, void *ctx);
/* Is it a mirror pod (annotation kubernetes.io/config.mirror)? */
bool pod_is_mirror(const yyjson_mut_val *pod);
/* An annotation's or label's value: `part` is "annotations" or "labels". SLICE_NULL (p NULL) when absent. */
struct slice meta_entry(const yyjson_mut_val *obj, const char *part, const char *key);
