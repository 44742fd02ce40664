/* SPDX-License-Identifier: Apache-2.0 */
/* What webhook configurations may not say here. */
#pragma once

#include "api/write.h"

/* 422 for matchConditions: CEL expressions are not compiled by this server, so they are refused as ones that do not compile. A hook
 * of hooks.c. */
const struct status *webhook_configuration_check(struct write *w);
