/* SPDX-License-Identifier: Apache-2.0 */
/* config's commands. */
#pragma once

#include "ctl/command.h"

extern const struct command config_view;
extern const struct command config_set;
extern const struct command config_unset;
extern const struct command config_set_cluster;
extern const struct command config_set_context;
extern const struct command config_set_credentials;
