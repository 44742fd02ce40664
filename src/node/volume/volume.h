/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes of a pod as directories of the node: a table of plugins, one line per kind. Setting up is idempotent and is
 * repeated while the pod runs, which is how changed ConfigMaps and rotated tokens get in.
 */
#pragma once

#include "base/env.h"
#include "node/volume/payload.h"

struct volume_context {
	struct arena *arena;            /* of this look at the pod */
	const struct env *env;
	const char *pod_dir;            /* base/pods/<uid> */
	const yyjson_mut_val *pod;
	struct payload_context payload;
};

/* Makes (or refreshes) one volume of spec.volumes. *ret_path: what to bind into containers (arena).
 * 0; -EAGAIN; or another negative errno with *ret_why, the text behind `MountVolume.SetUp failed for volume "x" : `. */
int volume_set_up(const struct volume_context *c, const yyjson_mut_val *volume, const char **ret_path, const char **ret_why);
/* Where volume_set_up has put (or will put) it, in the arena; NULL for an unknown kind or out of memory. */
const char *volume_path(const struct volume_context *c, const yyjson_mut_val *volume);
/* True for kinds whose files are the agent's: mounts are always read-only in containers, and setting up again refreshes. */
bool volume_is_managed(const yyjson_mut_val *volume);
/* Unmounts and removes all volumes below pod_dir. Blocks (whole trees): on a worker. 0 or -errno. */
int volumes_tear_down(const char *pod_dir);
