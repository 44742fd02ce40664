/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod asks for, all in all. Pure. */
#pragma once

#include "codec/amounts.h"

/* What a pod asks for as a whole: `part` is "requests" or "limits". Sidecars run along, other init containers one at a time
 * before the rest; what the pod names itself (spec.resources) replaces the sum (KEP-753, KEP-2837). The overhead is not in it. */
struct amounts pod_amounts(struct arena *a, const yyjson_mut_val *spec, const char *part);
