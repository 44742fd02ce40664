/* SPDX-License-Identifier: Apache-2.0 */
/* -o jsonpath and jsonpath-as-json. */
#pragma once

#include "ctl/ctl.h"

struct jsonpath_printer;
int jsonpath_printer_new(struct ctl *c, const char *text, bool allow_missing, bool as_json, struct jsonpath_printer **ret);
int jsonpath_printer_print(struct ctl *c, struct jsonpath_printer *p, yyjson_mut_val *obj);
