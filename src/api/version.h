/* SPDX-License-Identifier: Apache-2.0 */
/* GET /version: the Kubernetes version this server is compatible with (apiserver's server/routes/version.go). */
#pragma once

#include "api/request.h"

#define KUBERNETES_VERSION "v1.34.9"

void version_handle(struct request *r);
