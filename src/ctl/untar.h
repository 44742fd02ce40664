/* SPDX-License-Identifier: Apache-2.0 */
/* An archive from a pod, unpacked below one local path and nowhere else: names with "..", absolute ones, links and devices are left
 * out, and no link that lies below the target is followed. */
#pragma once

#include "ctl/ctl.h"
#include "ctl/tar.h"

struct untar;
/* `prefix` is the remote path as the archive's names begin; what is behind it goes to `target` (which becomes the file itself when
 * the archive is one file). `hint` completes the warning about links. 0 or -errno. */
int untar_new(struct ctl *c, const char *prefix, const char *target, const char *hint, struct untar **ret);
/* 0, or negative with a fault noted. */
int untar_feed(struct untar *u, struct slice bytes);
/* 0, or 1 with a fault: the archive is incomplete, or nothing was in it. */
int untar_finish(struct untar *u);
