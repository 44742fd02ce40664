/* SPDX-License-Identifier: Apache-2.0 */
/* What the two endpoint controllers have in common: a service's pods, their readiness, and ports by number or name. */
#pragma once

#include "control/controller.h"

/* Queues the services of a pod's namespace that select it. */
void service_queue_of_pod(struct controller *c, struct k8c_object *pod);
/* The pods a service selects that have an address, sorted by name; terminal ones left out. NULL when out of memory. */
struct k8c_object **service_pods(struct task *t, const yyjson_mut_val *service, size_t *ret_n);
bool service_pod_ready(const yyjson_mut_val *pod);
bool service_pod_terminating(const yyjson_mut_val *pod);
/* Number a service port has on a pod: targetPort, a container port of that name, or the service's own. 0: the pod has none. */
int64_t service_port_on(const yyjson_mut_val *port, const yyjson_mut_val *pod);
/* {"kind":"Pod","namespace":...,"name":...,"uid":...}. NULL when out of memory. */
yyjson_mut_val *service_pod_reference(yyjson_mut_doc *doc, const yyjson_mut_val *pod);
