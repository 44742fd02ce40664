/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libk8c's transport inside the process: requests of controllers and of the node agent reach the API server's loops by mailbox, as
 * requests of a given user, authorised like any other.
 */
#pragma once

#include "api/api.h"
#include "client/attach.h"

/* A client on `l` that acts as `component`: see control/control.h and node/agent.h. From l's thread. 0 or -errno. */
int inproc_client(struct api *api, struct loop *l, const struct env *env, const char *component, struct k8c_client **ret);
