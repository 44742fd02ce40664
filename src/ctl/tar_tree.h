/* SPDX-License-Identifier: Apache-2.0 */
/* Local files and folders as an archive, read piece by piece. Links are taken as what they point to; sockets and devices are left
 * out. */
#pragma once

#include "ctl/ctl.h"

#define TAR_TREE_ENTRIES_MAX 10000000u

struct tar_tree;
/* `path` and everything below it, under the name `as` in the archive. 0, or 1 with a fault noted. */
int tar_tree_new(struct ctl *c, const char *path, const char *as, struct tar_tree **ret);
/* The next bytes: their number, 0 at the end, -errno with a fault noted. */
ssize_t tar_tree_read(struct tar_tree *t, char *buf, size_t size);
