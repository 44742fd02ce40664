/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod/pod.h"

#include <stdarg.h>
#include <stdio.h>

#define EVENT_MESSAGE_MAX 1024u

static const char *field_path(const struct container *c, char out[256]) {
	static const char *const lists[] = { [KIND_INIT] = "initContainers",
					     [KIND_SIDECAR] = "initContainers",
					     [KIND_MAIN] = "containers",
					     [KIND_EPHEMERAL] = "ephemeralContainers" };
	if (!c) return NULL;
	snprintf(out, 256, "spec.%s{%s}", lists[c->kind], c->name);
	return out;
}

void pod_event(struct pod *p, const struct container *c, const char *type, const char *reason, const char *fmt, ...) {
	char message[EVENT_MESSAGE_MAX], path[256], version[64];
	va_list ap;
	if (!p->agent->recorder) return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	snprintf(version, sizeof(version), "%.*s", SLICE_FMT(json_path_str(p->object, "metadata.resourceVersion")));
	struct k8c_reference about = { .api_version = "v1", .kind = "Pod", .ns = p->ns, .name = p->name, .uid = p->uid,
				       .resource_version = version, .field_path = field_path(c, path) };
	(void)k8c_recorder_event(p->agent->recorder, &about, type, reason, message);
}
