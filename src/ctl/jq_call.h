/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on text, for the table of all. Inside of jq_*.c only. */
#pragma once

#include "ctl/jq_node.h"

extern const struct jq_function jq_text_functions[];
extern const size_t jq_text_functions_n;
/* Characters of UTF-8 text. */
size_t jq_runes(struct slice s);
