/* SPDX-License-Identifier: Apache-2.0 */
/* The Node object: registration, status, and the Lease that says the agent lives (pkg/kubelet/kubelet_node_status.go, nodelease). */
#pragma once

#include "base/compiler.h"

struct node_agent;
struct node_status;

/* Registers (or takes over) the Node and begins the heartbeats. 0 or -ENOMEM. */
int node_status_start(struct node_agent *a, struct node_status **ret);
void node_status_free(struct node_status *s);

#include "base/buf.h"
/* The Node as created; and the status patch. Pure but for clock and disk. 0 or b->err. */
int node_object_write(struct buf *b, struct node_agent *a);
int node_status_patch_write(struct buf *b, struct node_agent *a, bool with_times);
