/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects every cluster has: system namespaces, RBAC's bootstrap policy, priority classes, flow schemas, the service range, the
 * kubernetes Service with its endpoints, and so on (pkg/controlplane, and the rest storages). They are made through the API's own
 * front door, by system:apiserver; what is there and right is left alone, what is gone is made again.
 */
#pragma once

#include "api/api.h"

struct bootstrap;
/* Begins on the first loop; api->bootstrapped becomes true when all is there. 0 or -ENOMEM. */
int bootstrap_start(struct api *api, struct bootstrap **ret, const char **ret_msg);
/* No further rounds are begun. Not from a loop. NULL is allowed. */
void bootstrap_stop(struct bootstrap *b);
/* After the loops have let go of it. NULL is allowed. */
void bootstrap_free(struct bootstrap *b);
