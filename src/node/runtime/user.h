/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which user a container runs as: pod and container securityContext over the image's USER, names resolved in the
 * container's own /etc/passwd and /etc/group (read inside its root; links cannot leave it).
 * Sources: API reference SecurityContext and PodSecurityContext; OCI image spec config.md "User".
 */
#pragma once

#include "base/arena.h"
#include "codec/json.h"

#include <sys/types.h>

struct container_user {
	uint32_t uid, gid;
	uint32_t *groups; /* additional */
	size_t n_groups;
	const char *home; /* from passwd, "/" when unknown */
};

struct user_request {
	const yyjson_mut_val *pod;       /* spec.securityContext; may be NULL */
	const yyjson_mut_val *container; /* container.securityContext; may be NULL */
	struct slice image_user;         /* USER of the image: "", "1000", "name", "name:group" */
	const char *rootfs;              /* mounted root */
	const char *pod_text;            /* "name_namespace(uid)", for messages */
	const char *container_name;
};

/* 0; -EPERM runAsNonRoot refuses, -ENOENT a name is unknown, -EINVAL the image's USER is malformed (for these three
 * *ret_why is the message in the arena); -ENOMEM. */
int container_user_resolve(struct arena *a, const struct user_request *q, struct container_user *ret, const char **ret_why);
