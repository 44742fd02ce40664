/* SPDX-License-Identifier: Apache-2.0 */
/* Paths that a container controls, opened without ever leaving its root (openat2(2) RESOLVE_IN_ROOT). */
#pragma once

#include "base/arena.h"

/* Opens `path` as the container would see it. `flags`: open(2) flags (O_CLOEXEC is added). A descriptor or -errno. */
int rootfs_open(const char *root, const char *path, int flags);
/* A regular file of at most `max` bytes, in the arena. 0, -EFBIG, -errno. */
int rootfs_read(struct arena *a, const char *root, const char *path, size_t max, struct slice *ret);
/* Opens `path` below the directory `root` refusing every link and every "..": for subPath (CVE-2021-25741). Missing parts
 * are made as directories with `mode` when `create`. A descriptor (O_PATH) or -errno. */
int rootfs_open_beneath(const char *root, const char *path, bool create, unsigned mode);
/* Makes the mount target inside the root as a directory or an empty file, so that the runtime finds it. 0 or -errno. */
int rootfs_make_target(const char *root, const char *path, bool directory);
