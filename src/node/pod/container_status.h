/* SPDX-License-Identifier: Apache-2.0 */
/* One element of containerStatuses. */
#pragma once

#include "node/pod/pod.h"

#define CONTAINER_ID_PREFIX "k8c://"

/* 0 or b->err. */
int container_status_write(struct buf *b, const struct container *c);
/* A run that has ended is the container's state until the next one is waited for with a reason; then it is lastState. */
bool container_shows_end(const struct container *c);
