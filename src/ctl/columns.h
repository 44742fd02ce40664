/* SPDX-License-Identifier: Apache-2.0 */
/* -o custom-columns=NAME:.metadata.name,... */
#pragma once

#include "ctl/ctl.h"

#define COLUMNS_MAX 200u

struct columns;
int columns_new(struct ctl *c, const char *spec, bool headers, struct columns **ret);
int columns_print(struct ctl *c, struct columns *p, yyjson_mut_val *obj);
void columns_finish(struct ctl *c, struct columns *p);
