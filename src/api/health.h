/* SPDX-License-Identifier: Apache-2.0 */
/* /healthz, /livez, /readyz and their single checks (apiserver's server/healthz). */
#pragma once

#include "api/request.h"

void health_handle(struct request *r);        /* the whole */
void health_check_handle(struct request *r);  /* /readyz/<check> */
