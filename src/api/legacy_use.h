/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets whose token is used say when that was last, by day (pkg/serviceaccount/legacy.go). */
#pragma once

#include "api/api.h"

/* Registers with api's access. Before requests are served. */
void legacy_use_follow(struct api *api);
