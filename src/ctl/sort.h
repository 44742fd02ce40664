/* SPDX-License-Identifier: Apache-2.0 */
/* --sort-by: objects, or rows of Tables by their objects, in the order of a field. */
#pragma once

#include "ctl/ctl.h"

/* Sorts the elements of an array; `at` (or NULL) is the member that holds the object ("object" of a row). Stable. 0, or 1 with a
 * fault noted (a bad path, a field that nothing has). */
int sort_by(struct ctl *c, yyjson_mut_val *list, const char *path, const char *at);
