/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting until an object has become something.
 */
#pragma once

#include <k8c/operation.h>

#ifdef __cplusplus
extern "C" {
#endif

struct k8c_wait_handler {
	/* 1: that is it; 0: go on; negative errno: give up. root NULL: the object does not exist (now). */
	int (*check)(void *ctx, const struct yyjson_mut_val *root);
	/* err NULL: the condition held. -ETIMEDOUT. */
	void (*on_done)(void *ctx, const struct k8c_error *err);
};
/* Looks at the object now and after every change until `check` is content. timeout_ms 0: for ever. 0, -EINVAL, -ENOMEM. `ret` may be
 * NULL. */
K8C_EXPORT int k8c_wait_start(struct k8c_client *c, const struct k8c_target *t, uint32_t timeout_ms,
			      const struct k8c_wait_handler *h, void *ctx, struct k8c_call **ret);
/* The same, blocking; on_done (may be NULL) runs before the return, whose value is its err. -EBUSY from a callback. */
K8C_EXPORT int k8c_wait_wait(struct k8c_client *c, const struct k8c_target *t, uint32_t timeout_ms,
			     const struct k8c_wait_handler *h, void *ctx);

#ifdef __cplusplus
}
#endif
