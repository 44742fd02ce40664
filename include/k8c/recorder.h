/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events about objects (kubectl get events), correlated as client-go does.
 */
#pragma once

#include <k8c/client.h>

#ifdef __cplusplus
extern "C" {
#endif

struct k8c_recorder;
struct k8c_recorder_options {
	size_t size;
	const char *component; /* source.component and reportingComponent */
	const char *host;      /* source.host, or NULL */
};
struct k8c_reference {
	const char *api_version, *kind, *ns, *name, *uid, *resource_version, *field_path; /* NULL or "": unset */
};
/* `o` is copied. 0, -ENOMEM. */
K8C_EXPORT int k8c_recorder_new(struct k8c_client *c, const struct k8c_recorder_options *o, struct k8c_recorder **ret);
/* What is still being sent goes on; NULL is allowed. */
K8C_EXPORT void k8c_recorder_free(struct k8c_recorder *r);
/* `type` "Normal" or "Warning". Repeated events are counted, similar ones combined, floods dropped, as client-go does. 0; 1:
 * dropped; -ENOMEM. */
K8C_EXPORT int k8c_recorder_event(struct k8c_recorder *r, const struct k8c_reference *about, const char *type, const char *reason,
				  const char *message);

#ifdef __cplusplus
}
#endif
