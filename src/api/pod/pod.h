/* SPDX-License-Identifier: Apache-2.0 */
/* Subresources of pods that change them in their own way. */
#pragma once

#include "api/subresource.h"

/* The pod is named by the path, or, at the collection of bindings, by the body. */
void pod_bind(struct request *r);
void pod_bind_named(struct request *r);
void pod_evict(struct request *r);
