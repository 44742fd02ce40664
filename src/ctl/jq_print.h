/* SPDX-License-Identifier: Apache-2.0 */
/* -o jq=EXPR: as `jq -r` prints it: text bare, other values as indented JSON. */
#pragma once

#include "ctl/ctl.h"
#include "ctl/jq.h"

int jq_printer_new(struct ctl *c, const char *text, struct jq **ret);
/* 0, or 1 with a fault noted; what came before it is printed. */
int jq_printer_print(struct ctl *c, const struct jq *q, yyjson_mut_val *obj);
