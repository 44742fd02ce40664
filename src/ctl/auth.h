/* SPDX-License-Identifier: Apache-2.0 */
/* auth's commands. */
#pragma once

#include "ctl/command.h"

extern const struct command auth_can_i;
extern const struct command auth_whoami;

/* can-i --list: the rules of the user in the namespace as a table. 0 or 1 with a fault noted. */
int auth_list_rules(struct ctl *c);
