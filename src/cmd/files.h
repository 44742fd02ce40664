/* SPDX-License-Identifier: Apache-2.0 */
/* Small files of the data directory: read whole, written atomically and durably. */
#pragma once

#include "base/buf.h"

#define FILE_MAX (1024u * 1024u)

/* Appends a file's bytes. 0, -ENOENT, -E2BIG, other -errno. */
int file_read(const char *path, struct buf *out);
/* Writes a temporary file beside it, syncs, renames over `path`, syncs the folder. 0 or -errno. */
int file_write(const char *path, struct slice bytes, unsigned mode);
/* mkdir -p. 0 or -errno. */
int dir_make(const char *path, unsigned mode);
/* Removes a tree that was made by mkdtemp. Does not follow links, does not cross file systems. 0 or -errno. */
int dir_remove(const char *path);
