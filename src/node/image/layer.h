/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacks one layer archive into its own directory, in overlayfs' form: whiteout files become 0:0 character devices,
 * opaque markers the attribute trusted.overlay.opaque (OCI image spec, layer.md; kernel overlayfs documentation). The
 * archive is read by tar(1), which strips absolute and ".." names and creates links last.
 */
#pragma once

#include "loop/loop.h"

/* Unpacks `archive` to `dir` (missing again after a failure; left alone when somebody else made it meanwhile). done(ctx, 0 or -errno, text for people
 * or NULL) runs on the loop. 0, or -errno and `done` does not run. */
int layer_unpack(struct loop *l, const char *archive, const char *dir, void (*done)(void *ctx, int err, const char *why),
		 void *ctx);
/* The second half: turns the markers inside an unpacked tree into overlayfs'. Blocks. 0 or -errno. */
int layer_convert_whiteouts(const char *dir);
