/* SPDX-License-Identifier: Apache-2.0 */
/* fsGroup (pkg/volume/volume_linux.go): group and group permissions of a volume's tree. */
#pragma once

#include "base/compiler.h"

/* Recursive, no link is followed: group `gid` on everything; files |= 0440 (0660 when writable), directories |= 0550 (0770) and
 * setgid. `on_root_mismatch`: skip the walk when the root already is as wanted. 0 or -errno. Blocks. */
int volume_set_group(const char *path, uint32_t gid, bool writable, bool on_root_mismatch);
