/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on requests and limits: QoS class, what a pod needs of a node, what a container's cgroup gets. */
#pragma once

#include "codec/json.h"
#include "codec/quantity.h"

/* resources.<which>.<name> of a container; zero when absent. `which`: "requests" (falls back to limits) or "limits". */
struct quantity container_resource(const yyjson_mut_val *container, const char *which, const char *name);
/* What the pod needs of `name`: containers and sidecars together, or the largest init container, plus overhead
 * (KEP-753; pod-level resources when set). */
struct quantity pod_request(const yyjson_mut_val *pod, const char *name);
/* "Guaranteed", "Burstable", "BestEffort" (pkg/apis/core/v1/helper/qos). */
const char *pod_qos_class(const yyjson_mut_val *pod);
/* True for an init container with restartPolicy Always. */
bool container_is_sidecar(const yyjson_mut_val *init_container);

/* pkg/kubelet/cm helpers: shares from a request, quota (microseconds per 100 ms, 0 none) from a limit. */
uint64_t cpu_shares_of(int64_t milli);
int64_t cpu_quota_of(int64_t milli);
/* pkg/kubelet/qos: -997, 1000 or in between by the memory request's part of the machine. */
int oom_score_adj_of(const char *qos, int64_t memory_request, int64_t memory_capacity, bool critical);
