/* SPDX-License-Identifier: Apache-2.0 */
/* The pod's states as a table. */
#pragma once

#include "node/pod/pod.h"

/* One look at the pod; see pod.h. Called by pod_kick's turn only. The caller holds a reference. */
void pod_sync(struct pod *p);
