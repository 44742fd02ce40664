/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this node can take the pod at all (pkg/kubelet/lifecycle/predicate.go). */
#pragma once

#include "node/pod/pod.h"

/* True, or false with allocated reason ("OutOfcpu", "NodeAffinity", ...) and message. */
bool pod_admit(struct pod *p, char **ret_reason, char **ret_message);

struct admission_room {
	const char *resource;  /* "cpu", "memory", "pods", ... */
	int64_t capacity, used, requested;
};
/* NULL when it fits, else the allocated message "Node didn't have enough resource: cpu, requested: 5000, used: 0, capacity: 2000". */
char *admission_check(const struct admission_room *r);
