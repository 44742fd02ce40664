/* SPDX-License-Identifier: Apache-2.0 */
#include "api/pod/pod.h"

const struct subresource_handler pod_handlers[] = {
	{ "", "bindings", NULL, VERB_CREATE, pod_bind_named, false },
	{ "", "pods", "binding", VERB_CREATE, pod_bind, false },
	{ "", "pods", "eviction", VERB_CREATE, pod_evict, false },
	{ 0 },
};
