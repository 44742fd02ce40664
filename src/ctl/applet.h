/* SPDX-License-Identifier: Apache-2.0 */
/* Small programs by another name of this one: images with nothing but k8ctl in them still need something to wait with. */
#pragma once

#include <stdbool.h>

/* Runs what argv[0] names ("sleep", "cat", "true"): true with its exit code in *ret, or false when it names none of them. */
bool applet_run(int argc, char **argv, int *ret);
