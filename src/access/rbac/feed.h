/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the published rules up with the store: recompiles on acc->loop when RBAC objects have changed. */
#pragma once

#include "access/server.h"

/* Compiles and publishes the first set on the calling thread, then follows when acc->loop is set. 0 or -errno. */
int rbac_feed_start(struct access *acc);
/* Stops following. Waits for the loop unless called on it. */
void rbac_feed_stop(struct access *acc);
