/* SPDX-License-Identifier: Apache-2.0 */
/* OIDC discovery of the ServiceAccount issuer (spec section 3.12). */
#pragma once

#include "api/request.h"

void oidc_config_handle(struct request *r);
void oidc_jwks_handle(struct request *r);
