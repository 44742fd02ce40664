/* SPDX-License-Identifier: Apache-2.0 */
/* Nobody grants what they do not hold (spec section 5.7; registry/rbac's policybased storages). Hooks of writes (hooks.h). */
#pragma once

#include "api/write.h"

const struct status *escalate_role(struct write *w);
const struct status *escalate_binding(struct write *w);
