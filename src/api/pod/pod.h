/* SPDX-License-Identifier: Apache-2.0 */
/* Subresources of pods that change them in their own way. */
#pragma once

#include "api/subresource.h"

void pod_bind(struct request *r);
void pod_evict(struct request *r);
