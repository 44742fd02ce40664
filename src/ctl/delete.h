/* SPDX-License-Identifier: Apache-2.0 */
/* Deleting as a step of other commands (apply --force, replace --force, --prune). */
#pragma once

#include "ctl/infos.h"

/* --cascade, --force, --grace-period, --timeout, --wait as commands other than delete have them. */
extern const struct flag delete_step_flags[];

/* Checks --cascade and --grace-period. The propagation policy, or NULL with a fault noted. */
const char *delete_policy(struct ctl *c);
/* Sends the deletion (in a dry run of the server as one). 0; 1 with a fault noted; 2: it was not there. */
int delete_send(struct ctl *c, const struct info *i, const char *policy, int64_t grace);
/* Waits until no object of that name and uid ("": any) is there, for --timeout. 0 or 1 with a fault noted. */
int delete_wait(struct ctl *c, const struct info *i, const char *uid);
