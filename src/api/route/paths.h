/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is not a resource: discovery, health, version, metrics, OpenAPI, OIDC, the index. */
#pragma once

#include "api/request.h"

void paths_route(struct request *r);
