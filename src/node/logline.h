/* SPDX-License-Identifier: Apache-2.0 */
/* The message of a logrus line, as skopeo and runc print their errors: time="..." level=fatal msg="text with \" quotes". */
#pragma once

#include "base/arena.h"

/* The unquoted message in the arena; the trimmed line itself when it is none. NULL when out of memory. */
const char *logline_message(struct arena *a, struct slice line);
