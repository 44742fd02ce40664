/* SPDX-License-Identifier: Apache-2.0 */
/* What the API is told of a pod (pkg/kubelet/status, kubelet_pods.go generateAPIPodStatus). */
#pragma once

#include "node/pod/pod.h"

/* "Pending", "Running", "Succeeded", "Failed" by the states of the containers. */
const char *pod_phase(const struct pod *p);
/* Appends {"metadata":{"uid":..},"status":{..}}, a merge patch. 0 or b->err. */
int pod_status_write(struct buf *b, struct pod *p);
/* Sends the status when it differs from what the API has; afterwards the final delete when the pod is through. */
void pod_status_publish(struct pod *p);
/* Removes the object for good once the last status is there: grace period 0, only this uid. */
void pod_delete_from_api(struct pod *p);
/* Takes over what the object's conditions say about transition times. */
void pod_conditions_load(struct pod *p);
/* True when the pod counts as ready by its containers and readiness gates. */
bool pod_is_ready(const struct pod *p);
