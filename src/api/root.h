/* SPDX-License-Identifier: Apache-2.0 */
/* GET /: the paths there are (apiserver's server/routes/index.go). */
#pragma once

#include "api/request.h"

void root_handle(struct request *r);
