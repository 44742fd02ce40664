/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's cgroups: the runtime makes those of containers, the agent removes what is left of pods. */
#pragma once

#include "base/compiler.h"

/* Removes the (empty) cgroup `path` and what is below it in every mounted hierarchy. 0, -EBUSY processes are left, -errno. */
int cgroup_remove(const char *path);
/* Kills every process in the cgroup `path` and below, in whichever hierarchy it is found. Returns how many were signalled. */
size_t cgroup_kill(const char *path);
