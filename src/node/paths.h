/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the agent keeps what. `base` (DATA/agent) survives a reboot, `run` (/run/k8c/<8 hex of the data directory>) does not:
 *   base/pods/<uid>/state.json          what the agent knows of the pod (pod/record.h)
 *   base/pods/<uid>/{hosts,hostname,resolv.conf}, shm/, volumes/<plugin>/<volume>/, containers/<name>/termination-log
 *   base/containers/<id>/               OCI bundle: config.json, upper/, work/, rootfs/ (overlay mount)
 *   base/logs/<ns>_<pod>_<uid>/<container>/<n>.log
 *   base/pause/pause                    the first process of shared process namespaces
 *   base/images/                        image/store.h
 *   base/cni/                           host-local's leases
 *   run/runtime/  run/s/<id>/attach  run/exits/<id>  run/ns/<uid>/{net,ipc,uts,pid}
 */
#pragma once

#include "base/arena.h"

struct node_paths {
	const char *base, *run;
	const char *cgroup; /* "/k8c-<8 hex>": name of the agent's cgroup in every hierarchy */
	const char *tag;    /* the 8 hex digits */
};

/* Absolute data directory. The strings are in the arena. 0, -EINVAL (not absolute or too long), -ENOMEM. */
int node_paths_init(struct arena *a, const char *data_dir, struct node_paths *ret);
/* Makes the folders. 0 or -errno. */
int node_paths_make(const struct node_paths *p);
/* True for what may become a file name here: [a-zA-Z0-9_.-]+, not "." or "..", at most 255. */
bool node_name_is_safe(struct slice name);
