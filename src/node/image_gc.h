/* SPDX-License-Identifier: Apache-2.0 */
/* Images nobody needs go when the disk gets full (pkg/kubelet/images image_gc_manager: above 85 %). */
#pragma once

struct node_agent;

/* Looks at the disk and collects when less than IMAGE_GC_FREE_PERCENT is free. Once a minute. */
void image_gc_look(struct node_agent *a);
