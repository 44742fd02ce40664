/* SPDX-License-Identifier: Apache-2.0 */
/* What set's commands share. */
#pragma once

#include "ctl/command.h"

extern const struct command set_env;
/* --all, --local, -l, --field-manager */
extern const struct flag set_flags[];

/* The objects that arguments or -f name. 0 or 1 with a fault noted. */
int set_pick(struct ctl *c, const char *const *args, size_t n, struct infos *ret);
/* Notes that a kind has no pods. 1. */
int set_no_pod(struct ctl *c, const struct info *i);
