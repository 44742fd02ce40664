/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the files of a volume so that a reader always sees one complete version: real files in a timestamped directory,
 * `..data` a link to it that is switched by rename, visible names links through `..data` (pkg/volume/util/atomic_writer.go).
 */
#pragma once

#include "base/arena.h"
#include "base/env.h"

#include <sys/types.h>

struct volume_file {
	struct slice path;  /* relative, "a/b" allowed */
	struct slice bytes;
	mode_t mode;
	int64_t uid;        /* -1: root */
};

/* Whether a path may be used (relative, no "..", first element not beginning with "..", lengths). */
bool volume_path_valid(struct slice path);

/* Makes the volume at `dir` (which exists) hold exactly these files. fs_group -1: none; else group and modes are set on
 * the new version before the switch (ownership.h). The pod's content must not be able to write `dir`.
 * 1 written, 0 nothing had changed, -EINVAL a path is not allowed, -errno. */
int atomic_writer_write(const char *dir, const struct volume_file *files, size_t n, int64_t fs_group, const struct env *env);
