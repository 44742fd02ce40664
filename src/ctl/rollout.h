/* SPDX-License-Identifier: Apache-2.0 */
/* What rollout's commands share. */
#pragma once

#include "ctl/command.h"

extern const struct command rollout_status;
/* -l */
extern const struct flag rollout_flags[];

/* The objects that arguments or -f name, read. 0 or 1 with a fault noted. */
int rollout_pick(struct ctl *c, const char *const *args, size_t n, struct infos *ret);
