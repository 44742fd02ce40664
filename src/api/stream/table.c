/* SPDX-License-Identifier: Apache-2.0 */
#include "api/stream/stream.h"

#define PROXY_VERBS (VERB_GET | VERB_CREATE | VERB_UPDATE | VERB_PATCH | VERB_DELETE)

const struct subresource_handler stream_handlers[] = {
	{ "", "pods", "log", VERB_GET, stream_log, true },
	{ "", "pods", "exec", VERB_GET | VERB_CREATE, stream_exec, true },
	{ "", "pods", "attach", VERB_GET | VERB_CREATE, stream_attach_pod, true },
	{ "", "pods", "portforward", VERB_GET | VERB_CREATE, stream_port_forward, true },
	{ "", "pods", "proxy", PROXY_VERBS, stream_proxy, true },
	{ "", "services", "proxy", PROXY_VERBS, stream_proxy, true },
	{ "", "nodes", "proxy", PROXY_VERBS, stream_proxy, true },
	{ 0 },
};
