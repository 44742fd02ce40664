/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs run for the user (diff, an editor): they get our standard streams, and we wait. */
#pragma once

#include "ctl/ctl.h"

/* Flushes what was printed, finds argv[0] on PATH, runs it. Its exit code (128 + the signal that ended it), or -errno when it could not
 * be run. */
int spawn_wait(struct ctl *c, char *const *argv);
