/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to ports of pods (SPDY/3.1, which every Kubernetes speaks).
 */
#pragma once

#include <k8c/client.h>
#include <k8c/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One connection to one port of a pod. */
struct k8c_forward;
struct k8c_forward_handler {
	void (*on_open)(void *ctx);
	void (*on_data)(void *ctx, struct k8c_bytes bytes);
	void (*on_drain)(void *ctx);
	/* Exactly once, last. err NULL: closed by the other side. */
	void (*on_close)(void *ctx, const struct k8c_error *err);
};
/* Connects; on_open follows (or on_close). `h` is copied, on_close must be there. 0, -EINVAL, -ENOMEM. */
K8C_EXPORT int k8c_forward_start(struct k8c_client *c, const char *ns, const char *pod, uint16_t port,
				 const struct k8c_forward_handler *h, void *ctx, struct k8c_forward **ret);
/* Bytes for the port. 0; 1: taken, but wait for on_drain before more; -EPIPE: not open, or over. */
K8C_EXPORT int k8c_forward_write(struct k8c_forward *f, struct k8c_bytes bytes);
/* Nothing more will be written; what the pod still sends comes. */
K8C_EXPORT int k8c_forward_finish(struct k8c_forward *f);
/* on_close(NULL) runs before the return. NULL is allowed. */
K8C_EXPORT void k8c_forward_close(struct k8c_forward *f);

#ifdef __cplusplus
}
#endif
