/* SPDX-License-Identifier: Apache-2.0 */
/* Small file operations of the agent. They block: short ones are fine on the loop, trees belong on work_run. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#include <sys/types.h>

/* Creates a directory and its missing parents. 0 (also when it exists) or -errno. */
int files_mkdir_p(const char *path, mode_t mode);
/* Writes `path` by a temporary file and a rename, so that a reader sees the old or the new bytes; fsync when `durable`.
 * 0 or -errno. */
int files_write(const char *path, struct slice bytes, mode_t mode, bool durable);
/* Appends the whole file. O_NOFOLLOW, regular files only. 0, -EFBIG when it is longer than the buffer may grow, -errno. */
int files_read(const char *path, struct buf *ret);
/* The file in the arena, NUL-terminated. 0, -EFBIG (over `max`), -errno. */
int files_read_arena(struct arena *a, const char *path, size_t max, struct slice *ret);
/* Removes a tree without following links or crossing into other file systems. 0 (also when it is absent) or -errno. */
int files_remove_tree(const char *path);
/* Unmounts everything mounted at or below `path`, deepest first (lazily when busy). 0 or -errno. */
int files_unmount_below(const char *path);
/* Bytes allocated to the tree (hard links counted once per entry). 0 when it cannot be read. */
uint64_t files_tree_bytes(const char *path);
/* True when a mount stands at exactly this path. */
bool files_is_mount(const char *path);
