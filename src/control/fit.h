/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a pod fit a node? Filters of the default scheduler as a table: each says yes, or why not in the words of the
 * FailedScheduling event (pkg/scheduler/framework/plugins). Pure: trees in, an answer out.
 */
#pragma once

#include "base/arena.h"
#include "codec/json.h"

/* What pods use of a node, and what it has: milli-CPUs, bytes, pods. */
struct fit_use { int64_t cpu, memory, ephemeral, pods; };

/* Requests of a pod: containers summed, init containers by maximum, sidecars added, overhead (KEP-753). */
struct fit_use fit_requests(const yyjson_mut_val *pod);
/* status.allocatable (or capacity). */
struct fit_use fit_allocatable(const yyjson_mut_val *node);

struct fit_node {
	const yyjson_mut_val *node;
	struct fit_use used, has;
	const struct fit_ports *ports; /* host ports in use */
};
struct fit_ports { int64_t port; struct slice protocol, ip; const struct fit_ports *next; };
/* Host ports a pod takes, before `next`. NULL only when it takes none and next is NULL, or out of memory. */
const struct fit_ports *fit_host_ports(struct arena *a, const yyjson_mut_val *pod, const struct fit_ports *next);

/* NULL: it fits. Else the reason ("Insufficient cpu", "node(s) were unschedulable", ...), static or in the arena. */
const char *fit_check(struct arena *a, const yyjson_mut_val *pod, const struct fit_use *wants, const struct fit_node *n);
/* Higher is better: the emptier node, preferred node affinity. */
int64_t fit_score(struct arena *a, const yyjson_mut_val *pod, const struct fit_use *wants, const struct fit_node *n);
