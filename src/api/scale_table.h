/* SPDX-License-Identifier: Apache-2.0 */
/* What `kubectl get --subresource=scale` shows. */
#pragma once

#include "api/table.h"

extern const struct table_form scale_table, scale_table_custom;
