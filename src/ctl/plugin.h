/* SPDX-License-Identifier: Apache-2.0 */
/* Programs named kubectl-* on PATH as commands. */
#pragma once

#include "ctl/ctl.h"

#define PLUGIN_WORDS_MAX 16

/* Runs the plugin whose name holds the most of the leading words of argv in this process's place; returns when there is none. */
void plugin_try(struct ctl *c, char **argv);
