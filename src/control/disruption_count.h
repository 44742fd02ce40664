/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of a PodDisruptionBudget. Pure. */
#pragma once

#include "codec/json.h"

struct disruption_pods { int64_t pods, healthy; };
struct disruption_numbers { int64_t healthy, desired, expected, allowed; };

/* minAvailable or maxUnavailable, a number or a percentage (rounded up) of the expected pods. */
struct disruption_numbers disruption_numbers(const yyjson_mut_val *budget, const struct disruption_pods *n);
