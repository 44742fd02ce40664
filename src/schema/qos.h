/* SPDX-License-Identifier: Apache-2.0 */
/* Quality of service classes of pods. */
#pragma once

#include "codec/json.h"

/* "Guaranteed", "Burstable" or "BestEffort" of a PodSpec; static. */
const char *qos_class(const yyjson_mut_val *spec);
