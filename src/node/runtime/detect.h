/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine offers for running containers, and one clear sentence about what is missing. */
#pragma once

#include "base/arena.h"

enum cgroup_layout {
	CGROUP_NONE,
	CGROUP_V1,
	CGROUP_HYBRID, /* v1 controllers and a cgroup2 mount beside them */
	CGROUP_V2,
};

struct runtime_facts {
	const char *runtime;         /* path of crun or runc */
	bool is_crun;
	const char *conmon;
	const char *cni_dir;         /* folder of the CNI plugins */
	enum cgroup_layout cgroups;
	uint64_t capabilities;       /* what containers can be given (capabilities.h) */
	int oom_score_adj_min;       /* lowest value that may be asked for */
	bool may_raise_limits;       /* CAP_SYS_RESOURCE */
};

/* Looks at the machine below `root` ("" for the real one; tests pass a planted tree) with the search path `path` (NULL: PATH).
 * 0; -EPERM not root, -ENOENT something is missing (*ret_why: which package to install, in the arena); -ENOMEM. */
int runtime_detect(struct arena *a, const char *root, const char *path, struct runtime_facts *ret, const char **ret_why);
/* The layout of a mounted /sys/fs/cgroup below `root`. */
enum cgroup_layout cgroup_layout_detect(const char *root);
